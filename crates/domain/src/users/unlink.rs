//! The link between an account and its provider, cut from either side: by us when an account is deleted, by its owner at the provider.

use std::sync::Arc;

use super::{
    account::Provider,
    error,
    ports::{Accounts, ProviderLinks, UnlinkNotice},
};
use crate::shared::{Clock, Result};

/// Use cases of links.
pub struct LinkService {
    links: Arc<dyn ProviderLinks>,
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
}

impl LinkService {
    /// Wires the service.
    pub fn new(links: Arc<dyn ProviderLinks>, accounts: Arc<dyn Accounts>, clock: Arc<dyn Clock>) -> Self {
        Self { links, accounts, clock }
    }

    /// Takes a provider's notice that a user cut the link: the account stays, with its orders and money, and that way in is
    /// gone until its owner agrees again. A user that we do not know is no matter.
    ///
    /// # Errors
    /// `unlink_unverified`.
    pub async fn receive(&self, notice: &UnlinkNotice) -> Result<()> {
        let user = self.links.verify(notice, self.clock.now()).map_err(|reason| {
            tracing::warn!(provider = notice.provider().as_str(), reason, "an unlink notice is refused");
            error::UNLINK_UNVERIFIED
        })?;
        let known = self.accounts.unlink(notice.provider(), &user).await?;
        tracing::info!(provider = notice.provider().as_str(), known, "a link was cut at the provider");
        Ok(())
    }

    /// Cuts the link of a deleted account at its provider.
    ///
    /// # Errors
    /// Unavailable, where the provider does not say that it is cut.
    pub async fn cut(&self, provider: Provider, user_id: &str) -> Result<()> {
        self.links.cut(provider, user_id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shared::testing::Noon,
        users::ports::{MockAccounts, MockProviderLinks},
    };

    #[tokio::test]
    async fn only_a_verified_notice_cuts_a_link() {
        let notice = UnlinkNotice::Kakao { authorization: Some("KakaoAK key".into()), user_id: Some("7".into()) };
        let (mut links, mut accounts) = (MockProviderLinks::new(), MockAccounts::new());
        links.expect_verify().times(1).returning(|_, _| Err("not theirs"));
        let refused = LinkService::new(Arc::new(links), Arc::new(accounts), Arc::new(Noon)).receive(&notice).await;
        assert!(refused.unwrap_err().is(&error::UNLINK_UNVERIFIED));

        let mut links = MockProviderLinks::new();
        links.expect_verify().times(1).returning(|_, _| Ok("7".to_owned()));
        accounts = MockAccounts::new();
        accounts.expect_unlink().times(1).withf(|provider, user| *provider == Provider::Kakao && user == "7").returning(|_, _| Ok(false));
        LinkService::new(Arc::new(links), Arc::new(accounts), Arc::new(Noon)).receive(&notice).await.unwrap();
    }
}
