use actix_web::{HttpResponse, delete, post, web::Data};
use cheapbob_domain::{notices::Subscription, shared::remote::storable};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    auth::Me,
    error::Result,
    extract::{Json, Object},
    state::App,
};

#[derive(Deserialize, ToSchema)]
struct SubscriptionKeys {
    /// The browser's public key, an uncompressed point of P-256: base64url.
    #[schema(
        pattern = "^B[A-P][A-Za-z0-9_-]{84}[AEIMQUYcgkosw048]=?$",
        example = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    )]
    p256dh: String,
    /// 16 bytes, base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw](==)?$", example = "BTBZMqHH6r4Tts7J_aSIgg")]
    auth: String,
}

#[derive(Deserialize, ToSchema)]
struct PushSubscription {
    /// Where the browser's push service takes messages for it: https.
    #[schema(
        max_length = 2048,
        pattern = r"^https://([a-z]+\.)+[a-z]+/[A-Za-z0-9/_-]*$",
        example = "https://fcm.googleapis.com/fcm/send/c1KrmpTuRm8"
    )]
    endpoint: String,
    #[schema(value_type = SubscriptionKeys)]
    keys: Object<SubscriptionKeys>,
}

#[derive(Deserialize, ToSchema)]
struct EndSubscription {
    #[schema(example = "https://fcm.googleapis.com/fcm/send/c1KrmpTuRm8")]
    endpoint: String,
}

/// Adds this browser: what `pushManager.subscribe` gave, as JSON. Ten of a person are kept; of more the oldest go. A browser that another
/// account had added is this one's from now on.
#[utoipa::path(tag = "notices", request_body = PushSubscription, responses((status = 204)))]
#[post("/customer/notices/subscriptions")]
pub(super) async fn subscribe(app: Data<App>, me: Me, body: Json<PushSubscription>) -> Result<HttpResponse> {
    let PushSubscription { endpoint, keys: Object(SubscriptionKeys { p256dh, auth }) } = body.0;
    app.services.notices.subscribe(&me.0, &Subscription { endpoint, p256dh, auth }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes this browser away; of its subscription the endpoint is enough.
#[utoipa::path(tag = "notices", request_body = EndSubscription, responses((status = 204)))]
#[delete("/customer/notices/subscriptions")]
pub(super) async fn unsubscribe(app: Data<App>, me: Me, body: Json<EndSubscription>) -> Result<HttpResponse> {
    app.services.notices.unsubscribe(&me.0, &storable(&body.0.endpoint)).await?;
    Ok(HttpResponse::NoContent().finish())
}
