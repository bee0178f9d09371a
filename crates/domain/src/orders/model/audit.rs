//! Who changed an order or its money, when, in which request.

use chrono::{DateTime, Utc};

use crate::{shared::Email, users::Role};

/// Who or what changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActorKind {
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

impl ActorKind {
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
pub struct Actor {
    /// Who.
    pub kind: ActorKind,
    /// The HTTP request's id, where there is one.
    pub request_id: Option<String>,
}

impl Actor {
    /// A person, in a request.
    pub fn person(role: Role, email: Email, request_id: String) -> Self {
        let kind = match role {
            Role::Customer => ActorKind::Customer(email),
            Role::Seller => ActorKind::Seller(email),
        };
        Self { kind, request_id: Some(request_id) }
    }

    /// A job.
    pub fn job(name: &'static str) -> Self {
        Self { kind: ActorKind::Job(name), request_id: None }
    }

    /// A webhook.
    pub fn webhook(id: &str) -> Self {
        Self { kind: ActorKind::Webhook(id.to_owned()), request_id: None }
    }

    /// An operator's command.
    pub fn operator() -> Self {
        Self { kind: ActorKind::Operator, request_id: None }
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// What: `held`, `released`, `ordered`, `accepted`, `completed`, `canceled`, `refund_requested`, `refund_succeeded`,
    /// `refund_processing`, `refund_failed`, `refund_unknown`, `refund_reopened`, `discrepancy`.
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
