//! The audit trail: who changed an order or its money, when, in which request. Entries are written by the statement that makes
//! the change, and never changed.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{error, ports::Trail};
use crate::{
    shared::{Email, PaymentId, Result, StoreId},
    stores::StoreService,
    users::Role,
};

/// Who or what changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A customer.
    Customer(Email),
    /// A store's seller.
    Seller(Email),
    /// A scheduled job, by its name.
    Job(&'static str),
    /// A message of PortOne's, by its id.
    Webhook(String),
    /// Somebody at a terminal.
    Operator,
}

impl Actor {
    /// The word in rows.
    pub fn role(&self) -> &'static str {
        match self {
            Self::Customer(_) => "customer",
            Self::Seller(_) => "seller",
            Self::Job(_) => "job",
            Self::Webhook(_) => "webhook",
            Self::Operator => "operator",
        }
    }

    /// Which one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Customer(email) | Self::Seller(email) => Some(email.as_str()),
            Self::Job(name) => Some(name),
            Self::Webhook(id) => Some(id),
            Self::Operator => None,
        }
    }
}

/// Who causes a change, and in which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Who.
    pub actor: Actor,
    /// The HTTP request's id, where there is one.
    pub request_id: Option<String>,
}

impl Cause {
    /// A person, in a request.
    pub fn person(role: Role, email: Email, request_id: String) -> Self {
        let actor = match role {
            Role::Customer => Actor::Customer(email),
            Role::Seller => Actor::Seller(email),
        };
        Self { actor, request_id: Some(request_id) }
    }

    /// A job.
    pub fn job(name: &'static str) -> Self {
        Self { actor: Actor::Job(name), request_id: None }
    }

    /// A webhook.
    pub fn webhook(id: &str) -> Self {
        Self { actor: Actor::Webhook(id.to_owned()), request_id: None }
    }

    /// An operator's command.
    pub fn operator() -> Self {
        Self { actor: Actor::Operator, request_id: None }
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// What: `held`, `released`, `ordered`, `accepted`, `completed`, `canceled`, `refund_requested`, `refund_succeeded`,
    /// `refund_processing`, `refund_failed`, `refund_unknown`, `refund_reopened`, `difference`.
    pub event: String,
    /// More about it, in words of ours.
    pub detail: Option<String>,
    /// `customer`, `seller`, `job`, `webhook`, `operator`.
    pub actor_role: String,
    /// Which one.
    pub actor: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
}

/// Use case of looking back.
pub struct TrailService {
    trail: Arc<dyn Trail>,
    stores: Arc<StoreService>,
}

impl TrailService {
    /// Wires the service.
    pub fn new(trail: Arc<dyn Trail>, stores: Arc<StoreService>) -> Self {
        Self { trail, stores }
    }

    /// How many differences between our books and PortOne's were reported, ever.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn differences(&self) -> Result<i64> {
        self.trail.differences().await
    }

    /// What happened to a payment of the store's, oldest first: also to one that never became an order.
    ///
    /// # Errors
    /// `store_not_found`, `order_not_found`, also for another's.
    pub async fn of_store(&self, seller: &Email, payment: Option<&PaymentId>) -> Result<(PaymentId, Vec<Entry>)> {
        let store: StoreId = self.stores.store_id(seller).await?;
        let payment = payment.ok_or(error::ORDER_NOT_FOUND)?;
        let entries = self.trail.of_payment(&store, payment).await?;
        if entries.is_empty() {
            return Err(error::ORDER_NOT_FOUND.into());
        }
        Ok((payment.clone(), entries))
    }
}
