//! The people who run the service: how they get in, what they see, what they do.

mod act;
mod console;
pub mod error;
pub mod model;
pub mod ports;
mod sign_in;
mod team;

pub use act::{Acted, ActionParts, ActionService, Ask};
pub use console::{ConsoleParts, ConsoleService, WholePayment};
pub use model::{
    board::{DiscrepancyView, LaneView, Overview, RefundsView, RunView, Span, WorkView},
    code::{RECOVERY_CODES, hash_of_recovery_code},
    found::{FOUND_AT_ONCE, Found, FoundKind, Sought},
    log::{By, OperatorLogEntry, reason},
    operator::{Operator, OperatorRole},
    payment::{AuditView, HoldView, MessageView, PaymentView, RefundView, TaskView},
    people::{CustomerView, HoursView, PaymentLine, ProductView, ReviewView, StoreView},
    session::{CODE_LIFE, NewOperatorSession, OperatorSession, SESSION_LIFE, form_token, hash_of_token},
};
pub use sign_in::{Enrolment, OperatorSignIn, SignInParts};
pub use team::TeamService;
