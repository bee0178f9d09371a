//! Instants and times of day as the contract writes them.

use cheapbob_domain::shared::kst;
use chrono::{DateTime, NaiveTime, SecondsFormat, Utc};

/// An instant: RFC 3339 with Seoul's offset, to the microsecond.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    kst::local(at).to_rfc3339_opts(SecondsFormat::Micros, false)
}

/// A time of day, `HH:MM:SS`.
pub(crate) fn time_of_day(time: NaiveTime) -> String {
    time.to_string()
}

/// A time of day where the contract writes `HH:MM`.
pub(crate) fn hh_mm(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}
