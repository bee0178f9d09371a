use async_trait::async_trait;
use cheapbob_domain::{
    products::{StockReservation, ports::StockReservations},
    shared::{Error, ProductId, Result},
};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use mongodb::bson::doc;

use crate::Mongo;

const RESERVATIONS: &str = "stock_reservations";

#[async_trait]
impl StockReservations for Mongo {
    async fn find(&self, product: &ProductId) -> Result<Option<StockReservation>> {
        let found = self.answered(self.collection(RESERVATIONS).await?.find_one(doc! { "_id": product.as_str() })).await?;
        found
            .map(|row| {
                let reserved_at = row.get_i64("reserved_at_us").ok().and_then(DateTime::from_timestamp_micros);
                let reserved_at = reserved_at.ok_or_else(|| Error::internal("bad document: stock_reservations.reserved_at_us"))?;
                Ok(StockReservation { new_stock: row.get_i32("new_stock").map_err(Error::internal)?, reserved_at })
            })
            .transpose()
    }

    async fn reserve(&self, product: &ProductId, reservation: &StockReservation) -> Result<()> {
        let row = doc! { "new_stock": reservation.new_stock, "reserved_at_us": reservation.reserved_at.timestamp_micros() };
        let collection = self.collection(RESERVATIONS).await?;
        self.answered(collection.replace_one(doc! { "_id": product.as_str() }, row).upsert(true)).await.map(|_| ())
    }

    async fn cancel(&self, product: &ProductId) -> Result<bool> {
        let deleted = self.answered(self.collection(RESERVATIONS).await?.delete_one(doc! { "_id": product.as_str() })).await?;
        Ok(deleted.deleted_count == 1)
    }

    async fn due(&self, products: &[ProductId], before: DateTime<Utc>) -> Result<Vec<(ProductId, i32)>> {
        let ids: Vec<_> = products.iter().map(ProductId::as_str).collect();
        let due = doc! { "_id": { "$in": ids }, "reserved_at_us": { "$lt": before.timestamp_micros() } };
        let collection = self.collection(RESERVATIONS).await?;
        let found = collection.find(due);
        let rows = self.batch(async { found.await?.try_collect::<Vec<_>>().await }).await?;
        rows.into_iter()
            .map(|row| {
                let id = row.get_str("_id").map_err(Error::internal)?.to_owned();
                Ok((ProductId::trusted(id), row.get_i32("new_stock").map_err(Error::internal)?))
            })
            .collect()
    }

    async fn forget(&self, before: DateTime<Utc>) -> Result<()> {
        let old = doc! { "reserved_at_us": { "$lt": before.timestamp_micros() } };
        self.batch(self.collection(RESERVATIONS).await?.delete_many(old)).await.map(|_| ())
    }
}
