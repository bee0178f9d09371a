//! One LISTEN connection per process: pickups for the stores' screens, moves of the clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{SignalHub, ports::PickupSignals},
    shared::{Error, PaymentId, Result},
};
use diesel::sql_query;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures::{StreamExt, pin_mut, stream::BoxStream};
use tokio_util::task::AbortOnDropHandle;

use super::{
    clock::SandboxClock,
    database::Embedded,
    notify::{CLOCK, PICKUP, notify},
};

/// The fake of Redis' publish/subscribe.
#[derive(Clone)]
pub struct Feed {
    embedded: Embedded,
    hub: Arc<SignalHub>,
    listening: Arc<AtomicBool>,
    _task: Arc<AbortOnDropHandle<()>>,
}

impl Feed {
    /// Starts listening; needs a tokio runtime.
    pub fn start(url: &str, embedded: Embedded, clock: Arc<SandboxClock>) -> Self {
        let (hub, listening) = (Arc::new(SignalHub::default()), Arc::new(AtomicBool::new(false)));
        let task = {
            let (url, embedded, hub, listening) = (url.to_owned(), embedded.clone(), Arc::clone(&hub), Arc::clone(&listening));
            tokio::spawn(async move {
                let mut said = false;
                loop {
                    let ended = listen(&url, &embedded, &clock, &hub, &listening).await;
                    // Said once for an outage, not twice a second.
                    said &= !listening.swap(false, Ordering::SeqCst);
                    if let Err(e) = ended
                        && !said
                    {
                        said = true;
                        tracing::warn!(error = %e, "no signals from PostgreSQL; screens read their order each second until they come again");
                    }
                    hub.lose();
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            })
        };
        Self { embedded, hub, listening, _task: Arc::new(AbortOnDropHandle::new(task)) }
    }

    /// The same signals, published over another connection.
    #[must_use]
    pub fn over(&self, embedded: Embedded) -> Self {
        Self { embedded, ..self.clone() }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn listen(
    url: &str,
    embedded: &Embedded,
    clock: &SandboxClock,
    hub: &SignalHub,
    listening: &AtomicBool,
) -> std::result::Result<(), Failure> {
    let mut connection = AsyncPgConnection::establish(url).await?;
    for channel in [PICKUP, CLOCK] {
        sql_query(format!("LISTEN {channel}")).execute(&mut connection).await?;
    }
    listening.store(true, Ordering::SeqCst);
    clock.refresh(embedded).await?;
    let notifications = connection.notifications_stream();
    pin_mut!(notifications);
    while let Some(notification) = notifications.next().await {
        let notification = notification?;
        match notification.channel.as_str() {
            PICKUP => hub.deliver(&notification.payload),
            _ => clock.refresh(embedded).await?,
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
        // First into the hub, then the question: a feed lost in between ends the stream.
        let stream = self.hub.subscribe(payment.as_str());
        if AtomicBool::load(&self.listening, Ordering::SeqCst) { Ok(stream) } else { Err(Error::unavailable("postgres", "not listening")) }
    }
}
