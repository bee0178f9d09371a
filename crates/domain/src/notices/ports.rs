//! What this feature needs from outside.

use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};

use super::model::{
    batch::NoticeBatch,
    choices::{Choices, Chosen},
    message::PushMessage,
    occasion::{Kind, Occasion, StoreNow},
    subscription::Subscription,
};
use crate::shared::{Email, ProductId, Result, Rule, Sale, StoreId, Won};

/// What people have said yes to, and where they are told. All of it MUST go with the account, and with its takeover.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait NoticeChoices: Send + Sync {
    /// The switches. Who has never set them has none on.
    async fn chosen(&self, customer: &Email) -> Result<Chosen>;
    /// Sets the switches, and keeps what was said in which words and when, in the same transaction: what was agreed to MUST be found again.
    /// `secret`: what ends the mails, where the person has none yet.
    async fn choose(&self, customer: &Email, choices: Choices, wording: &str, secret: &str, at: DateTime<Utc>) -> Result<()>;
    /// Turns the mails off, and keeps that as [`Self::choose`] does. `false`: nobody has this secret. MUST be the same when repeated.
    async fn end_mails(&self, secret: &str, wording: &str, at: DateTime<Utc>) -> Result<bool>;
    /// Adds a browser, or changes its keys; a browser that another account has goes over to this one. Of more than `most` the oldest go.
    async fn subscribe(&self, customer: &Email, id: &str, subscription: &Subscription, most: i64, at: DateTime<Utc>) -> Result<()>;
    /// Takes a browser of this person away. `false`: it is not there.
    async fn unsubscribe(&self, customer: &Email, endpoint: &str) -> Result<bool>;
}

/// A stretch of a KST day, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The day.
    pub day: NaiveDate,
    /// Its day of the week: 0 Monday … 6 Sunday.
    pub weekday: i16,
    /// From.
    pub from: NaiveTime,
    /// Until.
    pub until: NaiveTime,
}

/// What may be an occasion; whether it is one the domain says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Whose.
    pub store: StoreId,
    /// What.
    pub kind: Kind,
    /// Of which product.
    pub product: Option<ProductId>,
    /// What a piece cost before, and its discount; `None`: not known, or nothing to compare with.
    pub before: Option<(Won, Sale)>,
    /// When it happened.
    pub at: DateTime<Utc>,
}

/// What has happened at stores that are somebody's favourite.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Happenings: Send + Sync {
    /// Until when was looked; `None`: never.
    async fn looked_until(&self) -> Result<Option<DateTime<Utc>>>;
    /// Writes a task for each, and until when was looked, in one transaction. An occasion whose task is there, or was done within a day,
    /// MUST NOT get another.
    async fn found(&self, occasions: &[Occasion], until: DateTime<Utc>) -> Result<()>;
    /// Stores whose opening time lies in the stretch, and products one of whose price steps is reached in it.
    async fn by_clock(&self, stretch: Stretch) -> Result<Vec<Candidate>>;
    /// Products whose prices were changed, and products of which nothing was left until the seller added some, from `from` to `until`.
    async fn by_sellers(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Candidate>>;
    /// Stores as they are, with the product; in the order of the question. `None`: the store is gone.
    async fn now(&self, asked: &[(StoreId, Option<ProductId>)], weekday: i16) -> Result<Vec<Option<StoreNow>>>;
}

/// Who is asked for on a page of a store's favourites.
#[derive(Debug, Clone, Copy)]
pub struct PageOf<'a> {
    /// What there is to tell.
    pub occasion: &'a Occasion,
    /// The business day.
    pub day: NaiveDate,
    /// Those after this address.
    pub after: &'a str,
    /// So many at most.
    pub limit: i64,
    /// Only those who want to hear of it at night.
    pub at_night: bool,
    /// A person is told so many things in a day at most.
    pub most: i32,
    /// Name of the batch that those who are found become.
    pub batch: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
}

/// A page, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The last address; `None`: nobody was there.
    pub last: Option<String>,
    /// Everybody who is to be told has their place. `false`: somebody else took one at the same time, and the page MUST be asked for again.
    pub is_settled: bool,
    /// So many are told.
    pub claimed: i64,
}

/// Somebody who is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub customer: Email,
    /// The business day whose place they have.
    pub day: NaiveDate,
    /// What they want, now.
    pub choices: Choices,
    /// Whether somebody vouched that the e-mail is theirs.
    pub email_vouched: bool,
    /// What ends their mails.
    pub secret: String,
    /// Their browsers, each with its id.
    pub subscriptions: Vec<(String, Subscription)>,
    /// Where they were told before the batch was interrupted: `mail`, ids of browsers.
    pub reached: Vec<String>,
}

/// What became of one recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Who.
    pub customer: String,
    /// Where they were told.
    pub reached: Vec<String>,
    /// Nothing is left to do.
    pub done: bool,
}

/// Who is told what, and by when it is done. A row for each person, store and business day is the place that says so: no two of them, and
/// no more than [`PageOf::most`] of a person and day, MUST ever be there, whoever asks at once.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait NoticeBook: Send + Sync {
    /// Gives those of a page a place who are to be told, and writes the task that tells them, in one transaction.
    async fn claim<'a>(&self, page: PageOf<'a>) -> Result<Page>;
    /// Those of a batch who are not told yet, by their addresses.
    async fn recipients(&self, batch: &str) -> Result<Vec<Recipient>>;
    /// Writes down who was told; deletes browsers that are gone, by their ids.
    async fn record(&self, batch: &str, told: &[Told], gone: &[String], at: DateTime<Utc>) -> Result<()>;
    /// Takes the places of these people back who were reached nowhere; of others it notes that nothing is left to do.
    async fn release(&self, batch: &str, customers: &[String], at: DateTime<Utc>) -> Result<()>;
    /// Moves who is left of the batch `old` to another, and writes its task for `run_at`, in one transaction.
    async fn again(&self, old: &str, new: &NoticeBatch, run_at: DateTime<Utc>) -> Result<()>;
    /// Writes the task of looking for people once more, in the morning `at`; once for the occasion.
    async fn in_the_morning(&self, occasion: &Occasion, at: DateTime<Utc>) -> Result<()>;
    /// Deletes what was told on days before `day`.
    async fn prune(&self, day: NaiveDate) -> Result<u64>;
}

/// What a push service said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// It takes care of it.
    Taken,
    /// There is no such subscription any more (404, 410).
    Gone,
    /// Refused for good; its words, for an operator.
    Refused(String),
    /// To be tried again, after so long where it says so.
    Later(Option<Duration>),
}

/// Push services of browsers (RFC 8030, 8291, 8292). Their addresses are given by strangers: it MUST NOT be led to servers of ours.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait PushService: Send + Sync {
    /// The public key by which browsers subscribe: base64url, uncompressed point of P-256.
    fn public_key(&self) -> &str;
    /// Whether something can be sent there.
    ///
    /// # Errors
    /// The field that is wrong, and why.
    fn check(&self, subscription: &Subscription) -> std::result::Result<(), (&'static str, Rule)>;
    /// Sends a message. Internal: it cannot be put together. What the other side does and does not say is [`Pushed`].
    async fn push(&self, subscription: &Subscription, message: &PushMessage) -> Result<Pushed>;
}
