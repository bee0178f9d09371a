//! What customers see of stores, kept under its version.

use std::sync::Arc;

use cheapbob_domain::{
    products::{Product, Stock},
    shared::{Sale, Won},
    stores::StoreDocument,
};
use moka::sync::Cache;

/// Bytes of memory for them, in a process.
const ROOM: u64 = 12_000_000;

/// A store as it was read, with its products.
pub(crate) struct Kept {
    pub(crate) document: Arc<StoreDocument>,
    /// Their numbers are those of then.
    pub(crate) products: Arc<[Product]>,
}

impl Kept {
    /// Bytes that it has in memory, roughly.
    fn size(&self) -> u32 {
        const STORE: usize = 2_500;
        const PRODUCT: usize = 400;
        let texts =
            self.document.store.introduction.len() + self.products.iter().map(|p| p.name.len() + p.description.len()).sum::<usize>();
        let rows = self.products.len() * PRODUCT + self.document.store.images.len() * 100;
        u32::try_from(STORE + texts + rows).unwrap_or(u32::MAX)
    }

    /// Its products with these numbers; `None`: they are those of other products.
    pub(crate) fn products_now(&self, now: &[Numbers]) -> Option<Arc<[Product]>> {
        if now.len() != self.products.len() {
            return None;
        }
        let products = self.products.iter().zip(now).map(|(product, now)| now.of(product));
        products.collect::<Option<Vec<_>>>().map(Into::into)
    }
}

/// What changes of a product all the time, and is no part of the store's version.
#[derive(Debug, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) stock: Stock,
    pub(crate) price: i64,
    pub(crate) sale: i32,
    pub(crate) version: i32,
}

impl Numbers {
    /// `None`: the database should have no such row.
    fn of(&self, product: &Product) -> Option<Product> {
        let sale = Sale::parse(self.sale.into()).ok()?;
        Some(Product { stock: self.stock, price: Won(self.price), sale, version: self.version, ..product.clone() })
    }
}

/// The documents that a process keeps. What is not looked at gives way; nothing need be taken out, since what has changed has another version.
#[derive(Clone)]
pub(crate) struct Documents(Cache<i64, Arc<Kept>>);

impl Default for Documents {
    fn default() -> Self {
        Self(Cache::builder().weigher(|_, kept: &Arc<Kept>| kept.size()).max_capacity(ROOM).build())
    }
}

impl Documents {
    pub(crate) fn get(&self, version: i64) -> Option<Arc<Kept>> {
        self.0.get(&version)
    }

    pub(crate) fn keep(&self, kept: &Arc<Kept>) {
        self.0.insert(kept.document.version, Arc::clone(kept));
    }
}
