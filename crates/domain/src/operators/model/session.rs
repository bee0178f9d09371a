//! Operators' sessions: rows, so that one ends in every process at the instant at which somebody ends it.

use chrono::{DateTime, Duration, Utc};

use super::{code::hash, operator::Operator};

/// A session ends so long after the login, whatever is done in it.
pub const SESSION_LIFE: Duration = Duration::hours(8);

/// So long the code may follow the provider's word.
pub const CODE_LIFE: Duration = Duration::minutes(10);

/// A session as it is found by its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorSession {
    /// Whose.
    pub operator: Operator,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// Whether the second factor was shown. Without it the session is good for showing it, and for nothing else.
    pub is_confirmed: bool,
}

/// A session that began: its token is kept by the browser alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOperatorSession {
    /// For the cookie.
    pub token: String,
    /// For how long the browser keeps it.
    pub life: Duration,
}

/// What is kept of a session's token.
pub fn hash_of_token(token: &str) -> String {
    hash(token)
}

/// What each form of a session carries, so that no other page can send one: who knows it knows no token.
pub fn form_token(token: &str) -> String {
    hash(&format!("form of {token}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_and_what_forms_carry_are_no_tokens() {
        let kept = [hash_of_token("a"), hash_of_token("b"), form_token("a"), form_token("b"), "a".to_owned()];
        let different: std::collections::BTreeSet<_> = kept.iter().collect();
        assert_eq!(different.len(), kept.len());
    }
}
