//! A part that does not answer is left alone for a while, instead of being asked by each task in turn.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Calls without an answer, one after the other, after which a part is left alone.
const ENOUGH: u32 = 3;

/// For how long at first, and at most: each probe without an answer doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A circuit breaker: closed, then open for a pause, then one probe decides.
#[derive(Debug)]
pub struct Breaker {
    part: &'static str,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    unanswered: u32,
    pause: Duration,
    /// Left alone until then; whoever comes first after it is the probe.
    until: Option<Instant>,
}

impl Breaker {
    /// Closed. `part` is its name in the log.
    pub fn new(part: &'static str) -> Self {
        Self { part, state: Mutex::new(State { unanswered: 0, pause: FIRST_PAUSE, until: None }) }
    }

    /// Whether the part may be asked at `now`. After a pause one caller may, and the others once it has been answered.
    pub fn allows(&self, now: Instant) -> bool {
        let mut state = self.lock();
        match state.until {
            Some(until) if now < until => false,
            Some(_) => {
                // Nobody else until the probe has said, or another pause is over: it may have died.
                state.until = Some(now + state.pause);
                true
            }
            None => true,
        }
    }

    /// Whether the part is left alone.
    pub fn is_open(&self) -> bool {
        self.lock().until.is_some()
    }

    /// The part has answered, whatever it said.
    pub fn answered(&self) {
        let mut state = self.lock();
        if state.until.is_some() {
            tracing::info!(part = self.part, "a part that was left alone answers again");
        }
        *state = State { unanswered: 0, pause: FIRST_PAUSE, until: None };
    }

    /// It has not.
    pub fn unanswered(&self, now: Instant) {
        let mut state = self.lock();
        state.unanswered += 1;
        if state.unanswered < ENOUGH {
            return;
        }
        if state.until.is_none() {
            tracing::error!(part = self.part, "a part does not answer; it is left alone for a while and then asked once");
        } else {
            state.pause = (state.pause * 2).min(LONGEST_PAUSE);
        }
        state.until = Some(now + state.pause);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent() -> (Breaker, Instant) {
        let (breaker, now) = (Breaker::new("part"), Instant::now());
        for _ in 0..ENOUGH {
            assert!(breaker.allows(now) && !breaker.is_open());
            breaker.unanswered(now);
        }
        (breaker, now)
    }

    #[test]
    fn forty_calls_ask_a_silent_part_three_times_and_then_one_at_a_time() {
        let (breaker, now) = silent();
        assert!((0..40).all(|_| !breaker.allows(now)));
        let later = now + FIRST_PAUSE;
        assert!(breaker.allows(later));
        assert!((0..40).all(|_| !breaker.allows(later)), "one probe");
        breaker.unanswered(later);
        assert!(!breaker.allows(later + FIRST_PAUSE));
        assert!(breaker.allows(later + FIRST_PAUSE * 2));
    }

    #[test]
    fn pauses_grow_to_a_minute() {
        let (breaker, mut now) = silent();
        for _ in 0..10 {
            now += LONGEST_PAUSE;
            assert!(breaker.allows(now));
            breaker.unanswered(now);
        }
        assert!(!breaker.allows(now + LONGEST_PAUSE - Duration::from_secs(1)));
        assert!(breaker.allows(now + LONGEST_PAUSE));
    }

    #[test]
    fn an_answer_closes_it_and_an_answer_between_counts() {
        let (breaker, now) = silent();
        assert!(breaker.is_open() && breaker.allows(now + FIRST_PAUSE));
        breaker.answered();
        assert!(!breaker.is_open() && breaker.allows(now));
        for _ in 0..10 {
            breaker.unanswered(now);
            breaker.answered();
        }
        assert!(!breaker.is_open());
    }

    #[test]
    fn a_probe_that_dies_keeps_nobody_out_for_ever() {
        let (breaker, now) = silent();
        assert!(breaker.allows(now + FIRST_PAUSE));
        assert!(breaker.allows(now + FIRST_PAUSE * 2));
    }
}
