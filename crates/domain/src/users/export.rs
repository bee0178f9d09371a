//! Giving people all that is kept of them. Nothing is copied: the mailed link makes the file anew each time it is followed.

use std::sync::Arc;

use chrono::Duration;
use serde_json::{Value, json};

use super::{
    error,
    model::{
        account::Account,
        export::{ExportMail, KEPT, only_of},
    },
    ports::{Exports, PersonalData, Withdrawals},
};
use crate::shared::{
    Clock, Ids, Result, can_be_secret,
    mail::{Delivery, Mailer},
};

/// Who asks again sooner is sent no second mail.
const AGAIN_AFTER: Duration = Duration::minutes(10);

/// Entries of the audit log about what somebody did: the seller of a busy store does something each minute.
const MOST_ACTS: i64 = 10_000;

/// Use cases of the export.
pub struct ExportService {
    exports: Arc<dyn Exports>,
    withdrawals: Arc<dyn Withdrawals>,
    personal_data: Vec<Arc<dyn PersonalData>>,
    mailer: Arc<dyn Mailer>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// This server's address as browsers know it.
    base: String,
}

impl ExportService {
    /// Builds the use cases on their ports.
    pub fn new(
        exports: Arc<dyn Exports>,
        withdrawals: Arc<dyn Withdrawals>,
        personal_data: Vec<Arc<dyn PersonalData>>,
        mailer: Arc<dyn Mailer>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        base: String,
    ) -> Self {
        Self { exports, withdrawals, personal_data, mailer, clock, ids, base }
    }

    /// Has the link mailed. A link that was mailed before is good no more, unless that was just now: then it stays the one.
    ///
    /// # Errors
    /// Unavailable: nothing is mailed.
    pub async fn begin(&self, account: &Account) -> Result<()> {
        let now = self.clock.now();
        self.exports.begin(account, &self.ids.secret(), now, ExportMail::until(now), AGAIN_AFTER).await
    }

    /// Mails the link, while it is still good.
    ///
    /// # Errors
    /// Unavailable: the mail server does not answer in time.
    pub async fn deliver(&self, mail: &ExportMail) -> Result<Delivery> {
        if self.exports.owner(&mail.token, self.clock.now()).await?.is_none() {
            tracing::info!("the link of an export is good no more; its mail is not sent");
            return Ok(Delivery::OutOfDate);
        }
        let id: String = mail.token.chars().take(16).collect();
        self.mailer.send(&format!("export-{id}"), &mail.compose(&self.base)).await
    }

    /// Whose file the link gives.
    ///
    /// # Errors
    /// - `export_not_found`: the link is unknown, too old, or of an account that is gone.
    /// - Unavailable: the part behind it does not answer in time.
    pub async fn owner(&self, token: &str) -> Result<Account> {
        let found = if can_be_secret(token) { self.exports.owner(token, self.clock.now()).await? } else { None };
        found.ok_or_else(|| error::EXPORT_NOT_FOUND.into())
    }

    /// All that is kept of a person.
    ///
    /// # Errors
    /// - `export_not_found`: the account is gone.
    /// - Unavailable: a part that keeps something does not answer in time; half a file is none.
    pub async fn file(&self, person: &Account) -> Result<Value> {
        let mut file = self.exports.rows(&person.email, MOST_ACTS).await?.ok_or(error::EXPORT_NOT_FOUND)?;
        for part in &self.personal_data {
            let (name, kept) = part.export(person).await?;
            file[name] = kept;
        }
        file["withdrawal_requested_at"] = json!(self.withdrawals.requested_at(&person.email).await?);
        only_of(&person.email, &mut file);
        file["exported_at"] = json!(self.clock.now());
        file["kept"] = json!(KEPT);
        tracing::info!("somebody has fetched all that is kept of them");
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shared::{
            mail::MockMailer,
            testing::{Counter, Noon, email},
        },
        users::{
            model::account::Role,
            ports::{MockExports, MockPersonalData, MockWithdrawals},
            testing::account,
        },
    };

    fn service(exports: MockExports, data: MockPersonalData, mailer: MockMailer) -> ExportService {
        let mut withdrawals = MockWithdrawals::new();
        withdrawals.expect_requested_at().returning(|_| Ok(Some(Noon.now())));
        ExportService::new(
            Arc::new(exports),
            Arc::new(withdrawals),
            vec![Arc::new(data)],
            Arc::new(mailer),
            Arc::new(Noon),
            Arc::new(Counter::default()),
            "https://api.example".to_owned(),
        )
    }

    #[tokio::test]
    async fn every_part_is_in_the_file_and_nobody_else() {
        let (mut exports, mut data) = (MockExports::new(), MockPersonalData::new());
        exports.expect_rows().returning(|_, _| Ok(Some(json!({ "account": { "email": "a@b" } }))));
        data.expect_export().returning(|_| Ok(("archived", json!([{ "customer_email": "a@b", "actor": "other@b" }]))));
        let file = service(exports, data, MockMailer::new()).file(&account(Role::Customer)).await.unwrap();
        assert_eq!(file["account"]["email"], "a@b");
        assert_eq!(file["archived"], json!([{ "customer_email": "a@b", "actor": null }]));
        assert_eq!((&file["kept"], &file["withdrawal_requested_at"]), (&json!(KEPT), &json!(Noon.now())));
    }

    #[tokio::test]
    async fn half_a_file_is_none() {
        let (mut exports, mut data) = (MockExports::new(), MockPersonalData::new());
        exports.expect_rows().returning(|_, _| Ok(Some(json!({}))));
        data.expect_export().returning(|_| Err(crate::shared::Error::unavailable("mongodb", "silent")));
        assert!(service(exports, data, MockMailer::new()).file(&account(Role::Customer)).await.is_err());
        let mut gone = MockExports::new();
        gone.expect_rows().returning(|_, _| Ok(None));
        let refused = service(gone, MockPersonalData::new(), MockMailer::new()).file(&account(Role::Customer)).await;
        assert!(refused.unwrap_err().is(&error::EXPORT_NOT_FOUND));
    }

    #[tokio::test]
    async fn a_link_that_is_good_no_more_is_not_mailed() {
        let mail = ExportMail { email: email("a@b"), token: "t".repeat(43) };
        for (owner, sent) in [(Some(account(Role::Customer)), 1), (None, 0)] {
            let (mut exports, mut mailer) = (MockExports::new(), MockMailer::new());
            exports.expect_owner().return_once(move |_, _| Ok(owner));
            mailer.expect_send().times(sent).returning(|_, _| Ok(Delivery::Sent));
            service(exports, MockPersonalData::new(), mailer).deliver(&mail).await.unwrap();
        }
    }
}
