//! What this feature needs from outside.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::model::{
    finding::{Finding, Kind},
    memory::{Brought, Known},
    people::{ImportedAccount, ImportedFavorites},
    products::ImportedProduct,
    purchases::{ImportedHold, ImportedOrder},
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
    /// Writes stores with everything; secrets MUST be sealed.
    async fn bring_stores(&self, stores: &[Brought<ImportedStore>], at: DateTime<Utc>) -> Result<()>;
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
    /// Remembers that these rows were seen at `at`, also those that are remembered for nothing else: stock reservations, withdrawals.
    async fn saw(&self, kind: Kind, keys: &[String], at: DateTime<Utc>) -> Result<()>;
    /// Forgets that these rows were ever seen.
    async fn forget(&self, kind: Kind, keys: &[String]) -> Result<()>;
}

/// What is asked of our side beside writing to it.
#[async_trait]
pub trait Moved: Send + Sync {
    /// All stores here, and the store of PortOne's of each; empty where it has none.
    async fn portone_stores(&self) -> Result<Vec<(StoreId, String)>>;
    /// Keys of what was seen before and not since `before`: accounts and withdrawals by e-mail, as far as the account is here.
    async fn unseen(&self, kind: Kind, before: DateTime<Utc>) -> Result<Vec<String>>;
    /// Of these payments those that are orders of days that are not archived here.
    async fn orders(&self, payments: &[PaymentId]) -> Result<Vec<Order>>;
    /// These accounts, with profile and preferences by kind and word.
    async fn accounts(&self, emails: &[Email]) -> Result<Vec<ImportedAccount>>;
    /// When something was brought last. `None`: nothing ever was.
    async fn last_import(&self) -> Result<Option<DateTime<Utc>>>;
    /// Rows of one of the old service's tables as they would stand there, by key after `after`, of what has changed here since `since`.
    async fn changed(&self, table: &str, since: DateTime<Utc>, after: &str, limit: i64) -> Result<Vec<(String, Value)>>;
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
