//! A seller's store.

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use super::{
    error,
    model::{
        approval::{Approval, ApprovalState},
        payment_account::{PaymentChange, PortOneAccount, PortOneIds},
        store::{NewStore, Store, StoreChange},
    },
    ports::Stores,
};
use crate::{
    products::ports::SellersStore,
    shared::{Clock, Email, Ids, Result, StoreId},
    users::ports::Storefront,
};

/// Use cases of a seller's store.
pub struct StoreService {
    stores: Arc<dyn Stores>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    approval_required: bool,
}

impl StoreService {
    /// Builds the use cases on their ports.
    pub fn new(stores: Arc<dyn Stores>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { stores, clock, ids, approval_required: false }
    }

    /// Stores that are registered from now on sell only after an operator has approved them.
    pub fn with_approval(self, required: bool) -> Self {
        Self { approval_required: required, ..self }
    }

    /// Whether a store that stands so sells nothing.
    pub(super) fn withholds(&self, approval: &Approval) -> bool {
        self.approval_required && approval.state != ApprovalState::Approved
    }

    /// A new store's id.
    pub fn new_id(&self) -> StoreId {
        StoreId::generate(self.ids.as_ref())
    }

    /// Registers the seller's one store.
    ///
    /// # Errors
    /// `store_exists`: the seller has a store already.
    pub async fn register(&self, seller: &Email, store: &NewStore) -> Result<()> {
        if self.stores.register(seller, store, self.approval_required, self.clock.now()).await? {
            Ok(())
        } else {
            Err(error::STORE_EXISTS.into())
        }
    }

    /// The seller's store with all that belongs to it.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn store(&self, seller: &Email) -> Result<Store> {
        Ok(self.stores.of_seller(seller).await?.ok_or(error::STORE_NOT_FOUND)?)
    }

    /// The id of the seller's store.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn store_id(&self, seller: &Email) -> Result<StoreId> {
        Ok(self.stores.id_of_seller(seller).await?.ok_or(error::STORE_NOT_FOUND)?)
    }

    /// Sets the payment account for the first time.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `payment_exists`: a payment account is set already.
    pub async fn register_payment(&self, seller: &Email, account: &PortOneAccount, webhook_secret: Option<&SecretString>) -> Result<()> {
        let store = self.store_id(seller).await?;
        if self.stores.set_payment(&store, account, webhook_secret, self.clock.now()).await? {
            Ok(())
        } else {
            Err(error::PAYMENT_EXISTS.into())
        }
    }

    /// The payment account's names.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn payment_ids(&self, seller: &Email) -> Result<(StoreId, Option<PortOneIds>)> {
        let store = self.store_id(seller).await?;
        let ids = self.stores.payment(&store).await?.map(|account| account.ids);
        Ok((store, ids))
    }

    /// Whether PortOne's webhooks for the store can be verified.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn has_webhook_secret(&self, store: &StoreId) -> Result<bool> {
        Ok(!self.stores.webhook_secrets(store).await?.is_empty())
    }

    /// Changes what is given of the payment account.
    ///
    /// # Errors
    /// `store_not_found`, `payment_settings_not_found` where none is registered: without its secret it would be of no use.
    pub async fn change_payment(&self, seller: &Email, change: &PaymentChange) -> Result<StoreId> {
        let store = self.store_id(seller).await?;
        if self.stores.change_payment(&store, change, self.clock.now()).await? {
            Ok(store)
        } else {
            Err(error::PAYMENT_SETTINGS_NOT_FOUND.into())
        }
    }

    /// Changes what is given; gives the store as it is then.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn change(&self, seller: &Email, change: &StoreChange) -> Result<Store> {
        if *change != StoreChange::default() {
            let store = self.store_id(seller).await?;
            self.stores.change(&store, change, self.clock.now()).await?;
        }
        self.store(seller).await
    }

    /// Whether a payment account is set.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn has_payment(&self, seller: &Email) -> Result<bool> {
        let store = self.store_id(seller).await?;
        Ok(self.stores.payment(&store).await?.is_some())
    }
}

#[async_trait]
impl Storefront for StoreService {
    async fn is_open(&self, seller: &Email) -> Result<bool> {
        Ok(self.stores.of_seller(seller).await?.is_some_and(|store| store.is_open(self.clock.now())))
    }
}

#[async_trait]
impl SellersStore for StoreService {
    async fn store_id(&self, seller: &Email) -> Result<StoreId> {
        Self::store_id(self, seller).await
    }
}
