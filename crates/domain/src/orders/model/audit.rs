//! Who changed an order or its money, when, in which request.

use chrono::{DateTime, Utc};

use crate::{shared::Email, users::Role};

/// Who or what changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActorKind {
    /// A customer, by e-mail.
    Customer(Email),
    /// A seller, by e-mail.
    Seller(Email),
    /// A scheduled job, by its name.
    Job(&'static str),
    /// A message of PortOne's, by its id.
    Webhook(String),
    /// Somebody who runs the service: by e-mail at the console, `None` at a terminal.
    Operator(Option<Email>),
}

impl ActorKind {
    /// The word in rows.
    pub fn role(&self) -> &'static str {
        match self {
            Self::Customer(_) => "customer",
            Self::Seller(_) => "seller",
            Self::Job(_) => "job",
            Self::Webhook(_) => "webhook",
            Self::Operator(_) => "operator",
        }
    }

    /// E-mail, job name or message id; whoever is at a terminal has none.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Customer(email) | Self::Seller(email) | Self::Operator(Some(email)) => Some(email.as_str()),
            Self::Job(name) => Some(name),
            Self::Webhook(id) => Some(id),
            Self::Operator(None) => None,
        }
    }
}

/// Who causes a change, and in which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// A person, a job, a webhook or an operator.
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

    /// A scheduled job acts; no request is behind it.
    pub fn job(name: &'static str) -> Self {
        Self { kind: ActorKind::Job(name), request_id: None }
    }

    /// A message of PortOne's acts.
    pub fn webhook(id: &str) -> Self {
        Self { kind: ActorKind::Webhook(id.to_owned()), request_id: None }
    }

    /// Somebody at a terminal acts.
    pub fn operator() -> Self {
        Self { kind: ActorKind::Operator(None), request_id: None }
    }

    /// Somebody who runs the service acts, at the console.
    pub fn console(email: Email, request_id: String) -> Self {
        Self { kind: ActorKind::Operator(Some(email)), request_id: Some(request_id) }
    }
}

/// A line of the audit log, never changed once written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The instant, by the product's clock.
    pub at: DateTime<Utc>,
    /// What: `held`, `released`, `ordered`, `accepted`, `completed`, `canceled`, `refund_requested`, `refund_succeeded`,
    /// `refund_processing`, `refund_failed`, `refund_unknown`, `refund_reopened`, `discrepancy`, `imported` (with the state that it then had).
    pub event: String,
    /// More about it, in words of ours.
    pub detail: Option<String>,
    /// `customer`, `seller`, `job`, `webhook`, `operator`.
    pub actor_role: String,
    /// E-mail, job name or message id of the actor.
    pub actor: Option<String>,
    /// Id of the HTTP request, to be found in the logs.
    pub request_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::testing::email;

    #[test]
    fn the_audit_log_names_who_acts() {
        let person = |role| Actor::person(role, email("a@b"), "r1".to_owned());
        for (actor, role, id, request) in [
            (person(Role::Customer), "customer", Some("a@b"), Some("r1")),
            (person(Role::Seller), "seller", Some("a@b"), Some("r1")),
            (Actor::job("reconcile"), "job", Some("reconcile"), None),
            (Actor::webhook("WH-1"), "webhook", Some("WH-1"), None),
            (Actor::operator(), "operator", None, None),
            (Actor::console(email("o@b"), "r2".to_owned()), "operator", Some("o@b"), Some("r2")),
        ] {
            assert_eq!((actor.kind.role(), actor.kind.id(), actor.request_id.as_deref()), (role, id, request));
        }
    }
}
