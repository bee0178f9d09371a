//! Bodies on their way in: how long they may take, and what of them may be in memory.
//!
//! Whoever waits for his body takes no room from others (`room.rs`): otherwise a few bodies of a byte a second would fill it.

use std::{
    cell::Cell,
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    dev::Payload,
    error::PayloadError,
    web::{Bytes, BytesMut},
};
use futures::{Stream, StreamExt};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{
    error::ApiError,
    refusals::{BODY_TOO_SLOW, MALFORMED, TOO_LARGE},
    room::Place,
};

/// For a body of whatever size …
const GRACE: Duration = Duration::from_secs(10);

/// … and a second more for each so many bytes that have come.
const RATE: u64 = 4 << 10;

/// Of an upload, which may be large: between two pieces of it …
const UPLOAD_IDLE: Duration = Duration::from_secs(10);

/// … and from its head to its end.
const UPLOAD: Duration = Duration::from_secs(120);

/// What a worker thread has in memory of bodies that are not whole yet, in bytes: room for thousands of the apps' own.
const MOST_BUFFERED: usize = 16 << 20;

/// How long a body may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// By its size.
    Ordinary,
    /// Pictures, over a phone's network.
    Upload,
}

impl Patience {
    /// Until when the next piece has to be there, of a body that began at `begun`, of which `received` bytes have come, the last at `last`.
    fn due(self, begun: Instant, last: Instant, received: u64) -> Instant {
        match self {
            Self::Ordinary => begun + GRACE + Duration::from_secs(received / RATE),
            Self::Upload => (last + UPLOAD_IDLE).min(begun + UPLOAD),
        }
    }
}

/// Why we did not wait for the rest of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    TooSlow,
    /// It is whole, and there is no room for its request any more.
    NoRoom,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooSlow => "the body came too slowly",
            Self::NoRoom => "no room for the request",
        })
    }
}

impl std::error::Error for Broken {}

impl From<Broken> for PayloadError {
    fn from(broken: Broken) -> Self {
        Self::Io(std::io::Error::other(broken))
    }
}

/// What the caller hears of a body that did not come.
pub(crate) fn refusal(error: &PayloadError) -> ApiError {
    let broken = match error {
        PayloadError::Io(error) => error.get_ref().and_then(|error| error.downcast_ref::<Broken>()),
        _ => None,
    };
    match broken {
        Some(Broken::TooSlow) => BODY_TOO_SLOW.into(),
        Some(Broken::NoRoom) => ApiError::overload(),
        None => MALFORMED.into(),
    }
}

/// A body with its time limits.
pub(crate) struct Arriving {
    payload: Payload,
    patience: Patience,
    begun: Instant,
    last: Instant,
    received: u64,
    /// Only where it did not come with its head.
    timer: Option<Pin<Box<Sleep>>>,
    place: Place,
}

impl Arriving {
    /// `payload`, of a request that has `place`.
    pub(crate) fn wrap(payload: Payload, patience: Patience, place: Place) -> Payload {
        let begun = Instant::now();
        Payload::Stream { payload: Box::pin(Self { payload, patience, begun, last: begun, received: 0, timer: None, place }) }
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let due = self.patience.due(self.begun, self.last, self.received);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.deadline() != due {
            timer.as_mut().reset(due);
        }
        timer.as_mut().poll(cx)
    }
}

impl Stream for Arriving {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.payload).poll_next(cx);
        match &polled {
            Poll::Ready(Some(Ok(bytes))) => {
                self.received += bytes.len() as u64;
                self.last = Instant::now();
                self.place.heard();
            }
            Poll::Ready(_) => {
                if !self.place.enter() {
                    return Poll::Ready(Some(Err(Broken::NoRoom.into())));
                }
            }
            Poll::Pending => {
                self.place.wait();
                if self.poll_late(cx).is_ready() {
                    self.place.heard();
                    return Poll::Ready(Some(Err(Broken::TooSlow.into())));
                }
            }
        }
        polled
    }
}

thread_local! {
    static BUFFERED: Cell<usize> = const { Cell::new(0) };
}

/// Bytes of a body that is being collected.
struct Buffered(BytesMut);

impl Buffered {
    /// `false`: there is no room.
    fn push(&mut self, bytes: &[u8]) -> bool {
        let fits = BUFFERED.get() + bytes.len() <= MOST_BUFFERED;
        if fits {
            BUFFERED.set(BUFFERED.get() + bytes.len());
            self.0.extend_from_slice(bytes);
        }
        fits
    }

    fn take(&mut self) -> BytesMut {
        BUFFERED.set(BUFFERED.get() - self.0.len());
        std::mem::take(&mut self.0)
    }
}

impl Drop for Buffered {
    fn drop(&mut self) {
        self.take();
    }
}

/// The whole body.
///
/// # Errors
/// - `malformed_json`: it was cut off.
/// - `body_too_large`: over `limit` bytes.
/// - `body_too_slow`.
/// - Overload: there is no room for it.
pub(crate) async fn collect(mut payload: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin, limit: usize) -> Result<Bytes, ApiError> {
    let mut buffered = Buffered(BytesMut::new());
    while let Some(bytes) = payload.next().await {
        let bytes = bytes.map_err(|error| refusal(&error))?;
        if buffered.0.len() + bytes.len() > limit {
            return Err(TOO_LARGE.into());
        }
        if !buffered.push(&bytes) {
            return Err(ApiError::overload());
        }
    }
    Ok(buffered.take().freeze())
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_has_time_by_its_size_and_an_upload_two_minutes() {
        let begun = Instant::now();
        let due =
            |patience: Patience, last: u64, received| (patience.due(begun, begun + Duration::from_secs(last), received) - begun).as_secs();
        assert_eq!([0, 9, 4_096, 256 << 10].map(|received| due(Patience::Ordinary, 5, received)), [10, 10, 11, 74]);
        assert_eq!([0, 5, 100, 115].map(|last| due(Patience::Upload, last, 1 << 30)), [10, 15, 110, 120]);
    }

    #[tokio::test]
    async fn bodies_that_are_not_whole_have_room_together() {
        let piece = || Ok::<_, PayloadError>(Bytes::from(vec![0; MOST_BUFFERED / 2]));
        let mut open = Box::pin(collect(stream::iter([piece(), piece()]).chain(stream::pending()), usize::MAX));
        assert!(futures::poll!(&mut open).is_pending());
        assert!(collect(stream::iter([Ok(Bytes::from("x"))]), 1).await.unwrap_err().is_sampled());
        drop(open);
        assert_eq!(collect(stream::iter([Ok(Bytes::from("x"))]), 1).await.unwrap(), "x");
        assert_eq!(collect(stream::iter([Ok(Bytes::from("xy"))]), 1).await.unwrap_err().to_string(), "body_too_large");
        assert_eq!(BUFFERED.get(), 0);
    }
}
