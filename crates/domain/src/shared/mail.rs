//! A mail and the way out; what it says stands in its feature.

use async_trait::async_trait;
use serde::Serialize;

use super::error::Result;

/// A mail as it is handed to the mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// The one recipient.
    pub to: String,
    /// In Korean, one line.
    pub subject: String,
    /// The body for readers without HTML.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// Address that ends such mails by one POST (RFC 8058); `None`: it is nobody's to end, being about an order or an account.
    pub unsubscribe: Option<String>,
}

/// What the mail server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It is on its way.
    Sent,
    /// It was not sent: what it tells is told already, or not so any more.
    OutOfDate,
    /// Refused for good. Its words, and what an operator can do.
    Refused(String),
}

/// The mail server.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Mailer: Send + Sync {
    /// `message_id` names the event: the same one MUST not reach a person twice where the other side can tell. Unavailable: to be tried again.
    async fn send(&self, message_id: &str, mail: &Mail) -> Result<Delivery>;
}
