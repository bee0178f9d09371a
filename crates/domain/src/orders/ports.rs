//! What this feature needs from outside.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use futures::stream::BoxStream;
use secrecy::SecretString;

use super::model::{
    audit::{Actor, AuditEntry},
    cancellation::Cancellation,
    discrepancy::{Booked, Discrepancy},
    hold::{Hold, HoldEnd, HoldState, NewHold, Offer, OrderOutcome, PricePaid},
    idempotency::{Claim, StoredAnswer},
    live::{Listener, OrderChange, Snapshot},
    mail::OrderMail,
    order::{ArchiveVersion, Order, TodayOrder},
    payment::{CancelAnswer, Page, PaymentTruth},
    records::PaymentRecords,
    refund::{Attempt, OpenRefund, Refund, RefundReason, RefundState},
    webhook::{Delivery, Message, MessagePut, Unverified},
};
use crate::{
    shared::{Email, PaymentId, ProductId, Result, StoreId},
    stores::PortOneAccount,
};

/// Holds and what becomes of them. `initial + adjustment = left + held + sold` MUST hold at every instant. Each change MUST leave
/// its entry in the audit log, both or neither; so in [`Orders`], [`Cancellations`] and [`Refunds`].
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Holds: Send + Sync {
    /// What decides whether `customer` can buy at `now`, with the store's hours of `weekday`. `None`: no such product.
    async fn offer(&self, product: &ProductId, customer: &Email, weekday: i16, now: DateTime<Utc>) -> Result<Option<Offer>>;
    /// Takes the stock, ends the hold that it replaces (whose stock it may take over) and stores the hold with the prices that were
    /// in force in the [`super::PRICE_SEEN`] before it, all or nothing, in one statement. `false` where less is left than asked for,
    /// price or discount are not those of the hold, the one to be replaced is not `Held`, or a limit of [`Offer::check`] is in the
    /// way by now. A customer's calls MUST come one after another. Calls at once MUST each be decided, in the order in which they came to
    /// this process, and never be told to try again; one that fails MUST NOT make another fail.
    async fn hold(&self, hold: &NewHold) -> Result<bool>;
    /// The hold of this payment. `None`: never made here.
    async fn find(&self, payment: &PaymentId) -> Result<Option<Hold>>;
    /// Gives the stock back. `false`, and nothing changed, unless the hold is `Held`.
    async fn release(&self, payment: &PaymentId, end: HoldEnd, now: DateTime<Utc>, actor: &Actor) -> Result<bool>;
    /// Makes the order with its mail, at the price that was paid, which the hold has from then on: `held` becomes `sold`; of a
    /// released hold the stock is taken again if enough is left and the customer may still have as many. All or nothing, at most
    /// once for each payment, and never for a store closed by hand on that business day or whose seller asked to withdraw.
    async fn order(&self, payment: &PaymentId, paid: &PricePaid, now: DateTime<Utc>, actor: &Actor) -> Result<OrderOutcome>;
    /// Gives the stock back (if held) and stores the refund, both or neither, unless the hold is an order or refunded.
    /// Gives the state after the call.
    async fn refund(&self, payment: &PaymentId, reason: RefundReason, now: DateTime<Utc>, actor: &Actor) -> Result<HoldState>;
    /// Payments whose hold is over, up to `ended`, and after them those of released holds whose next look is due, up to `watched`:
    /// neither takes the other's place. Of each the PortOne stores come in turn, and of a store the longest overdue first.
    async fn due(&self, now: DateTime<Utc>, ended: i64, watched: i64) -> Result<Vec<PaymentId>>;
    /// Sets the next look at a released hold's payment; `None` ends the watch.
    async fn watch(&self, payment: &PaymentId, next: Option<DateTime<Utc>>) -> Result<()>;
}

/// Orders of business days that are not archived yet.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Orders: Send + Sync {
    /// The order of this payment. `None`: not here.
    async fn find(&self, payment: &PaymentId) -> Result<Option<Order>>;
    /// These orders, as far as they are here, in any order.
    async fn find_all(&self, payments: &[PaymentId]) -> Result<Vec<Order>>;
    /// A customer's orders of a business day, newest event first.
    async fn of_customer(&self, customer: &Email, day: NaiveDate) -> Result<Vec<TodayOrder>>;
    /// The orders of a seller's store of a business day, newest event first; none where the seller has no store.
    async fn of_seller(&self, seller: &Email, day: NaiveDate) -> Result<Vec<Order>>;
    /// `reservation` → `accept` with its mail, both or neither. `None`, and nothing changed, from any other state.
    async fn accept(&self, payment: &PaymentId, now: DateTime<Utc>, actor: &Actor) -> Result<Option<Order>>;
    /// `accept` → `complete`. `None`, and nothing changed, from any other state.
    async fn complete(&self, payment: &PaymentId, now: DateTime<Utc>, actor: &Actor) -> Result<Option<Order>>;
    /// `accept` → `complete` of up to `limit` orders whose store's closing time has come; that time is when they were completed.
    /// Gives their number.
    async fn complete_closed(&self, now: DateTime<Utc>, limit: i64, actor: &Actor) -> Result<usize>;
    /// A customer's orders of all days that are not archived yet, and the version of the archive at the same instant.
    async fn all_of_customer(&self, customer: &Email) -> Result<(Vec<Order>, ArchiveVersion)>;
    /// A store's orders of all days that are not archived yet.
    async fn all_of_store(&self, store: &StoreId) -> Result<Vec<Order>>;
}

/// What becomes of orders, as it happens. Each change of [`Orders`], [`Holds`] and [`Cancellations`] MUST be here from its commit on, whichever
/// process makes it, and an hour later still.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait OrderChanges: Send + Sync {
    /// Which transactions have ended by now.
    async fn now(&self) -> Result<Snapshot>;
    /// What `since` had not seen and the snapshot that is given has, of everybody, by id, up to `limit`. MUST be as quick while somebody's
    /// transaction stays open.
    async fn since(&self, since: &Snapshot, limit: i64) -> Result<(Vec<OrderChange>, Snapshot)>;
    /// What of this one's changes of the last hour `since` had not seen and `until` has, by id after `after`, up to `limit`.
    async fn missed(&self, listener: &Listener, since: &Snapshot, until: &Snapshot, after: i64, limit: usize) -> Result<Vec<OrderChange>>;
    /// Deletes what is older than an hour; gives the number.
    async fn prune(&self) -> Result<u64>;
}

/// Cancelling orders. Order, stock (of the current business day's orders), refund and mail are stored all or nothing, and each
/// order is canceled at most once, whoever asks at the same moment.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Cancellations: Send + Sync {
    /// One order. `None`, and nothing changed, unless it is in one of [`super::CanceledBy::from_states`].
    async fn cancel(&self, payment: &PaymentId, cancellation: &Cancellation) -> Result<Option<Order>>;
    /// Closes the store for the current business day and cancels its open orders of that day. A payment that arrives at the
    /// same moment MUST either be among them or become no order.
    async fn close_store(&self, store: &StoreId, cancellation: &Cancellation) -> Result<Vec<Order>>;
    /// Orders in `reservation` whose store's pickup has ended, by id after `after`, up to `limit`.
    async fn pickup_over<'a>(&self, now: DateTime<Utc>, after: Option<&'a PaymentId>, limit: i64) -> Result<Vec<PaymentId>>;
    /// Orders in `reservation` or `accept` of business days before `today`, by id after `after`, up to `limit`.
    async fn left_over<'a>(&self, today: NaiveDate, after: Option<&'a PaymentId>, limit: i64) -> Result<Vec<PaymentId>>;
}

/// What the daily rollover moves.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait EndedOrders: Send + Sync {
    /// Orders picked up or canceled of business days before `today`, by id after `after`, up to `limit`.
    async fn of_days_before<'a>(&self, today: NaiveDate, after: Option<&'a PaymentId>, limit: i64) -> Result<Vec<Order>>;
    /// Deletes exactly these, and changes the version of the archive with it. Gives the number of those that were there.
    async fn delete(&self, payments: &[PaymentId]) -> Result<usize>;
    /// Changes the version of the archive: something there is not as it was.
    async fn archive_changed(&self) -> Result<()>;
}

/// Orders of days that are over. Readers look at [`Orders`] first, then here: an order that is being moved is then seen once or
/// twice, never not at all.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait OrderArchive: Send + Sync {
    /// Stores orders; one that is there is left as it is.
    async fn put(&self, orders: &[Order]) -> Result<()>;
    /// The order of this payment. `None`: not here.
    async fn find(&self, payment: &PaymentId) -> Result<Option<Order>>;
    /// These orders, as far as they are there, in any order.
    async fn find_all(&self, payments: &[PaymentId]) -> Result<Vec<Order>>;
    /// Puts `pseudonym` in place of who bought in all of a customer's orders ([`Order::of_nobody`]) whose latest event was before
    /// `before`.
    async fn pseudonymize(&self, customer: &Email, pseudonym: &Email, before: DateTime<Utc>) -> Result<()>;
    /// A customer's orders, newest event first, at most `limit`.
    async fn of_customer(&self, customer: &Email, limit: i64) -> Result<Vec<Order>>;
    /// A store's orders, newest event first, at most `limit`.
    async fn of_store(&self, store: &StoreId, limit: i64) -> Result<Vec<Order>>;
    /// A store's orders that were picked up or canceled from `from` on and before `until`.
    async fn ended_of_store(&self, store: &StoreId, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Order>>;
}

/// Payments of which nothing is left to do: the order, if any, is archived, the refund, if any, has succeeded, nobody watches the
/// payment, and no discrepancy was ever reported of it (a person may still be at that one).
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait SettledPayments: Send + Sync {
    /// Those begun before `before`, the oldest first, after `after` (begun, id), up to `limit`.
    async fn begun_before<'a>(
        &self,
        before: DateTime<Utc>,
        after: Option<&'a (DateTime<Utc>, PaymentId)>,
        limit: i64,
    ) -> Result<Vec<PaymentRecords>>;
    /// Deletes those of these whose records are still the same, each with all its records or not at all. Gives their number.
    async fn forget(&self, records: &[PaymentRecords]) -> Result<u64>;
    /// Stores the records again, all or nothing; where the payment is here, it stays as it is. MUST fail with Unavailable while the
    /// deletion of somebody in them is unfinished.
    async fn bring_back(&self, records: &PaymentRecords) -> Result<()>;
    /// Those of these payments that are here, settled or not, and of which these are not the records any more.
    async fn changed(&self, records: &[PaymentRecords]) -> Result<Vec<PaymentId>>;
}

/// Records of settled payments of the past. While a payment is among [`SettledPayments`] too, what is there counts.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait PaymentArchive: Send + Sync {
    /// Stores records. What is there already of their payments MUST stay as it is: who writes may have stood still since he read.
    async fn put(&self, records: &[PaymentRecords]) -> Result<()>;
    /// Removes those of these records that are there exactly like this.
    async fn remove(&self, records: &[PaymentRecords]) -> Result<()>;
    /// The records of these payments, as far as they are there, in any order.
    async fn find_all(&self, payments: &[PaymentId]) -> Result<Vec<PaymentRecords>>;
    /// The records in which a person stands ([`PaymentRecords::people`]), in any order.
    async fn of_person(&self, person: &Email) -> Result<Vec<PaymentRecords>>;
    /// Puts `pseudonym` in place of a person ([`PaymentRecords::without`]) in all records of payments begun before `before`.
    async fn pseudonymize(&self, person: &Email, pseudonym: &Email, before: DateTime<Utc>) -> Result<()>;
}

/// Refunds: one row for each payment that goes back, committed with its cause.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Refunds: Send + Sync {
    /// Refunds to go on with, up to `limit`: the stores in turn, the longest overdue of each first, and of one store no more than make
    /// `of_a_store` with those that are claimed.
    async fn due(&self, now: DateTime<Utc>, limit: i64, of_a_store: i64) -> Result<Vec<PaymentId>>;
    /// Takes a refund until `lease`; the attempts grow by one. `None`: done, not there, or another has it.
    async fn claim(&self, payment: &PaymentId, now: DateTime<Utc>, lease: DateTime<Utc>) -> Result<Option<Refund>>;
    /// Stores what an attempt came to. A refund that succeeded stays so.
    async fn record(&self, payment: &PaymentId, attempt: &Attempt, now: DateTime<Utc>, actor: &Actor) -> Result<()>;
    /// Payments of this store that went back, or go, after their orders were picked up. For good: settlements of all times ask.
    async fn after_pickup(&self, store: &StoreId) -> Result<Vec<PaymentId>>;
    /// Why a payment goes back. `None`: it does not.
    async fn reason(&self, payment: &PaymentId) -> Result<Option<RefundReason>>;
    /// Makes a refund that is not done due now, unless somebody has claimed it. `false`: it is done, or not there.
    async fn expedite(&self, payment: &PaymentId, now: DateTime<Utc>) -> Result<bool>;
    /// A refund that counts as done although PortOne still has the money: it is to be done again, with a new key. `false`, and
    /// nothing changed, unless it counts as done.
    async fn reopen(&self, payment: &PaymentId, now: DateTime<Utc>, actor: &Actor) -> Result<bool>;
    /// Refunds that are not done, the oldest first.
    async fn open(&self, limit: i64) -> Result<Vec<OpenRefund>>;
    /// How many refunds are not done, by state, and since when the oldest of them is owed.
    async fn count(&self) -> Result<Vec<(RefundState, i64, DateTime<Utc>)>>;
}

/// Calls with an Idempotency-Key.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait IdempotencyKeys: Send + Sync {
    /// Begins the call `key` of `account`, until `lease`. Of calls at once with one key exactly one MUST get it to do; a call whose
    /// lease ended without an answer goes to the next, with the payment id of the first.
    async fn claim(
        &self,
        account: &Email,
        key: &str,
        request: &str,
        payment: &PaymentId,
        now: DateTime<Utc>,
        lease: DateTime<Utc>,
    ) -> Result<Claim>;
    /// Stores the answer; without one, ends the lease.
    async fn answer<'a>(&self, account: &Email, key: &str, answer: Option<&'a StoredAnswer>, now: DateTime<Utc>) -> Result<()>;
    /// Deletes calls begun before `before`; gives their number.
    async fn prune(&self, before: DateTime<Utc>) -> Result<u64>;
}

/// The audit log: who changed an order or its money, when, in which request.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// What happened to a payment of this store, oldest first. Empty: the store has no such payment.
    async fn of_payment(&self, store: &StoreId, payment: &PaymentId) -> Result<Vec<AuditEntry>>;
    /// A discrepancy between our books and PortOne's that nobody can mend by rule. Said again, it is written again only where
    /// something else was said of the payment since.
    async fn report(
        &self,
        store: &StoreId,
        payment: &PaymentId,
        discrepancy: Discrepancy,
        now: DateTime<Utc>,
        actor: &Actor,
    ) -> Result<bool>;
    /// How many discrepancies were reported, ever.
    async fn discrepancies(&self) -> Result<i64>;
}

/// What PortOne has sent, by (store, id of the message).
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Stores a message and, where it `matters`, the task of working on it, caused by this request, both or neither. Nothing MUST be stored
    /// where it is there, or about a payment whose hold another store has.
    async fn put(&self, store: &StoreId, message: &Message, matters: bool, request_id: &str, now: DateTime<Utc>) -> Result<MessagePut>;
    /// Deletes messages received before `before`; gives their number.
    async fn prune(&self, before: DateTime<Utc>) -> Result<u64>;
}

/// Reads what PortOne sends.
#[cfg_attr(test, mockall::automock)]
pub trait Webhooks: Send + Sync {
    /// What can be told without a secret and without the body: whether the headers are there, the time is near `now`, and there are
    /// signatures, of which one may be right.
    ///
    /// # Errors
    /// The reason, in the words of PortOne's SDK: the one that [`Webhooks::verify`] would give.
    fn glance(&self, delivery: &Delivery, now: DateTime<Utc>) -> Result<(), Unverified>;
    /// The message, if one of these secrets signed it and it is not too old or from the future.
    ///
    /// # Errors
    /// The reason, in the words of PortOne's SDK.
    fn verify(&self, secrets: &[SecretString], delivery: &Delivery, now: DateTime<Utc>) -> Result<Message, Unverified>;
}

/// Our side of the books.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Books: Send + Sync {
    /// Stores with a payment/init from `from` on and before `until`, and the store of PortOne's that they then had, in order of
    /// id after `after`, up to `limit`.
    async fn stores(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<(StoreId, String)>,
        limit: i64,
    ) -> Result<Vec<(StoreId, String)>>;
    /// Payments of a store begun from `from` on and before `until`, as far as money is or should be there.
    async fn of_store(&self, store: &StoreId, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Booked>>;
    /// These payments, as far as they are ours.
    async fn find(&self, payments: &[PaymentId]) -> Result<Vec<Booked>>;
}

/// PortOne, the other side of every payment.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Payments: Send + Sync {
    /// The truth about a payment. MUST fail with Unavailable where there is none within `within`.
    async fn get(&self, account: &PortOneAccount, payment: &PaymentId, within: Duration) -> Result<PaymentTruth>;
    /// A page of the payments begun from `from` on and before `until`, of all statuses. Unavailable as above.
    async fn list(&self, account: &PortOneAccount, from: DateTime<Utc>, until: DateTime<Utc>, cursor: Option<String>) -> Result<Page>;
    /// A page of the payments whose money came, or went back wholly or in part, from `from` on and before `until`, whenever they were
    /// begun. Unavailable as above.
    async fn list_changed(
        &self,
        account: &PortOneAccount,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        cursor: Option<String>,
    ) -> Result<Page>;
    /// Cancels all that remains of a payment. The same `key` MUST never cancel twice.
    async fn cancel(&self, account: &PortOneAccount, payment: &PaymentId, reason: &str, key: &str) -> CancelAnswer;
}

/// The mails that are committed with an order's changes.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait OrderMails: Send + Sync {
    /// Whether a later mail of the same order ([`super::model::mail::OrderEvent::later`]) was sent, is being sent, or is dead: this one is
    /// out of date then.
    async fn is_later_told(&self, mail: &OrderMail) -> Result<bool>;
}

/// Tells the stores' screens of a pickup, in whichever process they are.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait PickupSignals: Send + Sync {
    /// Reaches every subscription of this payment that was there before the call.
    async fn publish(&self, payment: &PaymentId) -> Result<()>;
    /// From the moment this returns, each publication gives one item. The stream ends where the connection is lost.
    async fn subscribe(&self, payment: &PaymentId) -> Result<BoxStream<'static, ()>>;
}
