//! Opening hours and whether a store sells at an instant.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    products::PickupEnds,
    shared::{Rule, Validation, kst},
};

/// Hours of one day of the week, KST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayHours {
    /// 0 Monday … 6 Sunday.
    pub day_of_week: i16,
    /// From this time on (KST) the store sells.
    pub open_time: NaiveTime,
    /// Closing; later than the opening on the same day.
    pub close_time: NaiveTime,
    /// From when orders are handed out.
    pub pickup_start_time: NaiveTime,
    /// Until when orders are handed out.
    pub pickup_end_time: NaiveTime,
    /// Whether the store opens on this day at all.
    pub is_open_enabled: bool,
}

impl DayHours {
    /// From the beginning and from the end of pickup to closing.
    pub fn pickup_intervals(&self) -> (Duration, Duration) {
        (self.close_time - self.pickup_start_time, self.close_time - self.pickup_end_time)
    }
}

/// A day of hours as a request has it.
#[derive(Debug, Clone)]
pub struct DayInput<'a> {
    /// 0 is Monday, 6 Sunday.
    pub day_of_week: i64,
    /// `HH:MM` or `HH:MM:SS`, perhaps absent on a disabled day.
    pub times: [Option<&'a str>; 4],
    /// Whether the store opens on this day.
    pub is_open_enabled: bool,
}

/// Exactly one [`DayHours`] for each day 0–6, in that order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Week([DayHours; 7]);

impl Week {
    /// Parses a request's week under `field`. On an enabled day: open < close, open ≤ pickup start < close,
    /// pickup start < pickup end ≤ close. A disabled day's times are not checked; what does not parse there is 00:00:00.
    pub fn parse(field: &str, days: &[DayInput<'_>], errors: &mut Validation) -> Option<Self> {
        let mut week: [Option<DayHours>; 7] = [None; 7];
        for (i, day) in days.iter().enumerate() {
            let path = format!("{field}.{i}");
            let slot = usize::try_from(day.day_of_week).ok().and_then(|d| week.get_mut(d));
            let hours = Self::day(&path, day, errors);
            match slot {
                None => {
                    errors.check::<()>(
                        &format!("{path}.day_of_week"),
                        Err(Rule { code: "out_of_range", message: "요일은 0에서 6 사이여야 합니다." }),
                    );
                }
                Some(Some(_)) => {
                    errors.check::<()>(
                        &format!("{path}.day_of_week"),
                        Err(Rule { code: "duplicate_day", message: "같은 요일이 두 번 있습니다." }),
                    );
                }
                Some(free) => *free = hours,
            }
        }
        if days.len() != 7 {
            errors.check::<()>(field, Err(Rule { code: "seven_days", message: "일곱 요일을 모두 한 번씩 입력해 주세요." }));
        }
        let [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f), Some(g)] = week else { return None };
        Some(Self([a, b, c, d, e, f, g]))
    }

    fn day(path: &str, day: &DayInput<'_>, errors: &mut Validation) -> Option<DayHours> {
        const NAMES: [&str; 4] = ["open_time", "close_time", "pickup_start_time", "pickup_end_time"];
        let mut times = [NaiveTime::MIN; 4];
        let mut whole = true;
        for ((time, name), text) in times.iter_mut().zip(NAMES).zip(day.times) {
            match kst::parse_time(text.unwrap_or_default()) {
                Ok(parsed) => *time = parsed,
                Err(_) if !day.is_open_enabled => {}
                Err(rule) => {
                    errors.check::<()>(&format!("{path}.{name}"), Err(rule));
                    whole = false;
                }
            }
        }
        let [open_time, close_time, pickup_start_time, pickup_end_time] = times;
        if day.is_open_enabled && whole {
            let mut rule = |holds: bool, name: &str, code, message| {
                if !holds {
                    errors.check::<()>(&format!("{path}.{name}"), Err(Rule { code, message }));
                }
            };
            rule(open_time < close_time, "close_time", "close_before_open", "종료 시간은 시작 시간보다 늦어야 합니다.");
            rule(
                open_time <= pickup_start_time && pickup_start_time < close_time,
                "pickup_start_time",
                "pickup_start_outside",
                "픽업 시작 시간은 영업시간 안이어야 합니다.",
            );
            rule(
                pickup_start_time < pickup_end_time && pickup_end_time <= close_time,
                "pickup_end_time",
                "pickup_end_outside",
                "픽업 종료 시간은 픽업 시작 이후, 영업 종료 이전이어야 합니다.",
            );
        }
        let day_of_week = i16::try_from(day.day_of_week).ok()?;
        Some(DayHours { day_of_week, open_time, close_time, pickup_start_time, pickup_end_time, is_open_enabled: day.is_open_enabled })
    }

    /// The week of seven rows, by day. `None`: they are no week.
    pub fn of(rows: &[OperationTime]) -> Option<Self> {
        let days: Vec<_> = rows.iter().map(|row| row.hours).collect();
        <[DayHours; 7]>::try_from(days).ok().map(Self)
    }

    /// Closed on every day.
    pub fn closed() -> Self {
        let mut day_of_week = -1;
        Self([(); 7].map(|()| {
            day_of_week += 1;
            let midnight = NaiveTime::MIN;
            DayHours {
                day_of_week,
                open_time: midnight,
                close_time: midnight,
                pickup_start_time: midnight,
                pickup_end_time: midnight,
                is_open_enabled: false,
            }
        }))
    }

    /// The days, Monday first.
    pub fn days(&self) -> &[DayHours; 7] {
        &self.0
    }
}

/// A day of hours as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationTime {
    /// Number of the row.
    pub operation_id: i64,
    /// The hours of that day.
    pub hours: DayHours,
    /// Instant of the last change.
    pub updated_at: DateTime<Utc>,
}

/// When pickup ends on those of these days on which the store opens.
pub fn pickup_ends<'a>(days: impl IntoIterator<Item = &'a DayHours>) -> PickupEnds {
    let mut ends = PickupEnds::default();
    for day in days.into_iter().filter(|day| day.is_open_enabled) {
        if let Some(end) = usize::try_from(day.day_of_week).ok().and_then(|weekday| ends.0.get_mut(weekday)) {
            *end = Some(day.pickup_end_time);
        }
    }
    ends
}

/// What decides whether a store sells, apart from the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreCalendar {
    /// Hours of the day of the week in question.
    pub today: DayHours,
    /// The business day on which the seller closed by hand, if they did.
    pub closed_on: Option<NaiveDate>,
    /// Whether customers can pay.
    pub payment_ready: bool,
    /// The seller asked to withdraw: nobody is there to hand anything out.
    pub suspended: bool,
    /// No operator has approved the store, where that is asked for.
    pub withheld: bool,
}

/// Why a store does or does not sell at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpeningState {
    /// Customers can buy now.
    Open,
    /// It sells nothing for pickup any more; open otherwise.
    PickupOver,
    /// No operator has approved it.
    Withheld,
    /// Not open on this day of the week, or closed by the seller for the business day.
    ClosedToday,
    /// Before opening or after closing.
    ClosedNow,
    /// Open, but nobody can pay there.
    PaymentNotSetUp,
}

impl OpeningState {
    /// `is_currently_open` of the contract: pickup may be over, the door is still open.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::PickupOver)
    }
}

impl StoreCalendar {
    /// The state at `now`; `self.today` must be the row of that KST day.
    pub fn state(&self, now: DateTime<Utc>) -> OpeningState {
        let time = kst::time_of_day(now);
        let hours = &self.today;
        if self.withheld {
            OpeningState::Withheld
        } else if self.suspended
            || !hours.is_open_enabled
            || hours.day_of_week != kst::weekday(now)
            || self.closed_on == Some(kst::business_day(now))
        {
            OpeningState::ClosedToday
        } else if time < hours.open_time || time >= hours.close_time {
            OpeningState::ClosedNow
        } else if !self.payment_ready {
            OpeningState::PaymentNotSetUp
        } else if time >= hours.pickup_end_time {
            OpeningState::PickupOver
        } else {
            OpeningState::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Error;

    fn time(text: &str) -> NaiveTime {
        kst::parse_time(text).unwrap()
    }

    fn calendar() -> StoreCalendar {
        let today = DayHours {
            day_of_week: 1,
            open_time: time("09:00"),
            close_time: time("21:00"),
            pickup_start_time: time("18:00"),
            pickup_end_time: time("20:30"),
            is_open_enabled: true,
        };
        StoreCalendar { today, closed_on: None, payment_ready: true, suspended: false, withheld: false }
    }

    /// 2026-11-24 is a Tuesday.
    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-11-24T{time}+09:00").parse().unwrap()
    }

    #[test]
    fn open_from_opening_until_closing() {
        for (time, state) in [
            ("08:59:59", OpeningState::ClosedNow),
            ("09:00:00", OpeningState::Open),
            ("20:29:59", OpeningState::Open),
            ("20:30:00", OpeningState::PickupOver),
            ("20:59:59", OpeningState::PickupOver),
            ("21:00:00", OpeningState::ClosedNow),
        ] {
            assert_eq!(calendar().state(at(time)), state, "{time}");
        }
    }

    #[test]
    fn closed_by_the_seller_until_the_business_day_turns() {
        let mut calendar = calendar();
        calendar.today.open_time = NaiveTime::MIN;
        calendar.closed_on = Some("2026-11-23".parse().unwrap());
        assert_eq!(calendar.state(at("03:59:59")), OpeningState::ClosedToday);
        assert_eq!(calendar.state(at("04:00:00")), OpeningState::Open);
    }

    #[test]
    fn another_day_a_disabled_day_and_no_payment_are_not_open() {
        let mut other = calendar();
        other.today.day_of_week = 2;
        assert_eq!(other.state(at("12:00:00")), OpeningState::ClosedToday);
        let mut disabled = calendar();
        disabled.today.is_open_enabled = false;
        assert_eq!(disabled.state(at("12:00:00")), OpeningState::ClosedToday);
        let mut unpaid = calendar();
        unpaid.payment_ready = false;
        assert_eq!(unpaid.state(at("12:00:00")), OpeningState::PaymentNotSetUp);
        assert!(!unpaid.state(at("12:00:00")).is_open());
        let mut suspended = calendar();
        suspended.suspended = true;
        assert_eq!(suspended.state(at("12:00:00")), OpeningState::ClosedToday);
        suspended.withheld = true;
        assert_eq!(suspended.state(at("12:00:00")), OpeningState::Withheld);
        assert!(!OpeningState::Withheld.is_open());
    }

    fn codes(days: &[DayInput<'_>]) -> Vec<String> {
        let mut errors = Validation::default();
        let week = Week::parse("w", days, &mut errors);
        match errors.finish(|| Some(())) {
            Err(Error::Invalid(fields)) => fields.into_iter().map(|f| format!("{} {}", f.field, f.rule.code)).collect(),
            _ => {
                assert!(week.is_some());
                vec![]
            }
        }
    }

    fn input(day: i64) -> DayInput<'static> {
        DayInput { day_of_week: day, times: [Some("09:00"), Some("21:00"), Some("18:00"), Some("20:00:00")], is_open_enabled: true }
    }

    #[test]
    fn a_week_is_each_day_once_in_any_order() {
        let mut days: Vec<_> = (0..7).rev().map(input).collect();
        assert!(codes(&days).is_empty());
        days[0] = input(0);
        assert_eq!(codes(&days), ["w.6.day_of_week duplicate_day"]);
        days[0] = input(7);
        assert_eq!(codes(&days), ["w.0.day_of_week out_of_range"]);
        assert_eq!(codes(&days[1..]), ["w seven_days"]);
    }

    #[test]
    fn times_of_a_disabled_day_are_not_checked() {
        let mut days: Vec<_> = (0..7).map(input).collect();
        days[3] = DayInput { day_of_week: 3, times: [Some(""), None, Some("x"), Some("20:00")], is_open_enabled: false };
        assert!(codes(&days).is_empty());
        days[3].is_open_enabled = true;
        assert_eq!(codes(&days), ["w.3.open_time bad_time", "w.3.close_time bad_time", "w.3.pickup_start_time bad_time"]);
    }

    #[test]
    fn times_of_an_enabled_day_are_in_order() {
        let mut days: Vec<_> = (0..7).map(input).collect();
        for (times, code) in [
            (["21:00", "09:00", "18:00", "20:00"], "w.0.close_time close_before_open"),
            (["09:00", "21:00", "08:59", "20:00"], "w.0.pickup_start_time pickup_start_outside"),
            (["09:00", "21:00", "21:00", "21:00"], "w.0.pickup_start_time pickup_start_outside"),
            (["09:00", "21:00", "18:00", "18:00"], "w.0.pickup_end_time pickup_end_outside"),
            (["09:00", "21:00", "18:00", "21:01"], "w.0.pickup_end_time pickup_end_outside"),
        ] {
            days[0].times = times.map(Some);
            assert_eq!(codes(&days)[0], code, "{times:?}");
        }
        days[0].times = ["09:00", "21:00", "09:00", "21:00"].map(Some);
        assert!(codes(&days).is_empty());
    }
}
