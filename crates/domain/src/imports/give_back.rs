//! The way back: what was taken here since the move, in the old service's terms.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::ports::Moved;
use crate::{
    orders::{Order, ports::OrderArchive},
    shared::{Clock, Result},
};

/// The old service's tables of which rows are given, those first that others refer to.
pub const TABLES: [&str; 12] = [
    "customers",
    "sellers",
    "customer_details",
    "customer_preferences",
    "stores",
    "store_sns",
    "store_images",
    "store_operation_info",
    "store_product_info",
    "customer_favorites",
    "cart_items",
    "order_current_items",
];

/// Rows read at once.
const BATCH: i64 = 1_000;

/// Use case of giving back.
pub struct GiveBackService {
    moved: Arc<dyn Moved>,
    archive: Arc<dyn OrderArchive>,
    clock: Arc<dyn Clock>,
}

impl GiveBackService {
    /// Builds the use case on its ports.
    pub fn new(moved: Arc<dyn Moved>, archive: Arc<dyn OrderArchive>, clock: Arc<dyn Clock>) -> Self {
        Self { moved, archive, clock }
    }

    /// Gives to `line` each row that was made or changed here since `since`, else since the last import: `{"table": …, "row": …}`, one JSON a line, with the
    /// columns that the old service has. Secrets are not among them. Gives the number of rows.
    ///
    /// # Errors
    /// Unavailable, where one of the databases does not answer; what `line` fails with.
    pub async fn give_back(&self, since: Option<DateTime<Utc>>, line: &mut (dyn FnMut(String) -> Result<()> + Send)) -> Result<u64> {
        let since = match since {
            Some(since) => since,
            None => self.moved.last_import().await?.unwrap_or(DateTime::UNIX_EPOCH),
        };
        let mut given = 0;
        for table in TABLES {
            let mut after = String::new();
            loop {
                let rows = self.moved.changed(table, since, &after, BATCH).await?;
                let Some((last, _)) = rows.last() else { break };
                after.clone_from(last);
                for (_, row) in rows {
                    line(json!({ "table": table, "row": row }).to_string())?;
                    given += 1;
                }
            }
        }
        for (store, _) in self.moved.portone_stores().await? {
            for order in self.archive.ended_of_store(&store, since, self.clock.now()).await? {
                line(json!({ "table": "order_history_items", "row": history_item(&order) }).to_string())?;
                given += 1;
            }
        }
        Ok(given)
    }
}

fn history_item(order: &Order) -> Value {
    let joined = |words: &Option<Vec<String>>| words.as_ref().map(|words| words.join(","));
    let sale = Some(order.sale.get()).filter(|sale| *sale > 0);
    json!({
        "payment_id": order.payment_id, "customer_id": order.customer, "customer_nickname": order.customer_nickname,
        "customer_phone_number": order.customer_phone_number, "product_id": order.product_id, "product_name": order.product_name,
        "store_id": order.store_id, "store_name": order.store_name, "quantity": order.quantity, "price": order.price, "sale": sale,
        "total_amount": order.total_amount, "status": order.status, "reservation_at": order.reservation_at, "accepted_at": order.accepted_at,
        "completed_at": order.completed_at, "canceled_at": order.canceled_at, "cancel_reason": order.cancel_reason,
        "preferred_menus": joined(&order.preferences.preferred_menus), "nutrition_types": joined(&order.preferences.nutrition_types),
        "allergies": joined(&order.preferences.allergies), "topping_types": joined(&order.preferences.topping_types),
        "created_at": order.reservation_at, "updated_at": order.latest_event(),
    })
}
