//! A browser that shows notices.

use std::fmt;

/// A browser's PushSubscription. Whoever has it can send to that browser, with our key only.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Address at the browser's push service.
    pub endpoint: String,
    /// The browser's public key, base64url.
    pub p256dh: String,
    /// Its secret, base64url.
    pub auth: String,
}

/// Without what must not be logged.
impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}
