//! Holds on stock, payment → order or refund, acceptance, pickup.

mod archive;
mod audit;
mod cancel;
mod checkout;
mod confirm;
mod desk;
pub mod error;
mod idempotency;
mod kept;
mod live;
mod mail;
pub mod model;
mod order_service;
mod past;
mod pickup;
pub mod ports;
mod reconcile;
mod refund;
mod release;
mod resolve;
mod settlement;
#[cfg(test)]
pub(crate) mod testing;
mod webhook;

pub use archive::ArchiveService;
pub use audit::AuditService;
pub use cancel::CancelService;
pub use checkout::CheckoutService;
pub use desk::PaymentDesk;
pub use idempotency::IdempotencyService;
pub use live::{LiveService, MISSED_AT_ONCE, Missed, News, with_ids};
pub use mail::MailService;
pub use model::{
    audit::{Actor, ActorKind, AuditEntry},
    cancellation::{CancelCommand, Canceled, CanceledBy, Cancellation, reason},
    discrepancy::{Booked, Compared, Discrepancy, Expected},
    hold::{
        Buying, Checkout, FRUITLESS, FRUITLESS_FOR, HOLD_LIFE, HOLDS_AT_ONCE, Hold, HoldEnd, HoldState, NewHold, Offer, OrderOutcome,
        PRICE_SEEN, PricePaid,
    },
    idempotency::{Claim, KeyedCall, KeyedOutcome, KeyedRequest, StoredAnswer},
    live::{Listener, OrderChange, Snapshot, Told, ToldChange},
    mail::{OrderEvent, OrderMail},
    order::{AlarmCard, ArchiveVersion, CustomerOrder, Order, OrderStatus, Preferences, TodayOrder},
    payment::{Asker, CancelAnswer, FIRST_LOOK, Page, Paid, PaymentTruth, Resolution},
    pickup_code::{CODE_LIFE, PickupCode, PickupCodes},
    pickup_feed::PickupFeed,
    records::{LEAST_KEPT, PaymentRecords},
    refund::{Attempt, OpenRefund, Refund, RefundReason, RefundState},
    settlement::SettledDay,
    webhook::{Delivery, Message, MessagePut, Unverified},
};
pub use order_service::{LONGEST_LIST, OrderService};
pub use past::PastPayments;
pub use pickup::PickupService;
pub use reconcile::{ReconcileParts, ReconcileService};
pub use refund::{REFUND_LEASE, RefundService};
pub use resolve::ResolveService;
pub use settlement::SettlementService;
pub use webhook::WebhookService;
