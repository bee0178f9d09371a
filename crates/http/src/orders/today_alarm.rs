use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::orders::AlarmCard;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::Me,
    error::Result,
    state::App,
    time::{hh_mm, instant},
};

#[derive(Serialize, ToSchema)]
struct AlarmCardBody {
    payment_id: String,
    /// When it happened.
    order_time: String,
    quantity: i32,
    price: i64,
    sale: i32,
    total_amount: i64,
    /// What happened: `reservation`, `accept` or `cancel`.
    #[schema(example = "accept")]
    status: &'static str,
    store_name: String,
    product_name: String,
    /// `HH:MM`
    pickup_start_time: String,
    /// `HH:MM`
    pickup_end_time: String,
}

impl From<AlarmCard> for AlarmCardBody {
    fn from(AlarmCard { order, status, at, pickup: (start, end) }: AlarmCard) -> Self {
        Self {
            payment_id: order.payment_id.to_string(),
            order_time: instant(at),
            quantity: order.quantity,
            price: order.price.0,
            sale: order.sale.get(),
            total_amount: order.total_amount.0,
            status: status.as_str(),
            store_name: order.store_name,
            product_name: order.product_name,
            pickup_start_time: hh_mm(start),
            pickup_end_time: hh_mm(end),
        }
    }
}

#[derive(Serialize, ToSchema)]
struct AlarmCards {
    alarm_cards: Vec<AlarmCardBody>,
    total: usize,
}

/// A card for each thing that happened to today's orders, newest first.
#[utoipa::path(tag = "orders", responses((status = 200, body = AlarmCards)))]
#[get("/customer/orders/today-alarm")]
pub(super) async fn today_alarm(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let alarm_cards: Vec<_> = app.services.orders.alarms(&me.0).await?.into_iter().map(AlarmCardBody::from).collect();
    Ok(HttpResponse::Ok().json(AlarmCards { total: alarm_cards.len(), alarm_cards }))
}
