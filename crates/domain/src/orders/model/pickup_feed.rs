//! Pickups as one process hears of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{
    StreamExt,
    channel::mpsc::{UnboundedSender, unbounded},
    stream::BoxStream,
};

use crate::shared::PaymentId;

/// Who waits, by payment.
type Screens = HashMap<String, Vec<UnboundedSender<()>>>;

/// Hands the pickups that one connection of a process tells of to all the screens that wait in it. Clones are the same feed.
#[derive(Clone, Default)]
pub struct PickupFeed(Arc<Mutex<Option<Screens>>>);

impl PickupFeed {
    fn screens(&self) -> MutexGuard<'_, Option<Screens>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection stands: whoever subscribes from now on misses nothing.
    pub fn open(&self) {
        *self.screens() = Some(Screens::default());
    }

    /// The connection is lost: every stream ends. Gives whether it stood.
    pub fn close(&self) -> bool {
        self.screens().take().is_some()
    }

    /// A payment was picked up.
    pub fn tell(&self, payment: &str) {
        for screen in self.screens().iter().filter_map(|screens| screens.get(payment)).flatten() {
            // Fails where the screen has gone.
            let _ = screen.unbounded_send(());
        }
    }

    /// An item for each pickup of this payment from now on; `None` while nothing is heard.
    pub fn subscribe(&self, payment: &PaymentId) -> Option<BoxStream<'static, ()>> {
        let mut screens = self.screens();
        let screens = screens.as_mut()?;
        screens.retain(|_, waiting| {
            waiting.retain(|screen| !screen.is_closed());
            !waiting.is_empty()
        });
        let (screen, pickups) = unbounded();
        screens.entry(payment.as_str().to_owned()).or_default().push(screen);
        Some(pickups.boxed())
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn payment(text: &str) -> PaymentId {
        PaymentId::trusted(text.to_owned())
    }

    #[test]
    fn a_screen_hears_of_its_own_payment_until_the_connection_is_lost() {
        let feed = PickupFeed::default();
        assert!(feed.subscribe(&payment("a")).is_none());
        feed.open();
        let (mut one, mut two) = (feed.subscribe(&payment("a")).unwrap(), feed.clone().subscribe(&payment("a")).unwrap());
        let mut other = feed.subscribe(&payment("b")).unwrap();
        feed.tell("a");
        feed.tell("c");
        assert_eq!([one.next().now_or_never(), two.next().now_or_never()], [Some(Some(())); 2]);
        assert_eq!([one.next().now_or_never(), other.next().now_or_never()], [None; 2]);
        assert!(feed.close() && !feed.close());
        assert_eq!([one.next().now_or_never(), other.next().now_or_never()], [Some(None); 2]);
        assert!(feed.subscribe(&payment("a")).is_none());
    }

    #[test]
    fn screens_that_have_gone_are_forgotten() {
        let feed = PickupFeed::default();
        feed.open();
        drop(feed.subscribe(&payment("a")));
        let _stays = feed.subscribe(&payment("b"));
        let _new = feed.subscribe(&payment("c"));
        assert_eq!(feed.screens().as_ref().unwrap().len(), 2);
    }
}
