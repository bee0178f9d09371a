//! For the tests of this feature's use cases: an order, and the hold and the offer that it came from.

use std::sync::Arc;

use chrono::NaiveTime;

use crate::{
    orders::{
        model::{
            hold::{HOLD_LIFE, Hold, HoldState, Offer},
            order::{Order, OrderStatus, Preferences},
            payment::{Paid, PaymentTruth},
        },
        ports::{MockHolds, MockPayments, MockRefunds},
        refund::RefundService,
        resolve::ResolveService,
    },
    shared::{
        Clock, PaymentId, ProductId, Quantity, Result, Sale, StoreId, Won, kst,
        testing::{Never, Noon, email},
    },
    stores::{DayHours, PortOneAccount, PortOneIds, StoreCalendar, ports::MockStores},
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
        price: Won(10_000),
        sale: Sale::parse(30).unwrap(),
        left: 5,
        calendar: StoreCalendar { today, closed_on: None, payment_ready: true, suspended: false },
        portone: Some(portone()),
        buyer_registered: true,
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
    ResolveService::new(holds, stores, payments, Arc::new(refunds), Arc::new(Noon))
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
