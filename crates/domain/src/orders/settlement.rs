//! What a store earned.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};

use super::{
    error,
    model::{order::OrderStatus, settlement::SettledDay},
    order_service::OrderService,
};
use crate::{
    shared::{Clock, Email, Result, Won, kst},
    stores::StoreService,
};

/// Use cases of a store's accounts.
pub struct SettlementService {
    lists: Arc<OrderService>,
    stores: Arc<StoreService>,
    clock: Arc<dyn Clock>,
}

impl SettlementService {
    /// Builds the use cases on their ports.
    pub fn new(lists: Arc<OrderService>, stores: Arc<StoreService>, clock: Arc<dyn Clock>) -> Self {
        Self { lists, stores, clock }
    }

    /// Days from `start` to `end`, both included, on which something ended; newest first.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `start_after_end`: the first day is after the last.
    pub async fn days(&self, seller: &Email, start: NaiveDate, end: NaiveDate) -> Result<Vec<SettledDay>> {
        if start > end {
            return Err(error::START_AFTER_END.into());
        }
        let store = self.stores.store_id(seller).await?;
        let until = end.checked_add_days(Days::new(1)).unwrap_or(end);
        let midnight = |date| kst::instant(date, NaiveTime::MIN);
        let mut days: Vec<SettledDay> = Vec::new();
        for (order, at) in self.lists.ended_of_store(&store, midnight(start), midnight(until)).await? {
            let date = kst::local(at).date_naive();
            match days.last_mut().filter(|day| day.date == date) {
                Some(day) => day.orders.push((order, at)),
                None => days.push(SettledDay { date, orders: vec![(order, at)] }),
            }
        }
        Ok(days)
    }

    /// What was completed since Monday 00:00 KST.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn weekly_revenue(&self, seller: &Email) -> Result<Won> {
        let store = self.stores.store_id(seller).await?;
        let now = self.clock.now();
        let today = kst::local(now).date_naive();
        let monday = today.checked_sub_days(Days::new(today.weekday().num_days_from_monday().into())).unwrap_or(today);
        let ended = self.lists.ended_of_store(&store, kst::instant(monday, NaiveTime::MIN), DateTime::<Utc>::MAX_UTC).await?;
        Ok(Won(ended.iter().filter(|(o, _)| o.status == OrderStatus::Complete).map(|(o, _)| o.total_amount.0).sum()))
    }
}
