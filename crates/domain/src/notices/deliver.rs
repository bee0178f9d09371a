//! Telling the people of a batch.

use std::time::Duration as RealDuration;

use chrono::{DateTime, Duration, Utc};
use futures::future::join_all;

use super::{
    model::{
        batch::NoticeBatch,
        message::Message,
        occasion::{Occasion, StoreNow},
        times::{is_night, life, morning},
    },
    ports::{Pushed, Recipient, Told},
    service::NoticeService,
};
use crate::shared::{Error, Result, kst, mail::Delivery};

/// People who are told at once. A process that dies tells so many once more at most, and their browsers show one notice all the same.
const AT_ONCE: usize = 20;

/// The least time for these: payments need the processor, too.
const PACE: RealDuration = RealDuration::from_millis(80);

/// How often somebody is tried; with the pauses between these, for two hours or so.
const ATTEMPTS: u32 = 10;

/// Until places that are given back are free.
const A_MOMENT: Duration = Duration::seconds(10);

/// The longest pause that a push service is believed.
const LONGEST_PAUSE: Duration = Duration::hours(1);

/// Where a mail counts as told.
const MAIL: &str = "mail";

/// What came of one recipient.
#[derive(Default)]
struct Outcome {
    told: Told,
    gone: Vec<String>,
    /// Why it was refused for good.
    refused: Option<String>,
    /// When it is tried again, where something failed.
    again_in: Option<Duration>,
}

impl NoticeService {
    /// Tells those of a batch who still want to hear it, if it is still so. Whom a push service or the mail server did not take goes to
    /// another batch, for later. Gives how many were told.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn deliver(&self, task: &NoticeBatch) -> Result<usize> {
        let NoticeBatch { batch, occasion, attempt } = task;
        let now = self.clock.now();
        let recipients = self.book.recipients(batch).await?;
        let Some(store) = self.store_now(occasion).await?.filter(|store| occasion.is_true(store, now)) else {
            self.release(batch, &recipients).await?;
            return Ok(0);
        };
        // Later than it was meant to be: in the night of those who sleep, or on another day than that of their place.
        let in_time = |r: &Recipient| r.day == kst::business_day(now) && (r.choices.at_night || !is_night(now));
        let (recipients, late): (Vec<_>, Vec<_>) = recipients.into_iter().partition(in_time);
        if !late.is_empty() {
            // Not at once: their places are given back first.
            let at = if is_night(now) { morning(now) } else { now + A_MOMENT };
            self.book.in_the_morning(occasion, at).await?;
            self.release(batch, &late).await?;
        }
        let (wanted, unwanted): (Vec<_>, Vec<_>) = recipients.into_iter().partition(|r| r.choices.wants(occasion.kind) && r.has_channel());
        self.release(batch, &unwanted).await?;

        let message = Message::new(occasion, &store, now);
        let (mut told, mut refused, mut why) = (0, 0, None);
        let mut pause: Option<Duration> = None;
        for some in wanted.chunks(AT_ONCE) {
            let (outcomes, ()) = futures::join!(join_all(some.iter().map(|r| self.tell(&message, r, now))), self.timer.sleep(PACE));
            let outcomes: Vec<Outcome> = outcomes.into_iter().collect::<Result<_>>()?;
            told += outcomes.iter().filter(|outcome| !outcome.told.reached.is_empty()).count();
            pause = outcomes.iter().filter_map(|outcome| outcome.again_in).chain(pause).max();
            refused += outcomes.iter().filter(|outcome| outcome.refused.is_some()).count();
            why = outcomes.iter().find_map(|outcome| outcome.refused.clone()).or(why);
            let gone: Vec<_> = outcomes.iter().flat_map(|outcome| outcome.gone.clone()).collect();
            let rows: Vec<_> = outcomes.into_iter().map(|outcome| outcome.told).collect();
            self.book.record(batch, &rows, &gone, now).await?;
        }
        if let Some(asked) = pause {
            self.try_again(task, asked, now).await?;
        }
        if let Some(why) = why {
            tracing::warn!(refused, why, "notices are refused for good; these people are not told");
        }
        tracing::info!(kind = occasion.kind.as_str(), store = %occasion.store, told, attempt, "notices sent");
        Ok(told)
    }

    /// The store of an occasion, and its product, as they are.
    pub(super) async fn store_now(&self, occasion: &Occasion) -> Result<Option<StoreNow>> {
        let asked = [(occasion.store.clone(), occasion.product.clone())];
        Ok(self.happenings.now(&asked, kst::weekday(self.clock.now())).await?.pop().flatten())
    }

    async fn release(&self, batch: &str, recipients: &[Recipient]) -> Result<()> {
        if recipients.is_empty() {
            return Ok(());
        }
        let customers: Vec<_> = recipients.iter().map(|r| r.customer.to_string()).collect();
        self.book.release(batch, &customers, self.clock.now()).await
    }

    async fn try_again(&self, task: &NoticeBatch, asked: Duration, now: DateTime<Utc>) -> Result<()> {
        let NoticeBatch { batch, occasion, attempt } = task;
        if attempt + 1 >= ATTEMPTS {
            let left = self.book.recipients(batch).await?;
            tracing::warn!(people = left.len(), attempts = ATTEMPTS, "somebody could not be told; they are not tried any more");
            return self.release(batch, &left).await;
        }
        let pause = Duration::seconds(5 << attempt.min(&9)).max(asked.min(LONGEST_PAUSE));
        let next = NoticeBatch { batch: self.ids.ulid(), occasion: occasion.clone(), attempt: attempt + 1 };
        self.book.again(batch, &next, now + pause).await
    }

    /// Tells one person wherever they want to hear it and were not told yet.
    async fn tell(&self, message: &Message<'_>, recipient: &Recipient, now: DateTime<Utc>) -> Result<Outcome> {
        let mut outcome =
            Outcome { told: Told { customer: recipient.customer.to_string(), done: true, ..Told::default() }, ..Outcome::default() };
        let is_new = |place: &str| !recipient.reached.iter().any(|reached| reached == place);
        outcome.told.reached.clone_from(&recipient.reached);
        if recipient.wants_mail() && is_new(MAIL) {
            let link = format!("{}/api/v1/notices/unsubscribe?token={}", self.base, recipient.secret);
            let id = message.message_id(&recipient.customer, recipient.day);
            let sent = self.mailer.send(&id, &message.mail(&recipient.customer, &link)?).await;
            outcome.came(
                MAIL,
                sent.map(|delivery| if let Delivery::Refused(why) = delivery { Pushed::Refused(why) } else { Pushed::Taken }),
            )?;
        }
        if recipient.choices.by_push {
            let push = message.push(recipient.day, life(now, recipient.choices.at_night));
            for (id, subscription) in recipient.subscriptions.iter().filter(|(id, _)| is_new(id)) {
                outcome.came(id, self.push.push(subscription, &push).await)?;
            }
        }
        Ok(outcome)
    }
}

impl Outcome {
    /// Notes what came of one place.
    fn came(&mut self, place: &str, sent: Result<Pushed>) -> Result<()> {
        match sent {
            Ok(Pushed::Taken) => self.told.reached.push(place.to_owned()),
            Ok(Pushed::Gone) => self.gone.push(place.to_owned()),
            Ok(Pushed::Refused(why)) => self.refused = Some(why),
            Ok(Pushed::Later(pause)) => self.later(pause),
            Err(Error::Unavailable { .. }) => self.later(None),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn later(&mut self, pause: Option<Duration>) {
        self.told.done = false;
        let pause = pause.unwrap_or(Duration::zero());
        self.again_in = Some(self.again_in.map_or(pause, |before| before.max(pause)));
    }
}

impl Recipient {
    fn wants_mail(&self) -> bool {
        self.choices.by_mail && self.email_vouched
    }

    /// Whether they can be told anywhere.
    fn has_channel(&self) -> bool {
        self.wants_mail() || self.choices.by_push && !self.subscriptions.is_empty()
    }
}
