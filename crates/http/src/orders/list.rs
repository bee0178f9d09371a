use actix_web::{HttpResponse, get, web::Data};

use super::dto::{CustomerOrderBody, OrderBody, OrderList};
use crate::{auth::Me, error::Result, state::App};

/// All of the customer's orders, today's and the archive's: the newest 1,000.
#[utoipa::path(tag = "orders", responses((status = 200, body = OrderList<CustomerOrderBody>)))]
#[get("/customer/orders")]
pub(super) async fn of_customer(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let orders = app.services.orders.all_of_customer(&me.0).await?;
    let storage = app.services.storage.as_ref();
    let list: OrderList<_> = orders.into_iter().map(|o| CustomerOrderBody::new(o.order, o.main_image, storage)).collect();
    Ok(HttpResponse::Ok().json(list))
}

/// All of the store's orders, today's and the archive's: the newest 1,000.
#[utoipa::path(tag = "seller", responses((status = 200, body = OrderList<OrderBody>)))]
#[get("/seller/store/orders")]
pub(super) async fn of_store(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let orders = app.services.orders.all_of_store(&me.0).await?;
    Ok(HttpResponse::Ok().json(orders.into_iter().map(OrderBody::from).collect::<OrderList<_>>()))
}
