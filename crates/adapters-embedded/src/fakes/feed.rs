//! One LISTEN connection per process: pickups for the stores' screens, moves of the clock.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cheapbob_domain::{
    orders::ports::PickupSignals,
    shared::{Error, PaymentId, Result},
};
use diesel::sql_query;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures::{
    StreamExt, pin_mut,
    stream::{self, BoxStream},
};
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    clock::SandboxClock,
    database::Embedded,
    notify::{CLOCK, PICKUP, notify},
};

/// How long until a lost connection is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// Pickups that a screen may be behind; one that is further behind reads its order once more than it would have to.
const BEHIND: usize = 256;

/// Payments that were picked up, as this process hears of them. `None` while it hears nothing: dropping the sender ends every stream.
type Heard = Arc<watch::Sender<Option<broadcast::Sender<String>>>>;

/// The fake of Redis' publish/subscribe.
#[derive(Clone)]
pub struct Feed {
    embedded: Embedded,
    heard: Heard,
    _task: Arc<AbortOnDropHandle<()>>,
}

impl Feed {
    /// Starts listening, on the tokio runtime of the caller.
    pub fn start(url: &str, embedded: Embedded, clock: Arc<SandboxClock>) -> Self {
        let heard = Heard::new(watch::Sender::new(None));
        let task = {
            let (url, embedded, heard) = (url.to_owned(), embedded.clone(), Arc::clone(&heard));
            tokio::spawn(async move {
                let mut said = false;
                loop {
                    let ended = listen(&url, &embedded, &clock, &heard).await;
                    // Said once for an outage, not twice a second.
                    said &= heard.send_replace(None).is_none();
                    if let Err(e) = ended
                        && !said
                    {
                        said = true;
                        tracing::warn!(error = %e, "no signals from PostgreSQL; screens read their order each second until they come again");
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            })
        };
        Self { embedded, heard, _task: Arc::new(AbortOnDropHandle::new(task)) }
    }

    /// The same signals, published over another connection.
    #[must_use]
    pub fn over(&self, embedded: Embedded) -> Self {
        Self { embedded, ..self.clone() }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn listen(url: &str, embedded: &Embedded, clock: &SandboxClock, heard: &Heard) -> std::result::Result<(), Failure> {
    let mut connection = AsyncPgConnection::establish(url).await?;
    for channel in [PICKUP, CLOCK] {
        sql_query(format!("LISTEN {channel}")).execute(&mut connection).await?;
    }
    let sender = broadcast::Sender::new(BEHIND);
    heard.send_replace(Some(sender.clone()));
    clock.refresh(embedded).await?;
    let notifications = connection.notifications_stream();
    pin_mut!(notifications);
    while let Some(notification) = notifications.next().await {
        let notification = notification?;
        if notification.channel == PICKUP {
            // Fails where no screen waits.
            let _ = sender.send(notification.payload);
        } else {
            clock.refresh(embedded).await?;
        }
    }
    Ok(())
}

#[async_trait]
impl PickupSignals for Feed {
    async fn publish(&self, payment: &PaymentId) -> Result<()> {
        let mut connection = self.embedded.connection().await?;
        notify(&mut connection, PICKUP, payment.as_str()).await
    }

    async fn subscribe(&self, payment: &PaymentId) -> Result<BoxStream<'static, ()>> {
        let payments = self.heard.borrow().as_ref().map(broadcast::Sender::subscribe);
        let payments = payments.ok_or_else(|| Error::unavailable("postgres", "not listening"))?;
        Ok(pickups_of(payment.clone(), payments))
    }
}

fn pickups_of(payment: PaymentId, payments: broadcast::Receiver<String>) -> BoxStream<'static, ()> {
    let next = |(payment, mut payments): (PaymentId, broadcast::Receiver<String>)| async move {
        loop {
            match payments.recv().await {
                Ok(picked_up) if picked_up != payment.as_str() => {}
                // What was missed may have been this one.
                Ok(_) | Err(RecvError::Lagged(_)) => return Some(((), (payment, payments))),
                Err(RecvError::Closed) => return None,
            }
        }
    };
    stream::unfold((payment, payments), next).boxed()
}
