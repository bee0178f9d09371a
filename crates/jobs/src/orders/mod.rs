//! Jobs and tasks of `orders`.

pub(crate) mod archive_orders;
pub(crate) mod archive_payments;
pub(crate) mod end_pickups;
pub(crate) mod process_refunds;
pub(crate) mod process_webhook;
pub(crate) mod prune_inbox;
pub(crate) mod reconcile;
pub(crate) mod refund_open_orders;
pub(crate) mod resolve_holds;
pub(crate) mod send_mail;
