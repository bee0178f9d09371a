//! The way back: what was taken here since the move, in the old service's terms.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{
    import::ImportParts,
    ports::{Change, GivenBack},
};
use crate::{
    orders::Order,
    shared::{Email, Result},
};

/// The old service's tables of which rows are given, those first that others refer to; `accounts_gone`: people of either table who were deleted.
pub const TABLES: [&str; 18] = [
    "customers",
    "sellers",
    "customer_details",
    "customer_preferred_menus",
    "customer_nutrition_types",
    "customer_allergies",
    "customer_topping_types",
    "stores",
    "store_sns",
    "store_images",
    "store_operation_info",
    "store_operation_info_modifications",
    "store_product_info",
    "product_nutrition",
    "customer_favorites",
    "cart_items",
    "order_current_items",
    "accounts_gone",
];

/// Its collections that are given whole, so that what has ended is not in them.
const WHOLE: [&str; 3] = ["product_stock_reservations", "customer_withdraw_reservations", "seller_withdraw_reservations"];

/// Rows read at once.
const BATCH: i64 = 1_000;

/// Use case of giving back.
pub struct GiveBackService {
    parts: ImportParts,
}

impl GiveBackService {
    /// Builds the use case on its ports.
    pub fn new(parts: ImportParts) -> Self {
        Self { parts }
    }

    /// Gives to `old` what was made, changed or ended here since `since`, else since something was brought last, in the old service's tables, collections and
    /// columns. Secrets are not among it. Gives the number of rows of each.
    ///
    /// # Errors
    /// Unavailable, where one of the databases does not answer; what `old` fails with.
    pub async fn give_back(&self, since: Option<DateTime<Utc>>, old: &mut dyn GivenBack) -> Result<BTreeMap<&'static str, u64>> {
        let since = match since {
            Some(since) => since,
            // Not when it was read last: that may be long after people have come over.
            None => self.parts.ours.last_brought().await?.unwrap_or(DateTime::UNIX_EPOCH),
        };
        let mut given = BTreeMap::new();
        for table in TABLES {
            let mut after = String::new();
            loop {
                let rows = self.parts.ours.changed(table, since, &after, BATCH).await?;
                let Some((last, _)) = rows.last() else { break };
                after.clone_from(last);
                *given.entry(table).or_default() += rows.len() as u64;
                rows.into_iter().try_for_each(|(_, change)| old.change(table, change))?;
            }
        }
        self.past(since, old, &mut given).await?;
        self.planned(old, &mut given).await?;
        old.end()?;
        Ok(given)
    }

    /// Orders that our rollover has archived: they are today's no more.
    async fn past(&self, since: DateTime<Utc>, old: &mut dyn GivenBack, given: &mut BTreeMap<&'static str, u64>) -> Result<()> {
        for (store, _) in self.parts.ours.portone_stores().await? {
            let ended = self.parts.archive.ended_of_store(&store, since, self.parts.clock.now()).await?;
            let customers: Vec<_> = ended.iter().map(|order| order.customer.clone()).collect();
            let written = self.written(&customers).await?;
            for order in ended {
                old.change("order_current_items", Change::Gone(json!({ "payment_id": order.payment_id })))?;
                let customer = written.get(&order.customer).map_or(order.customer.as_str(), String::as_str);
                old.document("order_history_items", history_item(&order, customer))?;
                *given.entry("order_history_items").or_default() += 1;
            }
        }
        Ok(())
    }

    /// How these e-mails are written there, where that is otherwise. In PostgreSQL the script looks that up.
    async fn written(&self, emails: &[Email]) -> Result<HashMap<Email, String>> {
        let accounts = self.parts.ours.accounts(emails).await?.into_iter();
        Ok(accounts.filter_map(|account| Some((account.email, account.written?))).collect())
    }

    /// What waits for the next rollover.
    async fn planned(&self, old: &mut dyn GivenBack, given: &mut BTreeMap<&'static str, u64>) -> Result<()> {
        let (mut give, mut after) = (Vec::new(), None);
        for (store, _) in self.parts.ours.portone_stores().await? {
            for product in self.parts.products.of_store(&store).await? {
                if let Some(reserved) = self.parts.reservations.find(&product.id).await? {
                    let document = json!({
                        "product_id": product.id, "initial_stock": product.stock.initial, "new_stock": reserved.new_stock,
                        "reserved_at": date(reserved.reserved_at), "created_at": date(reserved.reserved_at), "updated_at": date(reserved.reserved_at),
                    });
                    give.push((WHOLE[0], document));
                }
            }
        }
        loop {
            let asked = self.parts.withdrawals.requested_before(self.parts.clock.now(), after.as_ref(), BATCH).await?;
            let Some(last) = asked.last().cloned() else { break };
            after = Some(last);
            let written = self.written(&asked).await?;
            for email in asked {
                let at = self.parts.withdrawals.requested_at(&email).await?.map(date);
                let role = self.parts.accounts.find(&email).await?.map(|found| found.account.role.as_str());
                let collection = WHOLE.into_iter().find(|name| role.is_some_and(|role| name.starts_with(role)));
                let field = role.map(|role| format!("{role}_email")).unwrap_or_default();
                let email_there = written.get(&email).map_or(email.as_str(), String::as_str);
                give.extend(
                    collection.map(|name| (name, json!({ field: email_there, "withdrawn_at": at, "created_at": at, "updated_at": at }))),
                );
            }
        }
        WHOLE.into_iter().try_for_each(|collection| old.whole(collection))?;
        for (collection, document) in give {
            old.document(collection, document)?;
            *given.entry(collection).or_default() += 1;
        }
        Ok(())
    }
}

/// An instant in MongoDB's JSON.
fn date(at: DateTime<Utc>) -> Value {
    json!({ "$date": at.to_rfc3339_opts(SecondsFormat::Millis, true) })
}

fn history_item(order: &Order, customer: &str) -> Value {
    let joined = |words: &Option<Vec<String>>| words.as_ref().map(|words| words.join(","));
    let sale = Some(order.sale.get()).filter(|sale| *sale > 0);
    json!({
        "payment_id": order.payment_id, "customer_id": customer, "customer_nickname": order.customer_nickname,
        "customer_phone_number": order.customer_phone_number, "product_id": order.product_id, "product_name": order.product_name,
        "store_id": order.store_id, "store_name": order.store_name, "quantity": order.quantity, "price": order.price, "sale": sale,
        "total_amount": order.total_amount, "status": order.status, "reservation_at": date(order.reservation_at),
        "accepted_at": order.accepted_at.map(date), "completed_at": order.completed_at.map(date), "canceled_at": order.canceled_at.map(date),
        "cancel_reason": order.cancel_reason, "preferred_menus": joined(&order.preferences.preferred_menus),
        "nutrition_types": joined(&order.preferences.nutrition_types), "allergies": joined(&order.preferences.allergies),
        "topping_types": joined(&order.preferences.topping_types), "created_at": date(order.reservation_at),
        "updated_at": date(order.latest_event()),
    })
}
