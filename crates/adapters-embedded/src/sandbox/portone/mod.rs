//! PortOne's V2 REST API as far as we call it, its webhooks, its books. `.ci/run` checks its answers against PortOne's OpenAPI file.

mod answers;
mod books;
mod cancel;
mod checkout;
mod decide;
mod faults;
mod holds;
mod list;
mod pages;
mod payment;
mod webhooks;

pub(super) use books::books;
pub(super) use cancel::cancel;
pub(super) use checkout::{checkout, checkout_page};
pub(super) use decide::decide;
pub(super) use faults::{add_fault, faults, set_faults};
pub(super) use list::payments_by_cursor;
pub(super) use pages::payments;
pub(super) use payment::payment;
pub(super) use webhooks::set_webhooks;
pub use webhooks::sign;
