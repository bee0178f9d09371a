//! What this feature needs from outside.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::model::{
    finding::{Finding, Kind},
    holds::ImportedHold,
    memory::{Brought, Known},
    orders::ImportedOrder,
    people::{ImportedAccount, ImportedFavorites},
    products::ImportedProduct,
    stores::ImportedStore,
};
use crate::{
    orders::Order,
    shared::{Email, PaymentId, ProductId, Result, StoreId},
};

/// An old row, with all that is read along with it.
#[derive(Debug, Clone, PartialEq)]
pub struct OldRow {
    /// The e-mail or id that it is told by. Rows of one kind come by key, those of one key together.
    pub key: String,
    /// The same for the same row only.
    pub fingerprint: String,
    /// By the names in [`super::model::old`].
    pub row: Value,
}

/// The old databases, which MUST NOT be written to. All that is read MUST be of one instant, but for what MongoDB is given while it is read: that
/// comes later, since the old service writes there before it deletes elsewhere.
#[async_trait]
pub trait OldService: Send {
    /// About how many rows of a kind there are.
    async fn count(&mut self, kind: Kind) -> Result<u64>;
    /// The next rows of the kind, a batch that fits into memory. Empty: there are no more; after that the kind begins anew.
    async fn next(&mut self, kind: Kind) -> Result<Vec<OldRow>>;
}

/// Writes what is brought, and remembers it: both or neither, a batch at a time. Written twice, a row is there once.
#[async_trait]
pub trait Imports: Send + Sync {
    /// What is known of these rows of accounts, stores, favourites or products, in the same order.
    async fn known(&self, kind: Kind, keys: &[String]) -> Result<Vec<Known>>;
    /// Writes accounts, with profile and preferences as they are now. MUST NOT change what people have done since: links to providers,
    /// sessions.
    async fn bring_accounts(&self, accounts: &[Brought<ImportedAccount>], at: DateTime<Utc>) -> Result<()>;
    /// Writes stores with everything; secrets MUST be sealed. A store whose owner cannot have it here gets an account that nobody can log in
    /// to. Gives those that got one without being so meant.
    async fn bring_stores(&self, stores: &[Brought<ImportedStore>], at: DateTime<Utc>) -> Result<Vec<StoreId>>;
    /// Writes favourites, as far as their stores are here.
    async fn bring_favorites(&self, favorites: &[Brought<ImportedFavorites>], at: DateTime<Utc>) -> Result<()>;
    /// Writes products, as far as their stores are here. Sold and held MUST be what orders and holds of this business day come to, and left what it
    /// is said to be. Gives those that were not written.
    async fn bring_products(&self, products: &[Brought<ImportedProduct>], at: DateTime<Utc>) -> Result<Vec<ProductId>>;
    /// Writes orders with the holds that they were, refunds of those that were canceled, and an entry in the audit log; or changes state and instants of
    /// those that are here. What is left of their products MUST stay.
    async fn bring_orders(&self, orders: &[ImportedOrder], at: DateTime<Utc>) -> Result<()>;
    /// Writes holds that are not here, in whatever state. What is left of their products MUST stay. Those whose time is over are due to be looked at.
    async fn bring_holds(&self, holds: &[ImportedHold], at: DateTime<Utc>) -> Result<u64>;
    /// Ends the holds that were brought and are held still, but for `fresh`: there they have ended. What is left of their products MUST stay, since
    /// it was counted there. Their payments are due to be looked at. Gives them.
    async fn end_holds(&self, fresh: &[PaymentId], at: DateTime<Utc>) -> Result<Vec<PaymentId>>;
    /// Remembers that these rows were seen at `at`, also those that are remembered for nothing else: stock reservations, withdrawals.
    async fn saw(&self, kind: Kind, keys: &[String], at: DateTime<Utc>) -> Result<()>;
    /// Forgets that these rows were ever seen.
    async fn forget(&self, kind: Kind, keys: &[String]) -> Result<()>;
}

/// What is asked of our side beside writing to it.
#[async_trait]
pub trait OurSide: Send + Sync {
    /// All stores here, and the store of PortOne's of each; empty where it has none.
    async fn portone_stores(&self) -> Result<Vec<(StoreId, String)>>;
    /// Keys of what was seen before and not since `before`: accounts, favourites and withdrawals by e-mail, as far as the account is here; stores
    /// and products as far as they are here and their seller has not asked to be deleted.
    async fn unseen(&self, kind: Kind, before: DateTime<Utc>) -> Result<Vec<String>>;
    /// Of these payments those that are orders of days that are not archived here.
    async fn orders(&self, payments: &[PaymentId]) -> Result<Vec<Order>>;
    /// These accounts, with profile and preferences by kind and word.
    async fn accounts(&self, emails: &[Email]) -> Result<Vec<ImportedAccount>>;
    /// The stores that each of these customers has as favourites, by id; in the order of the e-mails.
    async fn favorites(&self, emails: &[Email]) -> Result<Vec<Vec<StoreId>>>;
    /// When the old databases were read last. `None`: never.
    async fn last_import(&self) -> Result<Option<DateTime<Utc>>>;
    /// When something was brought last: a run after that found nothing new. `None`: nothing ever was.
    async fn last_brought(&self) -> Result<Option<DateTime<Utc>>>;
    /// What has changed here of one of the old service's tables, in its terms, by key after `after`: of what is remembered, since it was brought;
    /// of the rest since `since`.
    async fn changed(&self, table: &str, since: DateTime<Utc>, after: &str, limit: i64) -> Result<Vec<(String, Change)>>;
}

/// What is to be done to a table of the old service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// This row is there, in the place of one with the same key.
    Row(Value),
    /// No row with these columns is there.
    Gone(Value),
    /// Of the rows with these columns (`of`) these are there and no others.
    All {
        /// Whose rows.
        of: Value,
        /// The other columns of each.
        rows: Vec<Value>,
    },
}

/// Writes down what is given back, for the old databases to read. E-mails are in lower case; they are there as people wrote them.
pub trait GivenBack: Send {
    /// Writes a change.
    ///
    /// # Errors
    /// Where it cannot be written down.
    fn change(&mut self, table: &str, change: Change) -> Result<()>;
    /// The collection is given whole: what is not written of it is not there.
    ///
    /// # Errors
    /// As [`Self::change`].
    fn whole(&mut self, collection: &str) -> Result<()>;
    /// Writes a document, in MongoDB's JSON.
    ///
    /// # Errors
    /// As [`Self::change`].
    fn document(&mut self, collection: &str, document: Value) -> Result<()>;
    /// Everything is written.
    ///
    /// # Errors
    /// As [`Self::change`].
    fn end(&mut self) -> Result<()>;
}

/// Whoever hears of an import.
pub trait Watcher: Send {
    /// A row that does not fit.
    ///
    /// # Errors
    /// Where it cannot be written down.
    fn tell(&mut self, finding: &Finding) -> Result<()>;
    /// `done` rows of about `of` are read.
    fn progress(&mut self, kind: Kind, done: u64, of: u64);
}
