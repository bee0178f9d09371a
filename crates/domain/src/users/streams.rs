//! How many connections an account may keep open.

use std::{sync::Arc, time::Duration};

use super::ports::Streams;
use crate::shared::{Email, Error, Ids, Result, TOO_MANY_REQUESTS};

/// WebSockets and streams of orders that an account may have open at once, in all processes together. An app has a WebSocket for each order that waits
/// to be picked up, and sometimes another while it closes the first; and a stream in each window.
const MOST_STREAMS: usize = 10;

/// After so long a place is free whose process died: longer than a WebSocket stays open. A stream of orders is extended.
const STREAM_LEASE: Duration = Duration::from_secs(40);

/// Use cases of connections that stay open.
pub struct StreamService {
    streams: Arc<dyn Streams>,
    ids: Arc<dyn Ids>,
}

/// A place among an account's streams, to be given back with [`StreamService::close`]; else it ends by itself.
#[derive(Debug)]
pub struct OpenStream {
    account: Email,
    /// `None`: nobody counts for now.
    id: Option<String>,
}

impl StreamService {
    /// Builds the use cases on their ports.
    pub fn new(streams: Arc<dyn Streams>, ids: Arc<dyn Ids>) -> Self {
        Self { streams, ids }
    }

    /// A place for one more stream. Where nobody can count, nobody is kept out.
    ///
    /// # Errors
    /// `too_many_requests`: the account has ten open.
    pub async fn open(&self, account: &Email) -> Result<OpenStream> {
        let id = self.ids.ulid();
        let id = match self.streams.open(account, &id, MOST_STREAMS, STREAM_LEASE).await {
            Ok(true) => Some(id),
            Ok(false) => {
                let retry_after = chrono::Duration::from_std(STREAM_LEASE).map_err(Error::internal)?;
                return Err(Error::TooMany { refusal: TOO_MANY_REQUESTS, retry_after });
            }
            Err(error) => {
                tracing::warn!(%error, "a stream is opened without being counted");
                None
            }
        };
        Ok(OpenStream { account: account.clone(), id })
    }

    /// The stream is open still.
    pub async fn extend(&self, stream: &OpenStream) {
        let Some(id) = &stream.id else { return };
        if let Err(error) = self.streams.extend(&stream.account, id, STREAM_LEASE).await {
            tracing::debug!(%error, "a stream's place was not extended; another may take it");
        }
    }

    /// Gives the place back.
    pub async fn close(&self, stream: OpenStream) {
        let Some(id) = &stream.id else { return };
        if let Err(error) = self.streams.close(&stream.account, id).await {
            tracing::debug!(%error, "a stream's place was not given back; it ends by itself");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shared::testing::{Counter, email},
        users::ports::MockStreams,
    };

    fn service(opened: fn() -> Result<bool>, closed: usize) -> StreamService {
        let mut streams = MockStreams::new();
        streams
            .expect_open()
            .withf(|_, _, most, lease| (*most, lease.as_secs()) == (10, 40))
            .times(1)
            .returning(move |_, _, _, _| opened());
        streams.expect_extend().withf(|_, _, lease| lease.as_secs() == 40).times(closed).returning(|_, _, _| Ok(()));
        streams.expect_close().times(closed).returning(|_, _| Ok(()));
        StreamService::new(Arc::new(streams), Arc::new(Counter::default()))
    }

    #[tokio::test]
    async fn a_stream_has_a_place_or_is_refused_until_one_may_be_free() {
        let places = service(|| Ok(true), 1);
        let stream = places.open(&email("a@b.example")).await.unwrap();
        places.extend(&stream).await;
        places.close(stream).await;
        let full = service(|| Ok(false), 0).open(&email("a@b.example")).await.unwrap_err();
        assert!(matches!(full, Error::TooMany { refusal: TOO_MANY_REQUESTS, retry_after } if retry_after.num_seconds() == 40));
    }

    #[tokio::test]
    async fn nobody_is_kept_out_where_nobody_counts() {
        let away = service(|| Err(Error::unavailable("redis", "away")), 0);
        let stream = away.open(&email("a@b.example")).await.unwrap();
        away.extend(&stream).await;
        away.close(stream).await;
    }
}
