//! Waiting as a port: the domain has no runtime of its own.

use std::time::Duration;

use futures::future::BoxFuture;

/// What a use case races against where a person waits.
pub trait Timer: Send + Sync {
    /// Ends after this time.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}
