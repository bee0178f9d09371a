//! For the tests of this feature's use cases: an order, and the hold and the offer that it came from.

use std::sync::Arc;

use chrono::NaiveTime;

use crate::{
    orders::{
        cancel::CancelService,
        model::{
            hold::{Buying, HOLD_LIFE, Hold, HoldState, Offer},
            order::{Order, OrderStatus, Preferences},
            payment::{Paid, PaymentTruth},
        },
        order_service::OrderService,
        past::PastPayments,
        ports::{
            MockAuditLog, MockBooks, MockCancellations, MockHolds, MockOrderArchive, MockOrders, MockPaymentArchive, MockPayments,
            MockRefunds, MockSettledPayments,
        },
        reconcile::{ReconcileParts, ReconcileService},
        refund::RefundService,
        resolve::ResolveService,
    },
    products::{PickupEnds, testing::product},
    shared::{
        Clock, PaymentId, ProductId, Quantity, Result, Sale, StoreId, Won, kst,
        testing::{Counter, Never, Noon, email},
    },
    stores::{
        DayHours, PortOneAccount, PortOneIds, StoreCalendar, StoreService,
        ports::{MockStoreImages, MockStores},
    },
};

/// The store's account now; [`hold`] was made when it was another.
pub(crate) fn portone() -> PortOneIds {
    PortOneIds { store_id: "now".into(), channel_id: "channel".into() }
}

/// `a@b`'s hold `PAY1` of one piece at 7,000 won, made at noon.
pub(crate) fn hold(state: HoldState) -> Hold {
    let now = Noon.now();
    Hold {
        payment_id: PaymentId::parse("PAY1").unwrap(),
        customer: email("a@b"),
        product_id: ProductId::parse("PRD_1").unwrap(),
        store_id: StoreId::parse("STR_1").unwrap(),
        quantity: Quantity::parse(1).unwrap(),
        price: Won(10_000),
        sale: Sale::parse(30).unwrap(),
        total_amount: Won(7_000),
        portone_store_id: "then".into(),
        business_day: kst::business_day(now),
        created_at: now,
        expires_at: now + HOLD_LIFE,
        state,
        seen_prices: Vec::new(),
    }
}

/// Five pieces at a store that is open from 09:00 to 21:00 every day and can be paid.
pub(crate) fn offer() -> Offer {
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let today = DayHours {
        day_of_week: kst::weekday(Noon.now()),
        open_time: time(9),
        close_time: time(21),
        pickup_start_time: time(18),
        pickup_end_time: time(20),
        is_open_enabled: true,
    };
    Offer {
        product_id: ProductId::parse("PRD_1").unwrap(),
        store_id: StoreId::parse("STR_1").unwrap(),
        pricing: product().pricing(),
        pickup_ends: PickupEnds([Some(today.pickup_end_time); 7]),
        left: 5,
        calendar: StoreCalendar { today, closed_on: None, payment_ready: true, suspended: false, withheld: false },
        portone: Some(portone()),
        buyer_registered: true,
        max_per_customer: None,
        buying: Buying::default(),
    }
}

/// PortOne has received [`hold`]'s money.
pub(crate) fn paid() -> Paid {
    Paid { store_id: "then".into(), currency: "KRW".into(), total: 7_000, cancelled: 0, cancel_pending: false }
}

/// The use case of resolving over these ports, at noon. `truth` is PortOne's word (`None`: it must not be asked); a refund is
/// tried at once, `refunds` times, and found to be another's work.
pub(crate) fn resolving(holds: Arc<MockHolds>, truth: Option<Result<PaymentTruth>>, refunds: usize) -> ResolveService {
    let (mut stores, mut payments, mut open) = (MockStores::new(), MockPayments::new(), MockRefunds::new());
    stores.expect_payment().returning(|_| Ok(Some(PortOneAccount { ids: portone(), secret: "x".to_owned().into() })));
    // Asked as the store that the hold was made with, whatever the seller has named since.
    payments
        .expect_get()
        .times(usize::from(truth.is_some()))
        .withf(|account, _, _| account.ids.store_id == "then")
        .return_once(|_, _, _| truth.unwrap());
    open.expect_claim().times(refunds).returning(|_, _, _| Ok(None));
    let (stores, payments) = (Arc::new(stores), Arc::new(payments));
    let refunds = RefundService::new(Arc::new(open), stores.clone(), payments.clone(), Arc::new(Noon), Arc::new(Never));
    ResolveService::new(holds, stores, payments, Arc::new(refunds), Arc::new(Noon), Arc::new(Never))
}

/// `s@b` sells in `STR_1`; nobody else has a store.
pub(crate) fn store_service() -> Arc<StoreService> {
    let mut stores = MockStores::new();
    stores.expect_id_of_seller().returning(|seller| Ok((seller.as_str() == "s@b").then(|| StoreId::trusted("STR_1".into()))));
    Arc::new(StoreService::new(Arc::new(stores), Arc::new(Noon), Arc::new(Counter::default())))
}

/// An archive without payments.
pub(crate) fn nothing_past() -> Arc<PastPayments> {
    let mut archive = MockPaymentArchive::new();
    archive.expect_find_all().returning(|_| Ok(Vec::new()));
    Arc::new(PastPayments::new(Arc::new(MockSettledPayments::new()), Arc::new(archive), Arc::new(Noon), chrono::Duration::days(90), true))
}

/// The lists over these ports, at noon.
pub(crate) fn order_service(orders: MockOrders, archive: MockOrderArchive, images: MockStoreImages) -> OrderService {
    OrderService::new(Arc::new(orders), Arc::new(archive), Arc::new(images), store_service(), Arc::new(Noon))
}

/// The lists where this is the only order, if any.
pub(crate) fn only(order: Option<Order>) -> OrderService {
    let (mut orders, mut archive) = (MockOrders::new(), MockOrderArchive::new());
    orders.expect_find().returning(move |payment| Ok(order.clone().filter(|order| order.payment_id == *payment)));
    archive.expect_find().returning(|_| Ok(None));
    order_service(orders, archive, MockStoreImages::new())
}

/// `a@b`'s order at store `STR_1`, of 7,000 won.
pub(crate) fn order(id: &str, status: OrderStatus) -> Order {
    let now = Noon.now();
    Order {
        payment_id: PaymentId::parse(id).unwrap(),
        customer: email("a@b"),
        customer_nickname: "길동".into(),
        customer_phone_number: "01012345678".into(),
        product_id: ProductId::parse("PRD_1").unwrap(),
        product_name: "도시락".into(),
        store_id: StoreId::parse("STR_1").unwrap(),
        store_name: "가게".into(),
        quantity: 1,
        price: Won(10_000),
        sale: Sale::parse(30).unwrap(),
        total_amount: Won(7_000),
        status,
        business_day: kst::business_day(now),
        reservation_at: now,
        accepted_at: None,
        completed_at: None,
        canceled_at: None,
        cancel_reason: None,
        preferences: Preferences::default(),
    }
}

/// Every port of reconciliation; what a test does not expect panics when it is called.
#[derive(Default)]
pub(crate) struct ReconcilePorts {
    pub(crate) books: MockBooks,
    pub(crate) audit: MockAuditLog,
    pub(crate) holds: MockHolds,
    pub(crate) stores: MockStores,
    pub(crate) payments: MockPayments,
    pub(crate) refunds: MockRefunds,
    pub(crate) cancellations: MockCancellations,
    pub(crate) orders: MockOrders,
}

impl ReconcilePorts {
    /// The use case over them, at noon.
    pub(crate) fn service(self) -> ReconcileService {
        let (holds, stores, payments) = (Arc::new(self.holds), Arc::new(self.stores), Arc::new(self.payments));
        let mut archive = MockOrderArchive::new();
        archive.expect_find().returning(|_| Ok(None));
        let orders = Arc::new(order_service(self.orders, archive, MockStoreImages::new()));
        let refunds = RefundService::new(Arc::new(self.refunds), stores.clone(), payments.clone(), Arc::new(Noon), Arc::new(Never));
        let refunds = Arc::new(refunds);
        let resolve =
            ResolveService::new(holds.clone(), stores.clone(), payments.clone(), refunds.clone(), Arc::new(Noon), Arc::new(Never));
        let cancellations = Arc::new(self.cancellations);
        let cancel = CancelService::new(cancellations, orders.clone(), store_service(), refunds.clone(), nothing_past(), Arc::new(Noon));
        ReconcileService::new(ReconcileParts {
            books: Arc::new(self.books),
            audit: Arc::new(self.audit),
            holds,
            stores,
            payments,
            resolve: Arc::new(resolve),
            refunds,
            cancel: Arc::new(cancel),
            orders,
            past: nothing_past(),
            clock: Arc::new(Noon),
        })
    }
}
