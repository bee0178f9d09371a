//! Every test that needs more than one crate: one binary, so that it links once.
#![allow(clippy::unwrap_used, reason = "tests")]

mod answers;
mod auth;
mod contract_suites;
mod crash;
mod journey;
mod layers;
mod oauth;
mod payments;
mod portone;
#[cfg(feature = "portone-openapi")]
mod portone_openapi;
mod races;
mod routes;
mod startup;
