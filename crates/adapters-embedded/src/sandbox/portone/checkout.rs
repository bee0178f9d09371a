//! The payment window, as the browser SDK opens it.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use cheapbob_domain::shared::{Clock, Won};
use cheapbob_pages::{page_for_a_frame, wants_html};
use chrono::SecondsFormat;
use diesel::prelude::*;
use diesel_async::AsyncConnection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        answers::{body, broken, plain_error},
        state::Sandbox,
    },
    answers::error,
    books::{ATTEMPTS, REGISTERED, event, find, shown, store},
    holds::OpenHold,
};
use crate::fakes::failed;

/// What the browser SDK asks PortOne for, and how it is to end.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checkout {
    pub(super) payment_id: String,
    pub(super) store_id: String,
    pub(super) channel_key: String,
    #[serde(default)]
    pub(super) order_name: String,
    pub(super) total_amount: i64,
    /// Default `PAID`; any status of PortOne's, or one that is not.
    pub(super) status: Option<String>,
    /// Default `KRW`; the browser SDK says `CURRENCY_KRW` too.
    pub(super) currency: Option<String>,
    /// An object in the browser, a text in the payment.
    pub(super) custom_data: Option<Value>,
}

#[derive(Template)]
#[template(path = "sandbox/portone/paid.html")]
struct Paid<'a> {
    payment_id: &'a str,
    status: &'a str,
    total: Won,
}

#[derive(Template)]
#[template(path = "sandbox/portone/checkout.html")]
struct CheckoutPage {
    holds: Vec<OpenHold>,
    /// One of them was asked for.
    one: bool,
    /// PortOne is real.
    real: bool,
    /// How a payment can end: what is sent, and what stands on the button.
    endings: [(&'static str, &'static str); 5],
    /// Name and label of what a payment that is typed in has.
    fields: [(&'static str, &'static str); 5],
}

const ENDINGS: [(&str, &str); 5] = [
    ("PAID", "Pay"),
    ("FAILED", "The card is refused"),
    ("VIRTUAL_ACCOUNT_ISSUED", "To be paid by bank transfer"),
    ("PAY_PENDING", "Pending"),
    ("READY", "Only open the window"),
];

const FIELDS: [(&str, &str); 5] = [
    ("paymentId", "paymentId (payment_id)"),
    ("storeId", "storeId (store_id)"),
    ("channelKey", "channelKey (channel_id)"),
    ("orderName", "orderName"),
    ("totalAmount", "totalAmount (total_amount), in won"),
];

pub(in crate::sandbox) async fn checkout(sandbox: web::Data<Sandbox>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    let checkout = match body::<Checkout>(&request, &bytes) {
        Ok(checkout) => checkout,
        Err(e) => return plain_error(422, &e),
    };
    let now = sandbox.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let paid = async {
        let mut connection = sandbox.embedded.connection().await?;
        let paid = connection
            .transaction(async |c| {
                let old = find(c, &checkout.payment_id, true).await?;
                let mut payment = new_payment(&checkout, &now);
                if let Some(old) = old {
                    if let Some(refusal) = refusal(&old, &payment) {
                        return Ok(Err(refusal));
                    }
                    succeed(old, &mut payment);
                }
                store(c, &checkout.payment_id, &payment).await?;
                QueryResult::Ok(Ok(payment))
            })
            .await;
        paid.map_err(failed)
    };
    let paid = paid.await;
    if let Ok(Ok(payment)) = &paid {
        sandbox.tell(payment, event(payment)).await;
    }
    match paid {
        Ok(Err((status, kind))) => error(status, kind),
        Ok(Ok(payment)) if wants_html(&request) => page_for_a_frame(&Paid {
            payment_id: &checkout.payment_id,
            status: payment["status"].as_str().unwrap_or_default(),
            total: Won(checkout.total_amount),
        }),
        Ok(Ok(payment)) => HttpResponse::Ok().json(shown(payment)),
        Err(e) => broken(&e),
    }
}

/// Why the window does not open for `new` any more.
fn refusal(old: &Value, new: &Value) -> Option<(StatusCode, &'static str)> {
    if !matches!(old["status"].as_str(), Some("READY" | "FAILED" | "PAY_PENDING" | "VIRTUAL_ACCOUNT_ISSUED")) {
        return Some((StatusCode::CONFLICT, "ALREADY_PAID"));
    }
    let registered = &old[REGISTERED];
    let differs = |name: &str, asked: &Value| !registered[name].is_null() && registered[name] != *asked;
    (differs("totalAmount", &new["amount"]["total"]) || differs("currency", &new["currency"]))
        .then_some((StatusCode::CONFLICT, "INFORMATION_MISMATCH"))
}

/// `new` comes after `old`: another attempt where that failed, else the same one.
fn succeed(mut old: Value, new: &mut Value) {
    let (mut attempts, registered) = (old[ATTEMPTS].take(), old[REGISTERED].take());
    if old["status"] == "FAILED" {
        let failed = shown(old);
        match attempts.as_array_mut() {
            Some(attempts) => attempts.push(failed),
            None => attempts = json!([failed]),
        }
        let number = attempts.as_array().map_or(0, Vec::len) + 1;
        new["transactionId"] = json!(format!("tx-{}-{number}", new["id"].as_str().unwrap_or_default()));
    } else {
        new["transactionId"] = old["transactionId"].take();
        new["requestedAt"] = old["requestedAt"].take();
    }
    new[ATTEMPTS] = attempts;
    new[REGISTERED] = registered;
}

/// A payment as `GET /payments/{id}` shows it, with every field that PortOne's schema requires of its status.
pub(super) fn new_payment(checkout: &Checkout, now: &str) -> Value {
    let status = checkout.status.as_deref().unwrap_or("PAID");
    let total = checkout.total_amount;
    let paid = if status == "PAID" { total } else { 0 };
    let mut payment = json!({
        "status": status, "id": checkout.payment_id, "transactionId": format!("tx-{}", checkout.payment_id),
        "merchantId": "merchant-sandbox", "storeId": checkout.store_id, "version": "V2",
        "method": { "type": "PaymentMethodCard", "card": { "issuer": "SHINHAN_CARD", "brand": "LOCAL", "type": "CREDIT", "number": "123456******1234" } },
        "channel": { "type": "TEST", "id": "channel-id-sandbox", "key": checkout.channel_key, "name": "sandbox", "pgProvider": "TOSSPAYMENTS", "pgMerchantId": "sandbox" },
        "requestedAt": now, "updatedAt": now, "statusChangedAt": now, "orderName": checkout.order_name,
        "amount": { "total": total, "taxFree": 0, "vat": total / 11, "supply": total - total / 11, "discount": 0, "paid": paid, "cancelled": 0, "cancelledTaxFree": 0 },
        "currency": checkout.currency.as_deref().map_or("KRW", |currency| currency.trim_start_matches("CURRENCY_")), "customer": {}, "origin": { "platformType": "PC", "ipAddress": "127.0.0.1" },
    });
    if let Some(data) = &checkout.custom_data {
        payment["customData"] = json!(data.as_str().map_or_else(|| data.to_string(), str::to_owned));
    }
    match status {
        "VIRTUAL_ACCOUNT_ISSUED" => {
            payment["method"] = json!({
                "type": "PaymentMethodVirtualAccount", "bank": "SHINHAN", "accountNumber": "110123456789", "accountType": "NORMAL", "issuedAt": now,
            });
        }
        "PAID" => {
            payment["paidAt"] = json!(now);
            payment["pgTxId"] = json!(format!("pg-{}", checkout.payment_id));
            payment["disputes"] = json!([]);
        }
        "FAILED" => {
            payment["failedAt"] = json!(now);
            payment["failure"] = json!({ "reason": "sandbox" });
        }
        "CANCELLED" | "PARTIAL_CANCELLED" => {
            payment["cancelledAt"] = json!(now);
            payment["cancellations"] = json!([]);
        }
        _ => {}
    }
    payment
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::sandbox) struct Asked {
    /// Only this hold.
    payment_id: Option<String>,
}

/// The holds that wait for their money.
pub(in crate::sandbox) async fn checkout_page(sandbox: web::Data<Sandbox>, request: HttpRequest, asked: web::Query<Asked>) -> HttpResponse {
    let mut holds = match sandbox.open_holds().await {
        Ok(holds) => holds,
        Err(e) => return broken(&e),
    };
    if let Some(id) = &asked.payment_id {
        holds.retain(|hold| hold.payment_id == *id);
    }
    if !wants_html(&request) {
        return HttpResponse::Ok().json(json!({ "holds": holds }));
    }
    page_for_a_frame(&CheckoutPage {
        holds,
        one: asked.payment_id.is_some(),
        real: !sandbox.played.portone,
        endings: ENDINGS,
        fields: FIELDS,
    })
}
