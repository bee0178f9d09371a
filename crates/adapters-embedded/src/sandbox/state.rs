//! What the sandbox's routes work with.

use std::sync::Arc;

use cheapbob_domain::tasks::ports::JobRunner;

use crate::fakes::{Embedded, SandboxClock};

/// What the sandbox plays with.
#[derive(Clone)]
pub struct Sandbox {
    /// This server, as its own processes reach it.
    pub base: String,
    /// Its books.
    pub embedded: Embedded,
    /// The clock it moves.
    pub clock: Arc<SandboxClock>,
    /// The jobs it runs.
    pub jobs: Arc<dyn JobRunner>,
}
