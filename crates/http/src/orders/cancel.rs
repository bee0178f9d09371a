use actix_web::{HttpResponse, delete, web::Data};
use cheapbob_domain::{
    orders::{CancelCommand, Canceled, reason},
    shared::{PaymentId, Result as DomainResult, Validation},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    auth::Me,
    error::Result,
    extract::{OptionalJson, PathId},
    idempotency::{IdempotencyKey, once},
    state::App,
};

#[derive(Deserialize, ToSchema, Default)]
struct CancelRequest {
    #[schema(min_length = 1, max_length = 255, example = "일정이 바뀌었어요")]
    reason: Option<String>,
}

impl CancelRequest {
    fn parse(&self) -> DomainResult<Option<String>> {
        let mut errors = Validation::default();
        let reason = errors.check_optional("reason", self.reason.as_deref().map(reason));
        errors.finish(|| Some(reason))
    }
}

#[derive(Serialize, ToSchema)]
struct CancelResult {
    payment_id: String,
    quantity: i32,
    price: i64,
    sale: i32,
    total_amount: i64,
    /// `succeeded`, or `pending`: the refund goes on by itself.
    #[schema(example = "succeeded")]
    refund_status: &'static str,
}

impl From<Canceled> for CancelResult {
    fn from(Canceled { order, refunded }: Canceled) -> Self {
        Self {
            payment_id: order.payment_id.to_string(),
            quantity: order.quantity,
            price: order.price.0,
            sale: order.sale.get(),
            total_amount: order.total_amount.0,
            refund_status: if refunded { "succeeded" } else { "pending" },
        }
    }
}

/// The customer cancels the order, while the store has not accepted it.
#[utoipa::path(tag = "orders", params(("payment_id" = String, Path), ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = r"^[!#-~][!-~]*$")), request_body = CancelRequest, responses((status = 200, body = CancelResult)))]
#[delete("/customer/orders/{payment_id}/cancel")]
pub(super) async fn by_customer(
    app: Data<App>,
    me: Me,
    key: IdempotencyKey,
    id: PathId<PaymentId>,
    body: OptionalJson<CancelRequest>,
) -> Result<HttpResponse> {
    let reason = body.0.parse()?;
    once(&app, &me, key, &json!(["cancel", id.0.as_str(), reason]), async |_| {
        let command = CancelCommand { reason: reason.clone(), actor: &me.actor() };
        Ok(CancelResult::from(app.services.cancel.by_customer(&me.0, &id.0, command).await?))
    })
    .await
}

/// The store cancels the order.
#[utoipa::path(tag = "seller", params(("payment_id" = String, Path), ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = r"^[!#-~][!-~]*$")), request_body = CancelRequest, responses((status = 200, body = CancelResult)))]
#[delete("/seller/store/orders/{payment_id}/cancel")]
pub(super) async fn by_store(
    app: Data<App>,
    me: Me,
    key: IdempotencyKey,
    id: PathId<PaymentId>,
    body: OptionalJson<CancelRequest>,
) -> Result<HttpResponse> {
    let reason = body.0.parse()?;
    once(&app, &me, key, &json!(["cancel", id.0.as_str(), reason]), async |_| {
        let command = CancelCommand { reason: reason.clone(), actor: &me.actor() };
        Ok(CancelResult::from(app.services.cancel.by_store(&me.0, &id.0, command).await?))
    })
    .await
}
