//! Who the operators are.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    error,
    model::{
        log::{By, OperatorLogEntry},
        operator::{Operator, OperatorRole},
    },
    ports::{OperatorLog, Operators},
};
use crate::shared::{Clock, Email, Result};

/// Use cases of inviting and removing.
pub struct TeamService {
    operators: Arc<dyn Operators>,
    log: Arc<dyn OperatorLog>,
    clock: Arc<dyn Clock>,
    by_setting: BTreeSet<Email>,
}

impl TeamService {
    /// Builds the use cases on their ports; `by_setting` is `OPERATOR_EMAILS`.
    pub fn new(operators: Arc<dyn Operators>, log: Arc<dyn OperatorLog>, clock: Arc<dyn Clock>, by_setting: BTreeSet<Email>) -> Self {
        Self { operators, log, clock, by_setting }
    }

    /// All operators, by e-mail; those of the setting also before their first login.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn list(&self) -> Result<Vec<Operator>> {
        let mut all = self.operators.list().await?;
        all.retain(|operator| !operator.by_setting || self.by_setting.contains(&operator.email));
        let new = |email: &&Email| all.iter().all(|operator| operator.email != **email);
        let waiting: Vec<_> = self.by_setting.iter().filter(new).cloned().collect();
        let of_setting = |email| Operator {
            email,
            role: OperatorRole::Admin,
            invited_by: None,
            by_setting: true,
            created_at: self.clock.now(),
            is_enrolled: false,
        };
        all.extend(waiting.into_iter().map(of_setting));
        all.sort_by(|a, b| a.email.cmp(&b.email));
        Ok(all)
    }

    /// Invites somebody, or gives them another role. `by`: the operator who does; `None`: somebody at a terminal.
    ///
    /// # Errors
    /// `operator_by_setting`: the setting says what they are.
    pub async fn invite(&self, email: &Email, role: OperatorRole, reason: &str, by: Option<&By<'_>>) -> Result<()> {
        if self.by_setting.contains(email) {
            return Err(error::OPERATOR_BY_SETTING.into());
        }
        self.write("invited", email, Some(role.as_str()), reason, by).await?;
        self.operators.put(email, role, by.map(|by| by.operator.email.clone()), false, self.clock.now()).await
    }

    /// Removes somebody, whose sessions end with it.
    ///
    /// # Errors
    /// `operator_by_setting`: the setting says what they are. `operator_not_found`.
    pub async fn remove(&self, email: &Email, reason: &str, by: Option<&By<'_>>) -> Result<()> {
        if self.by_setting.contains(email) {
            return Err(error::OPERATOR_BY_SETTING.into());
        }
        self.operators.find(email).await?.ok_or(error::OPERATOR_NOT_FOUND)?;
        self.write("removed", email, None, reason, by).await?;
        if self.operators.remove(email).await? { Ok(()) } else { Err(error::OPERATOR_NOT_FOUND.into()) }
    }

    /// Forgets app, recovery codes and sessions of somebody who has lost the first two: the next login enrols anew. They are an operator of
    /// the same role afterwards. If this ends half-way, who was invited has to be invited again.
    ///
    /// # Errors
    /// `operator_not_found`: nobody has invited them, or they have never logged in.
    pub async fn reset(&self, email: &Email, reason: &str) -> Result<()> {
        let Operator { role, invited_by, by_setting, created_at, .. } =
            self.operators.find(email).await?.ok_or(error::OPERATOR_NOT_FOUND)?;
        self.write("reset", email, None, reason, None).await?;
        self.operators.remove(email).await?;
        self.operators.put(email, role, invited_by, by_setting, created_at).await
    }

    async fn write(&self, event: &str, email: &Email, detail: Option<&str>, reason: &str, by: Option<&By<'_>>) -> Result<()> {
        let entry = OperatorLogEntry {
            at: self.clock.now(),
            operator: by.map(|by| by.operator.email.clone()),
            event: event.to_owned(),
            about: Some(email.as_str().to_owned()),
            detail: detail.map(str::to_owned),
            reason: Some(reason.to_owned()),
            form: None,
            outcome: None,
            request_id: by.map(|by| by.request_id.clone()),
        };
        self.log.write(&entry).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::{
        operators::ports::{MockOperatorLog, MockOperators},
        shared::testing::{Noon, email},
    };

    fn operator(text: &str, by_setting: bool) -> Operator {
        Operator { email: email(text), role: OperatorRole::Admin, invited_by: None, by_setting, created_at: Noon.now(), is_enrolled: true }
    }

    fn service(operators: MockOperators, log: MockOperatorLog) -> TeamService {
        TeamService::new(Arc::new(operators), Arc::new(log), Arc::new(Noon), [email("s@b"), email("new@b")].into())
    }

    #[tokio::test]
    async fn who_the_setting_names_is_listed_and_nobody_whom_it_named_once() {
        let mut operators = MockOperators::new();
        operators.expect_list().returning(|| Ok(vec![operator("gone@b", true), operator("invited@b", false), operator("s@b", true)]));
        let listed = service(operators, MockOperatorLog::new()).list().await.unwrap();
        let emails: Vec<_> = listed.iter().map(|operator| (operator.email.as_str(), operator.is_enrolled)).collect();
        assert_eq!(emails, [("invited@b", true), ("new@b", false), ("s@b", true)]);
    }

    #[tokio::test]
    async fn who_the_setting_names_is_changed_there() {
        let team = service(MockOperators::new(), MockOperatorLog::new());
        let invited = team.invite(&email("s@b"), OperatorRole::Viewer, "r", None).await;
        assert!(invited.unwrap_err().is(&error::OPERATOR_BY_SETTING));
        assert!(team.remove(&email("s@b"), "r", None).await.unwrap_err().is(&error::OPERATOR_BY_SETTING));
    }

    #[tokio::test]
    async fn whoever_enrols_anew_stays_what_they_are() {
        for (who, by_setting) in [("s@b", true), ("invited@b", false)] {
            let (mut operators, mut log) = (MockOperators::new(), MockOperatorLog::new());
            operators.expect_find().returning(move |_| Ok(Some(operator(who, by_setting))));
            log.expect_write().withf(|entry| entry.event == "reset" && entry.operator.is_none()).times(1).returning(|_| Ok(true));
            operators.expect_remove().times(1).returning(|_| Ok(true));
            let same = move |email: &Email, role: &OperatorRole, _: &Option<Email>, setting: &bool, _: &DateTime<Utc>| {
                (email.as_str(), *role, *setting) == (who, OperatorRole::Admin, by_setting)
            };
            operators.expect_put().withf(same).times(1).returning(|_, _, _, _, _| Ok(()));
            service(operators, log).reset(&email(who), "r").await.unwrap();
        }
    }

    #[tokio::test]
    async fn nobody_is_written_down_who_is_no_operator() {
        let (mut operators, mut log) = (MockOperators::new(), MockOperatorLog::new());
        operators.expect_find().returning(|_| Ok(None));
        log.expect_write().times(0);
        let team = service(operators, log);
        assert!(team.remove(&email("a@b"), "r", None).await.unwrap_err().is(&error::OPERATOR_NOT_FOUND));
        assert!(team.reset(&email("a@b"), "r").await.unwrap_err().is(&error::OPERATOR_NOT_FOUND));
    }

    #[tokio::test]
    async fn it_is_written_down_before_it_is_done() {
        let (mut operators, mut log) = (MockOperators::new(), MockOperatorLog::new());
        operators.expect_find().returning(|_| Ok(Some(operator("a@b", false))));
        log.expect_write().times(1).returning(|_| Err(crate::shared::Error::unavailable("postgres", "away")));
        operators.expect_remove().times(0);
        assert!(service(operators, log).remove(&email("a@b"), "r", None).await.is_err());
    }
}
