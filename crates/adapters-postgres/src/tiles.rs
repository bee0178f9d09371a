//! The places of a tile's stores, kept under the tile's version.

use std::sync::Arc;

use cheapbob_domain::stores::Tile;
use moka::sync::Cache;

/// Bytes of memory for them, in a process: the places of some 200,000 stores.
const ROOM: u64 = 24_000_000;

/// The tiles that a process keeps, as [`crate::documents::Documents`] keeps stores. `None`: no store is there any more.
#[derive(Clone)]
pub(crate) struct Tiles(Cache<i64, Option<Arc<Tile>>>);

impl Default for Tiles {
    fn default() -> Self {
        /// Of a store, with its id and the sums beside it.
        const STORE: usize = 110;
        let size = |tile: &Option<Arc<Tile>>| 100 + tile.as_ref().map_or(0, |tile| tile.stores().len() * STORE);
        let weigher = move |_: &i64, tile: &Option<Arc<Tile>>| u32::try_from(size(tile)).unwrap_or(u32::MAX);
        Self(Cache::builder().weigher(weigher).max_capacity(ROOM).build())
    }
}

impl Tiles {
    pub(crate) fn get(&self, version: i64) -> Option<Option<Arc<Tile>>> {
        self.0.get(&version)
    }

    pub(crate) fn keep(&self, version: i64, tile: Option<Arc<Tile>>) {
        self.0.insert(version, tile);
    }
}
