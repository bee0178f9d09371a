//! Asking to be deleted at the next daily rollover, and thinking better of it.

use std::sync::Arc;

use super::{
    error,
    model::{
        account::{Deactivation, Role},
        session::Caller,
    },
    ports::{Accounts, Sessions, Storefront, Withdrawals},
};
use crate::shared::{Clock, Email, Result};

/// Use cases of leaving.
pub struct WithdrawalService {
    accounts: Arc<dyn Accounts>,
    withdrawals: Arc<dyn Withdrawals>,
    sessions: Arc<dyn Sessions>,
    storefront: Arc<dyn Storefront>,
    clock: Arc<dyn Clock>,
}

impl WithdrawalService {
    /// Builds the use cases on their ports.
    pub fn new(
        accounts: Arc<dyn Accounts>,
        withdrawals: Arc<dyn Withdrawals>,
        sessions: Arc<dyn Sessions>,
        storefront: Arc<dyn Storefront>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { accounts, withdrawals, sessions, storefront, clock }
    }

    /// Asks for the deletion. The request is written first: of a crash in between nothing is left but a request that counts
    /// for nothing.
    ///
    /// # Errors
    /// - `store_open`: the store is open now.
    /// - `order_in_progress`: an order is not finished.
    /// - `already_withdrawn`: the deletion was asked for already.
    pub async fn request(&self, email: &Email, role: Role) -> Result<()> {
        if role == Role::Seller && self.storefront.is_open(email).await? {
            return Err(error::STORE_OPEN.into());
        }
        let now = self.clock.now();
        let since = self.accounts.find(email).await?.map_or(now, |found| found.account.created_at);
        self.withdrawals.request(email, role, since, now).await?;
        match self.accounts.deactivate(email, now).await? {
            Deactivation::Done => self.sessions.forget(email).await,
            Deactivation::WasInactive => Err(error::ALREADY_WITHDRAWN.into()),
            Deactivation::OrderInProgress => {
                self.withdrawals.cancel(email).await?;
                Err(error::ORDER_IN_PROGRESS.into())
            }
        }
    }

    /// Takes the request back. Of the account's sessions only the caller's goes on.
    ///
    /// # Errors
    /// `not_withdrawn` (409) for an active account, `withdrawal_not_found` (404) where the request is gone.
    pub async fn cancel(&self, caller: &Caller) -> Result<()> {
        let email = &caller.account.email;
        if caller.account.is_active {
            return Err(error::NOT_WITHDRAWN.into());
        }
        if self.withdrawals.requested_at(email).await?.is_none() {
            return Err(error::WITHDRAWAL_NOT_FOUND.into());
        }
        if !self.accounts.reactivate(email, &caller.session.id).await? {
            return Err(error::NOT_WITHDRAWN.into());
        }
        self.sessions.forget(email).await?;
        self.withdrawals.cancel(email).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shared::testing::{Noon, email},
        users::{
            model::account::{Account, AccountStatus, RegistrationStatus},
            ports::{MockAccounts, MockSessions, MockStorefront, MockWithdrawals},
            testing::{account, tokens},
        },
    };

    /// An account that changes is forgotten, `changes` times.
    fn service(accounts: MockAccounts, withdrawals: MockWithdrawals, changes: usize) -> WithdrawalService {
        let mut sessions = MockSessions::new();
        sessions.expect_forget().times(changes).returning(|_| Ok(()));
        let clock: Arc<dyn Clock> = Arc::new(Noon);
        WithdrawalService::new(Arc::new(accounts), Arc::new(withdrawals), Arc::new(sessions), Arc::new(MockStorefront::new()), clock)
    }

    #[tokio::test]
    async fn a_refused_request_leaves_nothing_behind() {
        for (outcome, canceled) in [(Deactivation::Done, 0), (Deactivation::WasInactive, 0), (Deactivation::OrderInProgress, 1)] {
            let (mut accounts, mut withdrawals) = (MockAccounts::new(), MockWithdrawals::new());
            let status = AccountStatus { account: account(Role::Customer), status: RegistrationStatus::Complete };
            let since = status.account.created_at;
            accounts.expect_find().times(1).return_once(|_| Ok(Some(status)));
            withdrawals.expect_request().times(1).withf(move |_, _, made, _| *made == since).returning(|_, _, _, _| Ok(()));
            accounts.expect_deactivate().times(1).returning(move |_, _| Ok(outcome));
            withdrawals.expect_cancel().times(canceled).returning(|_| Ok(()));
            let asked =
                service(accounts, withdrawals, usize::from(outcome == Deactivation::Done)).request(&email("a@b"), Role::Customer).await;
            assert_eq!(asked.is_ok(), outcome == Deactivation::Done, "{outcome:?}");
        }
    }

    fn caller(is_active: bool) -> Caller {
        let account = Account { is_active, ..account(Role::Customer) };
        let token = tokens().begin("mine", &account, false, Noon.now()).unwrap().token;
        Caller { session: tokens().verify(&token, Noon.now()).unwrap(), account, renewal: None }
    }

    #[tokio::test]
    async fn the_account_is_active_before_its_request_is_forgotten() {
        let (mut accounts, mut withdrawals) = (MockAccounts::new(), MockWithdrawals::new());
        let mut order = mockall::Sequence::new();
        withdrawals.expect_requested_at().times(1).in_sequence(&mut order).returning(|_| Ok(Some(Noon.now())));
        accounts.expect_reactivate().times(1).in_sequence(&mut order).withf(|_, kept| kept == "mine").returning(|_, _| Ok(true));
        withdrawals.expect_cancel().times(1).in_sequence(&mut order).returning(|_| Ok(()));
        service(accounts, withdrawals, 1).cancel(&caller(false)).await.unwrap();
        let active = service(MockAccounts::new(), MockWithdrawals::new(), 0).cancel(&caller(true)).await;
        assert!(active.unwrap_err().is(&error::NOT_WITHDRAWN));
    }
}
