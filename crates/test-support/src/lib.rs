#![doc = include_str!("../README.md")]
#![allow(clippy::unwrap_used, clippy::cloned_ref_to_slice_refs, reason = "a test that cannot be set up has to fail where it stands")]

mod api;
mod app;
mod chromium;
mod cluster;
pub mod crash;
mod database;
pub mod legacy;
mod outside;
mod private;
mod private_postgres;
mod proxy;
mod push;
mod real;
mod snapshot;
pub mod suites;
mod waiting;

pub use api::{Answer, Api, Console, Held, Person, Shop, code_of, form_of, fresh_email, location, session, store, text};
pub use app::{TestApp, test_settings};
pub use chromium::Chromium;
pub use cluster::{Cluster, Nginx};
pub use database::{TestDatabase, mongo_settings, redis_at, redis_url, secret_keys, sql};
pub use outside::{MailSink, S3Server, SinkTls};
pub use private::PrivateServer;
pub use private_postgres::PrivatePostgres;
pub use proxy::{Proxy, Way};
pub use push::{Browser, PushRequest, PushServer, VAPID_KEY, verified_es256};
pub use real::RealServer;
pub use snapshot::normalized;
pub use waiting::{eventually, noon};
