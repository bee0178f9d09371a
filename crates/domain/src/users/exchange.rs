//! The use case of [`super::model::imported_token`]: who is logged in at the Python service goes on here.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    model::{
        account::Account,
        imported_token::{EXCHANGE_GRACE, ImportedToken, ImportedTokens},
        session::{Look, Session},
    },
    ports::{Accounts, ImportedSessions, Sessions},
};
use crate::shared::Result;

/// Use cases of exchanging a token.
pub struct ExchangeService {
    tokens: ImportedTokens,
    imported: Arc<dyn ImportedSessions>,
    accounts: Arc<dyn Accounts>,
    sessions: Arc<dyn Sessions>,
}

impl ExchangeService {
    /// Builds the use cases on their ports.
    pub fn new(
        tokens: ImportedTokens,
        imported: Arc<dyn ImportedSessions>,
        accounts: Arc<dyn Accounts>,
        sessions: Arc<dyn Sessions>,
    ) -> Self {
        Self { tokens, imported, accounts, sessions }
    }

    /// The session that goes on with this token, as it began at the first exchange, and its account. `None`: the token is no good, was
    /// exchanged or logged out before, or its account was not brought over, has another role, or has ended all of its sessions since.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub(super) async fn exchange(&self, token: &str, now: DateTime<Utc>) -> Result<Option<(Session, Account)>> {
        let Some(token) = self.tokens.verify(token, now) else { return Ok(None) };
        if self.sessions.look(&token.session_id, &token.email, now).await? == Look::Revoked {
            return Ok(None);
        }
        let Some(account) = self.accounts.find(&token.email).await?.map(|found| found.account) else { return Ok(None) };
        if account.role != token.role || !account.keeps_imported_sessions() {
            return Ok(None);
        }
        // Last: what is refused is not used up.
        let began_at = self.imported.begin(&token.session_id, now, token.expires_at).await?;
        if now - began_at > EXCHANGE_GRACE {
            return Ok(None);
        }
        if began_at == now {
            tracing::info!(role = account.role.as_str(), "a session of the Python service goes on here");
        }
        Ok(Some((session(token, &account, began_at), account)))
    }

    /// Ends the session of this token, whether it was exchanged or not. `last_end`: when the last token of a session ends that was renewed
    /// at `now`. Nothing where it is no such token.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub(super) async fn end(&self, token: &str, now: DateTime<Utc>, last_end: DateTime<Utc>) -> Result<()> {
        let Some(token) = self.tokens.verify(token, now) else { return Ok(()) };
        if self.sessions.look(&token.session_id, &token.email, now).await? == Look::Revoked {
            return Ok(());
        }
        self.sessions.revoke(&token.session_id, now, last_end.max(token.expires_at)).await
    }
}

fn session(token: ImportedToken, account: &Account, began_at: DateTime<Utc>) -> Session {
    Session {
        id: token.session_id,
        email: token.email,
        role: token.role,
        account: account.created_at.timestamp_millis(),
        generation: account.generation,
        began_at,
        expires_at: token.expires_at,
        cross_site: false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    use secrecy::SecretString;
    use serde_json::json;

    use super::*;
    use crate::{
        shared::{
            Clock,
            testing::{Noon, email},
        },
        users::{
            model::account::{AccountStatus, RegistrationStatus, Role},
            ports::{MockAccounts, MockImportedSessions, MockSessions},
        },
    };

    fn token() -> String {
        let exp = (Noon.now() + Duration::days(1)).timestamp();
        let claims = json!({ "sub": "A@b", "user_type": "customer", "is_active": true, "exp": exp });
        encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(b"s")).unwrap()
    }

    fn imported() -> Account {
        Account { imported_at: Some(Noon.now()), ..Account::new(email("a@b"), Role::Customer, false, Noon.now()) }
    }

    /// The exchange, `since` its first one, where the database has this account. `begins`: whether it comes so far.
    async fn exchange(account: Option<Account>, look: Look, since: Duration, begins: bool) -> Option<(Session, Account)> {
        let (mut accounts, mut sessions, mut imported) = (MockAccounts::new(), MockSessions::new(), MockImportedSessions::new());
        sessions.expect_look().returning(move |_, _, _| Ok(look.clone()));
        accounts.expect_find().returning(move |asked| {
            assert_eq!(asked, &email("a@b"));
            Ok(account.clone().map(|account| AccountStatus { account, status: RegistrationStatus::Complete }))
        });
        imported
            .expect_begin()
            .times(usize::from(begins))
            .withf(|_, now, until| *now == Noon.now() && *until == Noon.now() + Duration::days(1))
            .returning(move |_, now, _| Ok(now - since));
        let tokens = ImportedTokens::new(&SecretString::from("s"), None, Noon.now() + Duration::days(7));
        let service = ExchangeService::new(tokens, Arc::new(imported), Arc::new(accounts), Arc::new(sessions));
        service.exchange(&token(), Noon.now()).await.unwrap()
    }

    #[tokio::test]
    async fn the_session_goes_on_from_the_first_exchange_for_a_minute() {
        for (seconds, goes_on) in [(0, true), (60, true), (61, false)] {
            let gone_on = exchange(Some(imported()), Look::Unknown(None), Duration::seconds(seconds), true).await;
            assert_eq!(gone_on.is_some(), goes_on, "{seconds}");
            if let Some((session, account)) = gone_on {
                assert_eq!(session.began_at, Noon.now() - Duration::seconds(seconds));
                assert!(session.is_of(&account));
            }
        }
    }

    #[tokio::test]
    async fn of_accounts_of_ours_others_roles_and_ended_sessions_none_goes_on_and_no_token_is_used_up() {
        for account in [
            None,
            Some(Account { imported_at: None, ..imported() }),
            Some(Account { role: Role::Seller, ..imported() }),
            Some(Account { generation: 1, ..imported() }),
        ] {
            assert_eq!(exchange(account, Look::Unknown(None), Duration::zero(), false).await, None);
        }
        assert_eq!(exchange(Some(imported()), Look::Revoked, Duration::zero(), false).await, None);
    }

    #[tokio::test]
    async fn whether_somebody_is_active_the_database_says() {
        let withdrawn = Account { is_active: false, ..imported() };
        let (_, account) = exchange(Some(withdrawn), Look::Unknown(None), Duration::zero(), true).await.unwrap();
        assert!(!account.is_active);
    }
}
