//! The second factor: codes of an app (RFC 6238: SHA-1, six digits, 30 s, as every app has them), and the codes for when it is lost.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Secret, Totp};

use crate::shared::{Email, Error, Ids, Result};

/// What an app that makes codes calls us.
const ISSUER: &str = "CheapBob";

/// Codes for when the app is lost.
pub const RECOVERY_CODES: usize = 10;

/// 160 bits for an app that makes codes, in base 32.
///
/// # Errors
/// Internal, where the source of secrets gives too few bits.
pub fn new_secret(ids: &dyn Ids) -> Result<SecretString> {
    Ok(SecretString::from(Secret::from(random::<20>(ids)?).to_base32()))
}

/// Random bytes of a secret's.
fn random<const N: usize>(ids: &dyn Ids) -> Result<[u8; N]> {
    let bytes = URL_SAFE_NO_PAD.decode(ids.secret()).map_err(Error::internal)?;
    bytes.get(..N).and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| Error::internal("a secret has too few bits"))
}

fn totp(secret: &SecretString, email: &Email) -> Result<Totp> {
    let secret = Secret::try_from_base32(secret.expose_secret()).map_err(|e| Error::internal(e.to_string()))?;
    let builder = Builder::new().with_secret(secret).with_issuer(Some(ISSUER)).with_account_name(email.as_str());
    builder.build().map_err(|e| Error::internal(e.to_string()))
}

/// What the app reads off a QR code.
///
/// # Errors
/// Internal, where the secret is none.
pub fn address(secret: &SecretString, email: &Email) -> Result<SecretString> {
    totp(secret, email)?.to_url().map(SecretString::from).map_err(|e| Error::internal(e.to_string()))
}

/// The step of 30 s whose code this is: the present one, or the one before or after. `None`: it is no code now.
///
/// # Errors
/// Internal, where the secret is none.
pub fn step(secret: &SecretString, email: &Email, typed: &str, now: DateTime<Utc>) -> Result<Option<i64>> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    if typed.len() != 6 || !typed.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(now.timestamp()).map_err(Error::internal)?;
    Ok(totp(secret, email)?.check(&typed, seconds).and_then(|step| i64::try_from(step).ok()))
}

/// Codes for when the app is lost, 80 bits each, in groups to copy by hand.
///
/// # Errors
/// Internal, where the source of secrets gives too few bits.
pub fn recovery_codes(ids: &dyn Ids) -> Result<Vec<String>> {
    let code = || {
        let text = Secret::from(random::<10>(ids)?).to_base32();
        let groups: Vec<&str> = (0..text.len()).step_by(4).filter_map(|at| text.get(at..(at + 4).min(text.len()))).collect();
        Ok(groups.join("-"))
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// What is kept of a recovery code, however it is typed.
pub fn hash_of_recovery_code(typed: &str) -> String {
    let code: String = typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    hash(&code)
}

/// What is kept of a secret with bits enough.
pub(in crate::operators) fn hash(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::testing::email;

    struct Fixed;

    impl Ids for Fixed {
        fn ulid(&self) -> String {
            String::new()
        }

        fn secret(&self) -> String {
            URL_SAFE_NO_PAD.encode([7; 32])
        }
    }

    /// RFC 6238's own secret; its table's last six digits.
    const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_rfc_for_half_a_minute_before_and_after() {
        let (secret, who) = (SecretString::from(RFC), email("a@b"));
        let of = |typed: &str, seconds| step(&secret, &who, typed, at(seconds)).unwrap();
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")] {
            assert_eq!(of(code, seconds), Some(seconds / 30), "{seconds}");
        }
        assert_eq!((of("081804", 1_111_111_109 + 30), of("081804", 1_111_111_109 - 30)), (Some(37_037_036), Some(37_037_036)));
        assert_eq!((of("081804", 1_111_111_109 + 60), of("081804", 1_111_111_109 - 60)), (None, None));
        assert_eq!(of(" 081 804 ", 1_111_111_109), Some(37_037_036));
        for bad in ["", "81804", "0818040", "08180x", "０８１８０４"] {
            assert_eq!(of(bad, 1_111_111_109), None, "{bad}");
        }
    }

    #[test]
    fn an_app_is_enrolled_by_an_address() {
        let secret = new_secret(&Fixed).unwrap();
        let address = address(&secret, &email("a@b")).unwrap();
        let expected = format!("otpauth://totp/CheapBob:a%40b?secret={}&issuer=CheapBob", secret.expose_secret());
        assert_eq!(address.expose_secret(), expected);
        assert_eq!(secret.expose_secret().len(), 32);
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let codes = recovery_codes(&Fixed).unwrap();
        assert_eq!((codes.len(), codes[0].len()), (RECOVERY_CODES, 19));
        let typed = codes[0].to_lowercase().replace('-', " ");
        assert_eq!(hash_of_recovery_code(&typed), hash_of_recovery_code(&codes[0]));
        assert_ne!(hash_of_recovery_code("x"), hash_of_recovery_code("y"));
    }
}
