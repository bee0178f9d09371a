//! The Python service's session tokens.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

/// A token of somebody who is logged in there; `role`: `customer` or `seller`.
pub fn token(secret: &str, email: &str, role: &str, expires_at: DateTime<Utc>) -> String {
    let claims = json!({ "sub": email, "user_type": role, "is_active": true, "exp": expires_at.timestamp() });
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}
