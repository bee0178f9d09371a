//! For the tests of this feature's use cases: an order.

use crate::{
    orders::model::order::{Order, OrderStatus, Preferences},
    shared::{
        Clock, PaymentId, ProductId, Sale, StoreId, Won, kst,
        testing::{Noon, email},
    },
};

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
