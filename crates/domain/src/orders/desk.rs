//! A payment as somebody looks at it who runs the service, whatever it came to.

use std::sync::Arc;

use super::{
    model::{
        hold::Hold,
        payment::{Asker, PaymentTruth},
    },
    past::PastPayments,
    ports::Holds,
    resolve::ResolveService,
};
use crate::shared::{PaymentId, Result};

/// Use cases of looking.
pub struct PaymentDesk {
    holds: Arc<dyn Holds>,
    past: Arc<PastPayments>,
    resolve: Arc<ResolveService>,
}

impl PaymentDesk {
    /// Builds the use cases on their ports.
    pub fn new(holds: Arc<dyn Holds>, past: Arc<PastPayments>, resolve: Arc<ResolveService>) -> Self {
        Self { holds, past, resolve }
    }

    /// The hold; one that was archived is brought back. `None`: we have never had it.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn hold(&self, payment: &PaymentId) -> Result<Option<Hold>> {
        self.past.find(payment, || self.holds.find(payment)).await
    }

    /// PortOne's word at this instant, for a person who waits: 2.5 s at most. Nothing changes by it.
    ///
    /// # Errors
    /// Unavailable: PortOne or our database does not answer in time. Internal: the store is gone.
    pub async fn truth(&self, hold: &Hold) -> Result<PaymentTruth> {
        self.resolve.truth(hold, Asker::Person).await
    }
}
