//! The use case of [`super::model::takeover`].

use std::sync::Arc;

use super::{
    error,
    model::{
        login::SignedIn,
        takeover::{Takeover, TakeoverMail, TakeoverSecrets},
    },
    ports::{Accounts, Sessions, Takeovers},
};
use crate::shared::{
    Clock, Error, Ids, Result, can_be_secret,
    mail::{Delivery, Mailer},
};

/// Use cases of taking over an account.
pub struct TakeoverService {
    takeovers: Arc<dyn Takeovers>,
    accounts: Arc<dyn Accounts>,
    sessions: Arc<dyn Sessions>,
    mailer: Arc<dyn Mailer>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// This server's address as browsers know it.
    base: String,
}

impl TakeoverService {
    /// Builds the use cases on their ports.
    pub fn new(
        takeovers: Arc<dyn Takeovers>,
        accounts: Arc<dyn Accounts>,
        sessions: Arc<dyn Sessions>,
        mailer: Arc<dyn Mailer>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        base: String,
    ) -> Self {
        Self { takeovers, accounts, sessions, mailer, clock, ids, base }
    }

    /// Has the link mailed; gives what the browser must bring with it.
    ///
    /// # Errors
    /// Unavailable: nothing is mailed.
    pub async fn begin(&self, takeover: &Takeover) -> Result<TakeoverSecrets> {
        let secrets = TakeoverSecrets { token: self.ids.secret(), browser: self.ids.secret() };
        let now = self.clock.now();
        self.takeovers.begin(takeover, &secrets, now, TakeoverMail::until(now)).await?;
        Ok(secrets)
    }

    /// Mails the link, while it is still good.
    ///
    /// # Errors
    /// Unavailable: the mail server does not answer in time.
    pub async fn deliver(&self, mail: &TakeoverMail) -> Result<Delivery> {
        if !self.takeovers.is_open(&mail.token, self.clock.now()).await? {
            tracing::info!("the link of a takeover is good no more; its mail is not sent");
            return Ok(Delivery::OutOfDate);
        }
        let id: String = mail.token.chars().take(16).collect();
        self.mailer.send(&format!("takeover-{id}"), &mail.compose(&self.base)).await
    }

    /// The link was followed: the account belongs to who did, and every session of it ends.
    ///
    /// # Errors
    /// - `login_state_invalid`: the link is unknown, used, too old, or of another browser, which does not use it up.
    /// - Unavailable: a part that is needed does not answer in time.
    pub async fn complete(&self, token: &str, browser: Option<&str>) -> Result<SignedIn> {
        let browser = browser.filter(|_| can_be_secret(token)).ok_or(error::LOGIN_STATE_INVALID)?;
        let taken = self.takeovers.complete(token, browser, self.clock.now()).await?.ok_or(error::LOGIN_STATE_INVALID)?;
        // The account was made anew, so that no token of its past is good: what remembers it must hear of that.
        self.sessions.forget(&taken.email).await?;
        let found = self.accounts.find(&taken.email).await?.ok_or_else(|| Error::internal("account vanished during its takeover"))?;
        tracing::info!("an account was taken over by the owner of its e-mail");
        Ok(SignedIn { conflict: found.account.role != taken.role, account: found.account, status: found.status, local: taken.local })
    }
}
