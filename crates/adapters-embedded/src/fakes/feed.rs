//! One LISTEN connection per process: pickups for the stores' screens, moves of the clock.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{PickupFeed, ports::PickupSignals},
    shared::{Error, PaymentId, Result},
};
use diesel::sql_query;
use diesel_async::RunQueryDsl;
use futures::{StreamExt, pin_mut, stream::BoxStream};
use tokio_util::task::AbortOnDropHandle;

use super::{
    clock::SandboxClock,
    database::{Connect, Embedded},
    notify::{CLOCK, PICKUP, notify},
};

/// How long until a lost connection is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// The fake of Redis' publish/subscribe.
#[derive(Clone)]
pub struct Feed {
    embedded: Embedded,
    pickups: PickupFeed,
    _task: Arc<AbortOnDropHandle<()>>,
}

impl Feed {
    /// Starts listening, on the tokio runtime of the caller.
    pub fn start(connect: &Connect, embedded: Embedded, clock: Arc<SandboxClock>) -> Self {
        let pickups = PickupFeed::default();
        let task = {
            let (connect, embedded, pickups) = (Arc::clone(connect), embedded.clone(), pickups.clone());
            tokio::spawn(async move {
                let mut said = false;
                loop {
                    let ended = listen(&connect, &embedded, &clock, &pickups).await;
                    // Said once for an outage, not twice a second.
                    said &= !pickups.close();
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
        Self { embedded, pickups, _task: Arc::new(AbortOnDropHandle::new(task)) }
    }

    /// The same signals, published over another connection.
    #[must_use]
    pub fn over(&self, embedded: Embedded) -> Self {
        Self { embedded, ..self.clone() }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn listen(connect: &Connect, embedded: &Embedded, clock: &SandboxClock, pickups: &PickupFeed) -> std::result::Result<(), Failure> {
    let mut connection = connect().await?;
    for channel in [PICKUP, CLOCK] {
        sql_query(format!("LISTEN {channel}")).execute(&mut connection).await?;
    }
    pickups.open();
    clock.refresh(embedded).await?;
    let notifications = connection.notifications_stream();
    pin_mut!(notifications);
    while let Some(notification) = notifications.next().await {
        let notification = notification?;
        if notification.channel == PICKUP {
            pickups.tell(&notification.payload);
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
        self.pickups.subscribe(payment).ok_or_else(|| Error::unavailable("postgres", "not listening"))
    }
}
