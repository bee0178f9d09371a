//! The process's circuit breakers: what one thread has found out about a part counts for all of them.

use std::sync::Arc;

use cheapbob_domain::{shared::Breaker, users::Provider};

/// One for each part that is left alone while it does not answer.
#[derive(Debug, Clone)]
pub struct Breakers {
    /// PostgreSQL's: the primary answers in its place.
    pub(crate) replica: Arc<Breaker>,
    pub(crate) mongodb: Arc<Breaker>,
    pub(crate) s3: Arc<Breaker>,
    pub(crate) portone: Arc<Breaker>,
    pub(crate) smtp: Arc<Breaker>,
    /// In the order of [`Provider::ALL`].
    pub(crate) unlinking: [Arc<Breaker>; 3],
}

impl Default for Breakers {
    /// All closed.
    fn default() -> Self {
        Self {
            replica: Arc::new(Breaker::for_people("replica")),
            mongodb: Arc::new(Breaker::for_people("mongodb")),
            s3: Arc::new(Breaker::for_people("s3")),
            portone: Arc::new(Breaker::for_people("portone")),
            smtp: Arc::new(Breaker::new("smtp")),
            unlinking: Provider::ALL.map(|provider| Arc::new(Breaker::new(provider.as_str()))),
        }
    }
}

impl Breakers {
    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Breaker> {
        let Self { replica, mongodb, s3, portone, smtp, unlinking } = self;
        [replica, mongodb, s3, portone, smtp].into_iter().chain(unlinking).map(Arc::as_ref)
    }
}
