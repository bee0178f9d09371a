use actix_web::{HttpResponse, delete, get, post, web::Data};
use cheapbob_domain::{
    products::{Product, Stock, StockReservation},
    shared::{ProductId, Validation},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::Me,
    error::Result,
    extract::{Json, PathId, Whole},
    state::App,
    time::instant,
};

#[derive(Deserialize, ToSchema)]
struct ReserveStock {
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000)]
    new_stock: Whole,
}

#[derive(Serialize, ToSchema)]
struct StockReservationBody {
    product_id: String,
    initial_stock: i32,
    new_stock: i32,
    reserved_at: String,
}

impl From<(Product, StockReservation)> for StockReservationBody {
    fn from((product, reservation): (Product, StockReservation)) -> Self {
        Self {
            product_id: product.id.to_string(),
            initial_stock: product.stock.initial,
            new_stock: reservation.new_stock,
            reserved_at: instant(reservation.reserved_at),
        }
    }
}

/// The stock reserved for the next business day.
#[utoipa::path(tag = "seller", params(("product_id" = String, Path)), responses((status = 200, body = StockReservationBody)))]
#[get("/seller/store/products/{product_id}/stock/reservation")]
pub(super) async fn show(app: Data<App>, me: Me, id: PathId<ProductId>) -> Result<HttpResponse> {
    let found = app.services.products.stock_reservation(&me.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(StockReservationBody::from(found)))
}

/// Reserves a stock for the next business day, in place of what was reserved.
#[utoipa::path(tag = "seller", params(("product_id" = String, Path)), request_body = ReserveStock, responses((status = 201, body = StockReservationBody)))]
#[post("/seller/store/products/{product_id}/stock/reservation")]
pub(super) async fn reserve(app: Data<App>, me: Me, id: PathId<ProductId>, body: Json<ReserveStock>) -> Result<HttpResponse> {
    let mut errors = Validation::default();
    let new_stock = errors.check("new_stock", Stock::initial(body.0.new_stock.0));
    let new_stock = errors.finish(|| new_stock)?;
    let reserved = app.services.products.reserve_stock(&me.0, &id.0, new_stock).await?;
    Ok(HttpResponse::Created().json(StockReservationBody::from(reserved)))
}

/// Forgets the reserved stock.
#[utoipa::path(tag = "seller", params(("product_id" = String, Path)), responses((status = 204)))]
#[delete("/seller/store/products/{product_id}/stock/reservation")]
pub(super) async fn cancel(app: Data<App>, me: Me, id: PathId<ProductId>) -> Result<HttpResponse> {
    app.services.products.cancel_stock_reservation(&me.0, &id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
