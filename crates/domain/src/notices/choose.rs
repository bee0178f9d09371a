//! Saying yes, and no.

use super::{
    error,
    model::{
        choices::{Choices, Chosen, WORDING},
        subscription::Subscription,
    },
    service::{MOST_SUBSCRIPTIONS, NoticeService},
};
use crate::{
    shared::{Email, Result, Validation, can_be_secret},
    users::Account,
};

impl NoticeService {
    /// The switches of a person.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn chosen(&self, customer: &Email) -> Result<Chosen> {
        self.choices.chosen(customer).await
    }

    /// Sets the switches.
    ///
    /// # Errors
    /// `email_not_vouched`: mails would go to a mailbox that may be a stranger's.
    pub async fn choose(&self, account: &Account, choices: Choices) -> Result<Chosen> {
        if choices.by_mail && !account.email_vouched {
            return Err(error::EMAIL_NOT_VOUCHED.into());
        }
        let now = self.clock.now();
        self.choices.choose(&account.email, choices, WORDING.version, &self.ids.secret(), now).await?;
        Ok(Chosen { choices, consented_at: Some(now) })
    }

    /// One click in a mail: no more of them.
    ///
    /// # Errors
    /// `unsubscribe_not_found`: the link is nobody's.
    pub async fn end_mails(&self, secret: &str) -> Result<()> {
        let known = can_be_secret(secret) && self.choices.end_mails(secret, WORDING.version, self.clock.now()).await?;
        if known { Ok(()) } else { Err(error::UNSUBSCRIBE_NOT_FOUND.into()) }
    }

    /// Adds a browser.
    ///
    /// # Errors
    /// Invalid: nothing can be sent there.
    pub async fn subscribe(&self, customer: &Email, subscription: &Subscription) -> Result<()> {
        let mut errors = Validation::default();
        if let Err((field, rule)) = self.push.check(subscription) {
            errors.check::<()>(field, Err(rule));
        }
        errors.finish(|| Some(()))?;
        self.choices.subscribe(customer, &self.ids.ulid(), subscription, MOST_SUBSCRIPTIONS, self.clock.now()).await
    }

    /// Takes a browser away.
    ///
    /// # Errors
    /// `subscription_not_found`.
    pub async fn unsubscribe(&self, customer: &Email, endpoint: &str) -> Result<()> {
        if self.choices.unsubscribe(customer, endpoint).await? { Ok(()) } else { Err(error::SUBSCRIPTION_NOT_FOUND.into()) }
    }

    /// By which key browsers subscribe.
    pub fn push_key(&self) -> &str {
        self.push.public_key()
    }
}
