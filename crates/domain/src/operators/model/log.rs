//! What operators looked at and did.

use chrono::{DateTime, Utc};

use super::operator::Operator;
use crate::shared::{
    Email, Rule,
    text::{Text, typed},
};

const REASON: Text = typed!("사유는", 2 to 255, lines);

/// Why money or access changes, as an operator types it.
///
/// # Errors
/// `too_short`, `too_long` (255 characters), `bad_character`.
pub fn reason(typed: &str) -> Result<String, Rule> {
    REASON.parse(typed)
}

/// Who acts, and in which request.
#[derive(Debug, Clone)]
pub struct By<'a> {
    /// The operator.
    pub operator: &'a Operator,
    /// The request's id, to be found in the logs.
    pub request_id: String,
}

/// An entry of the log, never changed once written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorLogEntry {
    /// The instant, by the product's clock.
    pub at: DateTime<Utc>,
    /// Who; an operator at a terminal has no e-mail.
    pub operator: Option<Email>,
    /// What: `looked`, `signed_in`, `refund`, `invited` …
    pub event: String,
    /// About whom or what: an id, an e-mail.
    pub about: Option<String>,
    /// More about it.
    pub detail: Option<String>,
    /// Why, where money or access changed.
    pub reason: Option<String>,
    /// Names the form that asked for it: an action is begun once for each. Its outcome is an entry of its own with the same form.
    pub form: Option<String>,
    /// What came of the action; `None`: this is its beginning, or no action.
    pub outcome: Option<String>,
    /// Id of the HTTP request.
    pub request_id: Option<String>,
}

impl OperatorLogEntry {
    /// What an operator did, without more about it.
    pub fn of(by: &By<'_>, event: &str, about: Option<&str>, at: DateTime<Utc>) -> Self {
        Self {
            at,
            operator: Some(by.operator.email.clone()),
            event: event.to_owned(),
            about: about.map(str::to_owned),
            detail: None,
            reason: None,
            form: None,
            outcome: None,
            request_id: Some(by.request_id.clone()),
        }
    }
}
