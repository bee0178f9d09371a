//! The system's clock, timer, randomness and signals.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use cheapbob_domain::shared::{Clock, Ids, Timer};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The system's clock: production has no other.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's implementation")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// Ids from the system's clock and randomness.
#[derive(Default)]
pub(crate) struct SystemIds {
    generator: Mutex<ulid::Generator>,
}

impl Ids for SystemIds {
    fn ulid(&self) -> String {
        let mut generator = self.generator.lock().unwrap_or_else(PoisonError::into_inner);
        // Fails only after 2^80 ids within one millisecond.
        generator.generate().unwrap_or_else(|_| ulid::Ulid::r#gen()).to_string()
    }

    fn secret(&self) -> String {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
    }
}

/// tokio's timer.
pub(crate) struct SystemTimer;

impl Timer for SystemTimer {
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// A token that SIGTERM and Ctrl-C cancel; needs a tokio runtime.
///
/// # Errors
/// Where the system lets nobody listen to signals.
pub fn stop_on_signals() -> std::io::Result<CancellationToken> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let on_signal = stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        tracing::info!("stopping");
        on_signal.cancel();
    });
    Ok(stop)
}
