//! The fake of Redis' counts. Time is the server's own: the sandbox's clock may be moved.

use std::time::Duration;

use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Quota, RateLimits, Result},
    users::ports::Streams,
};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::database::{Embedded, failed};

/// Counts that have recovered go with somebody's next call.
const FORGET: &str = "DELETE FROM embedded.rate_limits WHERE recovered < now()";

/// GCRA: see Redis'.
const ADMIT: &str = "
    INSERT INTO embedded.rate_limits AS l (key, recovered, admitted) VALUES ($1, now() + $2 * interval '1 microsecond', true)
    ON CONFLICT (key) DO UPDATE SET
        admitted = greatest(l.recovered, now()) + ($2 - $2 * $3) * interval '1 microsecond' <= now(),
        recovered = CASE WHEN greatest(l.recovered, now()) + ($2 - $2 * $3) * interval '1 microsecond' <= now()
                         THEN greatest(l.recovered, now()) + $2 * interval '1 microsecond' ELSE l.recovered END
    RETURNING CASE WHEN admitted THEN 0
                   ELSE (extract(epoch FROM recovered - now()) * 1000000)::bigint + $2 - $2 * $3 END AS wait";

#[async_trait]
impl RateLimits for Embedded {
    async fn admit(&self, quota: &Quota, who: &str) -> Result<Option<Duration>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::BigInt)]
            wait: i64,
        }
        let mut connection = self.connection().await?;
        sql_query(FORGET).execute(&mut connection).await.map_err(failed)?;
        let row: Row = sql_query(ADMIT)
            .bind::<t::Text, _>(format!("{}:{who}", quota.name))
            .bind::<t::BigInt, _>(i64::try_from(quota.every.as_micros()).unwrap_or(i64::MAX))
            .bind::<t::BigInt, _>(i64::from(quota.burst))
            .get_result(&mut connection)
            .await
            .map_err(failed)?;
        Ok(u64::try_from(row.wait).ok().filter(|wait| *wait > 0).map(Duration::from_micros))
    }
}

#[async_trait]
impl Streams for Embedded {
    async fn open(&self, account: &Email, stream: &str, most: usize, lease: Duration) -> Result<bool> {
        let mut connection = self.connection().await?;
        let opened = connection.transaction(async |c| {
            // One account's streams one after another.
            sql_query("SELECT pg_advisory_xact_lock(hashtext('streams:' || $1))").bind::<t::Text, _>(account.as_str()).execute(c).await?;
            sql_query("DELETE FROM embedded.open_streams WHERE account = $1 AND until <= clock_timestamp()")
                .bind::<t::Text, _>(account.as_str())
                .execute(c)
                .await?;
            sql_query(
                "INSERT INTO embedded.open_streams (account, stream, until)
                 SELECT $1, $2, clock_timestamp() + $3 * interval '1 millisecond'
                 WHERE (SELECT count(*) FROM embedded.open_streams WHERE account = $1) < $4",
            )
            .bind::<t::Text, _>(account.as_str())
            .bind::<t::Text, _>(stream)
            .bind::<t::BigInt, _>(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
            .bind::<t::BigInt, _>(i64::try_from(most).unwrap_or(i64::MAX))
            .execute(c)
            .await
        });
        Ok(opened.await.map_err(failed)? == 1)
    }

    async fn extend(&self, account: &Email, stream: &str, lease: Duration) -> Result<()> {
        let mut connection = self.connection().await?;
        sql_query(
            "INSERT INTO embedded.open_streams (account, stream, until) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
             ON CONFLICT (account, stream) DO UPDATE SET until = excluded.until",
        )
        .bind::<t::Text, _>(account.as_str())
        .bind::<t::Text, _>(stream)
        .bind::<t::BigInt, _>(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
        .execute(&mut connection)
        .await
        .map(|_| ())
        .map_err(failed)
    }

    async fn close(&self, account: &Email, stream: &str) -> Result<()> {
        let mut connection = self.connection().await?;
        sql_query("DELETE FROM embedded.open_streams WHERE account = $1 AND stream = $2")
            .bind::<t::Text, _>(account.as_str())
            .bind::<t::Text, _>(stream)
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }
}
