use actix_multipart::Multipart;
use actix_web::{HttpResponse, get, post, put, web::Data};
use cheapbob_domain::{
    shared::Validation,
    stores::{Approval, BusinessNumber},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    dto::ApprovalStateWord,
    images::{ImageFiles, receive},
};
use crate::{auth::Me, error::Result, extract::Json, state::App, time::instant};

/// The licence itself is not shown: it is for operators.
#[derive(Serialize, ToSchema)]
struct ApprovalBody {
    /// `waiting` once number and licence are there.
    #[schema(value_type = ApprovalStateWord)]
    state: &'static str,
    /// Ten digits.
    business_number: Option<String>,
    has_licence: bool,
    /// Why it was refused.
    reason: Option<String>,
    asked_at: Option<String>,
    decided_at: Option<String>,
}

impl From<Approval> for ApprovalBody {
    fn from(approval: Approval) -> Self {
        Self {
            state: approval.state.as_str(),
            business_number: approval.business_number.map(|number| number.as_str().to_owned()),
            has_licence: approval.licence.is_some(),
            reason: approval.reason,
            asked_at: approval.asked_at.map(instant),
            decided_at: approval.decided_at.map(instant),
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct GiveNumber {
    /// Ten digits, the last of which is a check digit, also as they are printed: `124-81-00998`.
    #[schema(example = "124-81-00998")]
    business_number: String,
}

/// Whether the store may sell, where an operator has to approve it first.
#[utoipa::path(tag = "seller", responses((status = 200, body = ApprovalBody)))]
#[get("/seller/store/approval")]
pub(super) async fn show(app: Data<App>, me: Me) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(ApprovalBody::from(app.services.approvals.of_seller(&me.0).await?)))
}

/// Gives the business registration number. Another one than was approved has to be approved anew.
#[utoipa::path(tag = "seller", request_body = GiveNumber, responses((status = 200, body = ApprovalBody)))]
#[put("/seller/store/approval")]
pub(super) async fn give_number(app: Data<App>, me: Me, body: Json<GiveNumber>) -> Result<HttpResponse> {
    let mut errors = Validation::default();
    let number = errors.check("business_number", BusinessNumber::parse(&body.0.business_number));
    let number = errors.finish(|| number)?;
    Ok(HttpResponse::Ok().json(ApprovalBody::from(app.services.approvals.give_number(&me.0, &number).await?)))
}

/// Gives a picture of the business registration certificate, in place of the one before.
#[utoipa::path(tag = "seller", request_body(content = ImageFiles, content_type = "multipart/form-data"), responses((status = 200, body = ApprovalBody)))]
#[post("/seller/store/approval/licence")]
pub(super) async fn give_licence(app: Data<App>, me: Me, form: Multipart) -> Result<HttpResponse> {
    let begun = app.services.approvals.begin_licence(&me.0).await;
    let approval = receive(app, begun, form, async move |app, upload| app.services.approvals.give_licence(upload).await).await?;
    Ok(HttpResponse::Ok().json(ApprovalBody::from(approval)))
}
