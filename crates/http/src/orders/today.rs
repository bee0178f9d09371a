use actix_web::{HttpResponse, get, web::Data};

use super::dto::{OrderBody, OrderList, TodayOrderBody};
use crate::{auth::Me, error::Result, state::App};

/// The customer's orders of the business day.
#[utoipa::path(tag = "orders", responses((status = 200, body = OrderList<TodayOrderBody>)))]
#[get("/customer/orders/today")]
pub(super) async fn of_customer(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let orders = app.services.orders.today_of_customer(&me.0).await?;
    let list: OrderList<_> = orders.into_iter().map(|o| TodayOrderBody::new(o, app.services.storage.as_ref())).collect();
    Ok(HttpResponse::Ok().json(list))
}

/// The store's orders of the business day.
#[utoipa::path(tag = "seller", responses((status = 200, body = OrderList<OrderBody>)))]
#[get("/seller/store/orders/today")]
pub(super) async fn of_store(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let orders = app.services.orders.today_of_store(&me.0).await?;
    Ok(HttpResponse::Ok().json(orders.into_iter().map(OrderBody::from).collect::<OrderList<_>>()))
}
