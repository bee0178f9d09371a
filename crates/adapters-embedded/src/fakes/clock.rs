//! The product's clock: the system's, moved by an offset that all processes on one database share.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use cheapbob_domain::shared::{Clock, Result};
use chrono::{DateTime, Duration, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use super::{
    database::{Embedded, failed},
    notify::{CLOCK, notify},
};

/// A clock that the sandbox may move.
#[derive(Default)]
pub struct SandboxClock {
    offset_ms: AtomicI64,
}

#[derive(QueryableByName)]
struct Offset {
    #[diesel(sql_type = t::BigInt)]
    offset_ms: i64,
}

impl Clock for SandboxClock {
    fn now(&self) -> DateTime<Utc> {
        system_now() + self.offset()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the product's clock reads the system's")]
fn system_now() -> DateTime<Utc> {
    Utc::now()
}

impl SandboxClock {
    /// Reads the shared offset.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn refresh(&self, embedded: &Embedded) -> Result<()> {
        let mut connection = embedded.connection().await?;
        let row: Offset = sql_query("SELECT offset_ms FROM embedded.clock").get_result(&mut connection).await.map_err(failed)?;
        self.offset_ms.store(row.offset_ms, Ordering::Relaxed);
        Ok(())
    }

    /// How far it is ahead of the system's.
    pub(crate) fn offset(&self) -> Duration {
        Duration::milliseconds(AtomicI64::load(&self.offset_ms, Ordering::Relaxed))
    }

    /// Moves the clock of all processes; `None` sets it right.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn set(self: &Arc<Self>, embedded: &Embedded, now: Option<DateTime<Utc>>) -> Result<()> {
        let offset = now.map_or(0, |now| (now - system_now()).num_milliseconds());
        let mut connection = embedded.connection().await?;
        sql_query("UPDATE embedded.clock SET offset_ms = $1")
            .bind::<t::BigInt, _>(offset)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        notify(&mut connection, CLOCK, "").await?;
        self.offset_ms.store(offset, Ordering::Relaxed);
        Ok(())
    }
}
