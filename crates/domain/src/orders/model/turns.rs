//! How often jobs may ask PortOne about the payments of one of its stores.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Time between two turns of a PortOne store: fifty questions a second.
const BETWEEN: Duration = Duration::from_millis(20);

/// Turns that a store which was not asked about for a while has at once: two seconds' worth.
const AT_ONCE: u32 = 100;

/// Who would have to wait longer for a turn gets none: a hold's end has five seconds for turn and answer.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Stores remembered before those that have all their turns again are forgotten.
const REMEMBERED: usize = 1_000;

/// The turns of each PortOne store. A store has them for itself: a thousand questions about one keep no question about another waiting.
#[derive(Default)]
pub(in crate::orders) struct Turns {
    /// When the turns taken so far would be over, had they come one after another (the generic cell rate algorithm).
    over: Mutex<HashMap<String, Instant>>,
}

impl Turns {
    /// Takes the next turn; gives the time until it comes. `None`, and nothing is taken, where too many wait already.
    pub(in crate::orders) fn take(&self, portone_store: &str, now: Instant) -> Option<Duration> {
        let mut stores = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        if stores.len() >= REMEMBERED {
            stores.retain(|_, over| *over > now);
        }
        let over = stores.get(portone_store).map_or(now, |over| now.max(*over));
        let wait = (over - now).saturating_sub(BETWEEN * (AT_ONCE - 1));
        if wait > LONGEST_WAIT {
            return None;
        }
        stores.insert(portone_store.to_owned(), over + BETWEEN);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_questions_come_at_once_then_fifty_a_second_and_who_would_wait_longer_has_no_turn() {
        let (turns, now) = (Turns::default(), Instant::now());
        for n in 0..200 {
            let wait = Duration::from_millis(20) * 99_u32.max(n) - Duration::from_millis(20) * 99;
            assert_eq!(turns.take("store", now), Some(wait), "{n}");
        }
        for _ in 0..1_000 {
            assert_eq!(turns.take("store", now), None);
        }
        // Whoever got none has kept nobody from theirs.
        let later = now + Duration::from_secs(1);
        let waits = (0..100).filter_map(|_| turns.take("store", later)).collect::<Vec<_>>();
        assert_eq!((waits.len(), waits.first().copied()), (50, Some(Duration::from_millis(1_020))));
        // Idle for long, it has a hundred again, and not more.
        let much_later = now + Duration::from_secs(3_600);
        let at_once = (0..1_000).filter_map(|_| turns.take("store", much_later)).filter(Duration::is_zero).count();
        assert_eq!(at_once, 100);
    }

    #[test]
    fn one_store_takes_no_turn_of_another() {
        let (turns, now) = (Turns::default(), Instant::now());
        while turns.take("flooded", now).is_some() {}
        assert_eq!(turns.take("another", now), Some(Duration::ZERO));
    }

    #[test]
    fn stores_that_have_all_their_turns_are_forgotten() {
        let (turns, now) = (Turns::default(), Instant::now());
        for n in 0..5 * REMEMBERED {
            turns.take(&n.to_string(), now + Duration::from_secs(n as u64)).unwrap();
        }
        assert!(turns.over.lock().unwrap().len() <= REMEMBERED);
    }
}
