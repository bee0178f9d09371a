#![doc = include_str!("../README.md")]

mod guard;
mod vapid;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cheapbob_domain::{
    notices::{
        PushMessage, Subscription,
        ports::{PushService, Pushed},
    },
    shared::{Error, Result, Rule},
};
use p256::PublicKey;
use reqwest::{Client, Response, StatusCode, header, redirect};
use secrecy::SecretString;
use url::Url;
use web_push_native::{Auth, encrypt};

use guard::PublicOnly;
pub use vapid::KeyError;
use vapid::Vapid;

/// How long a push service may take for a connection, and in all.
const CONNECT: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(10);

/// What a message may have; push services take 4,096 bytes with what encryption adds.
const LARGEST: usize = 3_072;

const BAD_ENDPOINT: Rule = Rule { code: "bad_endpoint", message: "브라우저 알림 주소가 올바르지 않습니다." };
const BAD_KEY: Rule = Rule { code: "bad_key", message: "브라우저 알림 키가 올바르지 않습니다." };

/// How we are known to push services.
#[derive(Debug, Clone)]
pub struct WebPushSettings {
    /// Private key of P-256: 32 bytes, base64url.
    pub private_key: SecretString,
    /// Where their operators find us: `mailto:` or https.
    pub subject: String,
    /// Goes to this machine's own addresses as well: never in production.
    pub own_machine: bool,
}

impl WebPushSettings {
    /// Whether the key is one.
    ///
    /// # Errors
    /// [`WebPushError::Key`].
    pub fn check(&self) -> std::result::Result<(), WebPushError> {
        Ok(Vapid::new(&self.private_key, String::new()).map(|_| ())?)
    }
}

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum WebPushError {
    /// The key is none.
    #[error("VAPID_PRIVATE_KEY: {0}")]
    Key(#[from] KeyError),
    /// The HTTP client cannot be built.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
}

/// The way to browsers.
pub struct WebPush {
    client: Client,
    vapid: Vapid,
    own_machine: bool,
}

impl WebPush {
    /// A client of every push service.
    ///
    /// # Errors
    /// [`WebPushError`].
    pub fn new(settings: &WebPushSettings) -> std::result::Result<Self, WebPushError> {
        let own_machine = settings.own_machine;
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(PublicOnly { own_machine }))
            .pool_max_idle_per_host(32)
            .build()?;
        Ok(Self { client, vapid: Vapid::new(&settings.private_key, settings.subject.clone())?, own_machine })
    }
}

/// The browser's keys.
fn keys(subscription: &Subscription) -> std::result::Result<(PublicKey, Auth), &'static str> {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
    let point = bytes(&subscription.p256dh).filter(|point| point.len() == 65).and_then(|point| PublicKey::from_sec1_bytes(&point).ok());
    let auth = bytes(&subscription.auth).and_then(|auth| <[u8; 16]>::try_from(auth).ok()).map(Auth::from);
    Ok((point.ok_or("keys.p256dh")?, auth.ok_or("keys.auth")?))
}

/// What the other side's answer means.
fn meaning(response: &Response) -> Pushed {
    match response.status() {
        status if status.is_success() => Pushed::Taken,
        StatusCode::NOT_FOUND | StatusCode::GONE => Pushed::Gone,
        status if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) => {
            let seconds = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u32>().ok());
            Pushed::Later(seconds.map(|seconds| chrono::Duration::seconds(seconds.into())))
        }
        status => Pushed::Refused(format!("HTTP {status}")),
    }
}

#[async_trait]
impl PushService for WebPush {
    fn public_key(&self) -> &str {
        &self.vapid.public
    }

    fn check(&self, subscription: &Subscription) -> std::result::Result<(), (&'static str, Rule)> {
        guard::endpoint(&subscription.endpoint, self.own_machine).ok_or(("endpoint", BAD_ENDPOINT))?;
        keys(subscription).map(|_| ()).map_err(|field| (field, BAD_KEY))
    }

    #[tracing::instrument(name = "webpush", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn push(&self, subscription: &Subscription, message: &PushMessage) -> Result<Pushed> {
        // What was stored while another rule held is asked again.
        let Some(url) = guard::endpoint(&subscription.endpoint, self.own_machine) else { return Ok(Pushed::Gone) };
        let Ok((key, auth)) = keys(subscription) else { return Ok(Pushed::Gone) };
        let body = serde_json::to_vec(&message.content).map_err(Error::internal)?;
        if body.len() > LARGEST {
            return Ok(Pushed::Refused(format!("a message of {} bytes", body.len())));
        }
        let body = encrypt(body, &key, &auth).map_err(Error::internal)?;
        let authorization = self.vapid.authorization(&origin(&url)).map_err(Error::internal)?;
        let request = self
            .client
            .post(url)
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_ENCODING, "aes128gcm")
            .header("TTL", message.life.num_seconds().max(0))
            .header("Urgency", "normal")
            .header("Topic", &message.topic)
            .body(body);
        match request.send().await {
            Ok(response) => Ok(meaning(&response)),
            // A name that is nobody's, or ours: as an outage of theirs, which ends after some attempts.
            Err(error) => {
                tracing::debug!(error = %error.without_url(), "a push service does not answer");
                Ok(Pushed::Later(None))
            }
        }
    }
}

/// Whom a token is for.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
