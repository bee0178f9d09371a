use actix_web::{HttpResponse, delete, web::Data};

use super::change::Reviewed;
use crate::{auth::Me, error::Result, extract::PathId, state::App};

/// Deletes a review with its reply.
#[utoipa::path(tag = "reviews", params(("payment_id" = String, Path)), responses((status = 204)))]
#[delete("/customer/orders/{payment_id}/review")]
pub(super) async fn delete(app: Data<App>, me: Me, id: PathId<Reviewed>) -> Result<HttpResponse> {
    app.services.reviews.delete(&me.0, &id.0.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
