//! The places of the stores in a tile, in an order in which those of every smaller cell stand together: so they are counted without looking
//! at each.

use std::{collections::BTreeMap, ops::Range};

use super::place::{Area, Cell, Place};
use crate::shared::StoreId;

/// Where a store is.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The store.
    pub store: StoreId,
    /// Its place.
    pub place: Place,
}

/// The stores with a product in a tile.
#[derive(Debug)]
pub struct Tile {
    cell: Cell,
    stores: Vec<Placed>,
    /// Of each store's smallest cell, where it stands in the tile; grows.
    codes: Vec<u32>,
    /// Latitudes and longitudes of the stores before, added up.
    sums: Vec<(f64, f64)>,
}

/// Stores of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counted<'a> {
    /// How many.
    pub count: usize,
    /// One of them.
    pub one: &'a Placed,
    sum: (f64, f64),
}

impl Counted<'_> {
    /// Their middle: the means of both degrees.
    pub fn middle(&self) -> (f64, f64) {
        (self.sum.0 / self.count as f64, self.sum.1 / self.count as f64)
    }
}

impl Tile {
    /// The tile of these stores, which MUST lie in it. `None`: there is none, and so it is nowhere.
    pub fn new(stores: Vec<Placed>) -> Option<Self> {
        let cell = Cell::of(stores.first()?.place, Cell::TILE);
        let mut coded: Vec<_> =
            stores.into_iter().map(|placed| (Cell::of(placed.place, Cell::SMALLEST).place_in(Cell::TILE), placed)).collect();
        coded.sort_by(|a, b| (a.0, &a.1.store).cmp(&(b.0, &b.1.store)));
        let (codes, stores): (Vec<_>, Vec<_>) = coded.into_iter().unzip();
        let sums = stores.iter().scan((0.0, 0.0), |sum, placed: &Placed| {
            *sum = (sum.0 + placed.place.lat(), sum.1 + placed.place.lng());
            Some(*sum)
        });
        let sums = std::iter::once((0.0, 0.0)).chain(sums).collect();
        Some(Self { cell, stores, codes, sums })
    }

    /// Where each of them is.
    pub fn stores(&self) -> &[Placed] {
        &self.stores
    }

    /// Adds the stores in `area` to those counted for the cells of a level.
    pub fn count<'a>(&'a self, area: &Area, level: u8, counted: &mut BTreeMap<Cell, Counted<'a>>) {
        self.count_in(self.cell, 0..self.stores.len(), area, level, counted);
    }

    fn count_in<'a>(&'a self, cell: Cell, stores: Range<usize>, area: &Area, level: u8, counted: &mut BTreeMap<Cell, Counted<'a>>) {
        /// Of so few each is looked at.
        const FEW: usize = 8;
        if stores.is_empty() || !area.has_some_of(cell) {
            return;
        }
        if cell.level >= level && area.has_all_of(cell) {
            self.add(cell.within(level), stores, counted);
        } else if cell.level == Cell::SMALLEST || stores.len() <= FEW {
            for store in stores {
                let place = self.stores[store].place;
                if area.has(place) {
                    self.add(Cell::of(place, level), store..store + 1, counted);
                }
            }
        } else {
            let mut begin = stores.start;
            for quarter in cell.quarters() {
                // Up to the first code behind the quarter's last one.
                let behind = (quarter.place_in(Cell::TILE) + 1) << (2 * (Cell::SMALLEST - quarter.level));
                let end = begin + self.codes[begin..stores.end].partition_point(|code| *code < behind);
                self.count_in(quarter, begin..end, area, level, counted);
                begin = end;
            }
        }
    }

    fn add<'a>(&'a self, cell: Cell, stores: Range<usize>, counted: &mut BTreeMap<Cell, Counted<'a>>) {
        let (before, after) = (self.sums[stores.start], self.sums[stores.end]);
        let of_cell = counted.entry(cell).or_insert(Counted { count: 0, one: &self.stores[stores.start], sum: (0.0, 0.0) });
        of_cell.count += stores.len();
        of_cell.sum = (of_cell.sum.0 + after.0 - before.0, of_cell.sum.1 + after.1 - before.1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Stores of one tile, some of them at the same place.
    fn stores(places: &[(u8, u8)]) -> Vec<Placed> {
        let of = |n: usize, (x, y): (u8, u8)| {
            let place = Place::new(37.5 + f64::from(y) * 0.0003, 126.99 + f64::from(x) * 0.0003).unwrap();
            Placed { store: StoreId::parse(&format!("STR_{n}")).unwrap(), place }
        };
        places.iter().enumerate().map(|(n, place)| of(n, *place)).collect()
    }

    proptest! {
        #[test]
        fn cells_are_counted_as_if_each_store_was_looked_at(
            places in proptest::collection::vec((0..200u8, 0..200u8), 1..120), edges in (126.98..127.06f64, 0.0..0.09f64, 37.49..37.56f64, 0.0..0.09f64),
            level in 9..=Cell::SMALLEST,
        ) {
            let stores = stores(&places);
            let area = Area::new(edges.0, edges.2, edges.0 + edges.1, edges.2 + edges.3).unwrap();
            let mut tiles: BTreeMap<Cell, Vec<Placed>> = BTreeMap::new();
            for placed in &stores {
                tiles.entry(Cell::of(placed.place, Cell::TILE)).or_default().push(placed.clone());
            }
            let tiles: Vec<_> = tiles.into_values().filter_map(Tile::new).collect();
            let mut counted = BTreeMap::new();
            tiles.iter().for_each(|tile| tile.count(&area, level, &mut counted));
            let mut expected: BTreeMap<Cell, Vec<&Placed>> = BTreeMap::new();
            for placed in stores.iter().filter(|placed| area.has(placed.place)) {
                expected.entry(Cell::of(placed.place, level)).or_default().push(placed);
            }
            prop_assert_eq!(counted.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
            for (cell, stores) in expected {
                let found = counted[&cell];
                prop_assert_eq!(found.count, stores.len());
                let mean = |of: fn(Place) -> f64| stores.iter().map(|placed| of(placed.place)).sum::<f64>() / stores.len() as f64;
                let (lat, lng) = found.middle();
                prop_assert!((lat - mean(Place::lat)).abs() < 1e-9 && (lng - mean(Place::lng)).abs() < 1e-9);
                prop_assert!(stores.contains(&found.one) || stores.len() > 1);
            }
        }
    }

    #[test]
    fn a_tile_without_stores_is_none() {
        assert!(Tile::new(Vec::new()).is_none());
    }
}
