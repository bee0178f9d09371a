//! When people may be disturbed.

use chrono::{DateTime, Duration, NaiveTime, Utc};

use crate::shared::kst;

const fn hour(hour: u32) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, 0, 0) {
        Some(time) => time,
        None => unreachable!(),
    }
}

/// From then on (KST) nobody is told anything who has not said yes to that …
pub const NIGHT: NaiveTime = hour(21);

/// … until then.
pub const MORNING: NaiveTime = hour(8);

/// How long a push service keeps a notice for a browser that is away.
const LIFE: Duration = Duration::hours(1);

/// Whether it is night, for advertising (Act on Promotion of Information and Communications Network Utilization, article 50(3)).
pub fn is_night(now: DateTime<Utc>) -> bool {
    let time = kst::time_of_day(now);
    time >= NIGHT || time < MORNING
}

/// The next instant at which the night is over.
pub fn morning(now: DateTime<Utc>) -> DateTime<Utc> {
    kst::last(now, MORNING) + Duration::days(1)
}

/// How long a notice that is sent now may be shown late: not into the night of somebody who wants to sleep.
pub fn life(now: DateTime<Utc>, at_night: bool) -> Duration {
    let night = kst::last(now, NIGHT) + Duration::days(1);
    if at_night { LIFE } else { LIFE.min(night - now) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::testing::at;

    #[test]
    fn night_is_from_nine_to_eight_in_seoul() {
        for (time, night, morning_day) in [
            ("2026-11-24T20:59:59+09:00", false, 25),
            ("2026-11-24T21:00:00+09:00", true, 25),
            ("2026-11-25T07:59:59+09:00", true, 25),
            ("2026-11-25T08:00:00+09:00", false, 26),
        ] {
            let now = at(time);
            assert_eq!(is_night(now), night, "{time}");
            assert_eq!(morning(now), at(&format!("2026-11-{morning_day}T08:00:00+09:00")), "{time}");
        }
    }

    #[test]
    fn a_notice_that_waits_for_its_browser_is_not_shown_in_the_night() {
        assert_eq!(life(at("2026-11-24T20:59:00+09:00"), false), Duration::minutes(1));
        assert_eq!(life(at("2026-11-24T20:59:00+09:00"), true), LIFE);
        assert_eq!(life(at("2026-11-24T12:00:00+09:00"), false), LIFE);
    }
}
