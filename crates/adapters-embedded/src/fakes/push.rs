use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cheapbob_domain::{
    notices::{
        PushMessage, Subscription,
        ports::{PushService, Pushed},
    },
    shared::{Error, Result, Rule},
};
use diesel::{sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use url::Url;

use super::database::{Embedded, failed};

/// The generator of P-256, whose private key (1) is nobody's: what subscribes by it is sent nothing by us.
const NOBODYS_KEY: &str = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";

const BAD_ENDPOINT: Rule = Rule { code: "bad_endpoint", message: "브라우저 알림 주소가 올바르지 않습니다." };
const BAD_KEY: Rule = Rule { code: "bad_key", message: "브라우저 알림 키가 올바르지 않습니다." };

#[async_trait]
impl PushService for Embedded {
    fn public_key(&self) -> &str {
        NOBODYS_KEY
    }

    fn check(&self, subscription: &Subscription) -> std::result::Result<(), (&'static str, Rule)> {
        let is_https = Url::parse(&subscription.endpoint).is_ok_and(|url| url.scheme() == "https");
        let is_plain = subscription.endpoint.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_https || !is_plain || subscription.endpoint.len() > 2_048 {
            return Err(("endpoint", BAD_ENDPOINT));
        }
        let has = |text: &str, length| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).is_ok_and(|bytes| bytes.len() == length);
        for (field, text, length) in [("keys.p256dh", &subscription.p256dh, 65), ("keys.auth", &subscription.auth, 16)] {
            if !has(text, length) {
                return Err((field, BAD_KEY));
            }
        }
        Ok(())
    }

    async fn push(&self, subscription: &Subscription, message: &PushMessage) -> Result<Pushed> {
        let mut connection = self.connection().await?;
        sql_query(
            "INSERT INTO embedded.pushes (endpoint, topic, content, sent_at)
             SELECT $1, $2, $3, now() + offset_ms * interval '1 millisecond' FROM embedded.clock
             ON CONFLICT (endpoint, topic) DO UPDATE SET content = excluded.content, sent_at = excluded.sent_at",
        )
        .bind::<t::Text, _>(&subscription.endpoint)
        .bind::<t::Text, _>(&message.topic)
        .bind::<t::Jsonb, _>(serde_json::to_value(&message.content).map_err(Error::internal)?)
        .execute(&mut connection)
        .await
        .map(|_| Pushed::Taken)
        .map_err(failed)
    }
}
