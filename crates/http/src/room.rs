//! How much a worker thread has under way, and what is refused beyond that.

use std::{cell::Cell, rc::Rc, time::Duration};

use cheapbob_domain::shared::Sampled;
use tokio::time::Instant;

use crate::error::ApiError;

/// Requests under way in a worker thread beyond which searches, lists and checkouts are refused. At a thousand answers a second and
/// thread, the last of them has waited an eighth of a second.
const ROOM: usize = 128;

/// So many more, for what [`Class::Promised`] is.
const ROOM_FOR_PROMISES: usize = 128;

/// What a request is, when not everybody can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Never refused, and in no hurry: whether this process lives, its documentation, the sandbox.
    Always,
    /// Refused last: somebody has paid, cooks, stands at the counter, or wants their money.
    Promised,
    /// Refused first.
    Ordinary,
}

impl Class {
    /// Whether there is room for one more.
    pub(crate) fn has_room(self) -> bool {
        self.fits(UNDER_WAY.get())
    }

    /// Whether one more is let in where `under_way` are.
    fn fits(self, under_way: usize) -> bool {
        match self {
            Self::Always => true,
            Self::Promised => under_way < ROOM + ROOM_FOR_PROMISES,
            Self::Ordinary => under_way < ROOM,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Promised => "promised",
            Self::Ordinary => "ordinary",
        }
    }
}

thread_local! {
    static UNDER_WAY: Cell<usize> = const { Cell::new(0) };
    static REFUSED: Sampled<()> = Sampled::default();
}

/// A request's place among those under way. While it waits for its body it has none, and its time does not run.
#[derive(Clone)]
pub(crate) struct Place(Rc<Taken>);

struct Taken {
    class: Class,
    is_counted: Cell<bool>,
    /// The request is answered, or given up; what still reads its body has no say any more.
    is_over: Cell<bool>,
    /// Since when the next piece of its body is waited for, and for how long it was before.
    waiting: Cell<Option<Instant>>,
    waited: Cell<Duration>,
}

impl Place {
    fn new(class: Class) -> Self {
        UNDER_WAY.set(UNDER_WAY.get() + 1);
        let taken = Taken {
            class,
            is_counted: Cell::new(true),
            is_over: Cell::new(false),
            waiting: Cell::new(None),
            waited: Cell::new(Duration::ZERO),
        };
        Self(Rc::new(taken))
    }

    /// The body has to be waited for.
    pub(crate) fn wait(&self) {
        if self.0.waiting.get().is_none() {
            self.0.waiting.set(Some(Instant::now()));
        }
        self.leave();
    }

    /// A piece of the body is there.
    pub(crate) fn heard(&self) {
        let waited = self.waited();
        self.0.waiting.set(None);
        self.0.waited.set(waited);
    }

    /// The body is whole: the request goes on. `false`: there is no room for it now.
    pub(crate) fn enter(&self) -> bool {
        self.heard();
        if self.0.is_counted.get() || self.0.is_over.get() {
            return true;
        }
        let fits = self.0.class.fits(UNDER_WAY.get());
        if fits {
            UNDER_WAY.set(UNDER_WAY.get() + 1);
            self.0.is_counted.set(true);
        } else {
            note_refusal(self.0.class);
        }
        fits
    }

    /// For how long its body was waited for so far.
    pub(crate) fn waited(&self) -> Duration {
        self.0.waited.get() + self.0.waiting.get().map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn leave(&self) {
        if self.0.is_counted.replace(false) {
            UNDER_WAY.set(UNDER_WAY.get() - 1);
        }
    }
}

/// Until it is dropped the request is under way.
pub(crate) struct Admitted(Place);

impl Admitted {
    pub(crate) fn new(class: Class) -> Self {
        Self(Place::new(class))
    }

    pub(crate) fn place(&self) -> Place {
        self.0.clone()
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.leave();
        self.0.0.is_over.set(true);
    }
}

/// Counts a refusal, and says so now and then.
fn note_refusal(class: Class) {
    metrics::counter!("cheapbob_http_refused_total", "class" => class.as_str()).increment(1);
    if let Some(left_out) = REFUSED.with(|refused| refused.line(())) {
        tracing::warn!(refused = left_out + 1, "more requests come than this process can serve; refused until there is room");
    }
}

/// The answer to what there is no room for.
pub(crate) fn refuse(class: Class) -> ApiError {
    note_refusal(class);
    ApiError::overload()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_is_refused_last() {
        assert!(Class::Ordinary.fits(ROOM - 1) && !Class::Ordinary.fits(ROOM));
        assert!(Class::Promised.fits(ROOM + ROOM_FOR_PROMISES - 1) && !Class::Promised.fits(ROOM + ROOM_FOR_PROMISES));
        assert!(Class::Always.fits(usize::MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_his_body_takes_no_room_and_no_time() {
        let admitted = Admitted::new(Class::Ordinary);
        let place = admitted.place();
        assert_eq!(UNDER_WAY.get(), 1);
        place.wait();
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!((UNDER_WAY.get(), place.waited()), (0, Duration::from_secs(30)));
        place.heard();
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!((UNDER_WAY.get(), place.waited()), (0, Duration::from_secs(30)), "it is not whole yet");
        assert!(place.enter());
        assert_eq!(UNDER_WAY.get(), 1);
        place.wait();
        UNDER_WAY.set(ROOM);
        assert!(!place.enter(), "others have taken its room");
        drop(admitted);
        // What reads on after that changes nothing.
        place.wait();
        assert!(place.enter());
        assert_eq!(UNDER_WAY.get(), ROOM);
    }
}
