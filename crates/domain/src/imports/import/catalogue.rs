//! People, stores, favourites, products.

use super::run::{Row, Run};
use crate::{
    imports::model::{
        finding::{self, Kind, Told},
        memory::Brought,
        old::{OldFavorites, OldPerson, OldProduct, OldSeller},
        people, products, stores,
    },
    shared::Result,
};

impl Run<'_> {
    pub(super) async fn accounts(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldPerson>(Kind::Accounts).await? {
            let mut batch = Vec::new();
            for Row { key, fingerprint, row } in rows {
                let mut told = Told::of(Kind::Accounts, &key);
                if let Some(account) = people::account(&row, self.begun, &mut told) {
                    if !account.is_active {
                        self.seen.inactive.insert(account.email.clone());
                    }
                    batch.push(Brought { row: account, old: fingerprint });
                }
                self.tell_all(told)?;
            }
            let bring = self.sorted_out(Kind::Accounts, batch, |account| account.email.to_string()).await?;
            if self.writes() {
                self.parts.imports.bring_accounts(&bring, self.begun).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn stores(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldSeller>(Kind::Stores).await? {
            let mut batch = Vec::new();
            for Row { fingerprint, row, .. } in rows {
                for (store, told) in stores::stores(&row, self.begun) {
                    batch.extend(store.map(|store| Brought { row: store, old: fingerprint.clone() }));
                    self.tell_all(told)?;
                }
            }
            let ids: Vec<_> = batch.iter().map(|brought| brought.row.id.clone()).collect();
            let bring = self.sorted_out(Kind::Stores, batch, |store| store.id.to_string()).await?;
            self.seen.stores.extend(ids);
            if self.writes() {
                for store in self.parts.imports.bring_stores(&bring, self.begun).await? {
                    self.tell_of(Kind::Stores, store.as_str(), finding::STORE_OF_NOBODY, None)?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn favorites(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldFavorites>(Kind::Favorites).await? {
            let mut batch = Vec::new();
            for Row { key, fingerprint, row } in rows {
                let mut told = Told::of(Kind::Favorites, &key);
                let favorites = people::favorites(&row, self.begun, &mut told);
                batch.extend(favorites.map(|row| Brought { row, old: fingerprint }));
                self.tell_all(told)?;
            }
            let bring = self.sorted_out(Kind::Favorites, batch, |favorites| favorites.email.to_string()).await?;
            if self.writes() {
                self.parts.imports.bring_favorites(&bring, self.begun).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn products(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldProduct>(Kind::Products).await? {
            let mut batch = Vec::new();
            for Row { key, fingerprint, row } in rows {
                let mut told = Told::of(Kind::Products, &key);
                match products::product(&row, self.begun, &mut told) {
                    Some(product) if self.seen.stores.contains(&product.store_id) => {
                        self.seen.products.insert(product.id.clone());
                        batch.push(Brought { row: product, old: fingerprint });
                    }
                    Some(_) => told.tell(finding::STORE_GONE),
                    None => {}
                }
                self.tell_all(told)?;
            }
            let bring = self.sorted_out(Kind::Products, batch, |product| product.id.to_string()).await?;
            if self.writes() {
                for product in self.parts.imports.bring_products(&bring, self.begun).await? {
                    self.tell_of(Kind::Products, product.as_str(), finding::STORE_GONE, None)?;
                }
            }
        }
        Ok(())
    }
}
