use actix_web::{HttpResponse, get, post, put, web::Data};
use cheapbob_domain::{
    shared::{Result as DomainResult, Rule, StoreId, Validation},
    stores::{PaymentChange, PortOneAccount, PortOneIds, api_secret, webhook_secret},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{auth::Me, error::Result, extract::Json, state::App};

#[derive(Deserialize, ToSchema)]
struct RegisterPayment {
    #[schema(min_length = 1, max_length = 255)]
    portone_store_id: String,
    #[schema(min_length = 1, max_length = 255)]
    portone_channel_id: String,
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    portone_secret_key: SecretString,
    /// What PortOne signs its webhooks with.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255, pattern = r"^((whsec_)?([A-Za-z0-9+/]{4}){8,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)?$")]
    portone_webhook_secret: Option<SecretString>,
}

/// Absent, `null` and empty are the same: not given.
fn webhook(secret: Option<&SecretString>) -> Option<std::result::Result<SecretString, Rule>> {
    secret.map(|s| s.expose_secret()).filter(|text| !text.is_empty()).map(webhook_secret)
}

impl RegisterPayment {
    fn parse(&self) -> DomainResult<(PortOneAccount, Option<SecretString>)> {
        let mut errors = Validation::default();
        let store_id = errors.check("portone_store_id", PortOneIds::store_id(&self.portone_store_id));
        let channel_id = errors.check("portone_channel_id", PortOneIds::channel_id(&self.portone_channel_id));
        let secret = errors.check("portone_secret_key", api_secret(self.portone_secret_key.expose_secret()));
        let webhook_secret = errors.check_optional("portone_webhook_secret", webhook(self.portone_webhook_secret.as_ref()));
        errors.finish(|| {
            let ids = PortOneIds { store_id: store_id?, channel_id: channel_id? };
            Some((PortOneAccount { ids, secret: secret? }, webhook_secret))
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
    /// Where PortOne issued another one.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    portone_secret_key: Option<SecretString>,
    /// What PortOne signs its webhooks with from now on; the one before stays good until the next change.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255, pattern = r"^((whsec_)?([A-Za-z0-9+/]{4}){8,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)?$")]
    portone_webhook_secret: Option<SecretString>,
}

impl ChangePayment {
    fn parse(&self) -> DomainResult<PaymentChange> {
        let mut errors = Validation::default();
        let store_id = errors.check("portone_store_id", PortOneIds::store_id(&self.portone_store_id));
        let channel_id = errors.check("portone_channel_id", PortOneIds::channel_id(&self.portone_channel_id));
        let secret = self.portone_secret_key.as_ref().map(|s| s.expose_secret()).filter(|text| !text.is_empty());
        let secret = errors.check_optional("portone_secret_key", secret.map(api_secret));
        let webhook_secret = errors.check_optional("portone_webhook_secret", webhook(self.portone_webhook_secret.as_ref()));
        errors.finish(|| {
            let ids = PortOneIds { store_id: store_id?, channel_id: channel_id? };
            Some(PaymentChange { ids: Some(ids), secret, webhook_secret })
        })
    }
}

/// The account's names; never its secrets.
#[derive(Serialize, ToSchema)]
struct PaymentSettings {
    store_id: String,
    portone_store_id: Option<String>,
    portone_channel_id: Option<String>,
    /// Where PortOne is to send its webhooks, on this server.
    #[schema(example = "/api/v1/webhooks/portone/STR_01K9W2ZQ8Y3V5T7R1N4M6P0XBC")]
    webhook_path: String,
    /// Whether they can be verified: else they are refused.
    is_webhook_secret_set: bool,
}

impl PaymentSettings {
    async fn read(app: &App, store: &StoreId, ids: Option<PortOneIds>) -> DomainResult<Self> {
        let (portone_store_id, portone_channel_id) = ids.map(|ids| (ids.store_id, ids.channel_id)).unzip();
        Ok(Self {
            store_id: store.to_string(),
            portone_store_id,
            portone_channel_id,
            webhook_path: format!("/api/v1/webhooks/portone/{store}"),
            is_webhook_secret_set: app.services.stores.has_webhook_secret(store).await?,
        })
    }
}

/// Sets the store's PortOne account for the first time.
#[utoipa::path(tag = "seller", request_body = RegisterPayment, responses((status = 204)))]
#[post("/seller/store/register/payment")]
pub(super) async fn register(app: Data<App>, me: Me, body: Json<RegisterPayment>) -> Result<HttpResponse> {
    let (account, webhook_secret) = body.0.parse()?;
    app.services.stores.register_payment(&me.0, &account, webhook_secret.as_ref()).await?;
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
    Ok(HttpResponse::Ok().json(PaymentSettings::read(&app, &store, ids).await?))
}

/// Changes the names of the store's PortOne account, and what else is given of it.
#[utoipa::path(tag = "seller", request_body = ChangePayment, responses((status = 200, body = PaymentSettings)))]
#[put("/seller/store/settings/payment")]
pub(super) async fn change(app: Data<App>, me: Me, body: Json<ChangePayment>) -> Result<HttpResponse> {
    let change = body.0.parse()?;
    let store = app.services.stores.change_payment(&me.0, &change).await?;
    tracing::info!(%store, "a store's PortOne account was changed");
    Ok(HttpResponse::Ok().json(PaymentSettings::read(&app, &store, change.ids).await?))
}
