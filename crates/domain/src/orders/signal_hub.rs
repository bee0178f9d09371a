//! Who in this process waits for which pickup.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures::{
    StreamExt,
    channel::mpsc::{UnboundedSender, unbounded},
    stream::BoxStream,
};

/// Who in this process waits for which pickup: the part of [`super::ports::PickupSignals`] that every implementation needs. Its feed
/// (a Redis subscription, PostgreSQL's LISTEN) calls [`SignalHub::deliver`].
#[derive(Default)]
pub struct SignalHub {
    waiting: Mutex<HashMap<String, Vec<UnboundedSender<()>>>>,
}

impl SignalHub {
    /// Hears of this payment from now on.
    pub fn subscribe(&self, payment: &str) -> BoxStream<'static, ()> {
        let (sender, receiver) = unbounded();
        let mut waiting = self.lock();
        waiting.retain(|_, senders| {
            senders.retain(|s| !s.is_closed());
            !senders.is_empty()
        });
        waiting.entry(payment.to_owned()).or_default().push(sender);
        receiver.boxed()
    }

    /// Wakes all who wait for this payment.
    pub fn deliver(&self, payment: &str) {
        if let Some(senders) = self.lock().get(payment) {
            for sender in senders {
                // A receiver that is gone is swept by the next subscription.
                let _ = sender.unbounded_send(());
            }
        }
    }

    /// The feed is lost: every stream ends.
    pub fn lose(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<UnboundedSender<()>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
