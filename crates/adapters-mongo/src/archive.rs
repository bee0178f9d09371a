use async_trait::async_trait;
use cheapbob_domain::{
    orders::{Order, ports::OrderArchive},
    shared::{Email, Error, PaymentId, Result, StoreId},
    users::NOBODY,
};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use mongodb::{
    IndexModel,
    bson::{self, Bson, Document, doc},
    error::ErrorKind,
};

use crate::{BATCH_LIMIT, Mongo, date, failed};

const ORDERS: &str = "orders";

/// MongoDB's code for a key that is there already.
const DUPLICATE_KEY: i32 = 11_000;

fn indexes() -> Vec<IndexModel> {
    [
        doc! { "customer": 1, "latest_event": -1, "_id": -1 },
        doc! { "store_id": 1, "latest_event": -1, "_id": -1 },
        doc! { "store_id": 1, "ended_at": -1 },
    ]
    .map(|keys| IndexModel::builder().keys(keys).build())
    .into()
}

impl Mongo {
    /// Makes the indexes that are missing; any number of processes may call it at once.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn prepare(&self) -> Result<()> {
        self.batch(self.collection(ORDERS).await?.create_indexes(indexes())).await?;
        self.prepare_payments().await
    }
}

fn document(order: &Order) -> Result<Document> {
    Ok(doc! {
        "_id": order.payment_id.as_str(),
        "customer": order.customer.as_str(),
        "store_id": order.store_id.as_str(),
        "latest_event": date(order.latest_event()),
        "ended_at": order.ended_at().map(date),
        "order": bson::serialize_to_bson(order).map_err(Error::internal)?,
    })
}

fn order(mut document: Document) -> Result<Order> {
    let order = document.remove("order").unwrap_or(Bson::Null);
    bson::deserialize_from_bson(order).map_err(Error::internal)
}

impl Mongo {
    /// Inserts those that are not there yet.
    pub(crate) async fn insert_new(&self, collection: &str, documents: Vec<Document>) -> Result<()> {
        // Unordered: those that are there already are refused, the others go in.
        let Err(error) = self.ask(BATCH_LIMIT, self.collection(collection).await?.insert_many(documents).ordered(false)).await? else {
            return Ok(());
        };
        let only_duplicates = match error.kind.as_ref() {
            ErrorKind::InsertMany(refused) => {
                refused.write_concern_error.is_none()
                    && refused.write_errors.as_ref().is_some_and(|errors| errors.iter().all(|e| e.code == DUPLICATE_KEY))
            }
            _ => false,
        };
        if only_duplicates { Ok(()) } else { Err(failed(error)) }
    }

    async fn orders(&self, filter: Document, newest: Option<i64>) -> Result<Vec<Order>> {
        let collection = self.collection(ORDERS).await?;
        let mut find = collection.find(filter).projection(doc! { "order": 1 });
        if let Some(limit) = newest {
            find = find.sort(doc! { "latest_event": -1, "_id": -1 }).limit(limit);
        }
        let all = async { find.await?.try_collect::<Vec<_>>().await };
        // What the rollover reads back is a batch; a person reads one page.
        let documents = if newest.is_some() { self.answered(all).await? } else { self.batch(all).await? };
        documents.into_iter().map(order).collect()
    }
}

#[async_trait]
impl OrderArchive for Mongo {
    async fn put(&self, orders: &[Order]) -> Result<()> {
        if orders.is_empty() {
            return Ok(());
        }
        let documents = orders.iter().map(document).collect::<Result<Vec<_>>>()?;
        self.insert_new(ORDERS, documents).await
    }

    async fn find(&self, payment: &PaymentId) -> Result<Option<Order>> {
        let found = self.answered(self.collection(ORDERS).await?.find_one(doc! { "_id": payment.as_str() })).await?;
        found.map(order).transpose()
    }

    async fn find_all(&self, payments: &[PaymentId]) -> Result<Vec<Order>> {
        let ids: Vec<_> = payments.iter().map(PaymentId::as_str).collect();
        self.orders(doc! { "_id": { "$in": ids } }, None).await
    }

    async fn pseudonymize(&self, customer: &Email, pseudonym: &Email, before: DateTime<Utc>) -> Result<()> {
        let nobody = doc! { "$set": {
            "customer": pseudonym.as_str(), "order.customer": pseudonym.as_str(),
            "order.customer_nickname": NOBODY.0, "order.customer_phone_number": NOBODY.1,
        } };
        let theirs = doc! { "customer": customer.as_str(), "latest_event": { "$lt": date(before) } };
        self.batch(self.collection(ORDERS).await?.update_many(theirs, nobody)).await.map(|_| ())
    }

    async fn of_customer(&self, customer: &Email, limit: i64) -> Result<Vec<Order>> {
        self.orders(doc! { "customer": customer.as_str() }, Some(limit)).await
    }

    async fn of_store(&self, store: &StoreId, limit: i64) -> Result<Vec<Order>> {
        self.orders(doc! { "store_id": store.as_str() }, Some(limit)).await
    }

    async fn ended_of_store(&self, store: &StoreId, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Order>> {
        // BSON's dates end before chrono's last instant.
        let until = until.min(DateTime::from_timestamp_millis(253_402_300_799_000).unwrap_or(until));
        // Nor before years have four digits; no order is as old as 1970.
        let from = from.max(DateTime::UNIX_EPOCH);
        let range = doc! { "$gte": date(from), "$lt": date(until) };
        self.orders(doc! { "store_id": store.as_str(), "ended_at": range }, None).await
    }
}
