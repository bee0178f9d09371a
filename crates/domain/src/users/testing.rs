//! For the tests of this feature: a signer, an account, minutes.

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::Algorithm;
use secrecy::SecretString;

use crate::{
    shared::Email,
    users::model::{
        account::{Account, Role},
        session_token::SessionTokens,
    },
};

pub(crate) fn tokens() -> SessionTokens {
    SessionTokens::new(&SecretString::from("a secret of the tests"), None, Algorithm::HS256, Duration::minutes(100))
}

pub(crate) fn account(role: Role) -> Account {
    Account::new(Email::trusted("a@b".into()), role, true, at(-60))
}

pub(crate) fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + minute * 60, 0).unwrap()
}
