use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Error, Result},
    users::{Role, ports::Withdrawals},
};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use mongodb::bson::doc;

use crate::Mongo;

const WITHDRAWALS: &str = "withdrawals";

#[async_trait]
impl Withdrawals for Mongo {
    async fn request(&self, email: &Email, role: Role, since: DateTime<Utc>, at: DateTime<Utc>) -> Result<()> {
        Withdrawals::forget(self, email, since).await?;
        let first = doc! { "$setOnInsert": { "role": role.as_str(), "requested_at_us": at.timestamp_micros() } };
        let collection = self.collection(WITHDRAWALS).await?;
        self.answered(collection.update_one(doc! { "_id": email.as_str() }, first).upsert(true)).await.map(|_| ())
    }

    async fn requested_at(&self, email: &Email) -> Result<Option<DateTime<Utc>>> {
        let found = self.answered(self.collection(WITHDRAWALS).await?.find_one(doc! { "_id": email.as_str() })).await?;
        found
            .map(|row| {
                let at = row.get_i64("requested_at_us").ok().and_then(DateTime::from_timestamp_micros);
                at.ok_or_else(|| Error::internal("bad document: withdrawals.requested_at_us"))
            })
            .transpose()
    }

    async fn requested_before<'a>(&self, before: DateTime<Utc>, after: Option<&'a Email>, limit: i64) -> Result<Vec<Email>> {
        let due = doc! { "requested_at_us": { "$lt": before.timestamp_micros() }, "_id": { "$gt": after.map_or("", Email::as_str) } };
        let collection = self.collection(WITHDRAWALS).await?;
        let found = collection.find(due).sort(doc! { "_id": 1 }).limit(limit);
        let rows = self.batch(async { found.await?.try_collect::<Vec<_>>().await }).await?;
        rows.into_iter().map(|row| Ok(Email::trusted(row.get_str("_id").map_err(Error::internal)?.to_owned()))).collect()
    }

    async fn cancel(&self, email: &Email) -> Result<()> {
        self.answered(self.collection(WITHDRAWALS).await?.delete_one(doc! { "_id": email.as_str() })).await.map(|_| ())
    }

    async fn forget(&self, email: &Email, before: DateTime<Utc>) -> Result<()> {
        let old = doc! { "_id": email.as_str(), "requested_at_us": { "$lt": before.timestamp_micros() } };
        self.answered(self.collection(WITHDRAWALS).await?.delete_one(old)).await.map(|_| ())
    }
}
