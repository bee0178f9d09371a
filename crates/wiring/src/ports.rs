//! What the use cases stand on, over the connections of one thread.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use cheapbob_adapters_embedded::fakes::Folder;
use cheapbob_adapters_portone::PortOne;
use cheapbob_adapters_postgres::Postgres;
use cheapbob_domain::{
    notices::ports::PushService,
    orders::ports::{Cancellations, Holds, Inbox, OrderArchive, Orders, PaymentArchive, Payments, PickupSignals, Refunds},
    products::ports::StockReservations,
    shared::{Clock, Ids, RateLimits, Timer, mail::Mailer},
    stores::ports::{ObjectStorage, SearchHistory},
    users::ports::{Sessions, Streams, Withdrawals},
};
use url::Url;

use crate::{
    breakers::Breakers,
    connections::Connections,
    settings::Settings,
    signals::{Ephemeral, Signals},
    system::SystemTimer,
};

/// Every port that the use cases call.
#[derive(Clone)]
pub struct Ports {
    /// What only PostgreSQL does: accounts, stores, products, tasks, the audit log.
    pub postgres: Arc<Postgres>,
    /// Stock kept for payments.
    pub holds: Arc<dyn Holds>,
    /// Orders of the business day.
    pub orders: Arc<dyn Orders>,
    /// Orders that end without a pickup.
    pub cancellations: Arc<dyn Cancellations>,
    /// Money owed to customers.
    pub refunds: Arc<dyn Refunds>,
    /// PortOne's messages.
    pub inbox: Arc<dyn Inbox>,
    /// PortOne, or the sandbox's.
    pub payments: Arc<dyn Payments>,
    /// SMTP, or its fake.
    pub mailer: Arc<dyn Mailer>,
    /// Browsers' push services, or their fake.
    pub push: Arc<dyn PushService>,
    /// Pickups, as the stores' screens hear of them.
    pub signals: Arc<dyn PickupSignals>,
    /// Sessions that have ended.
    pub sessions: Arc<dyn Sessions>,
    /// What customers searched for.
    pub history: Arc<dyn SearchHistory>,
    /// How often somebody calls, in all processes together.
    pub limits: Arc<dyn RateLimits>,
    /// What somebody keeps open.
    pub streams: Arc<dyn Streams>,
    /// Orders of days that are over.
    pub archive: Arc<dyn OrderArchive>,
    /// Settled payments of the past.
    pub past: Arc<dyn PaymentArchive>,
    /// Stock for the next day.
    pub reservations: Arc<dyn StockReservations>,
    /// Requests to be deleted.
    pub withdrawals: Arc<dyn Withdrawals>,
    /// Pictures.
    pub storage: Arc<dyn ObjectStorage>,
    /// The product's clock.
    pub clock: Arc<dyn Clock>,
    /// Waits inside a request.
    pub timer: Arc<dyn Timer>,
    /// Ids and secrets.
    pub ids: Arc<dyn Ids>,
    /// What is left alone for now.
    pub breakers: Breakers,
}

impl Ports {
    /// Over these connections; `signals`, mailer, push, clock and ids are the process's.
    pub(crate) fn new(
        settings: &Settings,
        connections: &Connections,
        signals: &Signals,
        mailer: &Arc<dyn Mailer>,
        push: &Arc<dyn PushService>,
        clock: &Arc<dyn Clock>,
        ids: &Arc<dyn Ids>,
    ) -> Result<Self> {
        let postgres = Arc::new(connections.postgres.clone());
        let Ephemeral { signals, sessions, history, limits, streams } = signals.over(connections)?;
        let (archive, past, reservations, withdrawals) = match (&connections.mongo, &connections.embedded) {
            (Some(mongo), _) => durable(mongo.clone()),
            (None, Some(fake)) => durable(fake.clone()),
            (None, None) => return Err(anyhow!("neither MongoDB nor its fake")),
        };
        Ok(Self {
            holds: postgres.clone(),
            orders: postgres.clone(),
            cancellations: postgres.clone(),
            refunds: postgres.clone(),
            inbox: postgres.clone(),
            postgres,
            payments: payments(settings, &connections.breakers)?,
            mailer: Arc::clone(mailer),
            push: Arc::clone(push),
            signals,
            sessions,
            history,
            limits,
            streams,
            archive,
            past,
            reservations,
            withdrawals,
            storage: match &connections.s3 {
                Some(s3) => Arc::clone(s3) as _,
                None => Arc::new(Folder::new(settings.data_dir.join("media"), &settings.public_base)),
            },
            clock: Arc::clone(clock),
            timer: Arc::new(SystemTimer),
            ids: Arc::clone(ids),
            breakers: connections.breakers.clone(),
        })
    }
}

type Durable = (Arc<dyn OrderArchive>, Arc<dyn PaymentArchive>, Arc<dyn StockReservations>, Arc<dyn Withdrawals>);

/// What MongoDB does, or its fake.
fn durable<T: OrderArchive + PaymentArchive + StockReservations + Withdrawals + 'static>(part: T) -> Durable {
    let part = Arc::new(part);
    (part.clone(), part.clone(), part.clone(), part)
}

/// PortOne, or the sandbox's.
fn payments(settings: &Settings, breakers: &Breakers) -> Result<Arc<dyn Payments>> {
    let base = settings.portone.clone().map_or_else(|| sandbox_url(settings, "portone"), Ok)?;
    Ok(Arc::new(PortOne::new(base, settings.production)?.with_breaker(Arc::clone(&breakers.portone))))
}

/// The sandbox as our own processes reach it.
pub(crate) fn sandbox_url(settings: &Settings, path: &str) -> Result<Url> {
    Ok(Url::parse(&format!("{}/sandbox/{path}", settings.sandbox_base))?)
}
