use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::{orders::AuditEntry, shared::PaymentId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::Me, error::Result, extract::PathId, state::App, time::instant};

#[derive(Serialize, ToSchema)]
struct History {
    payment_id: String,
    /// Oldest first.
    events: Vec<Event>,
}

#[derive(Serialize, ToSchema)]
struct Event {
    at: String,
    /// `held`, `released`, `ordered`, `accepted`, `completed`, `canceled`, `refund_requested`, `refund_succeeded`,
    /// `refund_processing`, `refund_failed`, `refund_unknown`, `refund_reopened`, `discrepancy`; more may come.
    #[schema(example = "ordered")]
    event: String,
    /// Why it was released, canceled or refunded; what went back, in won; which discrepancy.
    detail: Option<String>,
    /// `customer`, `seller`, `job`, `webhook`, `operator`.
    #[schema(example = "customer")]
    actor_role: String,
    /// E-mail, job name or message id. Which of us acted is nobody's business.
    actor: Option<String>,
    request_id: Option<String>,
}

impl From<AuditEntry> for Event {
    fn from(AuditEntry { at, event, detail, actor_role, actor, request_id }: AuditEntry) -> Self {
        let actor = actor.filter(|_| actor_role != "operator");
        Self { at: instant(at), event, detail, actor_role, actor, request_id }
    }
}

/// Who changed an order or its money, when, in which request; also of a payment that never became an order.
#[utoipa::path(tag = "seller", params(("payment_id" = String, Path)), responses((status = 200, body = History)))]
#[get("/seller/store/orders/{payment_id}/history")]
pub(super) async fn history(app: Data<App>, me: Me, id: PathId<PaymentId>) -> Result<HttpResponse> {
    let (payment_id, entries) = app.services.audit.of_store(&me.0, &id.0).await?;
    let events = entries.into_iter().map(Event::from).collect();
    Ok(HttpResponse::Ok().json(History { payment_id: payment_id.to_string(), events }))
}
