//! Notices of favourites: a store opens, a price falls, something is back in stock. By mail and by Web Push, to those who said yes.

mod choose;
#[cfg(test)]
mod days;
mod deliver;
pub mod error;
mod fan_out;
mod find;
pub mod model;
pub mod ports;
mod prune;
mod service;

pub use model::{
    batch::{NoticeBatch, NoticeFanOut},
    choices::{Choices, Chosen, WORDING, Wording},
    message::PushMessage,
    occasion::{Kind, Occasion, ProductNow, StoreNow},
    subscription::Subscription,
    times::{MORNING, NIGHT},
};
pub use service::{MOST_IN_A_DAY, MOST_SUBSCRIPTIONS, NoticeParts, NoticeService};
