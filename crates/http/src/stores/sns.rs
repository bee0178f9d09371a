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

use super::dto::{Link, SnsBody};
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, sent},
    state::App,
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
    #[schema(value_type = Option<Link>)]
    instagram: Option<Option<String>>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Link>)]
    facebook: Option<Option<String>>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Link>)]
    x: Option<Option<String>>,
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Link>)]
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

/// Which link.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "for the document")]
enum SnsKind {
    Instagram,
    Facebook,
    X,
    Homepage,
}

impl SnsKind {
    /// The change that removes it.
    fn without(kind: &str) -> std::result::Result<StoreChange, Rule> {
        let none = StoreChange::default();
        match kind {
            "instagram" => Ok(StoreChange { instagram: Some(None), ..none }),
            "facebook" => Ok(StoreChange { facebook: Some(None), ..none }),
            "x" => Ok(StoreChange { x: Some(None), ..none }),
            "homepage" => Ok(StoreChange { homepage: Some(None), ..none }),
            _ => Err(Rule { code: "unknown_option", message: "선택할 수 없는 항목입니다." }),
        }
    }
}

/// Removes a link: `instagram`, `facebook`, `x` or `homepage`.
#[utoipa::path(tag = "seller", params(("sns" = inline(SnsKind), Path, example = "instagram")), responses((status = 204)))]
#[delete("/seller/store/sns/{sns}")]
pub(super) async fn remove(app: Data<App>, me: Me, sns: Path<String>) -> Result<HttpResponse> {
    let mut errors = Validation::default();
    let without = errors.check("sns", SnsKind::without(&sns));
    app.services.stores.change(&me.0, &errors.finish(|| without)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
