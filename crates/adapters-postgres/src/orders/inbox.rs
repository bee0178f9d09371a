//! PortOne's messages, each once.

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{Message, ports::Inbox},
    shared::{PaymentId, Result, StoreId, remote::storable},
};
use chrono::{DateTime, Utc};
use diesel::{sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, failed},
    sql::{BATCH, in_batches, prepared},
};

const PUT: &str = include_str!("sql/put_message.sql");
const PRUNE: &str = include_str!("sql/prune_messages.sql");

#[async_trait]
impl Inbox for Postgres {
    async fn put(&self, store: &StoreId, message: &Message, matters: bool, request_id: &str, now: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(PUT)
            .bind::<t::Text, _>(store.as_str())
            .bind::<t::Text, _>(&message.id)
            .bind::<t::Text, _>(storable(&message.kind))
            .bind::<t::Nullable<t::Text>, _>(message.payment.as_ref().map(PaymentId::as_str))
            .bind::<t::Text, _>(storable(&message.body))
            .bind::<t::Bool, _>(matters)
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Text, _>(request_id);
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
    }

    async fn prune(&self, before: DateTime<Utc>) -> Result<u64> {
        let mut connection = self.connection().await?;
        let old = || prepared(sql_query(PRUNE).bind::<t::Timestamptz, _>(before).bind::<t::BigInt, _>(BATCH));
        in_batches(&mut connection, old).await
    }
}
