//! Stores and their products.

use std::collections::HashMap;

use secrecy::ExposeSecret;

use super::Run;
use crate::{
    imports::model::{
        finding::{Kind, Told},
        old::{OldProduct, OldSeller},
        products,
        stores::{self, ImportedStore},
    },
    products::Product,
    shared::{Email, ProductId, Result, StoreId},
    stores::Store,
};

impl Run<'_> {
    pub(super) async fn stores(&mut self) -> Result<()> {
        while let Some(sellers) = self.read::<OldSeller>(Kind::Stores).await? {
            let now = self.now;
            for old in &sellers {
                for there in stores::stores(old, now).into_iter().filter_map(|(store, _)| store) {
                    let same = match self.store(&there.id, &old.email).await? {
                        Some(here) => Some(self.is_same_store(&here, &there).await?),
                        None => None,
                    };
                    self.count(Kind::Stores, there.id.as_str(), same)?;
                }
            }
        }
        Ok(())
    }

    /// It is its seller's, or the placeholder's that was made for it.
    async fn store(&self, id: &StoreId, seller: &str) -> Result<Option<Store>> {
        for owner in [Email::parse(seller).ok(), Some(stores::placeholder(id))].into_iter().flatten() {
            if let Some(store) = self.parts.stores.of_seller(&owner).await?.filter(|store| store.id == *id) {
                return Ok(Some(store));
            }
        }
        Ok(None)
    }

    async fn is_same_store(&self, here: &Store, there: &ImportedStore) -> Result<bool> {
        let planned = self.parts.hours.reserved(&there.id).await?;
        let week: Vec<_> = here.operation_times.iter().map(|day| day.hours).collect();
        let payment = match (self.parts.stores.payment(&there.id).await?, &there.payment) {
            (Some(here), Some(there)) => here.ids == there.ids && here.secret.expose_secret() == there.secret.expose_secret(),
            (here, there) => here.is_none() && there.is_none(),
        };
        Ok(payment
            && planned.map(|(week, _)| week) == there.planned.as_ref().map(|(week, _)| week.clone())
            && here.name == there.name
            && here.introduction == there.introduction
            && here.phone == there.phone
            && here.created_at == there.created_at
            && here.address == there.address
            && here.sns == there.sns
            && here.images == there.images
            && week == there.week.days()
            // Which of a seller's stores stays theirs was decided by the first run.
            && (here.suspended == there.suspended || here.seller_email != there.owner)
            // Closed here by hand, it stays closed.
            && (there.closed_on.is_none() || here.closed_on == there.closed_on))
    }

    pub(super) async fn products(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldProduct>(Kind::Products).await? {
            let now = self.now;
            let mapped = rows.iter().filter_map(|old| products::product(old, now, &mut Told::of(Kind::Products, &old.product_id)));
            let mut stores: HashMap<StoreId, HashMap<ProductId, Product>> = HashMap::new();
            for there in mapped {
                if !stores.contains_key(&there.store_id) {
                    let all = self.parts.products.of_store(&there.store_id).await?;
                    stores.insert(there.store_id.clone(), all.into_iter().map(|product| (product.id.clone(), product)).collect());
                }
                let here = stores[&there.store_id].get(&there.id);
                self.compared.left_there += i64::from(there.left);
                self.compared.left_here += here.map_or(0, |here| i64::from(here.stock.left()));
                let same = here.map(|here| {
                    (&here.name, &here.description, here.price, here.sale, here.stock.initial, here.stock.left())
                        == (&there.name, &there.description, there.price, there.sale, there.initial_stock, there.left)
                        && here.nutrition_types == there.nutrition_types
                });
                self.count(Kind::Products, there.id.as_str(), same)?;
            }
        }
        Ok(())
    }
}
