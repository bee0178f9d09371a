//! Places on earth, how far they are from each other, and the cells in which stores are counted.

/// The mean radius of the earth in metres. On a sphere of it distances are right to 0.5 %.
const RADIUS: f64 = 6_371_008.8;

/// Letters of a number at most.
const LONGEST: usize = 50;

/// A place on earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    lat: f64,
    lng: f64,
}

impl Place {
    /// Degrees of latitude, from -90, and of longitude, from -180. `None`: there is no such place.
    pub fn new(lat: f64, lng: f64) -> Option<Self> {
        ((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng)).then_some(Self { lat, lng })
    }

    /// The place of an address with these two. `None`: they are no place, or no numbers as programs write them (`37.5`, `-1.2e2`). PostgreSQL's
    /// `store_tile` reads by the same rule.
    pub fn parse(lat: &str, lng: &str) -> Option<Self> {
        Self::new(number(lat)?, number(lng)?)
    }

    /// Degrees north of the equator.
    pub fn lat(self) -> f64 {
        self.lat
    }

    /// Degrees east of Greenwich.
    pub fn lng(self) -> f64 {
        self.lng
    }

    /// Along the sphere, in whole millimetres: what is compared and kept in cursors has to be exact.
    pub fn millimetres_to(self, other: Self) -> i64 {
        let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let (from, to) = (self.lat.to_radians(), other.lat.to_radians());
        let haversine = half(other.lat - self.lat) + from.cos() * to.cos() * half(other.lng - self.lng);
        (2.0 * RADIUS * haversine.clamp(0.0, 1.0).sqrt().asin() * 1_000.0).round() as i64
    }

    /// Boxes in which everything lies that is within so many metres: two where the 180th meridian runs between, all around a pole.
    pub fn around(self, metres: i64) -> Vec<Area> {
        // A centimetre, for what is rounded on the way.
        const ROOM: f64 = 1e-7;
        let angle = metres as f64 / RADIUS;
        let height = angle.to_degrees() + ROOM;
        let (south, north) = (self.lat - height, self.lat + height);
        let of = |west, east| Area { south: south.max(-90.0), north: north.min(90.0), west, east };
        if south <= -90.0 || north >= 90.0 {
            return vec![of(-180.0, 180.0)];
        }
        let width = (angle.sin() / self.lat.to_radians().cos()).min(1.0).asin().to_degrees() + ROOM;
        match (self.lng - width, self.lng + width) {
            (west, east) if west <= -180.0 => vec![of(west + 360.0, 180.0), of(-180.0, east)],
            (west, east) if east >= 180.0 => vec![of(west, 180.0), of(-180.0, east - 360.0)],
            (west, east) => vec![of(west, east)],
        }
    }
}

fn number(text: &str) -> Option<f64> {
    let is_plain = text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let exponent = text.split(['e', 'E']).nth(1).unwrap_or_default();
    if !is_plain || exponent.trim_start_matches(['+', '-']).len() > 2 {
        return None;
    }
    text.parse().ok()
}

/// What lies between two degrees of latitude and two of longitude, the edges as well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    south: f64,
    north: f64,
    west: f64,
    east: f64,
}

impl Area {
    /// `None`: a corner is no place, or they stand the wrong way round.
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Option<Self> {
        Place::new(south, west)?;
        Place::new(north, east)?;
        (west <= east && south <= north).then_some(Self { south, north, west, east })
    }

    /// Whether the place lies in it.
    pub fn has(&self, place: Place) -> bool {
        (self.south..=self.north).contains(&place.lat) && (self.west..=self.east).contains(&place.lng)
    }

    /// The cells at its corners: the first and the last column, the first and the last row.
    fn corners(&self, level: u8) -> [Cell; 2] {
        [Cell::of(Place { lat: self.south, lng: self.west }, level), Cell::of(Place { lat: self.north, lng: self.east }, level)]
    }

    /// Its tiles' numbers, as ranges: one for each row.
    pub fn tiles(&self) -> Vec<(i32, i32)> {
        let [first, last] = self.corners(Cell::TILE);
        (first.y..=last.y).map(|y| (Cell { y, ..first }.tile_number(), Cell { y, ..last }.tile_number())).collect()
    }

    /// The smallest cells of which it has no more than `most`.
    pub fn level(&self, most: usize) -> u8 {
        let fits = |level: &u8| {
            let [first, last] = self.corners(*level);
            (last.x - first.x + 1) as usize * (last.y - first.y + 1) as usize <= most
        };
        (0..=Cell::SMALLEST).rev().find(fits).unwrap_or(0)
    }

    /// Whether all of the cell lies in it.
    pub(super) fn has_all_of(&self, cell: Cell) -> bool {
        let Area { south, north, west, east } = cell.area();
        self.south <= south && north <= self.north && self.west <= west && east <= self.east
    }

    /// Whether some of the cell lies in it.
    pub(super) fn has_some_of(&self, cell: Cell) -> bool {
        let Area { south, north, west, east } = cell.area();
        self.south <= north && south <= self.north && self.west <= east && west <= self.east
    }
}

/// A square of degrees, of a grid over all the earth; each of the next level is a quarter of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// 2 to the power of it cells stand beside each other around the earth.
    pub level: u8,
    /// Columns west of it.
    pub x: u32,
    /// Rows south of it.
    pub y: u32,
}

impl Cell {
    /// The level of tiles, in which places are kept: some 8 km at Seoul.
    pub const TILE: u8 = 12;
    /// Some 30 m.
    pub const SMALLEST: u8 = 20;
    /// Above every column: a place at 180° has a column of its own.
    const COLUMNS: i32 = 8_192;

    /// Degrees. Exact, since 360 is halved.
    fn size(level: u8) -> f64 {
        360.0 / f64::from(1u32 << level)
    }

    /// The cell in which a place lies.
    pub fn of(place: Place, level: u8) -> Self {
        let count = |degrees: f64| (degrees / Self::size(level)).floor() as u32;
        Self { level, x: count(place.lng + 180.0), y: count(place.lat + 90.0) }
    }

    /// The larger one in which it lies.
    pub(super) fn within(self, level: u8) -> Self {
        let times = self.level.saturating_sub(level);
        Self { level: self.level.min(level), x: self.x >> times, y: self.y >> times }
    }

    /// Its quarters, in the order of [`Cell::place_in`].
    pub(super) fn quarters(self) -> [Self; 4] {
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| Self { level: self.level + 1, x: 2 * self.x + x, y: 2 * self.y + y })
    }

    /// Where it stands among the cells of its level in the larger one, quarter by quarter.
    pub(super) fn place_in(self, level: u8) -> u32 {
        (0..self.level.saturating_sub(level))
            .fold(0, |place, bit| place | (((self.x >> bit) & 1) << (2 * bit)) | (((self.y >> bit) & 1) << (2 * bit + 1)))
    }

    fn area(self) -> Area {
        let (size, x, y) = (Self::size(self.level), f64::from(self.x), f64::from(self.y));
        Area { south: y * size - 90.0, north: (y + 1.0) * size - 90.0, west: x * size - 180.0, east: (x + 1.0) * size - 180.0 }
    }

    /// A tile's number, as PostgreSQL's `store_tile` gives it.
    pub fn tile_number(self) -> i32 {
        i32::try_from(self.y).unwrap_or(i32::MAX / Self::COLUMNS) * Self::COLUMNS + i32::try_from(self.x).unwrap_or(i32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(lat: f64, lng: f64) -> Place {
        Place::new(lat, lng).unwrap()
    }

    #[test]
    fn a_place_is_two_numbers_on_earth() {
        for (lat, lng, expected) in [
            ("37.5", "127.0", Some((37.5, 127.0))),
            ("+37.", "-.5", Some((37.0, -0.5))),
            ("90", "-180", Some((90.0, -180.0))),
            ("3.75e1", "12700E-2", Some((37.5, 127.0))),
            ("90.0000001", "0", None),
            ("0", "180.1", None),
            ("", "127", None),
            ("37,5", "127", None),
            ("37.5°", "127", None),
            (" 37.5", "127", None),
            ("NaN", "127", None),
            ("inf", "127", None),
            ("1e", "127", None),
            ("1e-100", "127", None),
            (".", "127", None),
            ("３７", "127", None),
        ] {
            assert_eq!(Place::parse(lat, lng).map(|place| (place.lat(), place.lng())), expected, "{lat} {lng}");
        }
        assert_eq!(Place::new(f64::NAN, 0.0), None);
        assert!(Place::parse(&"1".repeat(51), "0").is_none());
    }

    #[test]
    fn distances_are_those_of_the_sphere() {
        // On the ellipsoid of WGS 84, in metres, by Vincenty.
        for (from, to, metres) in [
            ((37.5006, 127.0364), (37.5553, 126.9229), 11_726.4),
            ((37.5, 127.0), (37.5, 127.01), 884.3),
            ((37.5, 127.0), (37.51, 127.0), 1_109.9),
            ((0.0, 179.99), (0.0, -179.99), 2_226.4),
            ((89.99, 0.0), (89.99, 180.0), 2_233.9),
        ] {
            let found = place(from.0, from.1).millimetres_to(place(to.0, to.1)) as f64 / 1_000.0;
            assert!((found / metres - 1.0).abs() < 0.005, "{from:?} {to:?}: {found} {metres}");
        }
        assert_eq!(place(90.0, 10.0).millimetres_to(place(90.0, -100.0)), 0);
        assert_eq!(place(10.0, 180.0).millimetres_to(place(10.0, -180.0)), 0);
        assert_eq!(place(37.5, 127.0).millimetres_to(place(37.5, 127.0)), 0);
    }

    /// Anywhere, also where maps end.
    fn anywhere() -> impl Strategy<Value = Place> {
        let lat = prop_oneof![-90.0..=90.0, 89.7..=90.0, -90.0..=-89.7, Just(90.0), Just(-90.0), 37.4..37.7];
        let lng = prop_oneof![-180.0..=180.0, 179.7..=180.0, -180.0..=-179.7, Just(180.0), Just(-180.0), 126.7..127.2];
        (lat, lng).prop_map(|(lat, lng)| place(lat, lng))
    }

    /// Near this place: some are hundreds of metres away, some tens of kilometres.
    fn near(place: Place, (north, east): (f64, f64)) -> Place {
        let lat = (place.lat + north).clamp(-90.0, 90.0);
        let lng = place.lng + east / lat.to_radians().cos().max(0.001);
        let lng = (lng + 180.0).rem_euclid(360.0) - 180.0;
        Place { lat, lng }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_within_a_radius_lies_in_its_areas_and_their_tiles(
            centre in anywhere(), radius in 50..=20_000i64, shift in (-0.25..0.25f64, -0.25..0.25f64), scale in 0..3i32,
        ) {
            let found = near(centre, (shift.0 / 10f64.powi(scale), shift.1 / 10f64.powi(scale)));
            if centre.millimetres_to(found) <= radius * 1_000 {
                let areas = centre.around(radius);
                prop_assert!(areas.iter().any(|area| area.has(found)), "{centre:?} {found:?} {areas:?}");
                let number = Cell::of(found, Cell::TILE).tile_number();
                let has_tile = |area: &Area| area.has(found) && area.tiles().iter().any(|(first, last)| (*first..=*last).contains(&number));
                prop_assert!(areas.iter().any(has_tile));
            }
        }

        #[test]
        fn a_cell_lies_in_each_larger_one(found in anywhere(), levels in (0..=Cell::SMALLEST, 0..=Cell::SMALLEST)) {
            let (large, small) = (levels.0.min(levels.1), levels.0.max(levels.1));
            prop_assert_eq!(Cell::of(found, small).within(large), Cell::of(found, large));
            prop_assert!(Cell::of(found, small).area().has(found));
        }
    }

    #[test]
    fn an_area_has_its_corners_the_right_way_round() {
        assert!(Area::new(126.9, 37.4, 127.1, 37.6).is_some());
        assert!(Area::new(127.0, 37.5, 127.0, 37.5).is_some());
        for (west, south, east, north) in [
            (127.1, 37.4, 126.9, 37.6),
            (126.9, 37.6, 127.1, 37.4),
            (-181.0, 0.0, 0.0, 1.0),
            (0.0, 0.0, 1.0, 91.0),
            (0.0, f64::NAN, 1.0, 1.0),
        ] {
            assert_eq!(Area::new(west, south, east, north), None);
        }
        // 17 × 12 cells of a quarter of a tile.
        assert_eq!(Area::new(126.76, 37.43, 127.18, 37.70).unwrap().level(300), 14);
        assert_eq!(Area::new(-180.0, -90.0, 180.0, 90.0).unwrap().level(300), 4);
        assert_eq!(Area::new(127.0, 37.5, 127.0, 37.5).unwrap().level(300), Cell::SMALLEST);
    }
}
