//! What operators see. Each look at personal data stands in the log.

use std::sync::Arc;

use super::{
    error,
    model::{
        board::{DiscrepancyView, Overview, WorkView},
        found::{FOUND_AT_ONCE, Found, Sought},
        log::{By, OperatorLogEntry},
        payment::{MessageView, PaymentView},
        people::{CustomerView, StoreView},
    },
    ports::{Console, OperatorLog},
};
use crate::{
    disputes::{Dispute, DisputeService},
    orders::{Order, OrderService, PaymentDesk, PaymentTruth},
    shared::{Clock, Email, PaymentId, Result, StoreId},
    stores::{ApprovalService, StoreApproval},
};

/// Rows of a list that a page shows.
const ROWS: i64 = 100;

/// Entries of the log that a page shows.
const ENTRIES: i64 = 200;

/// A payment, with what is known of it elsewhere.
#[derive(Debug)]
pub struct WholePayment {
    /// What our books have.
    pub view: PaymentView,
    /// The order, wherever it is.
    pub order: Option<Order>,
    /// PortOne's word at this instant. `None`: it did not answer in time.
    pub truth: Option<PaymentTruth>,
    /// What operators did to it, newest first.
    pub log: Vec<OperatorLogEntry>,
}

/// What [`ConsoleService`] stands on.
pub struct ConsoleParts {
    /// Pages in few statements.
    pub console: Arc<dyn Console>,
    /// What operators did.
    pub log: Arc<dyn OperatorLog>,
    /// Orders, wherever they are.
    pub orders: Arc<OrderService>,
    /// PortOne's word.
    pub desk: Arc<PaymentDesk>,
    /// Stores that wait to be approved.
    pub approvals: Arc<ApprovalService>,
    /// Disputes.
    pub disputes: Arc<DisputeService>,
    /// The product's clock.
    pub clock: Arc<dyn Clock>,
}

/// Use cases of looking.
pub struct ConsoleService(ConsoleParts);

impl ConsoleService {
    /// Builds the use cases on their ports.
    pub fn new(parts: ConsoleParts) -> Self {
        Self(parts)
    }

    /// What is found; whoever looks for a person looks at one.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn find(&self, by: &By<'_>, typed: &str) -> Result<Vec<Found>> {
        let Some(sought) = Sought::parse(typed) else { return Ok(Vec::new()) };
        self.looked(by, "searched", typed.trim()).await?;
        if let Sought::Payment(payment) = &sought {
            // Settled ones are in the archive after a while; this brings one back.
            self.0.desk.hold(payment).await?;
        }
        self.0.console.find(&sought, FOUND_AT_ONCE).await
    }

    /// A payment; one that was archived is brought back.
    ///
    /// # Errors
    /// `nothing_there`: we have never had it.
    pub async fn payment(&self, by: &By<'_>, payment: &PaymentId) -> Result<WholePayment> {
        let hold = self.0.desk.hold(payment).await?.ok_or(error::NOTHING_THERE)?;
        self.looked(by, "looked_at_payment", payment.as_str()).await?;
        let view = self.0.console.payment(payment).await?.ok_or(error::NOTHING_THERE)?;
        let order = self.0.orders.find(payment).await?;
        let log = self.0.log.newest(Some(payment.as_str().to_owned()), ENTRIES).await?;
        let truth = self.0.desk.truth(&hold).await;
        let truth = truth.inspect_err(|error| tracing::warn!(%payment, %error, "PortOne did not say what it has of a payment")).ok();
        Ok(WholePayment { view, order, truth, log })
    }

    /// Discrepancies, open ones first.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn discrepancies(&self) -> Result<Vec<DiscrepancyView>> {
        self.0.console.discrepancies(ROWS).await
    }

    /// Jobs and tasks.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn work(&self) -> Result<WorkView> {
        self.0.console.work(self.0.clock.now(), ROWS).await
    }

    /// The whole at a glance.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn overview(&self) -> Result<Overview> {
        self.0.console.overview(self.0.clock.now()).await
    }

    /// PortOne's messages, the newest first.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn messages(&self) -> Result<Vec<MessageView>> {
        self.0.console.messages(ROWS).await
    }

    /// What waits for an operator's decision: stores to be approved, and disputes, the oldest first.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn undecided(&self, by: &By<'_>) -> Result<(Vec<StoreApproval>, Vec<Dispute>)> {
        self.0.log.write(&OperatorLogEntry::of(by, "looked_at_undecided", None, self.0.clock.now())).await?;
        Ok((self.0.approvals.waiting(ROWS).await?, self.0.disputes.undecided(ROWS).await?))
    }

    /// A store.
    ///
    /// # Errors
    /// `nothing_there`.
    pub async fn store(&self, by: &By<'_>, store: &StoreId) -> Result<StoreView> {
        self.looked(by, "looked_at_store", store.as_str()).await?;
        self.0.console.store(store, ROWS).await?.ok_or_else(|| error::NOTHING_THERE.into())
    }

    /// A person with an account, and what operators did about them, newest first.
    ///
    /// # Errors
    /// `nothing_there`.
    pub async fn customer(&self, by: &By<'_>, email: &Email) -> Result<(CustomerView, Vec<OperatorLogEntry>)> {
        self.looked(by, "looked_at_customer", email.as_str()).await?;
        let view = self.0.console.customer(email, self.0.clock.now(), ROWS).await?.ok_or(error::NOTHING_THERE)?;
        Ok((view, self.0.log.newest(Some(email.as_str().to_owned()), ENTRIES).await?))
    }

    /// What operators did, newest first.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn log(&self) -> Result<Vec<OperatorLogEntry>> {
        self.0.log.newest(None, ENTRIES).await
    }

    async fn looked(&self, by: &By<'_>, event: &str, about: &str) -> Result<()> {
        self.0.log.write(&OperatorLogEntry::of(by, event, Some(about), self.0.clock.now())).await.map(|_| ())
    }
}
