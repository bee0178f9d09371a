//! The holds that wait for their money: what CheapBob's apps would open PortOne's window for.

use cheapbob_domain::shared::{Clock, Result, Won};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::super::{answers::kst_time, state::Sandbox};
use crate::fakes::failed;

/// With the names that the browser SDK gives to what it asks PortOne for.
#[derive(Serialize, QueryableByName)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpenHold {
    #[diesel(sql_type = t::Text)]
    pub(super) payment_id: String,
    #[diesel(sql_type = t::Text)]
    pub(super) store_id: String,
    #[diesel(sql_type = t::Text)]
    pub(super) channel_key: String,
    #[diesel(sql_type = t::Text)]
    pub(super) order_name: String,
    #[diesel(sql_type = t::BigInt)]
    pub(super) total_amount: i64,
    #[diesel(sql_type = t::Text)]
    pub(super) store_name: String,
    #[diesel(sql_type = t::Text)]
    pub(super) customer: String,
    #[diesel(sql_type = t::Timestamptz)]
    pub(super) expires_at: DateTime<Utc>,
}

impl OpenHold {
    pub(super) fn total(&self) -> Won {
        Won(self.total_amount)
    }

    pub(super) fn until(&self) -> String {
        kst_time(self.expires_at)
    }
}

impl Sandbox {
    /// The oldest first; not those that PortOne's books call paid already.
    pub(super) async fn open_holds(&self) -> Result<Vec<OpenHold>> {
        let mut connection = self.embedded.connection().await?;
        sql_query(
            "SELECT h.payment_id, h.portone_store_id AS store_id, coalesce(a.portone_channel_id, '') AS channel_key,
                 p.name || ' × ' || h.quantity AS order_name, h.total_amount, s.name AS store_name, h.customer_email AS customer, h.expires_at
             FROM holds h JOIN products p ON p.id = h.product_id JOIN stores s ON s.id = h.store_id
                 LEFT JOIN store_payments a ON a.store_id = h.store_id
                 LEFT JOIN embedded.portone_payments b ON b.id = h.payment_id
             WHERE h.state = 'held' AND h.expires_at > $1
               AND coalesce(b.payment->>'status', 'READY') IN ('READY', 'FAILED', 'PAY_PENDING', 'VIRTUAL_ACCOUNT_ISSUED')
             ORDER BY h.expires_at, h.payment_id",
        )
        .bind::<t::Timestamptz, _>(self.clock.now())
        .load(&mut connection)
        .await
        .map_err(failed)
    }
}
