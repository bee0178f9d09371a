//! Cutting links: Kakao's by the admin key, and the notices of Kakao and Naver (`oauth.md` §2, §3.4).

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
    shared::{Error, Result},
    users::{
        Provider,
        ports::{ProviderLinks, UnlinkNotice},
    },
};
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use md5::Md5;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::Url;

use crate::OAuth;

/// A notice of Naver's older than this is none; no window is prescribed.
const OLDEST_SECONDS: i64 = 300;

/// "Not connected to this app": cut already.
const NOT_CONNECTED: i64 = -101;

/// Naver sends base64url without padding; with it is taken as well.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// What cuts links at Kakao.
#[derive(Debug, Clone)]
pub struct KakaoAdmin {
    /// The app's primary admin key; Kakao's notices carry it too.
    pub key: SecretString,
    /// Where links are cut.
    pub unlink_url: Url,
}

impl KakaoAdmin {
    /// At Kakao.
    ///
    /// # Errors
    /// Never: the address is a fixed one.
    pub fn real(key: SecretString) -> std::result::Result<Self, url::ParseError> {
        Ok(Self { key, unlink_url: "https://kapi.kakao.com/v1/user/unlink".parse()? })
    }
}

#[derive(Deserialize)]
struct Failure {
    code: i64,
}

#[async_trait]
impl ProviderLinks for OAuth {
    async fn cut(&self, provider: Provider, user_id: &str) -> Result<()> {
        let Some(admin) = self.kakao_admin.as_ref().filter(|_| provider == Provider::Kakao) else {
            tracing::info!(provider = provider.as_str(), "a deleted account's link stays at its provider: there is no key that cuts it");
            return Ok(());
        };
        let request = self
            .client
            .post(admin.unlink_url.clone())
            .header("authorization", format!("KakaoAK {}", admin.key.expose_secret()))
            .form(&[("target_id_type", "user_id"), ("target_id", user_id)]);
        let failed = |e: reqwest::Error| Error::unavailable("kakao", e.without_url());
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        match response.json::<Failure>().await.map_err(failed)?.code {
            NOT_CONNECTED => Ok(()),
            code => Err(Error::unavailable("kakao", format!("unlink: HTTP {status}, code {code}"))),
        }
    }

    fn verify(&self, notice: &UnlinkNotice, now: DateTime<Utc>) -> std::result::Result<String, &'static str> {
        match notice {
            UnlinkNotice::Kakao { authorization, user_id } => self.kakao_notice(authorization.as_deref(), user_id.as_deref()),
            UnlinkNotice::Naver { client_id, encrypted_id, timestamp, signature } => {
                self.naver_notice([client_id, encrypted_id, timestamp, signature].map(Option::as_deref), now)
            }
        }
    }
}

impl OAuth {
    fn kakao_notice(&self, authorization: Option<&str>, user_id: Option<&str>) -> std::result::Result<String, &'static str> {
        let admin = self.kakao_admin.as_ref().ok_or("no KAKAO_ADMIN_KEY is set")?;
        let key = authorization.and_then(|value| value.strip_prefix("KakaoAK ")).ok_or("no key")?;
        // In constant time, as hashes of both.
        let tag = |key: &str| mac(b"compare", key.as_bytes());
        let expected = tag(admin.key.expose_secret())?.finalize().into_bytes();
        tag(key)?.verify(&expected).map_err(|_| "another key")?;
        user_id.filter(|id| !id.is_empty()).map(str::to_owned).ok_or("no user")
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

fn mac(key: &[u8], text: &[u8]) -> std::result::Result<Hmac<Sha256>, &'static str> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).map_err(|_| "a key that is none")?;
    mac.update(text);
    Ok(mac)
}
