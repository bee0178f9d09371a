//! Holds on stock, payment → order or refund, acceptance, pickup.

pub mod archive;
pub mod cancel;
pub mod error;
pub mod hold;
pub mod idempotency;
pub mod lists;
pub mod mail;
pub mod order;
pub mod pickup;
pub mod ports;
pub mod reconcile;
pub mod refund;
pub mod settle;
pub mod settlement;
pub mod trail;
pub mod webhook;

pub use archive::ArchiveService;
pub use cancel::{CancelService, CanceledBy, Cancellation};
pub use hold::{Hold, HoldService, HoldState, NewHold, Offer};
pub use idempotency::{IdempotencyService, KeyedCall};
pub use lists::{AlarmCard, CustomerOrder, OrderService};
pub use mail::{Mail, MailService, OrderEvent, OrderMail};
pub use order::{Order, OrderStatus, TodayOrder};
pub use pickup::{PickupCode, PickupCodes, PickupService, SignalHub};
pub use reconcile::{Difference, ReconcileService};
pub use refund::{Refund, RefundReason, RefundService, RefundState};
pub use settle::{SettleService, Settled};
pub use settlement::SettlementService;
pub use trail::{Actor, Cause, TrailService};
pub use webhook::WebhookService;
