//! Tokens of the Python service, which are exchanged for ours while people move in.

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::IgnoredAny};
use sha2::{Digest, Sha256};

use super::account::Role;
use crate::shared::Email;

/// How long a token is still taken after its first exchange. An app sends several requests at once, each with the token that it has, and
/// repeats one whose answer was lost; whoever has stolen the token gains no more than this.
pub const EXCHANGE_GRACE: Duration = Duration::minutes(1);

/// What the Python service signed. `is_active` is not read: the database says so.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    user_type: Role,
    exp: i64,
    /// It had neither of these; ours have.
    jti: Option<IgnoredAny>,
    account: Option<IgnoredAny>,
}

/// A token of the Python service that is still good by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedToken {
    /// Names the session that goes on with it: made of the token's hash, so that all exchanges of one token are one session.
    pub session_id: String,
    /// Whose it is. It may have had upper case there.
    pub email: Email,
    /// The app that it was made for.
    pub role: Role,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

/// Verifies them until a certain instant.
pub struct ImportedTokens {
    keys: Vec<DecodingKey>,
    validation: Validation,
    until: DateTime<Utc>,
}

impl ImportedTokens {
    /// Those that `secret` or `previous` signed, until `until`.
    pub fn new(secret: &SecretString, previous: Option<&SecretString>, until: DateTime<Utc>) -> Self {
        // The one algorithm of the Python service, whatever ours is.
        let mut validation = Validation::new(Algorithm::HS256);
        // jsonwebtoken reads the system's clock; ours is compared below.
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "sub"]);
        let key = |secret: &SecretString| DecodingKey::from_secret(secret.expose_secret().as_bytes());
        Self { keys: std::iter::once(secret).chain(previous).map(key).collect(), validation, until }
    }

    /// `None`: forged, garbled, too old, one of ours, or nobody takes them any more.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<ImportedToken> {
        // Ours name their key.
        if now >= self.until || decode_header(token).ok()?.kid.is_some() {
            return None;
        }
        let claims = self.keys.iter().find_map(|key| decode::<Claims>(token, key, &self.validation).ok())?.claims;
        let expires_at = DateTime::from_timestamp(claims.exp, 0)?;
        let good = now < expires_at && claims.jti.is_none() && claims.account.is_none();
        let email = Email::parse(&claims.sub).ok()?;
        good.then(|| ImportedToken { session_id: session_id(token), email, role: claims.user_type, expires_at })
    }
}

/// Of the part that is signed: whoever changes how the signature is written has the same token.
fn session_id(token: &str) -> String {
    let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
    let hash = Sha256::digest(signed.as_bytes());
    std::iter::once("imported-".to_owned()).chain(hash.iter().map(|byte| format!("{byte:02x}"))).collect()
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value, json};

    use super::*;
    use crate::users::testing::{account, at, tokens};

    fn signed(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
        encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    fn claims() -> Value {
        json!({ "sub": "Minji@Example.com", "user_type": "customer", "is_active": true, "exp": at(60).timestamp() })
    }

    fn verify(token: &str, minute: i64) -> Option<ImportedToken> {
        let (secret, previous) = (SecretString::from("a secret of the tests"), SecretString::from("previous"));
        ImportedTokens::new(&secret, Some(&previous), at(90)).verify(token, at(minute))
    }

    #[test]
    fn what_the_python_service_signed_is_taken_until_it_or_all_of_them_end() {
        let token = signed(Algorithm::HS256, "a secret of the tests", &claims());
        let taken = verify(&token, 59).unwrap();
        assert_eq!((taken.email.as_str(), taken.role, taken.expires_at), ("minji@example.com", Role::Customer, at(60)));
        assert_eq!(taken.session_id, verify(&token, 0).unwrap().session_id);
        assert_eq!(taken.session_id.len(), 9 + 64);
        assert_eq!(verify(&token, 60), None);
        let mut long = claims();
        long["exp"] = at(1_000).timestamp().into();
        let long = signed(Algorithm::HS256, "previous", &long);
        assert!(verify(&long, 89).is_some() && verify(&long, 90).is_none());
        assert_ne!(verify(&long, 0).unwrap().session_id, taken.session_id);
    }

    #[test]
    fn what_it_did_not_sign_is_not() {
        let with = |name: &str, value: Value| {
            let mut claims = claims();
            claims[name] = value;
            signed(Algorithm::HS256, "a secret of the tests", &claims)
        };
        let good = signed(Algorithm::HS256, "a secret of the tests", &claims());
        // {"alg":"none"}
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", good.split('.').nth(1).unwrap());
        let ours = tokens().begin("id", &account(Role::Customer), false, at(0)).unwrap().token;
        for bad in [
            signed(Algorithm::HS256, "another", &claims()),
            signed(Algorithm::HS512, "a secret of the tests", &claims()),
            with("jti", "id".into()),
            with("account", 1.into()),
            with("user_type", "admin".into()),
            with("sub", "길동".into()),
            with("exp", Value::Null),
            unsigned,
            ours,
            String::new(),
        ] {
            assert_eq!(verify(&bad, 0), None, "{bad}");
        }
    }

    #[test]
    fn a_token_of_it_is_none_of_ours() {
        assert!(tokens().verify(&signed(Algorithm::HS256, "a secret of the tests", &claims()), at(0)).is_none());
    }
}
