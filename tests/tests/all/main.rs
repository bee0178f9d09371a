//! Every test that needs more than one crate: one binary, so that it links once.
#![allow(clippy::unwrap_used, reason = "tests")]

mod answers;
mod auth;
mod cancel;
mod cluster;
mod contract;
mod contract_suites;
mod crash;
mod deployment;
mod docs;
mod fuzz;
mod idempotency;
mod images;
mod imports;
mod journey;
mod layers;
mod lists;
mod migrations;
mod oauth;
mod operator;
mod outages;
mod payments;
mod portone;
#[cfg(feature = "portone-openapi")]
mod portone_openapi;
mod preferences;
mod races;
mod random_calls;
mod reconcile;
mod refunds;
mod rollover;
mod routes;
mod scale;
mod secrets;
mod smtp;
mod startup;
mod store_settings;
mod torture;
mod traces;
mod typed_text;
mod webhooks;
mod withdrawal;
mod year;
