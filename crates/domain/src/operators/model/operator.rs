//! People who run the service.

use chrono::{DateTime, Utc};
use strum::{EnumIter, EnumString, IntoStaticStr};

use crate::shared::Email;

/// What an operator may do; each may what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum OperatorRole {
    /// Look.
    Viewer,
    /// Help people: move money back, retry, hide.
    Support,
    /// Say who the operators are.
    Admin,
}

impl OperatorRole {
    /// Every role, the least first.
    pub fn all() -> impl Iterator<Item = Self> {
        <Self as strum::IntoEnumIterator>::iter()
    }

    /// Its word in rows and forms.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads what [`Self::as_str`] writes. `None`: no such word.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Somebody who runs the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Vouched for by a provider at each login.
    pub email: Email,
    /// What they may do.
    pub role: OperatorRole,
    /// Who invited them. `None`: the setting `OPERATOR_EMAILS`, for as long as they stand in it, or somebody at a terminal.
    pub invited_by: Option<Email>,
    /// Made by the setting alone: without it they are nobody.
    pub by_setting: bool,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Whether an app that makes codes is enrolled.
    pub is_enrolled: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_those_before_it_may() {
        assert!(OperatorRole::Viewer < OperatorRole::Support && OperatorRole::Support < OperatorRole::Admin);
        for role in OperatorRole::all() {
            assert_eq!(OperatorRole::parse(role.as_str()), Some(role));
        }
        assert_eq!(OperatorRole::parse("owner"), None);
    }
}
