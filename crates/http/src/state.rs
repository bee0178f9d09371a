//! What handlers work with.

use cheapbob_domain::{shared::Sampled, users::LOCAL_STATE};
use cheapbob_wiring::{Probe, Services, Switches};

/// What every handler works with.
pub struct App {
    /// Use cases.
    pub services: Services,
    /// Behaviour.
    pub switches: Switches,
    /// Parts for `/health/ready`, by name.
    pub probes: Vec<(&'static str, Probe)>,
    /// For refusals of which there may be many, by the rule that refuses.
    pub sampled: Sampled<&'static str>,
}

impl App {
    /// Whether a request's `state` says that it comes from the local front end, on another site: in development only.
    pub(crate) fn is_local(&self, state: Option<&str>) -> bool {
        !self.switches.production && state == Some(LOCAL_STATE)
    }
}
