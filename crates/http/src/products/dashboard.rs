use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::products::PricedProduct;
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::NextPriceStep;
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
    price: i64,
    /// In force now.
    sale: i32,
    /// The product's own.
    base_sale: i32,
    /// When `sale` changes next today, and to what.
    next_price_step: Option<NextPriceStep>,
}

#[derive(Serialize, ToSchema)]
struct Dashboard {
    items: Vec<DashboardItem>,
    total_items: usize,
}

impl From<PricedProduct> for DashboardItem {
    fn from(PricedProduct { product, now }: PricedProduct) -> Self {
        Self {
            product_id: product.id.to_string(),
            product_name: product.name,
            current_stock: product.stock.left(),
            initial_stock: product.stock.initial,
            purchased_stock: product.stock.purchased(),
            adjustment_stock: product.stock.adjustment,
            price: product.price.0,
            sale: now.sale.get(),
            base_sale: product.sale.get(),
            next_price_step: NextPriceStep::of(now),
        }
    }
}

/// Stock and price of every product.
#[utoipa::path(tag = "seller", responses((status = 200, body = Dashboard)))]
#[get("/seller/store/orders/dashboard")]
pub(super) async fn dashboard(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let items: Vec<_> = app.services.products.products(&me.0).await?.into_iter().map(DashboardItem::from).collect();
    Ok(HttpResponse::Ok().json(Dashboard { total_items: items.len(), items }))
}
