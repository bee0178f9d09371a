//! What a customer searched for lately.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{error, ports::SearchHistory};
use crate::{
    shared::{Clock, Email, Result, text::normal},
    users::{Account, Unfinished, ports::PersonalData},
};

/// Use cases of the search history.
pub struct HistoryService {
    history: Arc<dyn SearchHistory>,
    clock: Arc<dyn Clock>,
}

impl HistoryService {
    /// Builds the use cases on their ports.
    pub fn new(history: Arc<dyn SearchHistory>, clock: Arc<dyn Clock>) -> Self {
        Self { history, clock }
    }

    /// Remembers a search. A history that cannot be written is no reason not to answer the search.
    pub async fn remember(&self, customer: &Email, search_name: &str) {
        if let Err(error) = self.history.remember(customer, search_name, self.clock.now()).await {
            tracing::warn!(%error, "a search was not remembered");
        }
    }

    /// The searches, newest first.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn list(&self, customer: &Email) -> Result<Vec<String>> {
        self.history.list(customer, self.clock.now()).await
    }

    /// Empties the customer's search history.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn clear(&self, customer: &Email) -> Result<()> {
        self.history.clear(customer).await
    }

    /// Takes one text out of the history, written as it was typed or as it is kept.
    ///
    /// # Errors
    /// `search_not_found`: the text is not in the history.
    pub async fn forget(&self, customer: &Email, search_name: &str) -> Result<()> {
        let (now, kept) = (self.clock.now(), normal(search_name));
        // Before the service wrote texts in NFC it kept them as typed, for seven days.
        let forgotten = self.history.forget(customer, &kept, now).await?
            || (kept != search_name && self.history.forget(customer, search_name, now).await?);
        if forgotten { Ok(()) } else { Err(error::SEARCH_NOT_FOUND.into()) }
    }
}

#[async_trait]
impl PersonalData for HistoryService {
    async fn erase(&self, deleted: &Unfinished) -> Result<()> {
        self.history.forget_before(&deleted.email, deleted.erased_at).await
    }

    async fn export(&self, account: &Account) -> Result<(&'static str, Value)> {
        Ok(("search_history", json!(self.list(&account.email).await?)))
    }
}
