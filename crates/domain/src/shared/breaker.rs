//! A part that does not answer is left alone for a while, instead of being asked by each task in turn.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::error::Error;

/// Calls without an answer, one after the other, after which a part is left alone …
const ENOUGH: u32 = 3;

/// … if they took so long together: three that fail at once are a moment's trouble.
const LONG_ENOUGH: Duration = Duration::from_secs(2);

/// For how long at first: each probe without an answer doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// For how long at most, where tasks alone wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A circuit breaker: closed, then open for a pause, then one probe decides.
#[derive(Debug)]
pub struct Breaker {
    part: &'static str,
    longest: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    unanswered: u32,
    /// When the first of these calls began.
    silent_since: Option<Instant>,
    /// When the part last answered.
    answered: Option<Instant>,
    pause: Duration,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    /// Left alone until then; whoever comes first after it is the probe.
    until: Instant,
    /// When the last probe began.
    probe: Option<Instant>,
}

impl State {
    fn closed() -> Self {
        Self { unanswered: 0, silent_since: None, answered: None, pause: FIRST_PAUSE, open: None }
    }
}

/// The part was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} does not answer and is left alone for a while")]
pub struct LeftAlone(&'static str);

impl From<LeftAlone> for Error {
    fn from(left_alone: LeftAlone) -> Self {
        Self::unavailable(left_alone.0, left_alone)
    }
}

impl Breaker {
    /// Closed, for a part that tasks alone wait for. `part` is its name in log and metrics.
    pub fn new(part: &'static str) -> Self {
        Self { part, longest: LONGEST_PAUSE, state: Mutex::new(State::closed()) }
    }

    /// Closed, for a part that people wait for too: its pauses do not grow, since whoever comes after it is there again is turned away
    /// until one has ended.
    pub fn for_people(part: &'static str) -> Self {
        Self { longest: FIRST_PAUSE, ..Self::new(part) }
    }

    /// The part's name in log and metrics.
    pub fn part(&self) -> &'static str {
        self.part
    }

    /// Whether the part is left alone.
    pub fn is_open(&self) -> bool {
        self.lock().open.is_some()
    }

    /// The outcome of `call`, of which `is_silence` says whether it is no answer, unless the part is left alone. A call that is dropped
    /// says nothing.
    ///
    /// # Errors
    /// The part is left alone, and was not asked.
    pub async fn ask<T>(&self, call: impl Future<Output = T>, is_silence: impl FnOnce(&T) -> bool) -> Result<T, LeftAlone> {
        let begun = Instant::now();
        if !self.allows(begun) {
            return Err(LeftAlone(self.part));
        }
        Ok(self.learn(begun, call, is_silence).await)
    }

    /// The same of a call that is made in any case, as a question whether the part is there.
    pub async fn watch<T>(&self, call: impl Future<Output = T>, is_silence: impl FnOnce(&T) -> bool) -> T {
        self.learn(Instant::now(), call, is_silence).await
    }

    async fn learn<T>(&self, begun: Instant, call: impl Future<Output = T>, is_silence: impl FnOnce(&T) -> bool) -> T {
        let outcome = call.await;
        if is_silence(&outcome) {
            self.unanswered(begun, Instant::now());
        } else {
            self.answered(Instant::now());
        }
        outcome
    }

    /// Whether the part may be asked at `now`. After a pause one caller may, and the others once it has been answered.
    fn allows(&self, now: Instant) -> bool {
        let mut state = self.lock();
        let pause = state.pause;
        match &mut state.open {
            Some(open) if now < open.until => false,
            Some(open) => {
                // Nobody else until the probe has said, or another pause is over: it may have died.
                *open = Open { until: now + pause, probe: Some(now) };
                true
            }
            None => true,
        }
    }

    /// The part has answered at `now`, whatever it said.
    fn answered(&self, now: Instant) {
        let mut state = self.lock();
        if state.open.is_some() {
            tracing::info!(part = self.part, "a part that was left alone answers again");
        }
        *state = State { answered: Some(now), ..State::closed() };
    }

    /// It has not, from `begun` to `now`.
    fn unanswered(&self, begun: Instant, now: Instant) {
        let mut state = self.lock();
        if let Some(open) = &state.open {
            // Calls that began before it was left alone say nothing new.
            if open.probe == Some(begun) {
                state.pause = (state.pause * 2).min(self.longest);
                state.open = Some(Open { until: now + state.pause, probe: None });
            }
            return;
        }
        // It has answered others meanwhile: this call was about something that is slow in itself.
        if state.answered.is_some_and(|answered| answered > begun) {
            return;
        }
        state.unanswered += 1;
        let since = state.silent_since.map_or(begun, |since| since.min(begun));
        state.silent_since = Some(since);
        if state.unanswered >= ENOUGH && now.duration_since(since) >= LONG_ENOUGH {
            tracing::error!(part = self.part, "a part does not answer; it is left alone for a while and then asked once");
            state.open = Some(Open { until: now + state.pause, probe: None });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So long a call waits in vain.
    const WAIT: Duration = Duration::from_secs(1);

    /// After three calls in vain, and when the last of them ended.
    fn silent(breaker: Breaker) -> (Breaker, Instant) {
        let mut now = Instant::now();
        for _ in 0..ENOUGH {
            assert!(breaker.allows(now) && !breaker.is_open());
            breaker.unanswered(now, now + WAIT);
            now += WAIT;
        }
        assert!(breaker.is_open());
        (breaker, now)
    }

    #[test]
    fn forty_calls_ask_a_silent_part_three_times_and_then_one_at_a_time() {
        let (breaker, now) = silent(Breaker::new("part"));
        assert!((0..40).all(|_| !breaker.allows(now)));
        let later = now + FIRST_PAUSE;
        assert!(breaker.allows(later));
        assert!((0..40).all(|_| !breaker.allows(later)), "one probe");
        breaker.unanswered(later, later);
        assert!(!breaker.allows(later + FIRST_PAUSE));
        assert!(breaker.allows(later + FIRST_PAUSE * 2));
    }

    #[test]
    fn pauses_grow_to_a_minute_where_tasks_wait_and_not_at_all_where_people_do() {
        for (breaker, longest) in [(Breaker::new("part"), LONGEST_PAUSE), (Breaker::for_people("part"), FIRST_PAUSE)] {
            let (breaker, mut now) = silent(breaker);
            for _ in 0..10 {
                now += longest;
                assert!(breaker.allows(now));
                breaker.unanswered(now, now);
            }
            assert!(!breaker.allows(now + longest - Duration::from_millis(1)));
            assert!(breaker.allows(now + longest));
        }
    }

    #[test]
    fn an_answer_closes_it_and_an_answer_between_counts() {
        let (breaker, now) = silent(Breaker::new("part"));
        assert!(breaker.allows(now + FIRST_PAUSE));
        breaker.answered(now);
        assert!(!breaker.is_open() && breaker.allows(now));
        for _ in 0..10 {
            breaker.unanswered(now, now + WAIT);
            breaker.answered(now);
        }
        assert!(!breaker.is_open());
    }

    /// Four cancellations of one store, whose provider takes a minute, end together; PortOne has answered everybody else meanwhile.
    #[test]
    fn calls_that_are_slow_in_themselves_open_nothing_while_others_are_answered() {
        let (breaker, begun) = (Breaker::for_people("part"), Instant::now());
        let end = begun + Duration::from_secs(60);
        breaker.answered(end - WAIT);
        (0..40).for_each(|_| breaker.unanswered(begun, end));
        assert!(!breaker.is_open());
        (0..ENOUGH).for_each(|_| breaker.unanswered(end, end + LONG_ENOUGH));
        assert!(breaker.is_open(), "and nobody after that");
    }

    #[test]
    fn a_moment_of_trouble_opens_nothing() {
        let (breaker, now) = (Breaker::new("part"), Instant::now());
        for _ in 0..40 {
            breaker.unanswered(now, now);
        }
        assert!(!breaker.is_open());
        breaker.unanswered(now + LONG_ENOUGH, now + LONG_ENOUGH);
        assert!(breaker.is_open(), "it lasts");
    }

    #[test]
    fn calls_that_waited_together_leave_one_pause() {
        let (breaker, now) = (Breaker::new("part"), Instant::now());
        for _ in 0..16 {
            breaker.unanswered(now, now + LONG_ENOUGH);
        }
        assert!(!breaker.allows(now + LONG_ENOUGH + FIRST_PAUSE - WAIT));
        assert!(breaker.allows(now + LONG_ENOUGH + FIRST_PAUSE));
    }

    #[test]
    fn a_probe_that_dies_keeps_nobody_out_for_ever() {
        let (breaker, now) = silent(Breaker::new("part"));
        assert!(breaker.allows(now + FIRST_PAUSE));
        assert!(breaker.allows(now + FIRST_PAUSE * 2));
    }

    #[tokio::test]
    async fn who_asks_is_told_that_it_was_not_asked_and_who_looks_sees_that_it_is_back() {
        let (breaker, _) = silent(Breaker::new("part"));
        let asked = breaker.ask(async { panic!("it was asked") }, |(): &()| true).await;
        assert_eq!(asked.unwrap_err().to_string(), "part does not answer and is left alone for a while");
        breaker.watch(async {}, |()| true).await;
        assert!(breaker.is_open());
        breaker.watch(async {}, |()| false).await;
        assert!(!breaker.is_open());
    }
}
