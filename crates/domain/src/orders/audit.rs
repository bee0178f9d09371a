//! The audit log: who changed an order or its money, when, in which request. Entries are written by the statement that makes
//! the change, and never changed.

use std::sync::Arc;

use super::{error, model::audit::AuditEntry, past::PastPayments, ports::AuditLog};
use crate::{
    shared::{Email, PaymentId, Result, StoreId},
    stores::StoreService,
};

/// The audit log's first entry of a payment, which is the hold's own row.
const HELD: &str = "held";

/// Use case of looking back.
pub struct AuditService {
    audit: Arc<dyn AuditLog>,
    stores: Arc<StoreService>,
    past: Arc<PastPayments>,
}

impl AuditService {
    /// Builds the use cases on their ports.
    pub fn new(audit: Arc<dyn AuditLog>, stores: Arc<StoreService>, past: Arc<PastPayments>) -> Self {
        Self { audit, stores, past }
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
        let mut entries = self.audit.of_payment(&store, payment).await?;
        // Without its hold, which comes first, the payment is none of ours, or in the archive.
        if entries.first().is_none_or(|first| first.event != HELD) && self.past.bring_back(std::slice::from_ref(payment)).await? > 0 {
            entries = self.audit.of_payment(&store, payment).await?;
        }
        if entries.is_empty() {
            return Err(error::ORDER_NOT_FOUND.into());
        }
        Ok((payment.clone(), entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        orders::{
            ports::MockAuditLog,
            testing::{nothing_past, store_service},
        },
        shared::{
            Clock,
            testing::{Noon, email},
        },
    };

    #[tokio::test]
    async fn a_store_sees_the_history_of_its_own_payments() {
        let entry = AuditEntry {
            at: Noon.now(),
            event: "held".into(),
            detail: None,
            actor_role: "customer".into(),
            actor: Some("a@b".into()),
            request_id: None,
        };
        let (told, mut audit) = (entry.clone(), MockAuditLog::new());
        audit
            .expect_of_payment()
            .withf(|store, _| store.as_str() == "STR_1")
            .returning(move |_, payment| Ok(if payment.as_str() == "PAY1" { vec![told.clone()] } else { Vec::new() }));
        audit.expect_discrepancies().returning(|| Ok(7));
        let service = AuditService::new(Arc::new(audit), store_service(), nothing_past());
        let (mine, other) = (PaymentId::parse("PAY1").unwrap(), PaymentId::parse("PAY2").unwrap());
        assert_eq!(service.of_store(&email("s@b"), &mine).await.unwrap(), (mine.clone(), vec![entry]));
        assert!(service.of_store(&email("s@b"), &other).await.unwrap_err().is(&error::ORDER_NOT_FOUND));
        assert_eq!(service.discrepancies().await.unwrap(), 7);
    }
}
