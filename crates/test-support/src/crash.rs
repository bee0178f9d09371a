//! Places where a process may die, for the tests of what a death leaves behind: before and after each write and each call to the
//! outside by which money moves. The product knows nothing of it: its ports come wrapped.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering as Counting},
    },
    time::Duration,
};

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{
        Actor, ArchiveVersion, Attempt, CancelAnswer, Cancellation, Hold, HoldEnd, HoldState, Message, MessagePut, NewHold, Offer,
        OpenRefund, Order, OrderOutcome, Page, PaymentTruth, PricePaid, Refund, RefundReason, RefundState, TodayOrder,
        ports::{Cancellations, Holds, Inbox, Orders, Payments, Refunds},
    },
    shared::{
        Email, PaymentId, ProductId, Result, StoreId,
        mail::{Delivery, Mail, Mailer},
    },
    stores::PortOneAccount,
};
use cheapbob_wiring::Ports;
use chrono::{DateTime, NaiveDate, Utc};

/// Every place: before and after each of these.
pub const POINTS: [&str; 15] = [
    "hold",
    "release",
    "order",
    "refund",
    "watch",
    "accept",
    "complete",
    "cancel",
    "close_store",
    "claim_refund",
    "record_refund",
    "put_message",
    "portone_get",
    "portone_cancel",
    "send_mail",
];

/// Decides who dies where.
#[async_trait]
pub trait CrashPoints: Send + Sync {
    /// Passed before and after what `point` names. Whoever is to die here never comes back.
    async fn pass(&self, point: &'static str, after: bool);
}

/// The ports of a process that dies at the place which `CHEAPBOB_CRASH_AT` names: `order:after:2` is the second time that it has
/// made an order, in whichever thread.
pub fn mortal(ports: Ports) -> Ports {
    static POINTS: OnceLock<Option<Arc<dyn CrashPoints>>> = OnceLock::new();
    match POINTS.get_or_init(from_environment) {
        Some(points) => fragile(ports, points),
        None => ports,
    }
}

fn from_environment() -> Option<Arc<dyn CrashPoints>> {
    let text = std::env::var("CHEAPBOB_CRASH_AT").ok()?;
    let mut parts = text.split(':');
    let (point, after, times) = (parts.next()?.to_owned(), parts.next()? == "after", parts.next()?.parse().ok()?);
    Some(Arc::new(Suicide { point, after, left: AtomicUsize::new(times) }))
}

struct Suicide {
    point: String,
    after: bool,
    left: AtomicUsize,
}

#[async_trait]
impl CrashPoints for Suicide {
    async fn pass(&self, point: &'static str, after: bool) {
        if point == self.point && after == self.after && self.left.fetch_sub(1, Counting::Relaxed) == 1 {
            // As abrupt as kill -9: nothing is flushed, closed or dropped.
            std::process::abort();
        }
    }
}

struct Fragile<P: ?Sized> {
    port: Arc<P>,
    points: Arc<dyn CrashPoints>,
}

/// The same ports, with a place to die before and after each call by which money moves.
pub fn fragile(ports: Ports, points: &Arc<dyn CrashPoints>) -> Ports {
    fn wrap<P: ?Sized>(port: Arc<P>, points: &Arc<dyn CrashPoints>) -> Arc<Fragile<P>> {
        Arc::new(Fragile { port, points: Arc::clone(points) })
    }
    Ports {
        holds: wrap(ports.holds, points),
        orders: wrap(ports.orders, points),
        cancellations: wrap(ports.cancellations, points),
        refunds: wrap(ports.refunds, points),
        inbox: wrap(ports.inbox, points),
        payments: wrap(ports.payments, points),
        mailer: wrap(ports.mailer, points),
        ..ports
    }
}

impl<P: ?Sized> Fragile<P> {
    async fn around<T>(&self, point: &'static str, call: impl Future<Output = T> + Send) -> T {
        self.points.pass(point, false).await;
        let done = call.await;
        self.points.pass(point, true).await;
        done
    }
}

#[async_trait]
impl Holds for Fragile<dyn Holds> {
    async fn offer(&self, product: &ProductId, customer: &Email, weekday: i16, now: DateTime<Utc>) -> Result<Option<Offer>> {
        self.port.offer(product, customer, weekday, now).await
    }
    async fn hold(&self, hold: &NewHold) -> Result<bool> {
        self.around("hold", self.port.hold(hold)).await
    }
    async fn find(&self, payment: &PaymentId) -> Result<Option<Hold>> {
        self.port.find(payment).await
    }
    async fn release(&self, payment: &PaymentId, end: HoldEnd, now: DateTime<Utc>, actor: &Actor) -> Result<bool> {
        self.around("release", self.port.release(payment, end, now, actor)).await
    }
    async fn order(&self, payment: &PaymentId, paid: &PricePaid, now: DateTime<Utc>, actor: &Actor) -> Result<OrderOutcome> {
        self.around("order", self.port.order(payment, paid, now, actor)).await
    }
    async fn refund(&self, payment: &PaymentId, reason: RefundReason, now: DateTime<Utc>, actor: &Actor) -> Result<HoldState> {
        self.around("refund", self.port.refund(payment, reason, now, actor)).await
    }
    async fn due(&self, now: DateTime<Utc>, ended: i64, watched: i64) -> Result<Vec<PaymentId>> {
        self.port.due(now, ended, watched).await
    }
    async fn watch(&self, payment: &PaymentId, next: Option<DateTime<Utc>>) -> Result<()> {
        self.around("watch", self.port.watch(payment, next)).await
    }
}

#[async_trait]
impl Orders for Fragile<dyn Orders> {
    async fn find(&self, payment: &PaymentId) -> Result<Option<Order>> {
        self.port.find(payment).await
    }
    async fn find_all(&self, payments: &[PaymentId]) -> Result<Vec<Order>> {
        self.port.find_all(payments).await
    }
    async fn of_customer(&self, customer: &Email, day: NaiveDate) -> Result<Vec<TodayOrder>> {
        self.port.of_customer(customer, day).await
    }
    async fn of_seller(&self, seller: &Email, day: NaiveDate) -> Result<Vec<Order>> {
        self.port.of_seller(seller, day).await
    }
    async fn accept(&self, payment: &PaymentId, now: DateTime<Utc>, actor: &Actor) -> Result<Option<Order>> {
        self.around("accept", self.port.accept(payment, now, actor)).await
    }
    async fn complete(&self, payment: &PaymentId, now: DateTime<Utc>, actor: &Actor) -> Result<Option<Order>> {
        self.around("complete", self.port.complete(payment, now, actor)).await
    }
    async fn complete_closed(&self, now: DateTime<Utc>, limit: i64, actor: &Actor) -> Result<usize> {
        self.around("complete", self.port.complete_closed(now, limit, actor)).await
    }
    async fn all_of_customer(&self, customer: &Email) -> Result<(Vec<Order>, ArchiveVersion)> {
        self.port.all_of_customer(customer).await
    }
    async fn all_of_store(&self, store: &StoreId) -> Result<Vec<Order>> {
        self.port.all_of_store(store).await
    }
}

#[async_trait]
impl Cancellations for Fragile<dyn Cancellations> {
    async fn cancel(&self, payment: &PaymentId, cancellation: &Cancellation) -> Result<Option<Order>> {
        self.around("cancel", self.port.cancel(payment, cancellation)).await
    }
    async fn close_store(&self, store: &StoreId, cancellation: &Cancellation) -> Result<Vec<Order>> {
        self.around("close_store", self.port.close_store(store, cancellation)).await
    }
    async fn pickup_over<'a>(&self, now: DateTime<Utc>, after: Option<&'a PaymentId>, limit: i64) -> Result<Vec<PaymentId>> {
        self.port.pickup_over(now, after, limit).await
    }
    async fn left_over<'a>(&self, today: NaiveDate, after: Option<&'a PaymentId>, limit: i64) -> Result<Vec<PaymentId>> {
        self.port.left_over(today, after, limit).await
    }
}

#[async_trait]
impl Refunds for Fragile<dyn Refunds> {
    async fn after_pickup(&self, store: &StoreId) -> Result<Vec<PaymentId>> {
        self.port.after_pickup(store).await
    }
    async fn due(&self, now: DateTime<Utc>, limit: i64, of_a_store: i64) -> Result<Vec<PaymentId>> {
        self.port.due(now, limit, of_a_store).await
    }
    async fn claim(&self, payment: &PaymentId, now: DateTime<Utc>, lease: DateTime<Utc>) -> Result<Option<Refund>> {
        self.around("claim_refund", self.port.claim(payment, now, lease)).await
    }
    async fn record(&self, payment: &PaymentId, attempt: &Attempt, now: DateTime<Utc>, actor: &Actor) -> Result<()> {
        self.around("record_refund", self.port.record(payment, attempt, now, actor)).await
    }
    async fn reason(&self, payment: &PaymentId) -> Result<Option<RefundReason>> {
        self.port.reason(payment).await
    }
    async fn expedite(&self, payment: &PaymentId, now: DateTime<Utc>) -> Result<bool> {
        self.port.expedite(payment, now).await
    }
    async fn reopen(&self, payment: &PaymentId, now: DateTime<Utc>, actor: &Actor) -> Result<bool> {
        self.port.reopen(payment, now, actor).await
    }
    async fn open(&self, limit: i64) -> Result<Vec<OpenRefund>> {
        self.port.open(limit).await
    }
    async fn count(&self) -> Result<Vec<(RefundState, i64, DateTime<Utc>)>> {
        self.port.count().await
    }
}

#[async_trait]
impl Inbox for Fragile<dyn Inbox> {
    async fn put(&self, store: &StoreId, message: &Message, matters: bool, request_id: &str, now: DateTime<Utc>) -> Result<MessagePut> {
        self.around("put_message", self.port.put(store, message, matters, request_id, now)).await
    }
    async fn prune(&self, before: DateTime<Utc>) -> Result<u64> {
        self.port.prune(before).await
    }
}

#[async_trait]
impl Payments for Fragile<dyn Payments> {
    async fn get(&self, account: &PortOneAccount, payment: &PaymentId, within: Duration) -> Result<PaymentTruth> {
        self.around("portone_get", self.port.get(account, payment, within)).await
    }
    async fn list(&self, account: &PortOneAccount, from: DateTime<Utc>, until: DateTime<Utc>, cursor: Option<String>) -> Result<Page> {
        self.port.list(account, from, until, cursor).await
    }
    async fn list_changed(
        &self,
        account: &PortOneAccount,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        cursor: Option<String>,
    ) -> Result<Page> {
        self.port.list_changed(account, from, until, cursor).await
    }
    async fn cancel(&self, account: &PortOneAccount, payment: &PaymentId, reason: &str, key: &str) -> CancelAnswer {
        self.around("portone_cancel", self.port.cancel(account, payment, reason, key)).await
    }
}

#[async_trait]
impl Mailer for Fragile<dyn Mailer> {
    async fn send(&self, message_id: &str, mail: &Mail) -> Result<Delivery> {
        self.around("send_mail", self.port.send(message_id, mail)).await
    }
}
