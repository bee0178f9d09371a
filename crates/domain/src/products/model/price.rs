//! What a product costs at an instant: its own sale, or that of the last price step reached before the end of pickup.

use chrono::{DateTime, Duration, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use crate::shared::{Rule, Sale, Validation, Won, kst};

/// Price steps of a product.
pub const MOST_STEPS: usize = 5;

/// From so many minutes before the end of pickup on, a greater sale holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceStep {
    /// 1 to 1,439.
    pub minutes_before_pickup_end: i32,
    /// Percent, 1 to 100.
    pub sale: Sale,
}

/// A product's price steps, the first to be reached first; each has a greater sale than the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceSteps(Vec<PriceStep>);

/// A step as a request has it: minutes before the end of pickup, percent.
pub type StepInput = (i64, i64);

impl PriceSteps {
    /// Reads a request's steps, in whichever order, under `field`; each error names its step. They are beside the product's `own` sale.
    pub fn parse(field: &str, steps: &[StepInput], own: Sale, errors: &mut Validation) -> Option<Self> {
        let mut parsed = Vec::new();
        for (place, (minutes, percent)) in steps.iter().enumerate() {
            let path = format!("{field}.{place}");
            if place >= MOST_STEPS {
                errors.check::<()>(&path, Err(Rule { code: "too_many", message: "가격 단계는 5개까지 설정할 수 있습니다." }));
                return None;
            }
            let minutes = errors.check(&format!("{path}.minutes_before_pickup_end"), minutes_before(*minutes));
            let sale = errors.check(&format!("{path}.sale"), step_sale(*percent));
            parsed.push((path, minutes, sale));
        }
        parsed.sort_by_key(|(_, minutes, _)| minutes.map(std::cmp::Reverse));
        let (mut all, mut before) = (Vec::new(), (None, own));
        for (path, minutes, sale) in parsed {
            let (minutes, sale) = (minutes?, sale?);
            if before.0 == Some(minutes) {
                let twice = Rule { code: "duplicate_step", message: "같은 시각의 가격 단계가 두 번 있습니다." };
                errors.check::<()>(&format!("{path}.minutes_before_pickup_end"), Err(twice))?;
            }
            if sale <= before.1 {
                let not_greater = Rule {
                    code: "not_greater",
                    message: "마감이 가까울수록 할인율은 기본 할인율과 앞 단계보다 커야 합니다.",
                };
                errors.check::<()>(&format!("{path}.sale"), Err(not_greater))?;
            }
            before = (Some(minutes), sale);
            all.push(PriceStep { minutes_before_pickup_end: minutes, sale });
        }
        Some(Self(all))
    }

    /// Steps that were stored. `None`: they are none.
    pub fn stored(steps: Vec<PriceStep>) -> Option<Self> {
        let in_order =
            steps.windows(2).all(|two| two[0].minutes_before_pickup_end > two[1].minutes_before_pickup_end && two[0].sale < two[1].sale);
        in_order.then_some(Self(steps))
    }

    /// The first to be reached first.
    pub fn all(&self) -> &[PriceStep] {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn minutes_before(minutes: i64) -> Result<i32, Rule> {
    match i32::try_from(minutes) {
        Ok(minutes @ 1..=1_439) => Ok(minutes),
        _ => Err(Rule { code: "out_of_range", message: "픽업 종료 전 시간은 1분 이상 1,439분 이하여야 합니다." }),
    }
}

fn step_sale(percent: i64) -> Result<Sale, Rule> {
    match Sale::parse(percent) {
        Ok(sale) if sale > Sale::NONE => Ok(sale),
        _ => Err(Rule { code: "out_of_range", message: "할인율은 1에서 100 사이여야 합니다." }),
    }
}

/// When pickup ends, by the day of the week (0 Monday … 6 Sunday); a day on which the store does not open has no end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PickupEnds(pub [Option<NaiveTime>; 7]);

impl PickupEnds {
    /// The end on the day whose hours hold at `now` ([`kst::hours_day`]).
    fn of_day(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let end = usize::try_from(kst::weekday(now)).ok().and_then(|day| self.0.get(day).copied().flatten())?;
        Some(kst::instant(kst::hours_day(now), end))
    }
}

/// All that decides what a piece costs, apart from the hours and the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pricing {
    /// Price of one piece before the discount.
    pub price: Won,
    /// The product's own discount.
    pub sale: Sale,
    /// What takes its place as the end of pickup comes nearer.
    pub steps: PriceSteps,
}

/// The discount in force at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleNow {
    /// In percent; 0 is none.
    pub sale: Sale,
    /// When it changes next on this day, and to what.
    pub next: Option<(DateTime<Utc>, Sale)>,
}

/// A price that was in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PastPrice {
    /// Price of one piece before the discount.
    pub price: Won,
    /// Discount in percent; 0 is none.
    pub sale: Sale,
    /// Its first instant.
    pub from: DateTime<Utc>,
    /// The first instant of what came after it.
    pub until: DateTime<Utc>,
}

impl Pricing {
    /// The one rule of price steps: the sale of the last step that is reached on that day, else the product's own. It stays until the
    /// day ends, also after pickup.
    pub fn at(&self, ends: &PickupEnds, now: DateTime<Utc>) -> SaleNow {
        let mut in_force = SaleNow { sale: self.sale, next: None };
        let Some(end) = ends.of_day(now) else { return in_force };
        for step in &self.steps.0 {
            let reached = end - Duration::minutes(step.minutes_before_pickup_end.into());
            if reached > now {
                in_force.next = Some((reached, step.sale));
                break;
            }
            in_force.sale = step.sale;
        }
        in_force
    }

    /// What was in force from `from` until `until` if nobody has changed this or the hours since, the earliest first; the last is in force
    /// at `until`.
    pub fn between(&self, ends: &PickupEnds, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<PastPrice> {
        let mut past = Vec::new();
        let (mut begin, mut now) = (from, self.at(ends, from));
        while begin < until {
            let midnight = kst::instant(kst::hours_day(begin) + Duration::days(1), NaiveTime::MIN);
            let end = now.next.map_or(midnight, |(at, _)| at).min(until);
            past.push(PastPrice { price: self.price, sale: now.sale, from: begin, until: end });
            (begin, now) = (end, self.at(ends, end));
        }
        past.dedup_by(|later, before| {
            let same = later.sale == before.sale;
            if same {
                before.until = later.until;
            }
            same
        });
        past
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::shared::Error;

    fn sale(percent: i64) -> Sale {
        Sale::parse(percent).unwrap()
    }

    fn pricing(own: i64, steps: &[StepInput]) -> Pricing {
        let steps = PriceSteps::parse("steps", steps, sale(own), &mut Validation::default()).unwrap();
        Pricing { price: Won(10_000), sale: sale(own), steps }
    }

    /// Pickup ends at 20:30 on every day but Sunday.
    fn ends() -> PickupEnds {
        let mut ends = [Some(kst::parse_time("20:30").unwrap()); 7];
        ends[6] = None;
        PickupEnds(ends)
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-{text}+09:00").parse().unwrap()
    }

    #[test]
    fn the_last_step_reached_holds_until_the_day_ends() {
        let pricing = pricing(10, &[(30, 50), (90, 30)]);
        // 2026-11-24 is a Tuesday.
        for (now, percent, next) in [
            ("24T00:00:00", 10, Some(("24T19:00:00", 30))),
            ("24T18:59:59", 10, Some(("24T19:00:00", 30))),
            ("24T19:00:00", 30, Some(("24T20:00:00", 50))),
            ("24T20:00:00", 50, None),
            ("24T23:59:59", 50, None),
            ("25T00:00:00", 10, Some(("25T19:00:00", 30))),
            // Sunday: no window.
            ("29T20:15:00", 10, None),
        ] {
            let next = next.map(|(at_then, percent)| (at(at_then), sale(percent)));
            assert_eq!(pricing.at(&ends(), at(now)), SaleNow { sale: sale(percent), next }, "{now}");
        }
        // One that would have been reached on the day before holds from midnight on.
        assert_eq!(self::pricing(10, &[(1_439, 20)]).at(&ends(), at("24T00:00:00")).sale, sale(20));
    }

    #[test]
    fn what_was_in_force_is_told_over_steps_and_midnights() {
        let pricing = pricing(10, &[(90, 30), (30, 50)]);
        let past = |from, until| -> Vec<_> {
            pricing
                .between(&ends(), at(from), at(until))
                .into_iter()
                .map(|p| (p.sale.get(), kst::time_of_day(p.until).to_string()))
                .collect()
        };
        assert_eq!(past("24T18:50:00", "24T18:59:59"), [(10, "18:59:59".into())]);
        assert_eq!(past("24T18:50:00", "24T19:00:00"), [(10, "19:00:00".into())]);
        assert_eq!(past("24T18:50:00", "24T19:05:00"), [(10, "19:00:00".into()), (30, "19:05:00".into())]);
        assert_eq!(past("24T23:50:00", "25T00:05:00"), [(50, "00:00:00".into()), (10, "00:05:00".into())]);
        // From Sunday to Monday nothing changes.
        assert_eq!(past("29T23:50:00", "30T00:05:00"), [(10, "00:05:00".into())]);
        assert!(past("24T18:50:00", "24T18:50:00").is_empty());
    }

    fn codes(own: i64, steps: &[StepInput]) -> Vec<String> {
        let mut errors = Validation::default();
        let parsed = PriceSteps::parse("steps", steps, sale(own), &mut errors);
        match errors.finish(|| Some(())) {
            Err(Error::Invalid(fields)) => fields.into_iter().map(|f| format!("{} {}", f.field, f.rule.code)).collect(),
            _ => {
                assert!(parsed.is_some());
                Vec::new()
            }
        }
    }

    #[test]
    fn a_step_that_is_wrong_is_named() {
        assert!(codes(0, &[]).is_empty());
        assert!(codes(10, &[(1, 100), (1_439, 11), (60, 50)]).is_empty());
        assert_eq!(
            codes(0, &[(0, 1), (1_440, 0), (5, 101)]),
            [
                "steps.0.minutes_before_pickup_end out_of_range",
                "steps.1.minutes_before_pickup_end out_of_range",
                "steps.1.sale out_of_range",
                "steps.2.sale out_of_range",
            ]
        );
        assert_eq!(codes(30, &[(60, 50), (90, 30)]), ["steps.1.sale not_greater"]);
        assert_eq!(codes(0, &[(60, 50), (30, 50)]), ["steps.1.sale not_greater"]);
        assert_eq!(codes(0, &[(30, 40), (60, 50)]), ["steps.0.sale not_greater"]);
        assert_eq!(codes(0, &[(60, 50), (60, 60)]), ["steps.1.minutes_before_pickup_end duplicate_step"]);
        assert_eq!(codes(0, &[(60, 1), (50, 2), (40, 3), (30, 4), (20, 5), (10, 6)]), ["steps.5 too_many"]);
    }

    proptest! {
        /// Additions, Price steps: the last step reached on that day's pickup window, else the product's own.
        #[test]
        fn at_each_minute_what_was_in_force_is_what_was_shown(
            minutes in proptest::collection::btree_set(1..=1_439i64, 0..=5), ends in proptest::array::uniform7(proptest::option::of(0..1_440u32)),
            begin in 0..20_000i64, length in 1..3_000i64,
        ) {
            let steps: Vec<_> = minutes.iter().rev().zip(1..).map(|(minutes, n)| (*minutes, 10 + n * 10)).collect();
            let pricing = pricing(10, &steps);
            let time = |minute: u32| NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap();
            let pickup_ends = PickupEnds(ends.map(|end| end.map(time)));
            let from = at("24T00:00:00") + Duration::minutes(begin);
            let past = pricing.between(&pickup_ends, from, from + Duration::minutes(length));
            prop_assert_eq!((past[0].from, past[past.len() - 1].until), (from, from + Duration::minutes(length)));
            prop_assert!(past.windows(2).all(|two| two[0].until == two[1].from && two[0].sale != two[1].sale));
            for minute in 0..length {
                let now = from + Duration::minutes(minute);
                // Counted by hand: minutes of the day, and of the steps before the end.
                let of_day = (begin + minute).rem_euclid(1_440);
                let end = ends[usize::try_from(kst::weekday(now)).unwrap()];
                let expected = end.and_then(|end| steps.iter().rfind(|(before, _)| i64::from(end) - before <= of_day)).map_or(10, |(_, sale)| *sale);
                let shown = pricing.at(&pickup_ends, now);
                prop_assert_eq!(i64::from(shown.sale.get()), expected);
                let then = past.iter().find(|p| p.from <= now && now < p.until).unwrap();
                prop_assert_eq!(then.sale, shown.sale);
                if let Some((next, sale)) = shown.next {
                    prop_assert_eq!(pricing.at(&pickup_ends, next).sale, sale);
                    prop_assert_eq!(pricing.at(&pickup_ends, next - Duration::seconds(1)).sale, shown.sale);
                }
            }
        }
    }
}
