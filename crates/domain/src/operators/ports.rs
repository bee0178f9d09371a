//! What this feature needs from outside.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::model::{
    board::{DiscrepancyView, Overview, WorkView},
    found::{Found, Sought},
    log::OperatorLogEntry,
    operator::{Operator, OperatorRole},
    payment::{MessageView, PaymentView},
    people::{CustomerView, StoreView},
    session::OperatorSession,
};
use crate::shared::{Email, PaymentId, Result, StoreId};

/// Who the operators are.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Operators: Send + Sync {
    /// The operator of this e-mail. `None`: there is none.
    async fn find(&self, email: &Email) -> Result<Option<Operator>>;
    /// All of them, by e-mail.
    async fn list(&self) -> Result<Vec<Operator>>;
    /// Makes an operator, or gives the one of this e-mail another role; what they have enrolled stays.
    async fn put(&self, email: &Email, role: OperatorRole, invited_by: Option<Email>, by_setting: bool, at: DateTime<Utc>) -> Result<()>;
    /// Removes an operator with sessions, enrolled app and recovery codes, all or nothing. `false`: there is none.
    async fn remove(&self, email: &Email) -> Result<bool>;
}

/// Operators' second factors. Secrets MUST be sealed at rest, of recovery codes hashes alone are kept.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait SecondFactors: Send + Sync {
    /// Keeps the secret of an app to be enrolled, in the place of an earlier one. `false`, and nothing kept, where one is enrolled.
    async fn begin(&self, email: &Email, secret: &SecretString) -> Result<bool>;
    /// The secret, enrolled or not. `None`: there is none.
    async fn secret(&self, email: &Email) -> Result<Option<SecretString>>;
    /// The app is enrolled from now on, its code of this step is used, and these are the recovery codes; all or nothing. `false`, and nothing
    /// changed, where one is enrolled: of two calls at once exactly one MUST enrol.
    async fn enrol(&self, email: &Email, step: i64, recovery_codes: &[String]) -> Result<bool>;
    /// Uses up the code of this step. `false`: it, or one of a later step, was used. Of two calls at once exactly one MUST be `true`.
    async fn use_step(&self, email: &Email, step: i64) -> Result<bool>;
    /// Uses up the recovery code of this hash. `false`: there is none. Of two calls at once exactly one MUST be `true`.
    async fn use_recovery_code(&self, email: &Email, hash: &str) -> Result<bool>;
}

/// Operators' sessions, by the hash of their token.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait OperatorSessions: Send + Sync {
    /// Begins one that is not confirmed; those that ended before `now` may go.
    async fn begin(&self, hash: &str, email: &Email, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()>;
    /// The session, with its operator as they are at this instant. `None`: there is none, it has ended, or its operator was removed.
    async fn find(&self, hash: &str, now: DateTime<Utc>) -> Result<Option<OperatorSession>>;
    /// Puts a confirmed session of another hash in the place of this one. `false`: it has ended.
    async fn confirm(&self, hash: &str, new_hash: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool>;
    /// Ends one, if it is there.
    async fn end(&self, hash: &str) -> Result<()>;
}

/// What operators looked at and did. Implementations MUST neither change nor delete an entry.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait OperatorLog: Send + Sync {
    /// Writes an entry. `false`, and nothing written: it is the beginning of an action whose form has begun one.
    async fn write(&self, entry: &OperatorLogEntry) -> Result<bool>;
    /// What came of the action of this form. `None`: nobody knows.
    async fn outcome(&self, form: &str) -> Result<Option<String>>;
    /// The newest entries, of this person or thing only where one is given, up to `limit`.
    async fn newest(&self, about: Option<String>, limit: i64) -> Result<Vec<OperatorLogEntry>>;
}

/// What operators see, each page in few statements however much there is.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Console: Send + Sync {
    /// What is found, the newest first, up to `limit`.
    async fn find(&self, sought: &Sought, limit: i64) -> Result<Vec<Found>>;
    /// A payment. `None`: it is not here.
    async fn payment(&self, payment: &PaymentId) -> Result<Option<PaymentView>>;
    /// Discrepancies: open ones first, then the newest, up to `limit`.
    async fn discrepancies(&self, limit: i64) -> Result<Vec<DiscrepancyView>>;
    /// Jobs and tasks, each list up to `limit`.
    async fn work(&self, now: DateTime<Utc>, limit: i64) -> Result<WorkView>;
    /// The whole at a glance.
    async fn overview(&self, now: DateTime<Utc>) -> Result<Overview>;
    /// PortOne's messages, the newest first, up to `limit`.
    async fn messages(&self, limit: i64) -> Result<Vec<MessageView>>;
    /// A store, each list up to `limit`. `None`: there is none.
    async fn store(&self, store: &StoreId, limit: i64) -> Result<Option<StoreView>>;
    /// A person with an account, each list up to `limit`. `None`: there is none.
    async fn customer(&self, email: &Email, now: DateTime<Utc>, limit: i64) -> Result<Option<CustomerView>>;
}

/// Who is at a discrepancy, and how it ended.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait DiscrepancyCases: Send + Sync {
    /// Somebody is at it from now on, whoever was before. `false`: there is no such discrepancy, or it is closed.
    async fn assign(&self, entry: i64, to: &Email) -> Result<bool>;
    /// It is closed. `false`: there is no such discrepancy, or it is closed.
    async fn close(&self, entry: i64, by: &Email, reason: &str, at: DateTime<Utc>) -> Result<bool>;
}
