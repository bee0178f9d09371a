use async_trait::async_trait;
use cheapbob_domain::{
    products::{StockReservation, ports::StockReservations},
    shared::{Error, ProductId, Result},
};
use chrono::DateTime;
use mongodb::bson::doc;

use crate::{Mongo, failed};

const RESERVATIONS: &str = "stock_reservations";

#[async_trait]
impl StockReservations for Mongo {
    async fn find(&self, product: &ProductId) -> Result<Option<StockReservation>> {
        let found = self.collection(RESERVATIONS).find_one(doc! { "_id": product.as_str() }).await.map_err(failed)?;
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
        let collection = self.collection(RESERVATIONS);
        collection.replace_one(doc! { "_id": product.as_str() }, row).upsert(true).await.map(|_| ()).map_err(failed)
    }

    async fn cancel(&self, product: &ProductId) -> Result<bool> {
        let deleted = self.collection(RESERVATIONS).delete_one(doc! { "_id": product.as_str() }).await.map_err(failed)?;
        Ok(deleted.deleted_count == 1)
    }
}
