//! A seller's accounts by day.

use chrono::{DateTime, NaiveDate, Utc};

use super::order::Order;

/// The orders that ended on one KST calendar day, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledDay {
    /// The calendar day in Seoul.
    pub date: NaiveDate,
    /// Complete and canceled orders, with the instant of that event.
    pub orders: Vec<(Order, DateTime<Utc>)>,
}
