//! PostgreSQL's NOTIFY: how the processes on one database tell each other what has just changed.

use cheapbob_domain::shared::Result;
use diesel::{sql_query, sql_types as t};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::database::failed;

/// A pickup; the payload is the payment's id.
pub(super) const PICKUP: &str = "cheapbob_pickup";
/// The product's clock was moved; no payload, its offset is in the database.
pub(super) const CLOCK: &str = "cheapbob_clock";

/// Sends `payload` to everyone who listens on the channel, once the transaction commits.
pub(super) async fn notify(connection: &mut AsyncPgConnection, channel: &str, payload: &str) -> Result<()> {
    sql_query("SELECT pg_notify($1, $2)")
        .bind::<t::Text, _>(channel)
        .bind::<t::Text, _>(payload)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}
