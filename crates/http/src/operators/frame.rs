//! What every page of the console has around it.

use cheapbob_domain::operators::OperatorRole;

use crate::operator_session::CurrentOperator;

/// Who looks, and what they may.
pub(super) struct Frame {
    /// Whose session it is.
    pub(super) email: String,
    /// Their role.
    pub(super) role: &'static str,
    /// What each form carries.
    pub(super) form_token: String,
    /// Whether they may act.
    pub(super) acts: bool,
    /// Whether they may say who the operators are.
    pub(super) admin: bool,
}

impl Frame {
    pub(super) fn of(operator: &CurrentOperator) -> Self {
        let who = &operator.session.operator;
        Self {
            email: who.email.to_string(),
            role: who.role.as_str(),
            form_token: operator.form_token(),
            acts: operator.may(OperatorRole::Support),
            admin: operator.may(OperatorRole::Admin),
        }
    }
}
