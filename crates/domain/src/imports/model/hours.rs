//! Opening hours, in force and planned.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    finding::{self, Told},
    old::{OldHours, OldPlan},
};
use crate::{
    shared::{Validation, kst},
    stores::{DayHours, DayInput, OpeningState, StoreCalendar, Week},
};

fn input(day: i64, times: [Option<&str>; 4], enabled: bool) -> DayInput<'_> {
    // Whole seconds: what a time has beyond them nobody wrote.
    DayInput { day_of_week: day, times: times.map(|time| time.map(|time| time.get(..8).unwrap_or(time))), is_open_enabled: enabled }
}

fn day(row: &OldHours) -> DayInput<'_> {
    let times = [&row.open_time, &row.close_time, &row.pickup_start_time, &row.pickup_end_time].map(Option::as_deref);
    input(row.day_of_week, times, row.is_open_enabled)
}

fn closed(day: i64) -> DayInput<'static> {
    input(day, [None; 4], false)
}

/// A week by its rules. `None`: one of them is broken.
fn parsed(days: &[DayInput<'_>]) -> Option<Week> {
    let mut broken = Validation::default();
    let week = Week::parse("", days, &mut broken);
    broken.finish(|| week).ok()
}

/// A day alone cannot be parsed: a week of it and six closed ones can.
fn is_possible(day: &DayInput<'_>) -> bool {
    let week: Vec<_> = (0..7).map(|n| if n == day.day_of_week { day.clone() } else { closed(n) }).collect();
    parsed(&week).is_some()
}

fn rows_by_day(old: &[OldHours]) -> [Vec<&OldHours>; 7] {
    let mut days: [Vec<&OldHours>; 7] = Default::default();
    for row in old {
        if let Some(day) = usize::try_from(row.day_of_week).ok().and_then(|day| days.get_mut(day)) {
            day.push(row);
        }
    }
    // The one that counts is the last.
    days.each_mut().map(|rows| {
        rows.sort_by_key(|row| (row.updated_at, row.operation_id));
        std::mem::take(rows)
    })
}

/// The hours in force, and since when.
pub fn hours(old: &[OldHours], created_at: DateTime<Utc>, told: &mut Told) -> (Week, DateTime<Utc>) {
    let mut days = Vec::new();
    for (n, rows) in (0..).zip(rows_by_day(old)) {
        let name = n.to_string();
        if rows.len() > 1 {
            told.tell_of(finding::DAY_TWICE, name.as_str());
        }
        match rows.last() {
            None => {
                told.tell_of(finding::DAY_MISSING, name);
                days.push(closed(n));
            }
            Some(row) if is_possible(&day(row)) => days.push(day(row)),
            Some(_) => {
                told.tell_of(finding::HOURS_WRONG, name);
                days.push(closed(n));
            }
        }
    }
    let since = old.iter().filter_map(|row| row.updated_at).max().unwrap_or(created_at);
    (parsed(&days).unwrap_or_else(Week::closed), since)
}

/// The hours of the next rollover, and when they were planned.
pub fn plan(old: &[OldPlan], hours: &[OldHours], week: &Week, now: DateTime<Utc>, told: &mut Told) -> Option<(Week, DateTime<Utc>)> {
    if old.is_empty() {
        return None;
    }
    let in_force = week.days().map(|day| texts(&day));
    let mut in_part = false;
    let mut days = Vec::new();
    for (n, rows) in (0..).zip(rows_by_day(hours)) {
        let (current, times) = (&week.days()[n], &in_force[n]);
        let plan = rows.iter().rev().find_map(|row| old.iter().find(|plan| plan.operation_id == row.operation_id));
        let planned = plan.map(|plan| [&plan.new_open_time, &plan.new_close_time, &plan.new_pickup_start_time, &plan.new_pickup_end_time]);
        let enabled = plan.and_then(|plan| plan.new_is_open_enabled);
        in_part |= enabled.is_none() || planned.is_none_or(|times| times.iter().any(|time| time.is_none()));
        let mut new = times.each_ref().map(|time| Some(time.as_str()));
        for (time, planned) in new.iter_mut().zip(planned.into_iter().flatten()) {
            *time = planned.as_deref().or(*time);
        }
        days.push(input(current.day_of_week.into(), new, enabled.unwrap_or(current.is_open_enabled)));
    }
    if in_part {
        told.tell(finding::PLAN_IN_PART);
    }
    let Some(week) = parsed(&days) else {
        told.tell(finding::PLAN_WRONG);
        return None;
    };
    Some((week, old.iter().filter_map(|plan| plan.created_at).max().unwrap_or(now)))
}

fn texts(day: &DayHours) -> [String; 4] {
    [day.open_time, day.close_time, day.pickup_start_time, day.pickup_end_time].map(|time| time.format("%H:%M:%S").to_string())
}

/// The old service keeps one flag for "closed by the clock" and "closed by the seller": inside of the hours it is the seller's.
pub fn closed_on(old: &[OldHours], week: &Week, now: DateTime<Utc>, told: &mut Told) -> Option<NaiveDate> {
    let weekday = kst::weekday(now);
    let today = *week.days().iter().find(|day| day.day_of_week == weekday)?;
    let by_clock = StoreCalendar { today, closed_on: None, payment_ready: true, suspended: false, withheld: false }.state(now);
    let rows = rows_by_day(old);
    let says_open = rows[usize::try_from(weekday).ok()?].last()?.is_currently_open;
    if says_open || !matches!(by_clock, OpeningState::Open | OpeningState::PickupOver) {
        return None;
    }
    told.tell(finding::CLOSED_BY_HAND);
    Some(kst::business_day(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        imports::model::finding::Kind,
        shared::{Clock, testing::Noon},
    };

    fn row(day: i64, open: &str) -> OldHours {
        let time = |text: &str| Some(text.to_owned());
        OldHours {
            operation_id: day,
            day_of_week: day,
            open_time: time(open),
            pickup_start_time: time("10:00:00"),
            pickup_end_time: time("21:00:00"),
            close_time: time("22:00:00"),
            is_open_enabled: true,
            is_currently_open: true,
            updated_at: Some(Noon.now()),
        }
    }

    fn whole() -> Vec<OldHours> {
        (0..7).map(|day| row(day, "09:00:00")).collect()
    }

    fn told() -> Told {
        Told::of(Kind::Stores, "STR_1")
    }

    fn codes(told: &Told) -> Vec<&'static str> {
        told.findings.iter().map(|finding| finding.reason.code).collect()
    }

    #[test]
    fn a_day_that_is_missing_or_cannot_be_is_closed_and_of_two_the_later_counts() {
        let mut old = whole();
        old.pop();
        old[3] = row(3, "23:00:00");
        old.push(OldHours { operation_id: 9, ..row(0, "08:00:00") });
        let mut told = told();
        let (week, since) = hours(&old, Noon.now(), &mut told);
        let days: Vec<_> = week.days().iter().map(|day| (day.open_time.format("%H").to_string(), day.is_open_enabled)).collect();
        let expected = [("08", true), ("09", true), ("09", true), ("00", false), ("09", true), ("09", true), ("00", false)];
        assert_eq!(days, expected.map(|(open, enabled)| (open.to_owned(), enabled)));
        assert_eq!((codes(&told), since), (vec!["day_twice", "hours_wrong", "day_missing"], Noon.now()));
    }

    #[test]
    fn planned_hours_have_those_in_force_where_they_have_gaps() {
        let old = whole();
        let (week, _) = hours(&old, Noon.now(), &mut told());
        let planned = |close: &str| OldPlan {
            operation_id: 1,
            new_close_time: Some(close.into()),
            created_at: Some(Noon.now()),
            ..OldPlan::default()
        };
        let mut told = told();
        let (next, _) = plan(&[planned("21:30:00")], &old, &week, Noon.now(), &mut told).unwrap();
        assert_eq!((next.days()[1].close_time.to_string(), next.days()[2]), ("21:30:00".to_owned(), week.days()[2]));
        assert_eq!(codes(&told), ["plan_in_part"]);
        assert!(plan(&[planned("20:00:00")], &old, &week, Noon.now(), &mut told).is_none());
        assert!(plan(&[], &old, &week, Noon.now(), &mut told).is_none());
        assert_eq!(codes(&told), ["plan_in_part", "plan_in_part", "plan_wrong"]);
    }

    #[test]
    fn who_is_closed_inside_of_the_hours_is_closed_by_hand() {
        let today = usize::try_from(kst::weekday(Noon.now())).unwrap();
        let mut old = whole();
        let (week, _) = hours(&old, Noon.now(), &mut told());
        assert_eq!(closed_on(&old, &week, Noon.now(), &mut told()), None);
        old[today].is_currently_open = false;
        let mut told = told();
        assert_eq!(closed_on(&old, &week, Noon.now(), &mut told), Some(kst::business_day(Noon.now())));
        assert_eq!(codes(&told), ["closed_by_hand"]);
        let night = Noon.now() + chrono::Duration::hours(11);
        assert_eq!(closed_on(&old, &week, night, &mut self::told()), None);
    }
}
