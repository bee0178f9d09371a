//! Cutting links as Google's, Kakao's and Naver's documentation of their APIs has it, and the notices of Kakao and Naver.

use aes::Aes128;
use async_trait::async_trait;
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use cbc::{
    Decryptor,
    cipher::{BlockDecryptMut, KeyIvInit, block_padding::Pkcs7},
};
use cheapbob_domain::{
    shared::{Error, Result, remote::readable_json},
    users::{Provider, UnlinkNotice, is_user_id, ports::ProviderUnlink},
};
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use md5::Md5;
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{OAuth, of};

/// A notice of Naver's older than this is none; no window is prescribed.
const OLDEST_SECONDS: i64 = 300;

/// "Not connected to this app": cut already.
const NOT_CONNECTED: i64 = -101;

/// Naver sends base64url without padding; with it is taken as well.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

#[derive(Deserialize)]
struct KakaoFailure {
    code: i64,
}

#[derive(Deserialize)]
struct RevokeFailure {
    error: String,
}

#[async_trait]
impl ProviderUnlink for OAuth {
    async fn cut<'a>(&self, provider: Provider, user_id: &str, token: Option<&'a SecretString>) -> Result<()> {
        let settings = self.settings(provider);
        let request = self.client.post(settings.unlink_url.clone());
        match (provider, token, &self.kakao_admin_key) {
            (Provider::Kakao, _, Some(key)) => {
                let request = request.header("authorization", format!("KakaoAK {}", key.expose_secret()));
                let failure = self.refusal(provider, request.form(&[("target_id_type", "user_id"), ("target_id", user_id)])).await?;
                done_if(provider, failure, |failure: &KakaoFailure| failure.code == NOT_CONNECTED)
            }
            (Provider::Google, Some(token), _) => {
                let failure = self.refusal(provider, request.form(&[("token", token.expose_secret())])).await?;
                done_if(provider, failure, |failure: &RevokeFailure| failure.error == "invalid_token")
            }
            (Provider::Naver, Some(token), _) => {
                let failure = self.refusal(
                    provider,
                    request.form(&[
                        ("client_id", settings.client_id.as_str()),
                        ("client_secret", settings.client_secret.expose_secret()),
                        ("token", token.expose_secret()),
                        ("token_type_hint", "refresh_token"),
                    ]),
                );
                // A token that is void already is answered with 200.
                done_if(provider, failure.await?, |_: &RevokeFailure| false)
            }
            _ => {
                tracing::info!(
                    provider = provider.as_str(),
                    "a deleted account stays connected at its provider: there is no token to cut it with"
                );
                Ok(())
            }
        }
    }

    fn verify(&self, notice: &UnlinkNotice, now: DateTime<Utc>) -> std::result::Result<String, &'static str> {
        let user = match notice {
            UnlinkNotice::Kakao { authorization, user_id } => self.kakao_notice(authorization.as_deref(), user_id.as_deref()),
            UnlinkNotice::Naver { client_id, encrypted_id, timestamp, signature } => {
                self.naver_notice([client_id, encrypted_id, timestamp, signature].map(Option::as_deref), now)
            }
        }?;
        if is_user_id(&user) { Ok(user) } else { Err("a user id that is none") }
    }
}

impl OAuth {
    /// What the provider answers where it does not say that the link is cut.
    async fn refusal(&self, provider: Provider, request: RequestBuilder) -> Result<Option<(StatusCode, Vec<u8>)>> {
        let is_silence = |outcome: &Answer| match outcome {
            Ok(Some((status, _))) => status.is_server_error(),
            Ok(None) => false,
            Err(_) => true,
        };
        of(provider, &self.unlinking)
            .ask(answer(request), is_silence)
            .await?
            .map_err(|e| Error::unavailable(provider.as_str(), e.without_url()))
    }

    fn kakao_notice(&self, authorization: Option<&str>, user_id: Option<&str>) -> std::result::Result<String, &'static str> {
        let own = self.kakao_admin_key.as_ref().ok_or("no KAKAO_ADMIN_KEY is set")?;
        let key = authorization.and_then(|value| value.strip_prefix("KakaoAK ")).ok_or("no key")?;
        // In constant time, as hashes of both.
        let tag = |key: &str| mac(b"compare", key.as_bytes());
        let expected = tag(own.expose_secret())?.finalize().into_bytes();
        tag(key)?.verify(&expected).map_err(|_| "another key")?;
        user_id.map(str::to_owned).ok_or("no user")
    }

    fn naver_notice(&self, fields: [Option<&str>; 4], now: DateTime<Utc>) -> std::result::Result<String, &'static str> {
        let settings = self.settings(Provider::Naver);
        let [Some(client_id), Some(encrypted), Some(timestamp), Some(signature)] = fields else { return Err("a field is missing") };
        if client_id != settings.client_id {
            return Err("another app's");
        }
        let key = Md5::digest(settings.client_secret.expose_secret().as_bytes());
        let base = format!("clientId={client_id}&encryptUniqueId={encrypted}&timestamp={timestamp}");
        let given = BASE64.decode(signature).map_err(|_| "a signature that is none")?;
        mac(&key, base.as_bytes())?.verify_slice(&given).map_err(|_| "a wrong signature")?;
        let sent: i64 = timestamp.parse().map_err(|_| "a timestamp that is none")?;
        if (now.timestamp() - sent).abs() > OLDEST_SECONDS {
            return Err("too old, or of the future");
        }
        let mut bytes = BASE64.decode(encrypted).map_err(|_| "a user that is none")?;
        let (iv, body) = bytes.split_at_mut_checked(16).ok_or("a user that is none")?;
        let cipher = Decryptor::<Aes128>::new_from_slices(&key, iv).map_err(|_| "a user that is none")?;
        let plain = cipher.decrypt_padded_mut::<Pkcs7>(body).map_err(|_| "a user that is none")?;
        String::from_utf8(plain.to_vec()).map_err(|_| "a user that is none")
    }
}

type Answer = std::result::Result<Option<(StatusCode, Vec<u8>)>, reqwest::Error>;

#[tracing::instrument(name = "oauth", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await?;
    let status = response.status();
    if status.is_success() { Ok(None) } else { Ok(Some((status, response.bytes().await?.to_vec()))) }
}

/// A refusal counts as done where it says that the link was cut before.
fn done_if<F: DeserializeOwned>(provider: Provider, refusal: Option<(StatusCode, Vec<u8>)>, is_cut: impl Fn(&F) -> bool) -> Result<()> {
    let Some((status, body)) = refusal else { return Ok(()) };
    if serde_json::from_str(&readable_json(&body)).is_ok_and(|failure| is_cut(&failure)) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&body).chars().take(200).collect::<String>();
    Err(Error::unavailable(provider.as_str(), format!("unlink: HTTP {status}: {said}")))
}

fn mac(key: &[u8], text: &[u8]) -> std::result::Result<Hmac<Sha256>, &'static str> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).map_err(|_| "a key that is none")?;
    mac.update(text);
    Ok(mac)
}
