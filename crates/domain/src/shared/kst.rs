//! The calendar of Asia/Seoul: UTC+9 all year, no summer time since 1988.

use chrono::{DateTime, Datelike, Duration, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};

use super::error::{Result, Rule};

/// The offset of Seoul, UTC+9 all year.
#[allow(clippy::missing_panics_doc)]
pub fn offset() -> FixedOffset {
    const SECONDS: i32 = 9 * 3600;
    match FixedOffset::east_opt(SECONDS) {
        Some(offset) => offset,
        None => unreachable!("nine hours are a valid offset"),
    }
}

/// The instant as Seoul's clocks show it.
pub fn local(instant: DateTime<Utc>) -> DateTime<FixedOffset> {
    instant.with_timezone(&offset())
}

/// A time of the daily rollover (contract): minutes after 04:00.
const fn rollover(minutes: u32) -> NaiveTime {
    match NaiveTime::from_hms_opt(4, minutes, 0) {
        Some(time) => time,
        None => unreachable!(),
    }
}

/// When stock is rolled over.
pub const STOCK_ROLLOVER: NaiveTime = rollover(10);

/// When planned hours take effect.
pub const HOURS_ROLLOVER: NaiveTime = rollover(20);

/// When withdrawn accounts deleted.
pub const WITHDRAWAL_ROLLOVER: NaiveTime = rollover(40);

/// Hour at which a business day begins (contract, daily rollover).
const ROLLOVER_HOUR: i64 = 4;

/// The business day of an instant: from 04:00 to 04:00 KST.
pub fn business_day(instant: DateTime<Utc>) -> NaiveDate {
    (local(instant) - Duration::hours(ROLLOVER_HOUR)).date_naive()
}

/// The latest instant at or before `until` at which KST clocks show this time: when a step of the daily rollover was last due.
pub fn last(until: DateTime<Utc>, time: NaiveTime) -> DateTime<Utc> {
    let today = instant(local(until).date_naive(), time);
    if today <= until { today } else { today - Duration::days(1) }
}

/// The day whose opening and pickup hours hold at an instant, and for what is bought then: the calendar day, from midnight to midnight
/// KST. (Its business day is yesterday's until 04:00.)
pub fn hours_day(instant: DateTime<Utc>) -> NaiveDate {
    local(instant).date_naive()
}

/// Which of a store's seven rows of hours that is ([`hours_day`]): 0 Monday … 6 Sunday.
pub fn weekday(instant: DateTime<Utc>) -> i16 {
    hours_day(instant).weekday().num_days_from_monday() as i16
}

/// Time of day in KST.
pub fn time_of_day(instant: DateTime<Utc>) -> NaiveTime {
    local(instant).time()
}

/// The instant at which KST clocks show this date and time.
pub fn instant(date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    offset().from_local_datetime(&date.and_time(time)).single().map_or_else(|| date.and_time(time).and_utc(), |t| t.with_timezone(&Utc))
}

/// Reads a time of day written `HH:MM` or `HH:MM:SS`.
///
/// # Errors
/// `bad_time`: neither `HH:MM` nor `HH:MM:SS`.
pub fn parse_time(text: &str) -> Result<NaiveTime, Rule> {
    let shape = matches!(text.len(), 5 | 8) && text.bytes().all(|b| b.is_ascii_digit() || b == b':');
    let parsed = if text.len() == 5 { NaiveTime::parse_from_str(text, "%H:%M") } else { NaiveTime::parse_from_str(text, "%H:%M:%S") };
    match parsed {
        // chrono reads second 60 as a leap second; a time of day has none.
        Ok(time) if shape && !text.ends_with(":60") => Ok(time),
        _ => Err(Rule { code: "bad_time", message: "시간은 HH:MM 형식이어야 합니다." }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn business_days_turn_at_four() {
        assert_eq!(business_day(at("2026-11-24T03:59:59+09:00")).to_string(), "2026-11-23");
        assert_eq!(business_day(at("2026-11-24T04:00:00+09:00")).to_string(), "2026-11-24");
        assert_eq!(business_day(at("2028-03-01T03:00:00+09:00")).to_string(), "2028-02-29");
    }

    #[test]
    fn weekday_and_time_are_seouls() {
        let late_monday_utc = at("2026-11-23T16:30:00Z");
        assert_eq!(weekday(late_monday_utc), 1);
        assert_eq!(time_of_day(late_monday_utc).to_string(), "01:30:00");
    }

    #[test]
    fn hours_turn_at_midnight() {
        for (instant, day, business) in [
            ("2026-11-23T23:59:59+09:00", "2026-11-23", "2026-11-23"),
            ("2026-11-24T00:00:00+09:00", "2026-11-24", "2026-11-23"),
            ("2026-11-24T03:59:59+09:00", "2026-11-24", "2026-11-23"),
            ("2026-11-24T04:00:00+09:00", "2026-11-24", "2026-11-24"),
        ] {
            assert_eq!((hours_day(at(instant)).to_string(), business_day(at(instant)).to_string()), (day.into(), business.into()));
        }
    }

    #[test]
    fn the_last_time_of_day_may_be_yesterdays() {
        let ten_past = parse_time("04:10").unwrap();
        assert_eq!(last(at("2028-03-01T04:09:59+09:00"), ten_past), at("2028-02-29T04:10:00+09:00"));
        assert_eq!(last(at("2028-03-01T04:10:00+09:00"), ten_past), at("2028-03-01T04:10:00+09:00"));
        assert_eq!(last(at("2028-03-01T03:00:00+09:00"), ten_past), at("2028-02-29T04:10:00+09:00"));
    }

    #[test]
    fn times_of_day() {
        assert_eq!(parse_time("09:05").unwrap(), parse_time("09:05:00").unwrap());
        for bad in ["", "9:05", "24:00", "09:60", "09:05:60", "09:05:00.5", "ab:cd", "+9:05"] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
    }
}
