use actix_web::{HttpResponse, get, post, web::Data};
use cheapbob_domain::{
    shared::{Result as DomainResult, Validation, text},
    stores::{PortOneAccount, PortOneIds},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::Me,
    error::{Problem, Result},
    extract::Json,
    server::App,
};

#[derive(Deserialize, ToSchema)]
struct RegisterPayment {
    #[schema(min_length = 1, max_length = 255)]
    portone_store_id: String,
    #[schema(min_length = 1, max_length = 255)]
    portone_channel_id: String,
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    portone_secret_key: SecretString,
}

impl RegisterPayment {
    fn parse(&self) -> DomainResult<PortOneAccount> {
        let mut errors = Validation::default();
        let mut field = |name: &str, value: &str| errors.check(name, text::bounded(value, 1, 255));
        let store_id = field("portone_store_id", &self.portone_store_id);
        let channel_id = field("portone_channel_id", &self.portone_channel_id);
        let secret = field("portone_secret_key", self.portone_secret_key.expose_secret());
        errors.finish(|| {
            Some(PortOneAccount { ids: PortOneIds { store_id: store_id?, channel_id: channel_id? }, secret: SecretString::from(secret?) })
        })
    }
}

#[derive(Serialize, ToSchema)]
struct PaymentExists {
    is_exist: bool,
}

/// Sets the store's PortOne account for the first time.
#[utoipa::path(tag = "seller", security(("cookie" = []), ("bearer" = [])), request_body = RegisterPayment, responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/seller/store/register/payment")]
pub(super) async fn register(app: Data<App>, me: Me, body: Json<RegisterPayment>) -> Result<HttpResponse> {
    app.services.stores.register_payment(&me.0, &body.0.parse()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Whether the store has a PortOne account.
#[utoipa::path(tag = "seller", security(("cookie" = []), ("bearer" = [])), responses((status = 200, body = PaymentExists), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
#[get("/seller/store/register/payment")]
pub(super) async fn exists(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let is_exist = app.services.stores.has_payment(&me.0).await?;
    Ok(HttpResponse::Ok().json(PaymentExists { is_exist }))
}
