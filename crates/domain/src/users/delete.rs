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
        // Random, and stored nowhere beside the e-mail: it cannot be rolled_over back.
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
