use actix_web::{HttpResponse, patch, web::Data};
use cheapbob_domain::{
    shared::{Result as DomainResult, Validation},
    users::{DetailChange, Nickname, PhoneNumber},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::CustomerDetailBody;
use crate::{auth::Me, error::Result, extract::Json, state::App};

#[derive(Deserialize, ToSchema)]
struct ChangeDetail {
    #[schema(min_length = 1, max_length = 7)]
    nickname: Option<String>,
    #[schema(pattern = "^[0-9]{11}$")]
    phone_number: Option<String>,
}

impl ChangeDetail {
    fn parse(&self) -> DomainResult<DetailChange> {
        let mut errors = Validation::default();
        let nickname = errors.check_optional("nickname", self.nickname.as_deref().map(Nickname::parse));
        let phone_number = errors.check_optional("phone_number", self.phone_number.as_deref().map(PhoneNumber::parse));
        errors.finish(|| Some(DetailChange { nickname, phone_number }))
    }
}

/// Changes what is given.
#[utoipa::path(tag = "customer", request_body = ChangeDetail, responses((status = 200, body = CustomerDetailBody)))]
#[patch("/customer/profile/detail")]
pub(super) async fn change_detail(app: Data<App>, me: Me, body: Json<ChangeDetail>) -> Result<HttpResponse> {
    let detail = app.services.customers.change_detail(&me.0, &body.0.parse()?).await?;
    Ok(HttpResponse::Ok().json(CustomerDetailBody::from(detail)))
}
