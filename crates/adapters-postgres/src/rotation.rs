//! Changing the keys that seal secrets, while others serve.

use cheapbob_domain::shared::Result;
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, failed},
    operators,
    sql::prepared,
    stores::{api_place, webhook_place},
    users,
};

/// A column that holds secrets.
struct Column {
    table: &'static str,
    key: &'static str,
    name: &'static str,
    place: fn(&str) -> String,
}

const COLUMNS: [Column; 5] = [
    Column { table: "operators", key: "email", name: "totp_secret", place: operators::totp_place },
    Column { table: "store_payments", key: "store_id", name: "portone_secret", place: api_place },
    Column { table: "store_payments", key: "store_id", name: "webhook_secret", place: webhook_place },
    Column { table: "store_payments", key: "store_id", name: "previous_webhook_secret", place: webhook_place },
    Column { table: "unlink_tokens", key: "identity", name: "token", place: users::unlink_token_place },
];

/// What [`Postgres::rotate_secrets`] changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// Secrets sealed anew.
    pub sealed: usize,
    /// Secrets that were sealed with the current key.
    pub current: usize,
}

impl Postgres {
    /// Seals every secret with the current key that is not. May run while others serve, and again after a kill: a secret that changes
    /// meanwhile is left to the next run.
    ///
    /// # Errors
    /// Unavailable: the database does not answer in time. Internal: a secret is sealed with a key that is not there, or not sealed at
    /// all; what comes after it is left as it is.
    pub async fn rotate_secrets(&self) -> Result<Rotated> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Text)]
            key: String,
            #[diesel(sql_type = t::Text)]
            stored: String,
        }
        let mut rotated = Rotated { sealed: 0, current: 0 };
        for Column { table, key: key_column, name, place } in &COLUMNS {
            let mut after = String::new();
            loop {
                let mut connection = self.connection().await?;
                let page = sql_query(format!(
                    "SELECT key, stored FROM (SELECT {key_column} AS key, {name} AS stored FROM {table}) secrets
                     WHERE stored IS NOT NULL AND key > $1 ORDER BY key LIMIT 500"
                ));
                let rows: Vec<Row> = prepared(page.bind::<t::Text, _>(&after)).load(&mut connection).await.map_err(failed)?;
                let Some(last) = rows.last() else { break };
                after.clone_from(&last.key);
                for Row { key, stored } in rows {
                    let Some(sealed) = self.keys.reseal(&place(&key), &stored)? else {
                        rotated.current += 1;
                        continue;
                    };
                    let update = sql_query(format!("UPDATE {table} SET {name} = $3 WHERE {key_column} = $1 AND {name} = $2"))
                        .bind::<t::Text, _>(key)
                        .bind::<t::Text, _>(stored)
                        .bind::<t::Text, _>(sealed);
                    rotated.sealed += prepared(update).execute(&mut connection).await.map_err(failed)?;
                }
            }
        }
        Ok(rotated)
    }
}
