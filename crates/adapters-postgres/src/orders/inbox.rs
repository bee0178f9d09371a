//! PortOne's messages, each once.

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{Message, MessagePut, ports::Inbox},
    shared::{PaymentId, Result, StoreId, remote::storable},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, failed},
    sql::{BATCH, in_batches, prepared},
};

const PUT: &str = include_str!("sql/put_message.sql");
const PRUNE: &str = include_str!("sql/prune_messages.sql");

#[async_trait]
impl Inbox for Postgres {
    async fn put(&self, store: &StoreId, message: &Message, matters: bool, request_id: &str, now: DateTime<Utc>) -> Result<MessagePut> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Bool)]
            of_another_store: bool,
            #[diesel(sql_type = t::Bool)]
            kept: bool,
        }
        let mut connection = self.connection().await?;
        let query = sql_query(PUT)
            .bind::<t::Text, _>(store.as_str())
            .bind::<t::Text, _>(&message.id)
            .bind::<t::Text, _>(storable(&message.kind))
            .bind::<t::Nullable<t::Text>, _>(message.payment.as_ref().map(PaymentId::as_str))
            .bind::<t::Bool, _>(matters)
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Text, _>(request_id);
        let row: Row = prepared(query).get_result(&mut connection).await.map_err(failed)?;
        Ok(match row {
            Row { of_another_store: true, .. } => MessagePut::OfAnotherStore,
            Row { kept: true, .. } => MessagePut::Kept,
            Row { kept: false, .. } => MessagePut::WasThere,
        })
    }

    async fn prune(&self, before: DateTime<Utc>) -> Result<u64> {
        let mut connection = self.connection().await?;
        let old = || prepared(sql_query(PRUNE).bind::<t::Timestamptz, _>(before).bind::<t::BigInt, _>(BATCH));
        in_batches(&mut connection, old).await
    }
}
