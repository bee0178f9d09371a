use actix_web::{HttpResponse, http::StatusCode, web};
use cheapbob_domain::shared::Clock;
use chrono::SecondsFormat;
use diesel::prelude::*;
use diesel_async::AsyncConnection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        answers::{NUL_IN_JSON, broken, has_nul},
        state::Sandbox,
    },
    answers::{Merchant, error},
    books::{REGISTERED, find, store},
    checkout::{Checkout, new_payment},
};
use crate::fakes::failed;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    store_id: Option<String>,
    total_amount: Option<i64>,
    currency: Option<String>,
}

/// `POST /payments/{id}/pre-register`: the window opens for this amount only.
pub(in crate::sandbox) async fn pre_register(
    _: Merchant,
    sandbox: web::Data<Sandbox>,
    id: web::Path<String>,
    bytes: web::Bytes,
) -> HttpResponse {
    let registration = match serde_json::from_slice::<Registration>(&bytes) {
        Ok(registration)
            if registration.total_amount.is_none_or(|total| total >= 0) && !id.contains('\0') && !has_nul(&bytes, NUL_IN_JSON) =>
        {
            registration
        }
        _ => return error(StatusCode::BAD_REQUEST, "INVALID_REQUEST"),
    };
    let now = sandbox.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let registered = async {
        let mut connection = sandbox.embedded.connection().await?;
        let registered = connection
            .transaction(async |c| {
                let mut payment = match find(c, &id, true).await? {
                    // Opened before, and not paid.
                    Some(old) if matches!(old["status"].as_str(), Some("FAILED" | "PAY_PENDING" | "VIRTUAL_ACCOUNT_ISSUED")) => old,
                    Some(old) if old["status"] != "READY" => return Ok(false),
                    _ => unopened(&id, &registration, &now),
                };
                payment[REGISTERED] = json!({ "totalAmount": registration.total_amount, "currency": registration.currency });
                store(c, &id, &payment).await?;
                QueryResult::Ok(true)
            })
            .await;
        registered.map_err(failed)
    };
    match registered.await {
        Ok(true) => HttpResponse::Ok().json(json!({})),
        Ok(false) => error(StatusCode::CONFLICT, "ALREADY_PAID"),
        Err(e) => broken(&e),
    }
}

/// A payment whose window was not opened yet: neither channel nor method are known.
fn unopened(id: &str, registration: &Registration, now: &str) -> Value {
    let checkout = Checkout {
        payment_id: id.to_owned(),
        store_id: registration.store_id.clone().unwrap_or_else(|| "store-sandbox".to_owned()),
        channel_key: String::new(),
        order_name: String::new(),
        total_amount: registration.total_amount.unwrap_or_default(),
        status: Some("READY".to_owned()),
        currency: registration.currency.clone(),
        custom_data: None,
    };
    let mut payment = new_payment(&checkout, now);
    if let Some(fields) = payment.as_object_mut() {
        fields.retain(|name, _| !["channel", "method"].contains(&name.as_str()));
    }
    payment
}
