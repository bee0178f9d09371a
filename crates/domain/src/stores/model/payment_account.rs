//! A store's account at PortOne.

use secrecy::SecretString;

use crate::shared::{
    Result, Rule,
    text::{Text, normal, typed},
};

const STORE_ID: Text = typed!("PortOne 상점 아이디는", 1 to 255);
const CHANNEL_ID: Text = typed!("PortOne 채널 키는", 1 to 255);
const SECRET: Text = typed!("PortOne API 시크릿은", 1 to 255);

/// PortOne's names for a store's account there: no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortOneIds {
    /// `store-…`
    pub store_id: String,
    /// `channel-key-…`
    pub channel_id: String,
}

impl PortOneIds {
    /// The store's id, as PortOne's console shows it.
    ///
    /// # Errors
    /// `too_short`, `too_long`, `bad_character`.
    pub fn store_id(typed: &str) -> Result<String, Rule> {
        STORE_ID.parse(typed)
    }

    /// The channel's key.
    ///
    /// # Errors
    /// `too_short`, `too_long`, `bad_character`.
    pub fn channel_id(typed: &str) -> Result<String, Rule> {
        CHANNEL_ID.parse(typed)
    }
}

/// A V2 API secret.
///
/// # Errors
/// `too_short`, `too_long`, `bad_character`.
pub fn api_secret(typed: &str) -> Result<SecretString, Rule> {
    SECRET.parse(typed).map(SecretString::from)
}

/// A store's account at PortOne.
#[derive(Debug, Clone)]
pub struct PortOneAccount {
    /// Store and channel at PortOne.
    pub ids: PortOneIds,
    /// Secret of PortOne's V2 API; sealed at rest, never logged.
    pub secret: SecretString,
}

impl PortOneAccount {
    /// The same account, asked about another of its stores.
    pub fn of_store(mut self, store_id: &str) -> Self {
        store_id.clone_into(&mut self.ids.store_id);
        self
    }
}

/// Bytes of a webhook secret at least, as Standard Webhooks has it: a shorter one can be guessed from a single message.
const LEAST_WEBHOOK_SECRET: usize = 24;

/// A webhook secret as PortOne's console shows it: base64, perhaps after `whsec_`.
///
/// # Errors
/// `bad_secret`, where no signature could ever be verified with it, or somebody could guess it.
pub fn webhook_secret(typed: &str) -> Result<SecretString, Rule> {
    const BAD: Rule = Rule { code: "bad_secret", message: "PortOne 콘솔의 웹훅 시크릿을 그대로 입력해 주세요." };
    let text = normal(typed);
    let encoded = text.strip_prefix("whsec_").unwrap_or(&text);
    let plain = encoded.trim_end_matches('=');
    let is_base64 = plain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    let long_enough = plain.len() * 3 / 4 >= LEAST_WEBHOOK_SECRET;
    let fits = long_enough && text.len() <= 255 && encoded.len().is_multiple_of(4) && encoded.len() - plain.len() <= 2 && is_base64;
    if fits { Ok(SecretString::from(text)) } else { Err(BAD) }
}

/// What may be changed of a payment account; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct PaymentChange {
    /// Store and channel at PortOne.
    pub ids: Option<PortOneIds>,
    /// Secret of PortOne's V2 API; sealed at rest, never logged.
    pub secret: Option<SecretString>,
    /// What PortOne signs webhooks with. The one before stays good until the next change.
    pub webhook_secret: Option<SecretString>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_secret_is_base64_of_24_bytes_or_more() {
        // 23, 24 and 25 bytes.
        let (short, long, longer) = (format!("{}=", "A".repeat(31)), "A".repeat(32), format!("{}==", "A".repeat(34)));
        for secret in [&long, &format!("whsec_{long}"), &longer, &format!(" {long} ")] {
            assert!(webhook_secret(secret).is_ok(), "{secret}");
        }
        for wrong in
            ["", "whsec_", "AAAA", &short, &format!("whsec_{short}"), &format!("{long}A"), &format!("{long}-AAA"), &"A".repeat(256)]
        {
            assert_eq!(webhook_secret(wrong).unwrap_err().code, "bad_secret", "{wrong}");
        }
    }
}
