use actix_web::{HttpResponse, get, post, put, web::Data};
use cheapbob_domain::{
    shared::{Result as DomainResult, Rule, StoreId, Validation, text},
    stores::{PortOneAccount, PortOneIds},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{auth::Me, error::Result, extract::Json, server::App};

#[derive(Deserialize, ToSchema)]
struct RegisterPayment {
    #[schema(min_length = 1, max_length = 255)]
    portone_store_id: String,
    #[schema(min_length = 1, max_length = 255)]
    portone_channel_id: String,
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    portone_secret_key: SecretString,
}

/// Names and secrets of PortOne's: text of its choosing.
fn given(value: &str) -> std::result::Result<String, Rule> {
    text::bounded(value, 1, 255)
}

impl RegisterPayment {
    fn parse(&self) -> DomainResult<PortOneAccount> {
        let mut errors = Validation::default();
        let store_id = errors.check("portone_store_id", given(&self.portone_store_id));
        let channel_id = errors.check("portone_channel_id", given(&self.portone_channel_id));
        let secret = errors.check("portone_secret_key", given(self.portone_secret_key.expose_secret()));
        errors.finish(|| {
            Some(PortOneAccount { ids: PortOneIds { store_id: store_id?, channel_id: channel_id? }, secret: SecretString::from(secret?) })
        })
    }
}

#[derive(Serialize, ToSchema)]
struct PaymentExists {
    is_exist: bool,
}

#[derive(Deserialize, ToSchema)]
struct ChangePayment {
    #[schema(min_length = 1, max_length = 255)]
    portone_store_id: String,
    #[schema(min_length = 1, max_length = 255)]
    portone_channel_id: String,
}

impl ChangePayment {
    fn parse(&self) -> DomainResult<PortOneIds> {
        let mut errors = Validation::default();
        let store_id = errors.check("portone_store_id", given(&self.portone_store_id));
        let channel_id = errors.check("portone_channel_id", given(&self.portone_channel_id));
        errors.finish(|| Some(PortOneIds { store_id: store_id?, channel_id: channel_id? }))
    }
}

/// The account's names; never its secret.
#[derive(Serialize, ToSchema)]
struct PaymentSettings {
    store_id: String,
    portone_store_id: Option<String>,
    portone_channel_id: Option<String>,
}

impl PaymentSettings {
    fn new(store: &StoreId, ids: Option<PortOneIds>) -> Self {
        let (portone_store_id, portone_channel_id) = ids.map(|ids| (ids.store_id, ids.channel_id)).unzip();
        Self { store_id: store.to_string(), portone_store_id, portone_channel_id }
    }
}

/// Sets the store's PortOne account for the first time.
#[utoipa::path(tag = "seller", request_body = RegisterPayment, responses((status = 204)))]
#[post("/seller/store/register/payment")]
pub(super) async fn register(app: Data<App>, me: Me, body: Json<RegisterPayment>) -> Result<HttpResponse> {
    app.services.stores.register_payment(&me.0, &body.0.parse()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Whether the store has a PortOne account.
#[utoipa::path(tag = "seller", responses((status = 200, body = PaymentExists)))]
#[get("/seller/store/register/payment")]
pub(super) async fn exists(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let is_exist = app.services.stores.has_payment(&me.0).await?;
    Ok(HttpResponse::Ok().json(PaymentExists { is_exist }))
}

/// The names of the store's PortOne account.
#[utoipa::path(tag = "seller", responses((status = 200, body = PaymentSettings)))]
#[get("/seller/store/settings/payment")]
pub(super) async fn show(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let (store, ids) = app.services.stores.payment_ids(&me.0).await?;
    Ok(HttpResponse::Ok().json(PaymentSettings::new(&store, ids)))
}

/// Changes the names of the store's PortOne account.
#[utoipa::path(tag = "seller", request_body = ChangePayment, responses((status = 200, body = PaymentSettings)))]
#[put("/seller/store/settings/payment")]
pub(super) async fn change(app: Data<App>, me: Me, body: Json<ChangePayment>) -> Result<HttpResponse> {
    let ids = body.0.parse()?;
    let store = app.services.stores.change_payment(&me.0, &ids).await?;
    Ok(HttpResponse::Ok().json(PaymentSettings::new(&store, Some(ids))))
}
