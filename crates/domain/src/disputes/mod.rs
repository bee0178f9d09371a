//! Disputes: what a customer says was wrong with an order, what the store answers, and what an operator decides.

mod dispute_service;
pub mod error;
mod mail;
pub mod model;
pub mod ports;
#[cfg(test)]
pub(crate) mod testing;
mod uploads;

pub use dispute_service::DisputeService;
pub use model::{
    dispute::{
        ANSWERED_WITHIN, Answer, Decided, Decision, Dispute, DisputePage, DisputeReason, DisputedOrder, MOST_PICTURES, NewDispute,
        OPENED_WITHIN, decision_reason, pictures, words,
    },
    mail::{DisputeEvent, DisputeMail, Reader, Side},
};
