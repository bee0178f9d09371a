//! Log lines of which a flood must not become a flood of its own.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often a line of one kind is written.
const EVERY: Duration = Duration::from_secs(1);

/// Lets one line of each kind through in a second, with the number of those that were left out before it. Kinds are few: the reasons of a
/// refusal, not what a caller sends.
#[derive(Debug)]
pub struct Sampled<K>(Mutex<HashMap<K, Kind>>);

#[derive(Debug)]
struct Kind {
    said: Instant,
    left_out: u64,
}

impl<K> Default for Sampled<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Sampled<K> {
    /// Whether a line of this kind is to be written, and how many were left out since the last one that was.
    pub fn line(&self, kind: K) -> Option<u64> {
        self.line_at(kind, Instant::now())
    }

    fn line_at(&self, kind: K, now: Instant) -> Option<u64> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = kinds.get_mut(&kind) else {
            kinds.insert(kind, Kind { said: now, left_out: 0 });
            return Some(0);
        };
        if now.duration_since(known.said) < EVERY {
            known.left_out += 1;
            return None;
        }
        known.said = now;
        Some(std::mem::take(&mut known.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_line_a_second_which_says_how_many_were_left_out() {
        let (sampled, begin) = (Sampled::default(), Instant::now());
        let line = |kind, ms| sampled.line_at(kind, begin + Duration::from_millis(ms));
        assert_eq!(line("a", 0), Some(0));
        assert_eq!((line("a", 1), line("a", 999)), (None, None));
        assert_eq!(line("b", 999), Some(0), "another kind has lines of its own");
        assert_eq!(line("a", 1_000), Some(2));
        assert_eq!((line("a", 1_001), line("a", 2_001)), (None, Some(1)));
    }
}
