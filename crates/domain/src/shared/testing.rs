//! For the tests of the use cases: a clock that stands, an order.

use chrono::{DateTime, Utc};

use super::{Clock, Email, Ids, PaymentId, ProductId, Sale, StoreId, Won, kst};
use crate::orders::{Order, OrderStatus, order::Preferences};

/// A Tuesday's noon in Seoul, always.
pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        at("2026-11-24T12:00:00+09:00")
    }
}

/// `0`, `1`, `2` …
#[derive(Default)]
pub(crate) struct Counter(std::sync::atomic::AtomicUsize);

impl Ids for Counter {
    fn ulid(&self) -> String {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string()
    }

    fn secret(&self) -> String {
        self.ulid()
    }
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
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
