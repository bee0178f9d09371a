//! Deleting, at the daily rollover, the accounts whose owners asked for it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    model::account::{Deleted, Erasure},
    ports::{Accounts, PersonalData, Sessions, Withdrawals},
};
use crate::shared::{Clock, Email, Ids, Result, kst};

/// Requests looked at together.
const BATCH: i64 = 500;

/// Deleting at the daily rollover.
pub struct DeletionService {
    accounts: Arc<dyn Accounts>,
    withdrawals: Arc<dyn Withdrawals>,
    personal_data: Vec<Arc<dyn PersonalData>>,
    sessions: Arc<dyn Sessions>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl DeletionService {
    /// Builds the use cases on their ports.
    pub fn new(
        accounts: Arc<dyn Accounts>,
        withdrawals: Arc<dyn Withdrawals>,
        personal_data: Vec<Arc<dyn PersonalData>>,
        sessions: Arc<dyn Sessions>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self { accounts, withdrawals, personal_data, sessions, clock, ids }
    }

    /// Deletes the accounts that asked before the rollover ([`kst::WITHDRAWAL_ROLLOVER`]) that was last due at `due_at`. The request is
    /// forgotten last, so that a death anywhere is made up for.
    ///
    /// # Errors
    /// Unavailable: the rest waits.
    pub async fn roll_over(&self, due_at: DateTime<Utc>) -> Result<Deleted> {
        let before = kst::last(due_at, kst::WITHDRAWAL_ROLLOVER);
        let (mut deleted, mut after) = (Deleted::default(), None);
        loop {
            let asked = self.withdrawals.requested_before(before, after.as_ref(), BATCH).await?;
            let Some(last) = asked.last().cloned() else { return Ok(deleted) };
            for email in asked {
                match self.delete(&email, before).await? {
                    Erasure::Gone => deleted.gone += 1,
                    Erasure::Waits => deleted.waiting += 1,
                    // A request without an inactive account counts for nothing.
                    Erasure::Active => {}
                }
            }
            after = Some(last);
        }
    }

    async fn delete(&self, email: &Email, before: DateTime<Utc>) -> Result<Erasure> {
        // Random, and stored nowhere beside the e-mail: it cannot be turned back.
        let pseudonym = Email::trusted(format!("{}@withdrawn.invalid", self.ids.ulid().to_lowercase()));
        let erased = self.accounts.erase(email, &pseudonym, kst::business_day(before), self.clock.now()).await?;
        if erased == Erasure::Gone {
            self.sessions.forget(email).await?;
            for data in &self.personal_data {
                data.erase(email, &pseudonym).await?;
            }
            self.withdrawals.cancel(email).await?;
        }
        Ok(erased)
    }
}

#[cfg(test)]
mod tests {
    use mockall::Sequence;

    use super::*;
    use crate::{
        shared::{
            Error,
            testing::{Counter, Noon, at, email},
        },
        users::ports::{MockAccounts, MockPersonalData, MockSessions, MockWithdrawals},
    };

    const ROLLOVER: &str = "2026-11-24T04:40:00+09:00";

    /// Who asked to be deleted, by one page, and what the mocks of the parts answer.
    struct Parts {
        accounts: MockAccounts,
        withdrawals: MockWithdrawals,
        data: Vec<MockPersonalData>,
        sessions: MockSessions,
    }

    impl Parts {
        fn asked(emails: &'static [&'static str], erasure: fn(&str) -> Erasure) -> Self {
            let (mut accounts, mut withdrawals) = (MockAccounts::new(), MockWithdrawals::new());
            let page = || emails.iter().map(|text| email(text)).collect::<Vec<_>>();
            withdrawals.expect_requested_before().times(2).withf(|before, _, _| *before == at(ROLLOVER)).returning(move |_, after, _| {
                Ok(match after {
                    None => page(),
                    Some(after) => {
                        assert_eq!(Some(after), page().last());
                        Vec::new()
                    }
                })
            });
            accounts
                .expect_erase()
                .times(emails.len())
                .withf(|_, pseudonym, day, now| {
                    pseudonym.as_str().ends_with("@withdrawn.invalid") && day.to_string() == "2026-11-24" && *now == Noon.now()
                })
                .returning(move |email, _, _, _| Ok(erasure(email.as_str())));
            Self { accounts, withdrawals, data: vec![], sessions: MockSessions::new() }
        }

        async fn roll_over(self) -> Result<Deleted> {
            let data = self.data.into_iter().map(|data| Arc::new(data) as Arc<dyn PersonalData>).collect();
            let (clock, ids) = (Arc::new(Noon), Arc::new(Counter::default()));
            let service =
                DeletionService::new(Arc::new(self.accounts), Arc::new(self.withdrawals), data, Arc::new(self.sessions), clock, ids);
            service.roll_over(at("2026-11-24T09:00:00+09:00")).await
        }
    }

    #[tokio::test]
    async fn a_deleted_account_is_forgotten_everywhere_and_its_request_last() {
        let (mut parts, mut order) = (Parts::asked(&["a@b"], |_| Erasure::Gone), Sequence::new());
        parts.sessions.expect_forget().times(1).in_sequence(&mut order).withf(|who| *who == email("a@b")).returning(|_| Ok(()));
        for _ in 0..2 {
            let mut data = MockPersonalData::new();
            data.expect_erase()
                .times(1)
                .in_sequence(&mut order)
                .withf(|who, by| *who == email("a@b") && by != who)
                .returning(|_, _| Ok(()));
            parts.data.push(data);
        }
        parts.withdrawals.expect_cancel().times(1).in_sequence(&mut order).withf(|who| *who == email("a@b")).returning(|_| Ok(()));
        assert_eq!(parts.roll_over().await.unwrap(), Deleted { gone: 1, waiting: 0 });
    }

    #[tokio::test]
    async fn whose_money_may_still_move_waits_with_the_request_kept() {
        let parts = Parts::asked(&["a@b"], |_| Erasure::Waits);
        // The mocks panic if anything is forgotten.
        assert_eq!(parts.roll_over().await.unwrap(), Deleted { gone: 0, waiting: 1 });
    }

    #[tokio::test]
    async fn a_request_without_an_inactive_account_counts_for_nothing() {
        assert_eq!(Parts::asked(&["a@b"], |_| Erasure::Active).roll_over().await.unwrap(), Deleted::default());
    }

    #[tokio::test]
    async fn one_account_that_waits_keeps_no_other_from_going() {
        let mut parts = Parts::asked(&["a@b", "b@b", "c@b"], |who| if who == "b@b" { Erasure::Waits } else { Erasure::Gone });
        parts.sessions.expect_forget().times(2).returning(|_| Ok(()));
        parts.withdrawals.expect_cancel().times(2).withf(|who| *who != email("b@b")).returning(|_| Ok(()));
        assert_eq!(parts.roll_over().await.unwrap(), Deleted { gone: 2, waiting: 1 });
    }

    #[tokio::test]
    async fn a_request_outlives_a_deletion_that_fails_half_way() {
        let (mut accounts, mut withdrawals, mut sessions) = (MockAccounts::new(), MockWithdrawals::new(), MockSessions::new());
        withdrawals.expect_requested_before().returning(|_, _, _| Ok(vec![email("a@b")]));
        accounts.expect_erase().returning(|_, _, _, _| Ok(Erasure::Gone));
        sessions.expect_forget().returning(|_| Ok(()));
        let mut data = MockPersonalData::new();
        data.expect_erase().returning(|_, _| Err(Error::unavailable("mongodb", "x")));
        // The mock panics if the request is forgotten.
        assert!(Parts { accounts, withdrawals, data: vec![data], sessions }.roll_over().await.is_err());
    }
}
