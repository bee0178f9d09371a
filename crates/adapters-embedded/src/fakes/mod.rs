//! What plays a part whose settings are absent, held to the same contract suites as the real one. State is in PostgreSQL, schema
//! `embedded`; PostgreSQL itself is a child process where there is no server.

mod archive;
mod clock;
mod database;
mod feed;
mod history;
mod limits;
mod mailer;
mod notify;
mod past;
pub mod postgres;
mod push;
mod sessions;
mod storage;

pub use clock::SandboxClock;
pub(crate) use database::failed;
pub use database::{Connect, Embedded, migrate};
pub use feed::Feed;
pub use storage::Folder;
