//! Waiting as a port: the domain has no runtime of its own.

use std::time::{Duration, Instant};

use futures::future::BoxFuture;

/// What a use case races against where a person waits.
pub trait Timer: Send + Sync {
    /// Ends after this time.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;

    /// An instant of the time that [`Self::sleep`] goes by. Unlike the product's clock nobody moves it.
    fn instant(&self) -> Instant {
        Instant::now()
    }
}
