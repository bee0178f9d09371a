//! What a connection is at, and how long it may be. Its stream and its requests share it; all of them live in one worker thread.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::{Rc, Weak},
    task::Waker,
    time::Duration,
};

use actix_web::web::Bytes;
use tokio::time::Instant;

/// For a head, from its first byte.
const HEAD: Duration = Duration::from_secs(10);

/// For an answer that is not taken …
pub(crate) const ANSWER: Duration = Duration::from_secs(20);

/// … and a second more for each so many bytes that have gone since.
const ANSWER_RATE: u64 = 4 << 10;

/// actix closes an idle connection itself, and with more ado; this is for where it does not.
const SLACK: Duration = Duration::from_secs(5);

/// So much of an answer goes to the socket at once, in bytes: with its head it fits into the 8 KiB that actix has for each connection.
pub(crate) const PIECE: usize = 7 << 10;

/// What may wait behind these pieces in a worker thread, in bytes.
const MOST_HELD: usize = 6 << 20;

/// Why a connection is closed, as the metrics name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slow {
    /// Nothing was asked.
    Idle,
    /// A head did not come to its end.
    Head,
    /// An answer was not taken.
    Answer,
    /// The same, and others' answers need the memory.
    Held,
}

impl Slow {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Head => "head",
            Self::Answer => "answer",
            Self::Held => "held",
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Asking {
    /// Nothing was heard since.
    Nothing(Instant),
    /// The first byte of a head came then.
    Head(Instant),
    /// A request is under way; its own limits hold.
    Request,
}

/// The other side does not take what is written.
#[derive(Debug, Clone, Copy)]
struct Blocked {
    since: Instant,
    /// Bytes that have gone all the same.
    gone: u64,
    /// Its place among the blocked ones of this thread.
    place: u64,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    keep_alive: Duration,
    asking: Cell<Asking>,
    blocked: Cell<Option<Blocked>>,
    /// What of an answer waits behind the piece under way. It is here so that it can go before the connection does: where a thousand
    /// begin at once, whoever writes has his turn when all of them have begun.
    rest: RefCell<Bytes>,
    /// How many bytes of memory that is.
    held: Cell<usize>,
    /// It has to go, so that others can be answered.
    cut: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    /// The other side has sent its end. It may read on all the same.
    left: Cell<bool>,
}

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    /// The blocked ones, the longest first.
    static BLOCKED: RefCell<BTreeMap<u64, Weak<Connection>>> = const { RefCell::new(BTreeMap::new()) };
    static PLACES: Cell<u64> = const { Cell::new(0) };
}

impl Connection {
    pub(crate) fn new(keep_alive: Duration) -> Rc<Self> {
        Rc::new(Self {
            keep_alive,
            asking: Cell::new(Asking::Nothing(Instant::now())),
            blocked: Cell::new(None),
            rest: RefCell::default(),
            held: Cell::new(0),
            cut: Cell::new(false),
            waker: RefCell::new(None),
            left: Cell::new(false),
        })
    }

    /// Bytes have come.
    pub(crate) fn heard(&self) {
        if let Asking::Nothing(_) = self.asking.get() {
            self.asking.set(Asking::Head(Instant::now()));
        }
    }

    /// The other side has sent its end.
    pub(crate) fn leave(&self) {
        self.left.set(true);
    }

    pub(crate) fn has_left(&self) -> bool {
        self.left.get()
    }

    /// A head is whole.
    pub(crate) fn begin(&self) {
        self.asking.set(Asking::Request);
    }

    /// A request's answer is written, or given up.
    pub(crate) fn end(&self) {
        self.asking.set(Asking::Nothing(Instant::now()));
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked.get().is_some()
    }

    /// Bytes were taken, though not all.
    pub(crate) fn gone(&self, bytes: usize) {
        if let Some(blocked) = self.blocked.get() {
            self.blocked.set(Some(Blocked { gone: blocked.gone + bytes as u64, ..blocked }));
        }
    }

    /// Nothing more is taken; `waker` is who writes.
    pub(crate) fn block(self: &Rc<Self>, waker: &Waker) {
        if self.blocked.get().is_none() {
            let place = PLACES.get();
            PLACES.set(place + 1);
            BLOCKED.with_borrow_mut(|blocked| blocked.insert(place, Rc::downgrade(self)));
            self.blocked.set(Some(Blocked { since: Instant::now(), gone: 0, place }));
        }
        self.waker.borrow_mut().get_or_insert_with(|| waker.clone()).clone_from(waker);
    }

    /// All is taken.
    pub(crate) fn unblock(&self) {
        if let Some(blocked) = self.blocked.take() {
            BLOCKED.with_borrow_mut(|others| others.remove(&blocked.place));
        }
    }

    /// Keeps what comes next of an answer, to be given away in pieces. Where too much is kept in this thread, the connections go that
    /// have been blocked for longest.
    pub(crate) fn keep(&self, bytes: Bytes) {
        self.forget();
        self.held.set(bytes.len());
        HELD.set(HELD.get() + bytes.len());
        self.rest.replace(bytes);
        while HELD.get() > MOST_HELD {
            let Some((_, longest)) = BLOCKED.with_borrow_mut(BTreeMap::pop_first) else { return };
            if let Some(longest) = longest.upgrade() {
                longest.cut();
            }
        }
    }

    /// The next piece of what is kept; `None` where nothing is.
    pub(crate) fn piece(&self) -> Option<Bytes> {
        let mut rest = self.rest.borrow_mut();
        let length = rest.len().min(PIECE);
        let piece = (length > 0).then(|| rest.split_to(length));
        if rest.is_empty() {
            drop(rest);
            self.forget();
        }
        piece
    }

    /// Keeps nothing any more.
    pub(crate) fn forget(&self) {
        self.rest.take();
        HELD.set(HELD.get() - self.held.take());
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut.get()
    }

    fn cut(&self) {
        self.cut.set(true);
        self.forget();
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Why it has to be closed, and when; `None` where its request says so itself.
    pub(crate) fn due(&self) -> Option<(Instant, Slow)> {
        if self.cut.get() {
            return Some((Instant::now(), Slow::Held));
        }
        let asking = match self.asking.get() {
            Asking::Nothing(since) => Some((since + self.keep_alive + SLACK, Slow::Idle)),
            Asking::Head(since) => Some((since + HEAD, Slow::Head)),
            Asking::Request => None,
        };
        let more = |gone| Duration::from_secs(gone / ANSWER_RATE);
        let answer = self.blocked.get().map(|blocked| (blocked.since + ANSWER + more(blocked.gone), Slow::Answer));
        asking.into_iter().chain(answer).min_by_key(|(due, _)| *due)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.unblock();
        self.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP_ALIVE: Duration = Duration::from_secs(75);

    fn left(connection: &Connection) -> Option<(u64, Slow)> {
        connection.due().map(|(due, slow)| ((due - Instant::now()).as_secs(), slow))
    }

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_ten_seconds_from_its_first_byte_and_waiting_for_it_is_no_matter() {
        let connection = Connection::new(KEEP_ALIVE);
        assert_eq!(left(&connection), Some((80, Slow::Idle)));
        pass(70).await;
        connection.heard();
        pass(4).await;
        connection.heard();
        assert_eq!(left(&connection), Some((6, Slow::Head)));
        connection.begin();
        assert_eq!(left(&connection), None);
        connection.heard();
        connection.end();
        assert_eq!(left(&connection), Some((80, Slow::Idle)));
        // The second head of a connection has a limit, too.
        connection.heard();
        assert_eq!(left(&connection), Some((10, Slow::Head)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_has_twenty_seconds_and_one_more_for_each_4_kib() {
        let connection = Connection::new(KEEP_ALIVE);
        connection.begin();
        connection.block(Waker::noop());
        pass(5).await;
        connection.block(Waker::noop());
        assert_eq!(left(&connection), Some((15, Slow::Answer)));
        connection.gone(8 << 10);
        assert_eq!(left(&connection), Some((17, Slow::Answer)));
        connection.unblock();
        assert_eq!(left(&connection), None);
        connection.block(Waker::noop());
        assert_eq!(left(&connection), Some((20, Slow::Answer)));
    }

    #[tokio::test(start_paused = true)]
    async fn where_too_much_waits_the_longest_goes() {
        let held = || HELD.get();
        let bytes = |length: usize| Bytes::from(vec![0; length]);
        let [first, second, third, quick] = std::array::from_fn(|_| Connection::new(KEEP_ALIVE));
        quick.keep(bytes(MOST_HELD / 4));
        for connection in [&first, &second, &third] {
            connection.begin();
            connection.keep(bytes(MOST_HELD / 4));
            connection.block(Waker::noop());
        }
        quick.keep(bytes(MOST_HELD / 4 + 1));
        assert_eq!([&first, &second, &third, &quick].map(|c| c.cut.get()), [true, false, false, false]);
        assert_eq!((left(&first), first.piece()), (Some((0, Slow::Held)), None));
        assert_eq!(held(), MOST_HELD / 4 * 3 + 1);
        second.unblock();
        quick.keep(bytes(MOST_HELD / 2 + 1));
        assert_eq!([&second, &third, &quick].map(|c| c.cut.get()), [false, true, false]);
        // Who is not blocked is not cut, whatever they have.
        quick.keep(bytes(MOST_HELD));
        assert!(!quick.cut.get() && !second.cut.get());
        // Of a piece all of its answer's memory is left, until the last one is given away.
        assert_eq!(second.piece().unwrap().len(), PIECE);
        assert_eq!(second.held.get(), MOST_HELD / 4);
        while second.piece().is_some() {}
        assert_eq!(second.held.get(), 0);
        drop((first, second, third, quick));
        assert_eq!((held(), BLOCKED.with_borrow(BTreeMap::len)), (0, 0));
    }
}
