//! Secrets at rest: sealed with XChaCha20-Poly1305, under a key that the row names, so that keys can change.

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    Key, XChaCha20Poly1305, XNonce,
    aead::{Aead, Generate, KeyInit, Payload},
};
use cheapbob_domain::shared::{Error, Result};
use secrecy::{ExposeSecret, SecretString};

/// Begins everything sealed.
const VERSION: &str = "sealed1";

/// Why keys do not parse. Never says what was given.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Nothing given.
    #[error("no key is given")]
    Empty,
    /// An entry is not `id:key`.
    #[error("each key is id:key, the id of letters and digits, the key 32 bytes in base64 (openssl rand -base64 32)")]
    Malformed,
    /// An id is there twice.
    #[error("two keys have the same id")]
    Twice,
}

struct SecretKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

/// The keys of this deployment: the first seals, all open.
pub struct SecretKeys {
    keys: Vec<SecretKey>,
}

impl std::fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

impl SecretKeys {
    /// `id:key,id:key`: the first is the current one; the others still open what they sealed.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(text: &SecretString) -> std::result::Result<Self, KeysError> {
        let mut keys: Vec<SecretKey> = Vec::new();
        for entry in text.expose_secret().split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (id, key) = entry.split_once(':').ok_or(KeysError::Malformed)?;
            let key: [u8; 32] = STANDARD.decode(key).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(KeysError::Malformed)?;
            if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(KeysError::Malformed);
            }
            if keys.iter().any(|other| other.id == id) {
                return Err(KeysError::Twice);
            }
            keys.push(SecretKey { id: id.to_owned(), cipher: XChaCha20Poly1305::new(&Key::from(key)) });
        }
        if keys.is_empty() { Err(KeysError::Empty) } else { Ok(Self { keys }) }
    }

    fn current(&self) -> &SecretKey {
        // `parse` lets no empty list through.
        &self.keys[0]
    }

    /// Seals a secret for one place (table, column, row): moved elsewhere it cannot be opened.
    pub(crate) fn seal(&self, place: &str, secret: &SecretString) -> Result<String> {
        let SecretKey { id, cipher } = self.current();
        let nonce = XNonce::generate();
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: place.as_bytes() };
        let mut bytes = nonce.to_vec();
        bytes.extend(cipher.encrypt(&nonce, payload).map_err(|_| Error::internal("a secret cannot be sealed"))?);
        Ok(format!("{VERSION}:{id}:{}", STANDARD.encode(bytes)))
    }

    /// Opens what was sealed for this place.
    pub(crate) fn open(&self, place: &str, sealed: &str) -> Result<SecretString> {
        const NONCE: usize = 24;
        let mut parts = sealed.splitn(3, ':');
        let (Some(VERSION), Some(id), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::internal(format!("{place} is not sealed")));
        };
        let key = self.keys.iter().find(|key| key.id == id);
        let key =
            key.ok_or_else(|| Error::internal(format!("{place} is sealed with key {id}, which CHEAPBOB_SECRET_KEYS does not have")))?;
        let bytes = STANDARD.decode(text).ok().filter(|bytes| bytes.len() > NONCE);
        let opened = bytes.and_then(|bytes| {
            let nonce = XNonce::try_from(&bytes[..NONCE]).ok()?;
            key.cipher.decrypt(&nonce, Payload { msg: &bytes[NONCE..], aad: place.as_bytes() }).ok()
        });
        let text = opened.and_then(|bytes| String::from_utf8(bytes).ok());
        text.map(SecretString::from).ok_or_else(|| Error::internal(format!("{place} cannot be opened with key {id}")))
    }

    /// Whether this is sealed with the current key.
    pub(crate) fn is_current(&self, sealed: &str) -> bool {
        sealed
            .strip_prefix(VERSION)
            .and_then(|rest| rest.strip_prefix(':'))
            .is_some_and(|rest| rest.strip_prefix(self.current().id.as_str()).is_some_and(|rest| rest.starts_with(':')))
    }

    /// What is sealed with another key, sealed with the current one. `None`: it is so already.
    pub(crate) fn reseal(&self, place: &str, stored: &str) -> Result<Option<String>> {
        if self.is_current(stored) {
            return Ok(None);
        }
        self.seal(place, &self.open(place, stored)?).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "new:IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn keys(text: &str) -> std::result::Result<SecretKeys, KeysError> {
        SecretKeys::parse(&SecretString::from(text.to_owned()))
    }

    #[test]
    fn a_secret_opens_in_its_place_only_and_never_looks_the_same() {
        let (keys, secret) = (keys(OLD).unwrap(), SecretString::from("s3cret"));
        let (one, two) = (keys.seal("a", &secret).unwrap(), keys.seal("a", &secret).unwrap());
        assert_ne!(one, two);
        assert!(!one.contains("s3cret") && one.starts_with("sealed1:old:"));
        assert_eq!(keys.open("a", &one).unwrap().expose_secret(), "s3cret");
        assert!(keys.open("b", &one).is_err());
        let changed = format!("{}AAAA", &one[..one.len() - 4]);
        assert!(keys.open("a", &changed).is_err());
        for bad in ["s3cret", "sealed1:old", "sealed1:old:", "sealed1:old:AAAA", "sealed1:x:AAAA"] {
            let error = keys.open("a", bad).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn keys_change_without_losing_what_the_old_one_sealed() {
        let secret = SecretString::from("s3cret");
        let sealed = keys(OLD).unwrap().seal("a", &secret).unwrap();
        let both = keys(&format!("{NEW},{OLD}")).unwrap();
        assert_eq!(both.open("a", &sealed).unwrap().expose_secret(), "s3cret");
        let again = both.reseal("a", &sealed).unwrap().unwrap();
        assert_eq!(both.reseal("a", &again).unwrap(), None);
        assert_eq!(keys(NEW).unwrap().open("a", &again).unwrap().expose_secret(), "s3cret");
        assert!(keys(NEW).unwrap().open("a", &sealed).is_err());
        // Clear text is no secret of ours, and is not repeated.
        assert_eq!(both.reseal("a", "s3cret").unwrap_err().to_string(), both.open("a", "s3cret").unwrap_err().to_string());
    }

    #[test]
    fn wrong_keys_are_said_to_be_wrong_and_not_repeated() {
        for bad in ["", " , ", "x", "x:short", ":AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", &format!("{OLD},{OLD}")] {
            let error = keys(bad).unwrap_err().to_string();
            assert!(!error.contains("AAEC"), "{error}");
        }
        assert_eq!(format!("{:?}", keys(&format!("{NEW},{OLD}")).unwrap()), r#"["new", "old"]"#);
    }
}
