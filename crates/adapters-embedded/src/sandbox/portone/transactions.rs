use actix_web::{HttpResponse, http::StatusCode, web};
use serde_json::{Value, json};

use super::{
    super::{answers::broken, state::Sandbox},
    answers::{Merchant, error},
    books::{ATTEMPTS, find, shown},
};
use crate::fakes::failed;

/// `GET /payments/{id}/transactions`: each attempt to pay, the newest last.
pub(in crate::sandbox) async fn transactions(_: Merchant, sandbox: web::Data<Sandbox>, id: web::Path<String>) -> HttpResponse {
    let found = async {
        let mut connection = sandbox.embedded.connection().await?;
        find(&mut connection, &id, false).await.map_err(failed)
    };
    match found.await {
        Ok(Some(mut payment)) => {
            let mut attempts = payment[ATTEMPTS].take().as_array_mut().map(std::mem::take).unwrap_or_default();
            attempts.push(shown(payment));
            HttpResponse::Ok().json(json!({ "items": attempts.into_iter().map(transaction).collect::<Vec<_>>() }))
        }
        Ok(None) => error(StatusCode::NOT_FOUND, "PAYMENT_NOT_FOUND"),
        Err(e) => broken(&e),
    }
}

/// The payment as a transaction: its id is what the payment calls its transaction's.
fn transaction(mut payment: Value) -> Value {
    let (id, payment_id) = (payment["transactionId"].take(), payment["id"].take());
    if let Some(fields) = payment.as_object_mut() {
        fields.retain(|name, _| !["transactionId", "origin", "disputes"].contains(&name.as_str()));
    }
    payment["id"] = id;
    payment["paymentId"] = payment_id;
    payment
}
