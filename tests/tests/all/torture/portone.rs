//! PortOne in memory, with every bad day that the sandbox can play, for schedules that must be fast.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
    time::Duration,
};

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{CancelAnswer, Page, Paid, PaymentTruth, ports::Payments},
    shared::{Error, PaymentId, Result, Timer},
    stores::PortOneAccount,
};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

/// How a payment stands in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ready,
    Failed,
    Paid,
}

#[derive(Debug, Clone)]
pub(super) struct Payment {
    pub(super) store_id: String,
    pub(super) currency: &'static str,
    pub(super) total: i64,
    pub(super) status: Status,
    pub(super) cancelled: i64,
    /// Cancellations that have been done.
    pub(super) times: usize,
    /// Taken, not decided.
    pub(super) pending: bool,
}

impl Payment {
    fn truth(&self) -> PaymentTruth {
        match self.status {
            Status::Ready => PaymentTruth::Pending { until: None },
            Status::Failed => PaymentTruth::Failed,
            Status::Paid if self.cancelled == self.total => PaymentTruth::Cancelled(self.cancelled),
            Status::Paid => PaymentTruth::Paid(Paid {
                store_id: self.store_id.clone(),
                currency: self.currency.to_owned(),
                total: self.total,
                cancelled: self.cancelled,
                cancel_pending: self.pending,
            }),
        }
    }

    fn cancel(&mut self) -> CancelAnswer {
        if self.status != Status::Paid {
            return CancelAnswer::Failed("PAYMENT_NOT_PAID".to_owned());
        }
        if self.cancelled == self.total {
            return CancelAnswer::AlreadyCancelled;
        }
        if self.pending {
            return CancelAnswer::Failed("CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT".to_owned());
        }
        self.cancelled = self.total;
        self.times += 1;
        CancelAnswer::Succeeded(self.total)
    }
}

/// A bad moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not done, and there is no answer (error 500, timeout).
    Nothing,
    /// It is done, and there is no answer.
    DropResponse,
    /// Done, and says no: HTTP 200 with a failed cancellation.
    Fail200,
    /// Taken, to be decided later.
    Requested200,
    /// Slower than a person waits: what it says was true when it was asked.
    Delay,
}

pub(super) const FAULTS: [Fault; 5] = [Fault::Nothing, Fault::DropResponse, Fault::Fail200, Fault::Requested200, Fault::Delay];

/// How long a person waits here, and how much longer a slow answer takes.
const PATIENCE: Duration = Duration::from_millis(15);
const SLOW: Duration = Duration::from_millis(40);

#[derive(Default)]
struct Books {
    payments: BTreeMap<String, Payment>,
    answers: HashMap<String, CancelAnswer>,
    get: Vec<Fault>,
    cancel: Vec<Fault>,
}

/// The other side.
#[derive(Default)]
pub(super) struct FakePortOne {
    books: Mutex<Books>,
}

impl FakePortOne {
    /// The customer at the payment window; `false` where the payment is done already.
    pub(super) fn pay(&self, id: &str, payment: Payment) -> bool {
        let mut books = self.books.lock().unwrap();
        if books.payments.get(id).is_some_and(|old| old.status == Status::Paid) {
            return false;
        }
        books.payments.insert(id.to_owned(), payment);
        true
    }

    /// The merchant at the console; whether it was done.
    pub(super) fn cancel_by_hand(&self, id: &str) -> bool {
        let mut books = self.books.lock().unwrap();
        books.payments.get_mut(id).is_some_and(|payment| matches!(payment.cancel(), CancelAnswer::Succeeded(_)))
    }

    /// The provider decides; whether there was something to decide.
    pub(super) fn decide(&self, id: &str, yes: bool) -> bool {
        let mut books = self.books.lock().unwrap();
        let Some(payment) = books.payments.get_mut(id).filter(|payment| payment.pending) else { return false };
        payment.pending = false;
        if yes {
            payment.cancel();
        }
        true
    }

    pub(super) fn plan(&self, on_get: bool, fault: Fault, times: usize) {
        let mut books = self.books.lock().unwrap();
        let list = if on_get { &mut books.get } else { &mut books.cancel };
        list.extend(std::iter::repeat_n(fault, times));
    }

    /// All is well again; what waits for a decision is decided.
    pub(super) fn heal(&self) {
        let mut books = self.books.lock().unwrap();
        books.get.clear();
        books.cancel.clear();
        for payment in books.payments.values_mut().filter(|payment| payment.pending) {
            payment.pending = false;
            payment.cancel();
        }
    }

    pub(super) fn find(&self, id: &str) -> Option<Payment> {
        self.books.lock().unwrap().payments.get(id).cloned()
    }

    /// All payments to this store.
    pub(super) fn of_store(&self, store_id: &str) -> Vec<(String, Payment)> {
        let books = self.books.lock().unwrap();
        books.payments.iter().filter(|(_, p)| p.store_id == store_id).map(|(id, p)| (id.clone(), p.clone())).collect()
    }

    /// Cancels all that remains, or says again what this key was told.
    fn book(&self, payment: &PaymentId, key: &str, fault: Option<Fault>) -> CancelAnswer {
        let mut books = self.books.lock().unwrap();
        if let Some(same) = books.answers.get(key) {
            return same.clone();
        }
        let Some(payment) = books.payments.get_mut(payment.as_str()) else {
            return CancelAnswer::Failed("PAYMENT_NOT_FOUND".to_owned());
        };
        let open = payment.status == Status::Paid && payment.cancelled < payment.total && !payment.pending;
        let answer = match fault {
            Some(Fault::Fail200) => CancelAnswer::Failed("the cancellation failed".to_owned()),
            Some(Fault::Requested200) if open => {
                payment.pending = true;
                CancelAnswer::Requested
            }
            _ => payment.cancel(),
        };
        books.answers.insert(key.to_owned(), answer.clone());
        answer
    }

    fn fault(&self, on_get: bool) -> Option<Fault> {
        let mut books = self.books.lock().unwrap();
        if on_get { books.get.pop() } else { books.cancel.pop() }
    }
}

/// The answer is on its way while the world goes on.
async fn slowly<T>(fault: Option<Fault>, answer: T) -> T {
    if fault == Some(Fault::Delay) {
        tokio::time::sleep(SLOW).await;
    }
    answer
}

#[async_trait]
impl Payments for FakePortOne {
    async fn get(&self, _: &PortOneAccount, payment: &PaymentId, _: Duration) -> Result<PaymentTruth> {
        match self.fault(true) {
            Some(Fault::Nothing | Fault::DropResponse) => Err(Error::unavailable("portone", "a bad moment")),
            fault => Ok(slowly(fault, self.find(payment.as_str()).map_or(PaymentTruth::Unknown, |p| p.truth())).await),
        }
    }

    async fn list(&self, account: &PortOneAccount, _: DateTime<Utc>, _: DateTime<Utc>, _: Option<String>) -> Result<Page> {
        match self.fault(true) {
            Some(Fault::Nothing | Fault::DropResponse) => Err(Error::unavailable("portone", "a bad moment")),
            fault => {
                let payments = self.of_store(&account.ids.store_id).into_iter().map(|(id, p)| (id, p.truth())).collect();
                Ok(slowly(fault, Page { payments, next: None }).await)
            }
        }
    }

    async fn list_changed(
        &self,
        account: &PortOneAccount,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        cursor: Option<String>,
    ) -> Result<Page> {
        self.list(account, from, until, cursor).await
    }

    async fn cancel(&self, _: &PortOneAccount, payment: &PaymentId, _: &str, key: &str) -> CancelAnswer {
        let fault = self.fault(false);
        let answer = match fault {
            Some(Fault::Nothing) => CancelAnswer::Unknown("a bad moment".to_owned()),
            Some(Fault::DropResponse) => {
                self.book(payment, key, fault);
                CancelAnswer::Unknown("the answer was lost".to_owned())
            }
            _ => self.book(payment, key, fault),
        };
        slowly(fault, answer).await
    }
}

/// A person's patience in this world: short, so that slow answers of PortOne's are worth a schedule.
pub(super) struct PersonWaits;

impl Timer for PersonWaits {
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(PATIENCE))
    }
}
