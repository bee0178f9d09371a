//! Who we are, to push services (RFC 8292).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use p256::{SecretKey, elliptic_curve::sec1::ToEncodedPoint, pkcs8::EncodePrivateKey};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

/// How long a token is good (RFC 8292: 24 hours at most), in seconds of real time; it is made anew after half of that.
const LIFE: u64 = 12 * 3_600;

/// Push services whose tokens are kept. There are five or so; strangers may name others.
const KEPT: usize = 64;

/// Why the key is of no use.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No base64url.
    #[error("it is not base64url")]
    Encoding,
    /// Not 32 bytes below the order of P-256.
    #[error("it is not the 32 bytes of a private key of P-256")]
    Key,
}

/// Our key.
pub(crate) struct Vapid {
    key: EncodingKey,
    subject: String,
    /// Uncompressed point, base64url.
    pub(crate) public: String,
    /// Authorization by the push service's origin, and from when on it is made anew.
    tokens: Mutex<HashMap<String, (String, u64)>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: u64,
    sub: &'a str,
}

impl Vapid {
    pub(crate) fn new(key: &SecretString, subject: String) -> Result<Self, KeyError> {
        let bytes = URL_SAFE_NO_PAD.decode(key.expose_secret().trim().trim_end_matches('=')).map_err(|_| KeyError::Encoding)?;
        let secret = SecretKey::from_slice(&bytes).map_err(|_| KeyError::Key)?;
        let public = URL_SAFE_NO_PAD.encode(secret.public_key().to_encoded_point(false).as_bytes());
        let der = secret.to_pkcs8_der().map_err(|_| KeyError::Key)?;
        Ok(Self { key: EncodingKey::from_ec_der(der.as_bytes()), subject, public, tokens: Mutex::default() })
    }

    /// The header by which this push service knows us.
    pub(crate) fn authorization(&self, origin: &str) -> Result<String, jsonwebtoken::errors::Error> {
        let now = get_current_timestamp();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, _)) = tokens.get(origin).filter(|(_, until)| now < *until) {
            return Ok(token.clone());
        }
        let claims = Claims { aud: origin, exp: now + LIFE, sub: &self.subject };
        let token = format!("vapid t={}, k={}", encode(&Header::new(Algorithm::ES256), &claims, &self.key)?, self.public);
        if tokens.len() >= KEPT {
            tokens.clear();
        }
        tokens.insert(origin.to_owned(), (token.clone(), now + LIFE / 2));
        Ok(token)
    }
}
