//! One secret, many keys.

use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// A key for one purpose (HKDF with SHA-256, RFC 5869): whoever comes to know it knows neither the secret nor the key of another purpose.
pub fn derive(secret: &SecretString, purpose: &str) -> [u8; 32] {
    let mut key = [0; 32];
    match Hkdf::<Sha256>::new(None, secret.expose_secret().as_bytes()).expand(purpose.as_bytes(), &mut key) {
        Ok(()) => key,
        Err(_) => unreachable!("one hash is less than the 255 that there may be"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_secret_and_another_purpose_are_other_keys() {
        let key = |secret: &str, purpose| derive(&SecretString::from(secret), purpose);
        assert_eq!(key("a", "one"), key("a", "one"));
        assert_ne!(key("a", "one"), key("a", "two"));
        assert_ne!(key("a", "one"), key("b", "one"));
    }
}
