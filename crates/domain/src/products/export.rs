//! What of a seller's products is kept apart from the rows that the export shows by itself.

use async_trait::async_trait;
use chrono::Duration;
use serde_json::{Value, json};

use super::product_service::ProductService;
use crate::{
    shared::{ErrorKind, Result},
    users::{Account, Role, Unfinished, ports::PersonalData},
};

#[async_trait]
impl PersonalData for ProductService {
    /// Nothing: without its product a reservation is nobody's, and the next rollover forgets it.
    async fn erase(&self, _deleted: &Unfinished) -> Result<()> {
        Ok(())
    }

    async fn export(&self, account: &Account) -> Result<(&'static str, Value)> {
        const NAME: &str = "stock_reservations";
        if account.role != Role::Seller {
            return Ok((NAME, json!([])));
        }
        let products = match self.products(&account.email).await {
            Ok(products) => products,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let ids: Vec<_> = products.into_iter().map(|priced| priced.product.id).collect();
        // All of them are older than tomorrow.
        let reserved = self.reservations.due(&ids, self.clock.now() + Duration::days(1)).await?;
        let rows: Vec<_> = reserved.iter().map(|(id, stock)| json!({ "product_id": id.as_str(), "new_stock": stock })).collect();
        Ok((NAME, json!(rows)))
    }
}
