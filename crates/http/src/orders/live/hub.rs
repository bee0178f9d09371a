//! The one reader of a process: asks PostgreSQL what is new while somebody listens, and hands it to whom it concerns. It needs no signal: all
//! processes write to one database, and whatever it has missed it reads later.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cheapbob_domain::{
    orders::{Listener, News, OrderChange, Snapshot, ToldChange},
    shared::{Error, Result},
};
use cheapbob_wiring::Services;
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::orders::dto::{CustomerOrderBody, OrderBody};

/// How often is asked. What is told within half a second of its commit waits so long at most.
const EVERY: Duration = Duration::from_millis(200);

/// How long until PostgreSQL is asked again that has not answered.
const AGAIN: Duration = Duration::from_secs(1);

/// How long somebody waits for the reader to begin.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bunches that wait for one who does not take them. Whoever has more comes again.
const MOST_WAITING: usize = 32;

/// An event, as one kind of listener is shown it.
pub(super) struct Event {
    pub(super) id: i64,
    pub(super) transaction: u64,
    pub(super) name: &'static str,
    pub(super) json: String,
}

impl Event {
    /// # Errors
    /// Where the order is no JSON.
    pub(super) fn new(told: ToldChange, listener: &Listener, services: &Services) -> Result<Self> {
        let ToldChange { change, order } = told;
        let json = match listener {
            Listener::Store(_) => serde_json::to_string(&OrderBody::from(order.order)),
            Listener::Customer(_) => {
                serde_json::to_string(&CustomerOrderBody::new(order.order, order.main_image, services.storage.as_ref()))
            }
        };
        let OrderChange { id, transaction, .. } = change;
        Ok(Self { id, transaction, name: change.name(), json: json.map_err(Error::internal)? })
    }
}

/// What one look found for a listener.
pub(super) struct Bunch {
    pub(super) events: Vec<Arc<Event>>,
    /// All that this has seen is in it, or was told before.
    pub(super) until: Snapshot,
}

type Ears = Vec<(u64, mpsc::Sender<Arc<Bunch>>)>;

#[derive(Default)]
struct Listeners {
    ears: HashMap<Listener, Ears>,
    count: u64,
}

/// Who listens in this process.
#[derive(Default)]
pub(crate) struct Hub {
    listeners: Mutex<Listeners>,
    /// The reader reads: whoever listens by then misses nothing that happens from now on.
    reads: watch::Sender<bool>,
    wanted: Notify,
}

/// What is new, for one who listens.
pub(in crate::orders) struct Feed {
    hub: Arc<Hub>,
    listener: Listener,
    number: u64,
    bunches: mpsc::Receiver<Arc<Bunch>>,
}

impl Feed {
    /// `None`: come again.
    pub(super) async fn next(&mut self) -> Option<Arc<Bunch>> {
        self.bunches.recv().await
    }

    pub(super) fn listener(&self) -> &Listener {
        &self.listener
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let mut listeners = self.hub.listeners();
        if let Some(ears) = listeners.ears.get_mut(&self.listener) {
            ears.retain(|(number, _)| *number != self.number);
            if ears.is_empty() {
                listeners.ears.remove(&self.listener);
            }
        }
    }
}

impl Hub {
    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that happens from now on.
    ///
    /// # Errors
    /// Unavailable: nothing can be read now.
    pub(in crate::orders) async fn listen(self: Arc<Self>, listener: Listener) -> Result<Feed> {
        let (sender, bunches) = mpsc::channel(MOST_WAITING);
        let number = {
            let mut listeners = self.listeners();
            listeners.count += 1;
            let number = listeners.count;
            listeners.ears.entry(listener.clone()).or_default().push((number, sender));
            number
        };
        let feed = Feed { hub: Arc::clone(&self), listener, number, bunches };
        self.wanted.notify_one();
        let mut reads = self.reads.subscribe();
        let begun = timeout(PATIENCE, reads.wait_for(|reads| *reads)).await;
        begun.map_err(|_| Error::unavailable("postgres", "streams cannot be read"))?.map_err(Error::internal)?;
        Ok(feed)
    }

    /// Reads until `stop`, while somebody listens. Then all streams end: their listeners come again, elsewhere.
    pub(crate) async fn read(self: Arc<Self>, services: Services, stop: CancellationToken) {
        let reading = async {
            loop {
                self.wanted.notified().await;
                self.read_while_wanted(&services).await;
            }
        };
        tokio::select! {
            () = reading => {}
            () = stop.cancelled() => self.end_all(),
        }
    }

    async fn read_while_wanted(&self, services: &Services) {
        let mut said = false;
        let mut since = loop {
            match services.live.now().await {
                Ok(now) => break now,
                Err(error) => said = away(said, &error),
            }
            sleep(AGAIN).await;
        };
        self.reads.send_replace(true);
        loop {
            sleep(EVERY).await;
            if self.has_stopped() {
                return;
            }
            match services.live.news(&since).await {
                Ok(Some(news)) => {
                    said = false;
                    since = news.until.clone();
                    self.tell(news, services);
                }
                Ok(None) => return self.end_all(),
                Err(error) => {
                    said = away(said, &error);
                    sleep(AGAIN).await;
                }
            }
        }
    }

    /// Stops where nobody listens.
    fn has_stopped(&self) -> bool {
        let listeners = self.listeners();
        let stops = listeners.ears.is_empty();
        if stops {
            // Under the lock: whoever comes now finds that nobody reads.
            self.reads.send_replace(false);
        }
        stops
    }

    fn end_all(&self) {
        let mut listeners = self.listeners();
        listeners.ears.clear();
        self.reads.send_replace(false);
    }

    fn tell(&self, news: News, services: &Services) {
        let News { told, left_out, until } = news;
        let mut bunches: HashMap<Listener, Vec<Arc<Event>>> = HashMap::new();
        let mut listeners = self.listeners();
        for listener in &left_out {
            listeners.ears.remove(listener);
        }
        for told in told {
            for listener in told.change.listeners() {
                if !listeners.ears.contains_key(&listener) {
                    continue;
                }
                match Event::new(told.clone(), &listener, services) {
                    Ok(event) => bunches.entry(listener).or_default().push(Arc::new(event)),
                    Err(error) => tracing::error!(%error, "an order cannot be told"),
                }
            }
        }
        for (listener, events) in bunches {
            let bunch = Arc::new(Bunch { events, until: until.clone() });
            if let Some(ears) = listeners.ears.get_mut(&listener) {
                // Who does not take them comes again.
                ears.retain(|(_, ear)| ear.try_send(Arc::clone(&bunch)).is_ok());
            }
        }
        listeners.ears.retain(|_, ears| !ears.is_empty());
    }
}

fn away(said: bool, error: &Error) -> bool {
    if !said {
        tracing::warn!(%error, "streams of orders cannot be read; tried again, and nothing is missed");
    }
    true
}
