//! Hours reserved for the next daily rollover, and what they change.

use chrono::{DateTime, Utc};

use super::hours::{OperationTime, Week};

/// What the planned hours change (contract, `modification_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modification {
    /// Neither hours nor pickup windows differ (0 in the contract).
    None,
    /// Opening, closing or whether the store opens, on any day.
    Hours,
    /// How long before closing pickup begins or ends, on a day that stays open or closed.
    Pickup,
    /// Hours and pickup windows differ (3 in the contract).
    Both,
}

impl Modification {
    /// From the hours in force to the new ones.
    pub fn between(current: &Week, new: &Week) -> Self {
        let pairs = || current.days().iter().zip(new.days());
        let hours = pairs().any(|(a, b)| (a.open_time, a.close_time, a.is_open_enabled) != (b.open_time, b.close_time, b.is_open_enabled));
        let pickup =
            pairs().filter(|(a, b)| a.is_open_enabled == b.is_open_enabled).any(|(a, b)| a.pickup_intervals() != b.pickup_intervals());
        match (hours, pickup) {
            (false, false) => Self::None,
            (true, false) => Self::Hours,
            (false, true) => Self::Pickup,
            (true, true) => Self::Both,
        }
    }

    /// The number in the contract.
    pub fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Hours => 1,
            Self::Pickup => 2,
            Self::Both => 3,
        }
    }
}

/// Minutes before closing where no day is open.
const NO_DAY_OPEN: (i64, i64) = (60, 30);

/// Hours in force and those to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservedHours {
    /// The rows in force, by day.
    pub current: Vec<OperationTime>,
    /// What is reserved, and since when.
    pub reserved: Option<(Week, DateTime<Utc>)>,
    /// What differs from the hours in force.
    pub modification: Modification,
}

impl ReservedHours {
    /// The hours to come; those in force where nothing is reserved.
    pub fn coming(&self) -> Option<Week> {
        self.reserved.as_ref().map(|(week, _)| week.clone()).or_else(|| Week::of(&self.current))
    }

    /// Minutes from the beginning and from the end of pickup to closing, of the first open day.
    pub fn intervals(&self) -> (i64, i64) {
        let week = self.coming();
        let first = week.as_ref().and_then(|w| w.days().iter().find(|d| d.is_open_enabled));
        first.map_or(NO_DAY_OPEN, |day| {
            let (start, end) = day.pickup_intervals();
            (start.num_minutes(), end.num_minutes())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{shared::Validation, stores::model::hours::DayInput};

    fn week(change: impl Fn(i64) -> ([&'static str; 4], bool)) -> Week {
        let days: Vec<_> = (0..7)
            .map(|day_of_week| {
                let (times, is_open_enabled) = change(day_of_week);
                DayInput { day_of_week, times: times.map(Some), is_open_enabled }
            })
            .collect();
        Week::parse("w", &days, &mut Validation::default()).unwrap()
    }

    const USUAL: [&str; 4] = ["09:00", "21:00", "18:00", "20:00"];

    fn only_sunday(times: [&'static str; 4], open: bool) -> Week {
        week(|day| if day == 6 { (times, open) } else { (USUAL, true) })
    }

    #[test]
    fn modifications() {
        let usual = only_sunday(USUAL, true);
        for (new, modification) in [
            (only_sunday(USUAL, true), Modification::None),
            // Closing moves, and pickup with it: no change of pickup.
            (only_sunday(["09:00", "22:00", "19:00", "21:00"], true), Modification::Hours),
            (only_sunday(["08:00", "21:00", "18:00", "20:00"], true), Modification::Hours),
            (only_sunday(["09:00", "21:00", "17:00", "20:00"], true), Modification::Pickup),
            (only_sunday(["09:00", "21:00", "18:00", "20:30"], true), Modification::Pickup),
            (only_sunday(["09:00", "22:00", "18:00", "20:00"], true), Modification::Both),
            // A day that closes: its pickup counts for nothing.
            (only_sunday(["09:00", "21:00", "10:00", "11:00"], false), Modification::Hours),
        ] {
            assert_eq!(Modification::between(&usual, &new), modification, "{:?}", new.days()[6]);
        }
    }

    #[test]
    fn intervals_are_of_the_first_open_day() {
        let of = |week| {
            ReservedHours { current: vec![], reserved: Some((week, DateTime::UNIX_EPOCH)), modification: Modification::None }.intervals()
        };
        assert_eq!(of(only_sunday(USUAL, true)), (180, 60));
        assert_eq!(of(week(|day| (if day == 3 { ["09:00", "21:00", "20:00", "20:45"] } else { USUAL }, day >= 3))), (60, 15));
        assert_eq!(of(week(|_| (USUAL, false))), NO_DAY_OPEN);
    }
}
