//! The link between an account and its provider, cut from either side: by us when an account is deleted, by its owner at the provider.

use std::sync::Arc;

use super::{
    error,
    model::{account::Provider, identity::UnlinkNotice},
    ports::{Accounts, ProviderUnlink, UnlinkTokens},
};
use crate::shared::{Clock, Result};

/// Use cases of links.
pub struct UnlinkService {
    links: Arc<dyn ProviderUnlink>,
    accounts: Arc<dyn Accounts>,
    tokens: Arc<dyn UnlinkTokens>,
    clock: Arc<dyn Clock>,
}

impl UnlinkService {
    /// Builds the use cases on their ports.
    pub fn new(links: Arc<dyn ProviderUnlink>, accounts: Arc<dyn Accounts>, tokens: Arc<dyn UnlinkTokens>, clock: Arc<dyn Clock>) -> Self {
        Self { links, accounts, tokens, clock }
    }

    /// Takes a provider's notice that a user cut the link: the account stays, with its orders and money, and the identity is
    /// marked as cut until its owner agrees again. A user that we do not know is no matter.
    ///
    /// # Errors
    /// `unlink_unverified`: the notice is not the provider's.
    pub async fn receive(&self, notice: &UnlinkNotice) -> Result<()> {
        let user = self.links.verify(notice, self.clock.now()).map_err(|reason| {
            tracing::warn!(provider = notice.provider().as_str(), reason, "an unlink notice is refused");
            error::UNLINK_UNVERIFIED
        })?;
        let known = self.accounts.cut_identity(notice.provider(), &user, self.clock.now()).await?;
        self.tokens.forget(notice.provider(), &user).await?;
        tracing::info!(provider = notice.provider().as_str(), known, "a person cut the connection at the provider");
        Ok(())
    }

    /// Cuts the link of a deleted account at its provider; not that of somebody who has come back meanwhile.
    ///
    /// # Errors
    /// Unavailable, where the provider does not say that it is cut.
    pub async fn cut(&self, provider: Provider, user_id: &str) -> Result<()> {
        if self.accounts.find_by_identity(provider, user_id).await?.is_some() {
            return Ok(());
        }
        let token = self.tokens.token(provider, user_id).await?;
        self.links.cut(provider, user_id, token.as_ref()).await?;
        self.tokens.forget(provider, user_id).await
    }
}

#[cfg(test)]
mod tests {
    use secrecy::{ExposeSecret, SecretString};

    use super::*;
    use crate::{
        shared::{Error, testing::Noon},
        users::{
            model::account::Role,
            ports::{MockAccounts, MockProviderUnlink, MockUnlinkTokens},
            testing::account,
        },
    };

    fn service(links: MockProviderUnlink, accounts: MockAccounts, tokens: MockUnlinkTokens) -> UnlinkService {
        UnlinkService::new(Arc::new(links), Arc::new(accounts), Arc::new(tokens), Arc::new(Noon))
    }

    #[tokio::test]
    async fn only_a_verified_notice_cuts_a_link() {
        let notice = UnlinkNotice::Kakao { authorization: Some("KakaoAK key".into()), user_id: Some("7".into()) };
        let mut links = MockProviderUnlink::new();
        links.expect_verify().times(1).returning(|_, _| Err("not theirs"));
        let refused = service(links, MockAccounts::new(), MockUnlinkTokens::new()).receive(&notice).await;
        assert!(refused.unwrap_err().is(&error::UNLINK_UNVERIFIED));

        let (mut links, mut accounts, mut tokens) = (MockProviderUnlink::new(), MockAccounts::new(), MockUnlinkTokens::new());
        links.expect_verify().times(1).returning(|_, _| Ok("7".to_owned()));
        accounts
            .expect_cut_identity()
            .times(1)
            .withf(|provider, user, _| *provider == Provider::Kakao && user == "7")
            .returning(|_, _, _| Ok(false));
        tokens.expect_forget().times(1).withf(|provider, user| *provider == Provider::Kakao && user == "7").returning(|_, _| Ok(()));
        service(links, accounts, tokens).receive(&notice).await.unwrap();
    }

    #[tokio::test]
    async fn a_token_is_forgotten_only_when_the_link_is_cut() {
        for is_cut in [true, false] {
            let (mut links, mut accounts, mut tokens) = (MockProviderUnlink::new(), MockAccounts::new(), MockUnlinkTokens::new());
            accounts.expect_find_by_identity().returning(|_, _| Ok(None));
            tokens.expect_token().returning(|_, _| Ok(Some(SecretString::from("refresh"))));
            links
                .expect_cut()
                .times(1)
                .withf(|_, _, token| token.is_some_and(|token| token.expose_secret() == "refresh"))
                .returning(move |_, _, _| if is_cut { Ok(()) } else { Err(Error::unavailable("google", "down")) });
            tokens.expect_forget().times(usize::from(is_cut)).returning(|_, _| Ok(()));
            assert_eq!(service(links, accounts, tokens).cut(Provider::Google, "7").await.is_ok(), is_cut);
        }
    }

    #[tokio::test]
    async fn who_came_back_stays_linked() {
        let mut accounts = MockAccounts::new();
        let account = account(Role::Customer);
        accounts.expect_find_by_identity().returning(move |_, _| Ok(Some(account.clone())));
        service(MockProviderUnlink::new(), accounts, MockUnlinkTokens::new()).cut(Provider::Google, "7").await.unwrap();
    }
}
