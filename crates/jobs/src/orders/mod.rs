//! Jobs of `orders`.

pub(crate) mod process_refunds;
pub(crate) mod send_mail;
pub(crate) mod settle_holds;
