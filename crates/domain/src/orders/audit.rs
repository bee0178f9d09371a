//! The audit log: who changed an order or its money, when, in which request. Entries are written by the statement that makes
//! the change, and never changed.

use std::sync::Arc;

use super::{error, model::audit::AuditEntry, ports::AuditLog};
use crate::{
    shared::{Email, PaymentId, Result, StoreId},
    stores::StoreService,
};

/// Use case of looking back.
pub struct AuditService {
    audit: Arc<dyn AuditLog>,
    stores: Arc<StoreService>,
}

impl AuditService {
    /// Builds the use cases on their ports.
    pub fn new(audit: Arc<dyn AuditLog>, stores: Arc<StoreService>) -> Self {
        Self { audit, stores }
    }

    /// How many discrepancies between our books and PortOne's were reported, ever.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn discrepancies(&self) -> Result<i64> {
        self.audit.discrepancies().await
    }

    /// What happened to a payment of the store's, oldest first: also to one that never became an order.
    ///
    /// # Errors
    /// `store_not_found`, `order_not_found`, also for another's.
    pub async fn of_store(&self, seller: &Email, payment: &PaymentId) -> Result<(PaymentId, Vec<AuditEntry>)> {
        let store: StoreId = self.stores.store_id(seller).await?;
        let entries = self.audit.of_payment(&store, payment).await?;
        if entries.is_empty() {
            return Err(error::ORDER_NOT_FOUND.into());
        }
        Ok((payment.clone(), entries))
    }
}
