//! What every feature speaks: money, ids, the KST calendar, clock, timer, errors. It knows no feature.

pub mod breaker;
pub mod clock;
pub mod error;
pub mod ids;
pub mod keys;
pub mod kst;
pub mod letter;
pub mod mail;
pub mod money;
pub mod rate_limits;
pub mod remote;
pub mod sampled;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod timer;

pub use breaker::{Breaker, LeftAlone};
pub use clock::{Clock, Ids, can_be_secret};
pub use error::{Error, ErrorKind, FieldError, Refusal, Result, Rule, Validation};
pub use ids::{Email, PaymentId, ProductId, ReviewId, StoreId};
pub use money::{Quantity, Sale, Won};
pub use rate_limits::{Counted, Quota, RateLimiter, RateLimits, TOO_MANY_REQUESTS};
pub use sampled::Sampled;
pub use timer::Timer;
