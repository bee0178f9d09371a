//! Whether two orders are the same.

use std::collections::HashMap;

use crate::{orders::Order, shared::PaymentId};

/// By their payments.
pub(in crate::imports) fn by_payment(orders: Vec<Order>) -> HashMap<PaymentId, Order> {
    orders.into_iter().map(|order| (order.payment_id.clone(), order)).collect()
}

/// Whether it stands where that one does.
pub(in crate::imports) fn has_come_as_far(here: &Order, there: &Order) -> bool {
    let state = |order: &Order| (order.status, order.accepted_at, order.completed_at, order.canceled_at);
    state(here) == state(there)
}

/// Whether it is the same order, whoever bought it: an account that was deleted here leaves a pseudonym.
pub(in crate::imports) fn is_same(here: &Order, there: &Order) -> bool {
    let there = Order {
        customer: here.customer.clone(),
        customer_nickname: here.customer_nickname.clone(),
        customer_phone_number: here.customer_phone_number.clone(),
        ..there.clone()
    };
    *here == there
}
