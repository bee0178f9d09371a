//! Deleting, at the daily rollover, the accounts whose owners asked for it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    model::account::{Deleted, Erasure, Unfinished},
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

    /// Deletes the accounts that asked before the rollover ([`kst::WITHDRAWAL_ROLLOVER`]) that was last due at `due_at`. First it goes
    /// on with deletions that a death has stopped, whoever has come with those e-mails since.
    ///
    /// # Errors
    /// Unavailable: the rest waits.
    pub async fn roll_over(&self, due_at: DateTime<Utc>) -> Result<Deleted> {
        let stopped = self.finish_all().await?;
        if stopped > 0 {
            tracing::warn!(stopped, "deletions that were stopped went on");
        }
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
        // Random, and beside the e-mail only until every store knows it: then it cannot be turned back.
        let pseudonym = Email::trusted(format!("{}@withdrawn.invalid", self.ids.ulid().to_lowercase()));
        let erased = self.accounts.erase(email, &pseudonym, kst::business_day(before), self.clock.now()).await?;
        if erased == Erasure::Gone {
            self.finish_all().await?;
        }
        Ok(erased)
    }

    /// Tells the other stores of what was deleted; gives the number.
    async fn finish_all(&self) -> Result<usize> {
        let mut finished = 0;
        loop {
            let unfinished = self.accounts.unfinished(BATCH).await?;
            if unfinished.is_empty() {
                return Ok(finished);
            }
            for deleted in &unfinished {
                self.finish(deleted).await?;
                finished += 1;
            }
        }
    }

    async fn finish(&self, deleted: &Unfinished) -> Result<()> {
        self.sessions.forget(&deleted.email).await?;
        for data in &self.personal_data {
            data.erase(deleted).await?;
        }
        self.withdrawals.forget(&deleted.email, deleted.erased_at).await?;
        self.accounts.finish(&deleted.pseudonym).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

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

    /// Who asked to be deleted, by one page, what the mocks of the parts answer, and what is deleted and not finished.
    struct Parts {
        accounts: MockAccounts,
        withdrawals: MockWithdrawals,
        data: Vec<MockPersonalData>,
        sessions: MockSessions,
        unfinished: Arc<Mutex<Vec<Unfinished>>>,
    }

    impl Parts {
        fn asked(emails: &'static [&'static str], erasure: fn(&str) -> Erasure) -> Self {
            let (mut accounts, mut withdrawals) = (MockAccounts::new(), MockWithdrawals::new());
            let unfinished: Arc<Mutex<Vec<Unfinished>>> = Arc::default();
            let page = || emails.iter().map(|text| email(text)).collect::<Vec<_>>();
            withdrawals.expect_requested_before().withf(|before, _, _| *before == at(ROLLOVER)).returning(move |_, after, _| {
                Ok(match after {
                    None => page(),
                    Some(after) => {
                        assert_eq!(Some(after), page().last());
                        Vec::new()
                    }
                })
            });
            let deleted = Arc::clone(&unfinished);
            accounts
                .expect_erase()
                .times(emails.len())
                .withf(|_, pseudonym, day, now| {
                    pseudonym.as_str().ends_with("@withdrawn.invalid") && day.to_string() == "2026-11-24" && *now == Noon.now()
                })
                .returning(move |email, pseudonym, _, now| {
                    let erased = erasure(email.as_str());
                    if erased == Erasure::Gone {
                        let gone = Unfinished { email: email.clone(), pseudonym: pseudonym.clone(), erased_at: now };
                        deleted.lock().unwrap().push(gone);
                    }
                    Ok(erased)
                });
            let of_now = Arc::clone(&unfinished);
            accounts.expect_unfinished().returning(move |_| Ok(of_now.lock().unwrap().clone()));
            Self { accounts, withdrawals, data: vec![], sessions: MockSessions::new(), unfinished }
        }

        /// So many deletions come to their end, each after everything else.
        fn finishes(&mut self, times: usize, order: &mut Sequence) {
            let unfinished = Arc::clone(&self.unfinished);
            self.accounts.expect_finish().times(times).in_sequence(order).returning(move |pseudonym| {
                unfinished.lock().unwrap().retain(|deleted| deleted.pseudonym != *pseudonym);
                Ok(())
            });
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
                .withf(|who| who.email == email("a@b") && who.pseudonym != who.email && who.erased_at == Noon.now())
                .returning(|_| Ok(()));
            parts.data.push(data);
        }
        let before_it = |who: &Email, before: &DateTime<Utc>| *who == email("a@b") && *before == Noon.now();
        parts.withdrawals.expect_forget().times(1).in_sequence(&mut order).withf(before_it).returning(|_, _| Ok(()));
        parts.finishes(1, &mut order);
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
        parts.withdrawals.expect_forget().times(2).withf(|who, _| *who != email("b@b")).returning(|_, _| Ok(()));
        parts.finishes(2, &mut Sequence::new());
        assert_eq!(parts.roll_over().await.unwrap(), Deleted { gone: 2, waiting: 1 });
    }

    #[tokio::test]
    async fn a_deletion_that_fails_half_way_stays_unfinished() {
        let mut parts = Parts::asked(&["a@b"], |_| Erasure::Gone);
        parts.sessions.expect_forget().returning(|_| Ok(()));
        let mut data = MockPersonalData::new();
        data.expect_erase().returning(|_| Err(Error::unavailable("mongodb", "x")));
        parts.data.push(data);
        let unfinished = Arc::clone(&parts.unfinished);
        // The mocks panic if the request or the deletion is forgotten.
        assert!(parts.roll_over().await.is_err());
        assert_eq!(unfinished.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_deletion_that_was_stopped_goes_on_with_its_own_pseudonym_before_anything_else() {
        let (mut parts, mut order) = (Parts::asked(&[], |_| Erasure::Active), Sequence::new());
        let stopped = || Unfinished { email: email("a@b"), pseudonym: email("01x@withdrawn.invalid"), erased_at: at(ROLLOVER) };
        parts.unfinished.lock().unwrap().push(stopped());
        parts.sessions.expect_forget().times(1).in_sequence(&mut order).returning(|_| Ok(()));
        let mut data = MockPersonalData::new();
        data.expect_erase().times(1).in_sequence(&mut order).withf(move |who| *who == stopped()).returning(|_| Ok(()));
        parts.data.push(data);
        parts.withdrawals.expect_forget().times(1).withf(|_, before| *before == at(ROLLOVER)).returning(|_, _| Ok(()));
        parts.finishes(1, &mut order);
        assert_eq!(parts.roll_over().await.unwrap(), Deleted::default());
    }
}
