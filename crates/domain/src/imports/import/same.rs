//! Whether two orders are the same.

use std::collections::HashMap;

use chrono::{DateTime, SubsecRound, Utc};

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

/// Whether it is the same order, whoever bought it: an account that was deleted here leaves a pseudonym. To the millisecond: the archive has
/// nothing finer.
pub(in crate::imports) fn is_same(here: &Order, there: &Order) -> bool {
    let there = Order {
        customer: here.customer.clone(),
        customer_nickname: here.customer_nickname.clone(),
        customer_phone_number: here.customer_phone_number.clone(),
        ..there.clone()
    };
    in_milliseconds(here) == in_milliseconds(&there)
}

fn in_milliseconds(order: &Order) -> Order {
    let cut = |at: Option<DateTime<Utc>>| at.map(|at| at.trunc_subsecs(3));
    Order {
        reservation_at: order.reservation_at.trunc_subsecs(3),
        accepted_at: cut(order.accepted_at),
        completed_at: cut(order.completed_at),
        canceled_at: cut(order.canceled_at),
        ..order.clone()
    }
}
