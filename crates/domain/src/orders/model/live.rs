//! What is told of orders as it happens, and how far somebody has been told.

use std::{fmt, num::ParseIntError, str::FromStr};

use super::order::{CustomerOrder, OrderStatus};
use crate::shared::{Email, PaymentId, StoreId};

/// For how long what happened is told to whoever missed it.
pub const TOLD_FOR_HOURS: i64 = 1;

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Listener {
    /// A store, of its orders.
    Store(StoreId),
    /// A customer, of theirs.
    Customer(Email),
}

/// An order was made, or has changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderChange {
    /// Of two changes of one order the later one has the greater.
    pub id: i64,
    /// The transaction that it came with.
    pub transaction: u64,
    /// The order.
    pub payment_id: PaymentId,
    /// Its store.
    pub store_id: StoreId,
    /// Who bought.
    pub customer: Email,
    /// What it was from then on.
    pub status: OrderStatus,
}

impl OrderChange {
    /// Both who are told.
    pub fn listeners(&self) -> [Listener; 2] {
        [Listener::Store(self.store_id.clone()), Listener::Customer(self.customer.clone())]
    }

    /// The event's name.
    pub fn name(&self) -> &'static str {
        match self.status {
            OrderStatus::Reservation => "order_placed",
            OrderStatus::Accept => "order_accepted",
            OrderStatus::Complete => "order_completed",
            OrderStatus::Cancel => "order_canceled",
        }
    }
}

/// A change, with the order as it was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldChange {
    /// What happened.
    pub change: OrderChange,
    /// The order from then on.
    pub order: CustomerOrder,
}

/// Which transactions had ended at an instant. Of two instants the later one has seen all that the earlier one had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// All before it had ended.
    lowest: u64,
    /// It and all after it had not begun, or had not ended.
    next: u64,
    /// Those between that had not ended, in order.
    under_way: Vec<u64>,
}

/// Transactions under way in a snapshot of ours: more than a server has connections.
const MOST_UNDER_WAY: usize = 10_000;

impl Snapshot {
    /// Before everything.
    pub fn of_nothing() -> Self {
        Self { lowest: 1, next: 1, under_way: Vec::new() }
    }

    /// Reads `lowest:next:under,way`, as PostgreSQL writes it. `None`: it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (lowest, next, list) = (parts.next()?, parts.next()?, parts.next()?);
        let under_way = list.split(',').filter(|id| !id.is_empty()).map(u64::from_str).collect::<Result<_, ParseIntError>>().ok()?;
        Self { lowest: lowest.parse().ok()?, next: next.parse().ok()?, under_way }.checked().filter(|_| parts.next().is_none())
    }

    fn checked(self) -> Option<Self> {
        let Self { lowest, next, under_way } = &self;
        let in_range = *lowest > 0 && lowest <= next && i64::try_from(*next).is_ok() && under_way.len() <= MOST_UNDER_WAY;
        let in_order = under_way.windows(2).all(|pair| pair[0] < pair[1]) && under_way.iter().all(|id| (lowest..next).contains(&id));
        (in_range && in_order).then_some(self)
    }

    /// Whether this transaction had ended.
    pub fn sees(&self, transaction: u64) -> bool {
        transaction < self.next && self.under_way.binary_search(&transaction).is_err()
    }

    /// Whether it can be an earlier instant than `now` of the same server.
    pub fn is_before(&self, now: &Self) -> bool {
        self.next <= now.next && self.lowest <= now.lowest
    }

    /// Short: a header has to hold two of them. `lowest-between.steps`.
    fn short(&self) -> String {
        let mut text = format!("{}-{}", self.lowest, self.next - self.lowest);
        let mut last = self.lowest;
        for id in &self.under_way {
            text += &format!(".{}", id - last);
            last = *id;
        }
        text
    }

    fn of_short(text: &str) -> Option<Self> {
        let (lowest, rest) = text.split_once('-')?;
        let mut numbers = rest.split('.').map(u64::from_str);
        let lowest: u64 = lowest.parse().ok()?;
        let next = lowest.checked_add(numbers.next()?.ok()?)?;
        let mut last = lowest;
        let mut under_way = Vec::new();
        for step in numbers {
            last = last.checked_add(step.ok()?)?;
            under_way.push(last);
        }
        Self { lowest, next, under_way }.checked()
    }
}

/// As PostgreSQL reads it.
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.lowest, self.next)?;
        for (n, id) in self.under_way.iter().enumerate() {
            write!(f, "{}{id}", if n == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// How far somebody has been told: an event's id. All that `since` had seen; and of what came between it and `until` that up to a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// All of this.
    pub since: Snapshot,
    /// And of what this one had seen besides, the changes up to this id.
    pub part: Option<(Snapshot, i64)>,
}

impl Told {
    /// All that had been seen then.
    pub fn all_of(since: Snapshot) -> Self {
        Self { since, part: None }
    }

    /// Reads what `to_string` writes. `None`: it is not ours.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('~');
        let since = Snapshot::of_short(parts.next()?)?;
        let part = match parts.next() {
            None => None,
            Some(until) => Some((Snapshot::of_short(until)?, parts.next()?.parse().ok()?)),
        };
        Some(Self { since, part }).filter(|_| parts.next().is_none())
    }

    /// Whether this server can have said so before `now`.
    pub fn is_before(&self, now: &Snapshot) -> bool {
        match &self.part {
            None => self.since.is_before(now),
            Some((until, _)) => self.since.is_before(until) && until.is_before(now),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.since.short())?;
        match &self.part {
            None => Ok(()),
            Some((until, id)) => write!(f, "~{}~{id}", until.short()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn snapshot(text: &str) -> Snapshot {
        Snapshot::parse(text).unwrap()
    }

    #[test]
    fn a_snapshot_tells_what_had_ended() {
        let then = snapshot("10:20:12,15");
        let seen: Vec<_> = (8..23).filter(|id| then.sees(*id)).collect();
        assert_eq!(seen, [8, 9, 10, 11, 13, 14, 16, 17, 18, 19]);
        assert!((1..50).all(|id| !Snapshot::of_nothing().sees(id)));
        assert!(snapshot("9:20:9").is_before(&then) && then.is_before(&then) && !then.is_before(&snapshot("9:20:9")));
    }

    #[test]
    fn what_is_no_id_of_ours_is_none() {
        for bad in ["", "10:20", "10:20:1", "10:20:20", "20:10:", "0:5:", "10:20:15,12", "10:20:15:", "1:99999999999999999999:", "x:1:"] {
            assert_eq!(Snapshot::parse(bad), None, "{bad}");
        }
        for bad in
            ["", "1", "10-5~", "10-5~10-6", "10-5~10-6~x", "10-5~10-6~1~1", "10-5.0.9", "0-1", "10-5.2.0", "1-18446744073709551615", "a-b"]
        {
            assert_eq!(Told::parse(bad), None, "{bad}");
        }
    }

    prop_compose! {
        fn snapshots()(lowest in 1..1_u64 << 40, steps in prop::collection::vec(1..90_u64, 0..40), beyond in 1..1_000_u64) -> Snapshot {
            let under_way: Vec<_> = steps.iter().scan(lowest - 1, |last, step| { *last += step; Some(*last) }).collect();
            Snapshot { lowest, next: under_way.last().unwrap_or(&lowest) + beyond, under_way }
        }
    }

    proptest! {
        #[test]
        fn ids_are_read_as_they_were_written(since in snapshots(), until in snapshots(), id in 0..i64::MAX, whole: bool) {
            prop_assert_eq!(Snapshot::parse(&since.to_string()), Some(since.clone()));
            let told = Told { since, part: (!whole).then_some((until, id)) };
            prop_assert_eq!(Told::parse(&told.to_string()), Some(told));
        }

        #[test]
        fn any_text_is_an_id_or_none(text in "[0-9.~:-]{0,60}") {
            // What is read is written as it was, but for leading zeros.
            if let Some(told) = Told::parse(&text) {
                prop_assert_eq!(Told::parse(&told.to_string()), Some(told));
            }
        }
    }
}
