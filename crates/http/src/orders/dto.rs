//! Shapes of the contract that several answers share.

use cheapbob_domain::{
    orders::{Order, TodayOrder},
    stores::ports::ObjectStorage,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::time::{hh_mm, instant};

#[derive(Serialize, ToSchema)]
pub(crate) struct OrderBody {
    payment_id: String,
    customer_id: String,
    customer_nickname: String,
    customer_phone_number: String,
    product_id: String,
    product_name: String,
    store_id: String,
    store_name: String,
    quantity: i32,
    price: i64,
    sale: i32,
    total_amount: i64,
    #[schema(example = "accept")]
    status: &'static str,
    reservation_at: String,
    accepted_at: Option<String>,
    completed_at: Option<String>,
    canceled_at: Option<String>,
    cancel_reason: Option<String>,
    preferred_menus: Option<Vec<String>>,
    nutrition_types: Option<Vec<String>>,
    allergies: Option<Vec<String>>,
    topping_types: Option<Vec<String>>,
}

impl From<Order> for OrderBody {
    fn from(order: Order) -> Self {
        Self {
            payment_id: order.payment_id.to_string(),
            customer_id: order.customer.to_string(),
            customer_nickname: order.customer_nickname,
            customer_phone_number: order.customer_phone_number,
            product_id: order.product_id.to_string(),
            product_name: order.product_name,
            store_id: order.store_id.to_string(),
            store_name: order.store_name,
            quantity: order.quantity,
            price: order.price.0,
            sale: order.sale.get(),
            total_amount: order.total_amount.0,
            status: order.status.as_str(),
            reservation_at: instant(order.reservation_at),
            accepted_at: order.accepted_at.map(instant),
            completed_at: order.completed_at.map(instant),
            canceled_at: order.canceled_at.map(instant),
            cancel_reason: order.cancel_reason,
            preferred_menus: order.preferences.preferred_menus,
            nutrition_types: order.preferences.nutrition_types,
            allergies: order.preferences.allergies,
            topping_types: order.preferences.topping_types,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CustomerOrderBody {
    #[serde(flatten)]
    order: OrderBody,
    main_image_url: Option<String>,
}

impl CustomerOrderBody {
    pub(super) fn new(order: Order, main_image: Option<String>, storage: &dyn ObjectStorage) -> Self {
        Self { order: order.into(), main_image_url: main_image.map(|key| storage.public_url(&key)) }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TodayOrderBody {
    #[serde(flatten)]
    order: CustomerOrderBody,
    /// `HH:MM`
    pickup_start_time: String,
    /// `HH:MM`
    pickup_end_time: String,
}

impl TodayOrderBody {
    pub(super) fn new(today: TodayOrder, storage: &dyn ObjectStorage) -> Self {
        let (start, end) = today.pickup;
        Self {
            pickup_start_time: hh_mm(start),
            pickup_end_time: hh_mm(end),
            order: CustomerOrderBody::new(today.order, today.main_image, storage),
        }
    }
}

/// Newest event first.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderList<T> {
    pub(super) orders: Vec<T>,
    pub(super) total: usize,
}

impl<T> FromIterator<T> for OrderList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(orders: I) -> Self {
        let orders: Vec<_> = orders.into_iter().collect();
        Self { total: orders.len(), orders }
    }
}
