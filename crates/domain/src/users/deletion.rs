//! Deleting, at the daily turn, the accounts whose owners asked for it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::ports::{Accounts, Erasure, Sessions, Withdrawals};
use crate::{
    orders::ports::OrderArchive,
    shared::{Clock, Email, Ids, Result, kst},
    stores::ports::SearchHistory,
};

/// Requests looked at together.
const BATCH: i64 = 500;

/// What the deletion came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Accounts that are gone.
    pub gone: usize,
    /// Accounts that wait for the next turn: money may still have to move.
    pub waiting: usize,
}

/// Deleting at the daily turn.
pub struct DeletionService {
    accounts: Arc<dyn Accounts>,
    withdrawals: Arc<dyn Withdrawals>,
    archive: Arc<dyn OrderArchive>,
    history: Arc<dyn SearchHistory>,
    sessions: Arc<dyn Sessions>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl DeletionService {
    /// Wires the service.
    pub fn new(
        accounts: Arc<dyn Accounts>,
        withdrawals: Arc<dyn Withdrawals>,
        archive: Arc<dyn OrderArchive>,
        history: Arc<dyn SearchHistory>,
        sessions: Arc<dyn Sessions>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self { accounts, withdrawals, archive, history, sessions, clock, ids }
    }

    /// Deletes the accounts that asked before the turn ([`kst::WITHDRAWAL_TURN`]) that was last due at `due_at`. The request is
    /// forgotten last, so that a death anywhere is made up for.
    ///
    /// # Errors
    /// Unavailable: the rest waits.
    pub async fn turn(&self, due_at: DateTime<Utc>) -> Result<Deleted> {
        let before = kst::last(due_at, kst::WITHDRAWAL_TURN);
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
            self.archive.pseudonymize(email, &pseudonym).await?;
            self.history.clear(email).await?;
            self.withdrawals.cancel(email).await?;
        }
        Ok(erased)
    }
}
