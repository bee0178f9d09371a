//! Accounts, sign-in by provider identity, sessions, customers' profiles.

pub mod account;
pub mod customers;
pub mod deletion;
pub mod error;
pub mod ports;
pub mod preference;
pub mod session;
pub mod sign_in;
pub mod unlink;
pub mod withdrawal;

pub use account::{Account, AccountStatus, Provider, RegistrationStatus, Role};
pub use customers::{CustomerDetail, CustomerService, DetailChange, NewProfile, Nickname, PhoneNumber, Profile};
pub use deletion::DeletionService;
pub use preference::{Preference, PreferenceKind, PreferenceOption};
pub use session::{Session, SessionService, SessionTokens};
pub use sign_in::{Callback, LoginStart, SignInService, SignedIn};
pub use unlink::LinkService;
pub use withdrawal::WithdrawalService;
