//! Accounts, sign-in by provider identity, sessions, customers' profiles.

mod delete;
pub mod error;
mod exchange;
mod export;
mod login_flow;
pub mod model;
pub mod ports;
mod profile;
mod session;
mod sign_in;
mod streams;
mod take_over;
#[cfg(test)]
mod testing;
mod unlink;
mod withdraw;

pub use delete::DeletionService;
pub use exchange::ExchangeService;
pub use export::ExportService;
pub use login_flow::{LoginFlow, LoginFor, OPERATOR_STATE};
pub use model::{
    account::{
        Account, AccountStatus, Deactivation, Deleted, Erasure, IdentityAdded, NOBODY, Provider, Registered, RegistrationStatus, Role,
        Unfinished,
    },
    customer::{CustomerDetail, DetailChange, NewProfile, Nickname, PhoneNumber, Profile},
    export::{EXPORT_LIFE, ExportMail},
    identity::{ProviderError, ProviderIdentity, Unlink, UnlinkNotice, is_user_id},
    imported_token::{EXCHANGE_GRACE, ImportedTokens},
    login::{Callback, LOCAL_STATE, LoginStart, PendingLogin, SignInFailure, SignedIn},
    preference::{Preference, PreferenceKind, PreferenceOption, PreferencesAdded},
    session::{AccountVersion, Caller, Look, NewToken, Revocation, Session},
    session_token::SessionTokens,
    takeover::{TAKEOVER_LIFE, TakenOver, Takeover, TakeoverMail, TakeoverSecrets},
};
pub use profile::CustomerService;
pub use session::SessionService;
pub use sign_in::SignInService;
pub use streams::{OpenStream, StreamService};
pub use take_over::TakeoverService;
pub use unlink::UnlinkService;
pub use withdraw::WithdrawalService;
