use actix_web::{HttpResponse, post, web::Data};
use cheapbob_domain::{
    orders::Checkout,
    products::error::PRODUCT_NOT_FOUND,
    shared::{ProductId, Quantity, Validation},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    auth::Me,
    error::Result,
    extract::{Json, Whole},
    idempotency::{IdempotencyKey, once},
    state::App,
};

#[derive(Deserialize, ToSchema)]
struct Init {
    product_id: String,
    #[schema(value_type = i64, minimum = 1, maximum = 2_147_483_647)]
    quantity: Whole,
}

#[derive(Serialize, ToSchema)]
struct CheckoutBody {
    payment_id: String,
    /// PortOne's channel of the store.
    channel_id: String,
    /// PortOne's id of the store.
    store_id: String,
    quantity: i32,
    price: i64,
    sale: i32,
    total_amount: i64,
}

impl From<Checkout> for CheckoutBody {
    fn from(made: Checkout) -> Self {
        Self {
            payment_id: made.payment_id.to_string(),
            channel_id: made.portone.channel_id,
            store_id: made.portone.store_id,
            quantity: made.quantity.get(),
            price: made.price.0,
            sale: made.sale.get(),
            total_amount: made.total_amount.0,
        }
    }
}

/// Holds the stock for five minutes.
#[utoipa::path(tag = "payment", params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = r"^[!#-~][!-~]*$")), request_body = Init, responses((status = 200, body = CheckoutBody)))]
#[post("/customer/payment/init")]
pub(super) async fn checkout(app: Data<App>, me: Me, key: IdempotencyKey, body: Json<Init>) -> Result<HttpResponse> {
    let mut errors = Validation::default();
    let quantity = errors.check("quantity", Quantity::parse(body.0.quantity.0));
    let quantity = errors.finish(|| quantity)?;
    let request = json!(["init", body.0.product_id, quantity.get()]);
    once(&app, &me, key, &request, async |call| {
        let product = ProductId::parse(&body.0.product_id).ok_or(PRODUCT_NOT_FOUND)?;
        Ok(CheckoutBody::from(app.services.checkout.checkout(&me.0, &product, quantity, &me.actor(), call).await?))
    })
    .await
}
