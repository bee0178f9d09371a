//! One open stream.

use std::{fmt::Write, sync::Arc, time::Duration};

use actix_web::web::{Bytes, Data};
use cheapbob_domain::{
    orders::{LiveService, Snapshot, Told, with_ids},
    shared::Result,
    users::{OpenStream, StreamService},
};
use cheapbob_wiring::Services;
use futures::{Stream, stream};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use super::hub::{Event, Feed};
use crate::{auth::Standing, state::App};

/// How often is looked whether the token is good still, beside each event.
const LOOK: Duration = Duration::from_secs(5);

/// A comment after so many looks: each 15 s (contract).
const LOOKS_TO_A_COMMENT: u8 = 3;

/// Keeps the connection open.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");

/// How soon a browser comes again.
const RETRY_MS: u32 = 1_000;

/// How long until it is asked again whether the token is good, where nobody can say.
const AGAIN: Duration = Duration::from_secs(1);

/// A place among an account's streams, given back when the stream ends.
pub(in crate::orders) struct Place {
    streams: Arc<StreamService>,
    open: Option<OpenStream>,
}

impl Place {
    pub(in crate::orders) fn new(streams: &Arc<StreamService>, open: OpenStream) -> Self {
        Self { streams: Arc::clone(streams), open: Some(open) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Without a runtime the process ends; the place does by itself.
        if let (Some(open), Ok(runtime)) = (self.open.take(), tokio::runtime::Handle::try_current()) {
            let streams = Arc::clone(&self.streams);
            runtime.spawn(async move { streams.close(open).await });
        }
    }
}

/// An open stream: what was missed, then what happens.
pub(in crate::orders) struct Session {
    app: Data<App>,
    standing: Standing,
    place: Place,
    feed: Feed,
    /// How far they have been told.
    told: Told,
    /// What was missed ends here.
    missed_until: Option<Snapshot>,
    /// To be told as soon as it is sure that they may be.
    waiting: Option<Bytes>,
    looks: Interval,
    looked: u8,
}

impl Session {
    /// For one who was told up to `last_id`, or begins now.
    ///
    /// # Errors
    /// Unavailable: nothing can be read now.
    pub(in crate::orders) async fn new(
        app: Data<App>,
        standing: Standing,
        place: Place,
        feed: Feed,
        last_id: Option<&str>,
    ) -> Result<Self> {
        // The feed was there first: what happens after `now` comes by it.
        let now = app.services.live.now().await?;
        let mut first = format!("retry: {RETRY_MS}\n");
        let (told, missed_until) = match last_id {
            Some(last_id) => (LiveService::told_with(last_id, &now), Some(now)),
            None => {
                let told = Told::all_of(now);
                // An id without an event: whoever is cut off before the first one knows where to go on.
                let _ = writeln!(first, "id: {told}");
                (told, None)
            }
        };
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks.reset();
        let mut session = Self { app, standing, place, feed, told, missed_until, waiting: None, looks, looked: 0 };
        // Where it cannot be read now, the answer says so.
        let missed = session.missed().await?;
        first.push('\n');
        session.waiting = Some(Bytes::from(first + &missed));
        Ok(session)
    }

    /// The answer's body.
    pub(in crate::orders) fn into_body(self) -> impl Stream<Item = std::result::Result<Bytes, std::convert::Infallible>> {
        stream::unfold(Box::new(self), |mut session| async move { Box::pin(session.next()).await.map(|bytes| (Ok(bytes), session)) })
    }

    /// What comes next; `None`: come again.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.waiting.is_some() {
                match self.standing.is_good(&self.app).await {
                    Ok(true) => return self.waiting.take(),
                    Ok(false) => return None,
                    // Nobody can say: nothing is told until somebody can.
                    Err(_) => tokio::select! {
                        () = sleep(AGAIN) => {}
                        _ = self.looks.tick() => if self.is_comment_due() {
                            self.extend().await;
                            return Some(COMMENT);
                        },
                    },
                }
                continue;
            }
            if self.missed_until.is_some() {
                let missed = self.missed().await.ok()?;
                self.waiting = (!missed.is_empty()).then(|| missed.into());
                continue;
            }
            tokio::select! {
                bunch = self.feed.next() => {
                    let bunch = bunch?;
                    // What was missed, or had happened before the stream began, is told already.
                    let new: Vec<_> = bunch.events.iter().filter(|event| !self.told.since.sees(event.transaction)).cloned().collect();
                    if !new.is_empty() {
                        let text = with_ids(&self.told.since, &bunch.until, new, true, |event| event.id).iter().map(frame).collect::<String>();
                        self.told = Told::all_of(bunch.until.clone());
                        self.waiting = Some(text.into());
                    }
                }
                _ = self.looks.tick() => {
                    if let Ok(false) = self.standing.is_good(&self.app).await {
                        return None;
                    }
                    if self.is_comment_due() {
                        self.extend().await;
                        return Some(COMMENT);
                    }
                }
            }
        }
    }

    /// Of each look.
    fn is_comment_due(&mut self) -> bool {
        self.looked = (self.looked + 1) % LOOKS_TO_A_COMMENT;
        self.looked == 0
    }

    async fn extend(&self) {
        if let Some(open) = &self.place.open {
            self.app.services.streams.extend(open).await;
        }
    }

    /// The next of what was missed.
    async fn missed(&mut self) -> Result<String> {
        let Some(until) = &self.missed_until else { return Ok(String::new()) };
        let services: &Services = &self.app.services;
        let missed = services.live.missed(self.feed.listener(), &self.told, until).await?;
        let mut text = String::new();
        for (told, change) in missed.told {
            text += &frame(&(told, Arc::new(Event::new(change, self.feed.listener(), services)?)));
        }
        self.told = missed.next;
        if missed.is_all {
            self.missed_until = None;
        }
        Ok(text)
    }
}

fn frame((told, event): &(Told, Arc<Event>)) -> String {
    format!("event: {}\nid: {told}\ndata: {}\n\n", event.name, event.json)
}
