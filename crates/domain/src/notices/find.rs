//! Each minute: what has happened at favourite stores since the last look.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, NaiveTime, Timelike, Utc};

use super::{
    model::occasion::{Kind, Occasion, StoreNow},
    ports::{Candidate, Stretch},
    service::NoticeService,
};
use crate::shared::{Result, kst};

/// What is older than this when somebody looks, after an outage, is not told.
const OLDEST: Duration = Duration::hours(1);

/// A look begins so long before the last one ended: for a seller's change that was under way then. What is found twice is told once.
const OVERLAP: Duration = Duration::seconds(30);

impl NoticeService {
    /// Finds what there is to tell, and writes its tasks. Gives how many.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time; the next look finds what this one would have.
    pub async fn find(&self) -> Result<usize> {
        let now = self.clock.now();
        // Where nobody has looked yet, and where the clock was moved back, it begins now.
        let from =
            self.happenings.looked_until().await?.filter(|until| *until <= now).map_or(now, |until| until.max(now - OLDEST)) - OVERLAP;
        let mut candidates = self.happenings.by_sellers(from, now).await?;
        for stretch in stretches(from, now) {
            candidates.extend(self.happenings.by_clock(stretch).await?);
        }
        let asked: Vec<_> = candidates.iter().map(|candidate| (candidate.store.clone(), candidate.product.clone())).collect();
        let stores = self.happenings.now(&asked, kst::weekday(now)).await?;
        let mut found: BTreeMap<String, Occasion> = BTreeMap::new();
        for (candidate, store) in candidates.into_iter().zip(stores) {
            let Some(occasion) = store.and_then(|store| occasion(candidate, &store, now)) else { continue };
            // Of several products of a store in a minute the cheapest is told.
            let kept = found.entry(occasion.id()).or_insert_with(|| occasion.clone());
            if occasion.price < kept.price {
                *kept = occasion;
            }
        }
        let found: Vec<_> = found.into_values().collect();
        self.happenings.found(&found, now).await?;
        Ok(found.len())
    }
}

/// What there is to tell of it, if anything.
fn occasion(Candidate { store: id, kind, product, before, at }: Candidate, store: &StoreNow, now: DateTime<Utc>) -> Option<Occasion> {
    let price = match (kind, &store.product) {
        (Kind::PriceDrops, Some(of)) => {
            let price = of.price(&store.ends, now).1;
            // A step is greater than what was before it.
            before.is_none_or(|(won, sale)| price < won.unit_price(sale)).then_some(price).map(Some)?
        }
        (Kind::PriceDrops, None) => return None,
        _ => None,
    };
    let occasion = Occasion { store: id, kind, product, price, at };
    occasion.is_true(store, now).then_some(occasion)
}

/// The days of a stretch of time.
fn stretches(from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Stretch> {
    const LAST: u32 = 23 * 3_600 + 59 * 60 + 59;
    let last = NaiveTime::from_num_seconds_from_midnight_opt(LAST, 0).unwrap_or_default();
    let time = |instant| kst::time_of_day(instant).with_nanosecond(0).unwrap_or_default();
    let (first_day, last_day) = (kst::hours_day(from), kst::hours_day(until));
    first_day
        .iter_days()
        .take_while(|day| *day <= last_day)
        .map(|day| Stretch {
            day,
            weekday: kst::weekday(kst::instant(day, NaiveTime::MIN)),
            from: if day == first_day { time(from) } else { NaiveTime::MIN },
            until: if day == last_day { time(until) } else { last },
        })
        .collect()
}
