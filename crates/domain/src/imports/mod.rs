//! Moving in: the databases of the Python service, whose place this one takes, are read and brought over; compared afterwards; and what
//! was taken since is given back.
//!
//! Everything that does not fit is mended by a rule in [`model`], and told: a [`Finding`] for each row, nothing is dropped in silence.

mod give_back;
mod import;
pub mod model;
pub mod ports;
mod verify;

pub use give_back::GiveBackService;
pub use import::{ImportParts, ImportService, Mode};
pub use model::{
    finding::{Done, Finding, Kind, REASONS, Reason, Summary},
    holds::ImportedHold,
    memory::{Brought, Known},
    orders::ImportedOrder,
    people::{ImportedAccount, ImportedFavorites, ImportedProfile},
    products::ImportedProduct,
    stores::ImportedStore,
};
pub use verify::{Compared, VerifyService};
