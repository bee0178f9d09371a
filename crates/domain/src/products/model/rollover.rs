//! The rollover of stock: which business day begins, and for which products.

use chrono::{DateTime, NaiveDate, Utc};

use crate::shared::kst;

/// A rollover goes forward only: it takes the products whose counters are of a day before its own. The one way back is a clock that was
/// moved back: then the current day's rollover also takes the products that have begun a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollover {
    /// The business day that begins.
    pub day: NaiveDate,
    /// Whether that is the current one.
    pub is_current: bool,
}

impl Rollover {
    /// The rollover that begins at `begins`, at the instant `now`.
    pub fn new(begins: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let day = kst::business_day(begins);
        Self { day, is_current: day == kst::business_day(now) }
    }
}
