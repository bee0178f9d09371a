use actix_web::{
    HttpResponse, delete, get, put,
    web::{Data, Path},
};
use cheapbob_domain::{
    shared::{Result as DomainResult, Rule, Validation},
    stores::{Sns, Store, StoreChange},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shapes::SnsBody;
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, sent},
    server::App,
};

#[derive(Serialize, ToSchema)]
struct StoreSns {
    store_id: String,
    #[serde(flatten)]
    sns: SnsBody,
}

impl From<Store> for StoreSns {
    fn from(store: Store) -> Self {
        Self { store_id: store.id.to_string(), sns: store.sns.into() }
    }
}

/// Only what is sent is changed; `null` and `""` remove a link.
#[derive(Deserialize, ToSchema)]
struct ChangeSns {
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>, example = "https://instagram.com/cheapbob")]
    instagram: Option<Option<String>>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>)]
    facebook: Option<Option<String>>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>)]
    x: Option<Option<String>>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>)]
    homepage: Option<Option<String>>,
}

impl ChangeSns {
    fn parse(&self) -> DomainResult<StoreChange> {
        let mut errors = Validation::default();
        let mut link =
            |name: &str, sent: &Option<Option<String>>| errors.check_optional(name, sent.as_ref().map(|link| Sns::link(link.as_deref())));
        let parsed = StoreChange {
            instagram: link("instagram", &self.instagram),
            facebook: link("facebook", &self.facebook),
            x: link("x", &self.x),
            homepage: link("homepage", &self.homepage),
            ..StoreChange::default()
        };
        errors.finish(|| Some(parsed))
    }
}

/// The store's links.
#[utoipa::path(tag = "seller", responses((status = 200, body = StoreSns)))]
#[get("/seller/store/sns")]
pub(super) async fn show(app: Data<App>, me: Me) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(StoreSns::from(app.services.stores.store(&me.0).await?)))
}

/// Changes the links that are sent.
#[utoipa::path(tag = "seller", request_body = ChangeSns, responses((status = 200, body = StoreSns)))]
#[put("/seller/store/sns")]
pub(super) async fn change(app: Data<App>, me: Me, body: Json<ChangeSns>) -> Result<HttpResponse> {
    let store = app.services.stores.change(&me.0, &body.0.parse()?).await?;
    Ok(HttpResponse::Ok().json(StoreSns::from(store)))
}

/// Removes a link: `instagram`, `facebook`, `x` or `homepage`.
#[utoipa::path(tag = "seller", params(("sns" = String, Path, example = "instagram")), responses((status = 204)))]
#[delete("/seller/store/sns/{sns}")]
pub(super) async fn remove(app: Data<App>, me: Me, sns: Path<String>) -> Result<HttpResponse> {
    const UNKNOWN: Rule = Rule { code: "unknown_option", message: "선택할 수 없는 항목입니다." };
    let none = StoreChange::default();
    let without = match sns.as_str() {
        "instagram" => Ok(StoreChange { instagram: Some(None), ..none }),
        "facebook" => Ok(StoreChange { facebook: Some(None), ..none }),
        "x" => Ok(StoreChange { x: Some(None), ..none }),
        "homepage" => Ok(StoreChange { homepage: Some(None), ..none }),
        _ => Err(UNKNOWN),
    };
    let mut errors = Validation::default();
    let without = errors.check("sns", without);
    app.services.stores.change(&me.0, &errors.finish(|| without)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
