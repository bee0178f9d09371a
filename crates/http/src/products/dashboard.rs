use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::products::Product;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::Me, error::Result, state::App};

#[derive(Serialize, ToSchema)]
struct DashboardItem {
    product_id: String,
    product_name: String,
    current_stock: i32,
    initial_stock: i32,
    /// Sold and held.
    purchased_stock: i32,
    adjustment_stock: i32,
}

#[derive(Serialize, ToSchema)]
struct Dashboard {
    items: Vec<DashboardItem>,
    total_items: usize,
}

impl From<Product> for DashboardItem {
    fn from(product: Product) -> Self {
        Self {
            product_id: product.id.to_string(),
            product_name: product.name,
            current_stock: product.stock.left(),
            initial_stock: product.stock.initial,
            purchased_stock: product.stock.purchased(),
            adjustment_stock: product.stock.adjustment,
        }
    }
}

/// Stock of every product.
#[utoipa::path(tag = "seller", responses((status = 200, body = Dashboard)))]
#[get("/seller/store/orders/dashboard")]
pub(super) async fn dashboard(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let items: Vec<_> = app.services.products.products(&me.0).await?.into_iter().map(DashboardItem::from).collect();
    Ok(HttpResponse::Ok().json(Dashboard { total_items: items.len(), items }))
}
