//! What this feature needs from outside.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::model::{
    approval::{Approval, StoreApproval},
    hours::{OperationTime, Week},
    image::{Added, Image, Removed, StoredObject},
    offer::StoreOffer,
    payment_account::{PaymentChange, PortOneAccount},
    place::Area,
    search::{CustomerStore, FavoriteAdded, ListedStore, StoreFilter},
    store::{NewStore, Store, StoreChange},
    tile::Tile,
};
use crate::shared::{Email, Result, StoreId};

/// The stores and what their sellers change of them.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Stores: Send + Sync {
    /// Stores store and hours, all or nothing; `withheld`: it sells nothing, and stands in no list, until [`Approvals`] says otherwise. `false`, and nothing stored, where the seller has a store: of two calls at
    /// once exactly one MUST get `true`.
    async fn register(&self, seller: &Email, store: &NewStore, withheld: bool, at: DateTime<Utc>) -> Result<bool>;
    /// The seller's store with all that belongs to it.
    async fn of_seller(&self, seller: &Email) -> Result<Option<Store>>;
    /// The id of the seller's store, without reading the rest.
    async fn id_of_seller(&self, seller: &Email) -> Result<Option<StoreId>>;
    /// Sets the payment account. `false`, and nothing changed, where one is set.
    async fn set_payment<'a>(
        &self,
        store: &StoreId,
        account: &PortOneAccount,
        webhook_secret: Option<&'a SecretString>,
        at: DateTime<Utc>,
    ) -> Result<bool>;
    /// The payment account with its secret.
    async fn payment(&self, store: &StoreId) -> Result<Option<PortOneAccount>>;
    /// Changes what is given of the payment account; a webhook secret that is replaced by another stays good beside it.
    /// `false`, and nothing changed, where no account is set.
    async fn change_payment(&self, store: &StoreId, change: &PaymentChange, at: DateTime<Utc>) -> Result<bool>;
    /// What PortOne may sign this store's webhooks with: none, one, or two during a change.
    async fn webhook_secrets(&self, store: &StoreId) -> Result<Vec<SecretString>>;
    /// Changes the fields given in one statement.
    async fn change(&self, store: &StoreId, change: &StoreChange, at: DateTime<Utc>) -> Result<()>;
}

/// Whether operators have approved stores.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Approvals: Send + Sync {
    /// A store's; where nothing was given yet, [`Approval::of_nothing`]. `None`: there is no such store.
    async fn find(&self, store: &StoreId) -> Result<Option<StoreApproval>>;
    /// Those that wait for an operator, the one that has waited longest first, up to `limit`.
    async fn waiting(&self, limit: i64) -> Result<Vec<StoreApproval>>;
    /// Puts this in place of the one whose version it has, and stores with it, all or nothing, whether the store is withheld and, where
    /// `told`, the task of telling the seller. `false`, and nothing stored: somebody else has changed it since it was read.
    async fn put(&self, store: &StoreId, approval: &Approval, withheld: bool, told: bool, at: DateTime<Utc>) -> Result<bool>;
}

/// A store's opening hours.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Hours: Send + Sync {
    /// The seven rows in force, by day.
    async fn current(&self, store: &StoreId) -> Result<Vec<OperationTime>>;
    /// Hours for the next daily rollover, and when they were reserved.
    async fn reserved(&self, store: &StoreId) -> Result<Option<(Week, DateTime<Utc>)>>;
    /// Reserves hours in place of what was reserved.
    async fn reserve(&self, store: &StoreId, week: &Week, at: DateTime<Utc>) -> Result<()>;
    /// Forgets what was reserved, if anything.
    async fn cancel(&self, store: &StoreId) -> Result<()>;
    /// Puts all hours that were reserved before `before` in force and forgets the reservations, each store all or nothing. Gives the
    /// number of stores.
    async fn apply(&self, before: DateTime<Utc>, at: DateTime<Utc>) -> Result<usize>;
}

/// The rows that name a store's pictures. A store with pictures MUST have exactly one main one, also after calls at once.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait StoreImages: Send + Sync {
    /// The main one first, then by display order.
    async fn list(&self, store: &StoreId) -> Result<Vec<Image>>;
    /// Adds pictures after those that are there, all or nothing; of a store's first ones the first becomes the main one.
    /// `first_only`: [`Added::Exist`] where there are any. Never more than `most`.
    async fn add(&self, store: &StoreId, keys: &[String], first_only: bool, most: usize) -> Result<Added>;
    /// Removes one that is not the main one.
    async fn remove(&self, store: &StoreId, key: &str) -> Result<Removed>;
    /// Makes one the main one. `None`: the store has no such picture.
    async fn set_main(&self, store: &StoreId, key: &str) -> Result<Option<Image>>;
    /// Of these keys those that a row names: a picture of a store or of a dispute, or the licence of a store.
    async fn named(&self, keys: &[String]) -> Result<Vec<String>>;
    /// The main pictures of these stores.
    async fn main_of(&self, stores: &[StoreId]) -> Result<Vec<(StoreId, String)>>;
}

/// What customers searched for. Calls at once MUST leave at most [`super::KEPT`] texts, each once.
#[async_trait]
pub trait SearchHistory: Send + Sync {
    /// Puts the text first.
    async fn remember(&self, customer: &Email, search_name: &str, now: DateTime<Utc>) -> Result<()>;
    /// Newest first, without what is older than [`super::KEPT_FOR`].
    async fn list(&self, customer: &Email, now: DateTime<Utc>) -> Result<Vec<String>>;
    /// `false`: it is not in the list.
    async fn forget(&self, customer: &Email, search_name: &str, now: DateTime<Utc>) -> Result<bool>;
    /// Forgets all of a customer's.
    async fn clear(&self, customer: &Email) -> Result<()>;
    /// Forgets what the customer searched for before `before`.
    async fn forget_before(&self, customer: &Email, before: DateTime<Utc>) -> Result<()>;
}

/// What customers see of stores. Lists hold only stores with a product.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait StoreSearch: Send + Sync {
    /// `limit` stores that match, from the `offset`-th on, as this customer sees them. Without a filter newest first, with
    /// one by name; ties by id. No store may be older than the database
    /// that is asked, whatever is kept of it.
    async fn page(&self, customer: &Email, filter: &StoreFilter, offset: i64, limit: i64) -> Result<Vec<ListedStore>>;
    /// The customer's favourites by name.
    async fn favorites(&self, customer: &Email) -> Result<Vec<CustomerStore>>;
    /// One store, also without products.
    async fn find(&self, customer: &Email, store: &StoreId) -> Result<Option<CustomerStore>>;
    /// Makes the store a favourite of the customer.
    async fn add_favorite(&self, customer: &Email, store: &StoreId, at: DateTime<Utc>) -> Result<FavoriteAdded>;
    /// `false`: it was none.
    async fn remove_favorite(&self, customer: &Email, store: &StoreId) -> Result<bool>;
    /// Builds the index behind the words of a search anew, while searches go on.
    async fn rebuild(&self) -> Result<()>;
}

/// Where stores with a product are, and what they offer. Nothing may be older than the database that is asked, whatever is kept of it.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait StoresNearby: Send + Sync {
    /// The tiles that have a part in these areas and a store whose address is a place ([`super::Place::parse`]), each once, as they were at one
    /// instant: a store that moves meanwhile is in one of them.
    async fn tiles(&self, areas: &[Area]) -> Result<Vec<Arc<Tile>>>;
    /// What these stores offer on the day of `at`, in this order; without those that are gone.
    async fn offers(&self, stores: &[StoreId], at: DateTime<Utc>) -> Result<Vec<StoreOffer>>;
    /// The stores of these offers as this customer sees them, in this order, with the stock and prices offered; one that has changed since in
    /// another way is as it is now, and one that is gone is left out.
    async fn listed(&self, customer: &Email, offers: Vec<StoreOffer>) -> Result<Vec<ListedStore>>;
}

/// The bucket that pictures lie in.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait ObjectStorage: Send + Sync {
    /// Address of an object for browsers.
    fn public_url(&self, key: &str) -> String;
    /// Stores an object; readers MUST never see half of it.
    async fn put(&self, key: &str, content_type: &str, bytes: Vec<u8>) -> Result<()>;
    /// Deletes an object, if it is there.
    async fn delete(&self, key: &str) -> Result<()>;
    /// Up to `limit` objects whose keys begin with `prefix` and come after `after`, by key.
    async fn list(&self, prefix: &str, after: Option<String>, limit: usize) -> Result<Vec<StoredObject>>;
    /// Content type and bytes. `None`: there is none, or the objects are served elsewhere.
    async fn get(&self, key: &str) -> Result<Option<(String, Vec<u8>)>>;
}
