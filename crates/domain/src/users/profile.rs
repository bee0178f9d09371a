//! Customers' profiles.

use std::sync::Arc;

use super::{
    error,
    model::{
        customer::{CustomerDetail, DetailChange, NewProfile, Profile},
        preference::{Preference, PreferenceKind, PreferencesAdded},
    },
    ports::Customers,
};
use crate::shared::{Clock, Email, Error, Result};

/// Use cases of a customer's profile.
pub struct CustomerService {
    customers: Arc<dyn Customers>,
    clock: Arc<dyn Clock>,
}

impl CustomerService {
    /// Builds the use cases on their ports.
    pub fn new(customers: Arc<dyn Customers>, clock: Arc<dyn Clock>) -> Self {
        Self { customers, clock }
    }

    /// Stores the profile.
    ///
    /// # Errors
    /// `already_registered`: the customer has a profile already.
    pub async fn register(&self, email: &Email, profile: &NewProfile) -> Result<Profile> {
        if !self.customers.register(email, profile, self.clock.now()).await? {
            return Err(error::ALREADY_REGISTERED.into());
        }
        self.customers.profile(email).await?.ok_or_else(|| Error::internal("profile vanished after its registration"))
    }

    /// The whole profile.
    ///
    /// # Errors
    /// `profile_not_found`: the customer has no profile yet.
    pub async fn profile(&self, email: &Email) -> Result<Profile> {
        Ok(self.customers.profile(email).await?.ok_or(error::PROFILE_NOT_FOUND)?)
    }

    /// Nickname and phone number.
    ///
    /// # Errors
    /// `profile_not_found`: the customer has no profile yet.
    pub async fn detail(&self, email: &Email) -> Result<CustomerDetail> {
        Ok(self.customers.detail(email).await?.ok_or(error::PROFILE_NOT_FOUND)?)
    }

    /// Changes what is given.
    ///
    /// # Errors
    /// - `nothing_to_change`: no field was sent.
    /// - `profile_not_found`: the customer has no profile yet.
    pub async fn change_detail(&self, email: &Email, change: &DetailChange) -> Result<CustomerDetail> {
        if *change == DetailChange::default() {
            return Err(error::NOTHING_TO_CHANGE.into());
        }
        let changed = self.customers.change_detail(email, change, self.clock.now()).await?;
        Ok(changed.ok_or(error::PROFILE_NOT_FOUND)?)
    }

    /// The words of one kind, in the order of their creation.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn preferences(&self, email: &Email, kind: PreferenceKind) -> Result<Vec<Preference>> {
        self.customers.preferences(email, kind).await
    }

    /// Adds words of one kind; gives the whole list.
    ///
    /// # Errors
    /// - `profile_not_found`: the customer has no profile yet.
    /// - `preference_exists`: one of the words is there already.
    pub async fn add_preferences(&self, email: &Email, kind: PreferenceKind, words: &[&'static str]) -> Result<Vec<Preference>> {
        match self.customers.add_preferences(email, kind, words, self.clock.now()).await? {
            PreferencesAdded::Added => self.preferences(email, kind).await,
            PreferencesAdded::WasThere => Err(error::PREFERENCE_EXISTS.into()),
            PreferencesAdded::NoProfile => Err(error::PROFILE_NOT_FOUND.into()),
        }
    }

    /// Takes a word away.
    ///
    /// # Errors
    /// `preference_not_found`: the word is not there.
    pub async fn remove_preference(&self, email: &Email, kind: PreferenceKind, word: &str) -> Result<()> {
        if self.customers.remove_preference(email, kind, word).await? { Ok(()) } else { Err(error::PREFERENCE_NOT_FOUND.into()) }
    }
}
