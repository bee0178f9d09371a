use async_trait::async_trait;
use cheapbob_domain::{
    orders::{PaymentRecords, ports::PaymentArchive},
    shared::{Email, Error, PaymentId, Result},
};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use mongodb::{
    IndexModel,
    bson::{Document, doc},
};

use crate::{Mongo, date, failed};

const PAYMENTS: &str = "payments";

/// The rows go as text: BSON's numbers and instants are not JSON's.
fn document(records: &PaymentRecords) -> Document {
    doc! {
        "_id": records.payment_id.as_str(),
        "people": records.people(),
        "begun_at": date(records.begun_at),
        "rows": records.rows.to_string(),
    }
}

fn exactly(records: &PaymentRecords) -> Document {
    doc! { "_id": records.payment_id.as_str(), "rows": records.rows.to_string() }
}

fn records(document: &Document) -> Result<PaymentRecords> {
    let rows = document.get_str("rows").map_err(Error::internal)?;
    PaymentRecords::of(serde_json::from_str(rows).map_err(Error::internal)?)
}

impl Mongo {
    pub(crate) async fn prepare_payments(&self) -> Result<()> {
        let people = IndexModel::builder().keys(doc! { "people": 1 }).build();
        self.batch(self.collection(PAYMENTS).await?.create_index(people)).await.map(|_| ())
    }
}

#[async_trait]
impl PaymentArchive for Mongo {
    async fn put(&self, records: &[PaymentRecords]) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        self.insert_new(PAYMENTS, records.iter().map(document).collect()).await
    }

    async fn remove(&self, records: &[PaymentRecords]) -> Result<()> {
        for records in records {
            self.answered(self.collection(PAYMENTS).await?.delete_one(exactly(records))).await?;
        }
        Ok(())
    }

    async fn find_all(&self, payments: &[PaymentId]) -> Result<Vec<PaymentRecords>> {
        let ids: Vec<_> = payments.iter().map(PaymentId::as_str).collect();
        let collection = self.collection(PAYMENTS).await?;
        let found = collection.find(doc! { "_id": { "$in": ids } });
        let documents = self.batch(async { found.await?.try_collect::<Vec<_>>().await }).await?;
        documents.iter().map(records).collect()
    }

    async fn of_person(&self, person: &Email) -> Result<Vec<PaymentRecords>> {
        let found = self.collection(PAYMENTS).await?;
        let found = found.find(doc! { "people": person.as_str() });
        let documents = self.batch(async { found.await?.try_collect::<Vec<_>>().await }).await?;
        documents.iter().map(records).collect()
    }

    async fn pseudonymize(&self, person: &Email, pseudonym: &Email, before: DateTime<Utc>) -> Result<()> {
        let theirs = doc! { "people": person.as_str(), "begun_at": { "$lt": date(before) } };
        let found = self.answered(self.collection(PAYMENTS).await?.find(theirs)).await?;
        found
            .map_err(failed)
            .try_for_each(|found| async move {
                let records = records(&found)?;
                let nobody = document(&records.clone().without(person, pseudonym));
                self.answered(self.collection(PAYMENTS).await?.replace_one(exactly(&records), nobody)).await.map(|_| ())
            })
            .await
    }
}
