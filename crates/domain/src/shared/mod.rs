//! What every feature speaks: money, ids, the KST calendar, clock, timer, errors. It knows no feature.

pub mod breaker;
pub mod clock;
pub mod error;
pub mod ids;
pub(crate) mod keys;
pub mod kst;
pub mod mail;
pub mod money;
pub mod remote;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod timer;

pub use breaker::{Breaker, LeftAlone};
pub use clock::{Clock, Ids, can_be_secret};
pub use error::{Error, ErrorKind, FieldError, Refusal, Result, Rule, Validation};
pub use ids::{Email, PaymentId, ProductId, StoreId};
pub use money::{Quantity, Sale, Won};
pub use timer::Timer;
