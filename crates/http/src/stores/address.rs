use actix_web::{HttpResponse, put, web::Data};
use cheapbob_domain::{
    shared::Validation,
    stores::{Address, StoreChange},
};

use super::dto::{AddressBody, AddressInput};
use crate::{auth::Me, error::Result, extract::Json, state::App};

/// Changes where the store is.
#[utoipa::path(tag = "seller", request_body = AddressInput, responses((status = 200, body = AddressBody)))]
#[put("/seller/store/settings/address")]
pub(super) async fn change(app: Data<App>, me: Me, body: Json<AddressInput>) -> Result<HttpResponse> {
    let mut errors = Validation::default();
    let address = Address::from(body.0).check("", &mut errors);
    let address = errors.finish(|| address)?;
    let store = app.services.stores.change(&me.0, &StoreChange { address: Some(address), ..StoreChange::default() }).await?;
    Ok(HttpResponse::Ok().json(AddressBody::new(store.id.as_str(), store.address)))
}
