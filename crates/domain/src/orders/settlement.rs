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

/// Days that one answer has at most: a leap year.
const MOST_DAYS: i64 = 366;

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
    /// - `settlement_too_long`: they are more than a leap year has.
    pub async fn days(&self, seller: &Email, start: NaiveDate, end: NaiveDate) -> Result<Vec<SettledDay>> {
        if start > end {
            return Err(error::START_AFTER_END.into());
        }
        if (end - start).num_days() >= MOST_DAYS {
            return Err(error::SETTLEMENT_TOO_LONG.into());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        orders::{
            Order,
            ports::{MockOrderArchive, MockOrders},
            testing::{order, order_service, store_service},
        },
        shared::testing::{Noon, at, email},
        stores::ports::MockStoreImages,
    };

    /// Accounts over these orders of the archive, which is asked from `from` on and before `until`.
    fn service(archived: Vec<Order>, from: &'static str, until: Option<&'static str>) -> SettlementService {
        let (mut orders, mut archive) = (MockOrders::new(), MockOrderArchive::new());
        orders.expect_all_of_store().returning(|_| Ok(Vec::new()));
        archive
            .expect_ended_of_store()
            .withf(move |store, asked, to| {
                store.as_str() == "STR_1" && *asked == at(from) && *to == until.map_or(DateTime::<Utc>::MAX_UTC, at)
            })
            .returning(move |_, _, _| Ok(archived.clone()));
        let lists = order_service(orders, archive, MockStoreImages::new());
        SettlementService::new(Arc::new(lists), store_service(), Arc::new(Noon))
    }

    fn complete(payment: &str, when: &str) -> Order {
        Order { completed_at: Some(at(when)), ..order(payment, OrderStatus::Complete) }
    }

    fn canceled(payment: &str, when: &str) -> Order {
        Order { canceled_at: Some(at(when)), ..order(payment, OrderStatus::Cancel) }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn days_are_calendar_days_of_seoul_both_ends_included_newest_first() {
        let ended = vec![
            complete("PAY1", "2026-11-22T23:59:59+09:00"),
            canceled("PAY2", "2026-11-23T00:00:00+09:00"),
            complete("PAY3", "2026-11-22T00:00:00+09:00"),
        ];
        let service = service(ended, "2026-11-22T00:00:00+09:00", Some("2026-11-24T00:00:00+09:00"));
        let days = service.days(&email("s@b"), day("2026-11-22"), day("2026-11-23")).await.unwrap();
        let days: Vec<_> = days
            .iter()
            .map(|day| (day.date.to_string(), day.orders.iter().map(|(o, _)| o.payment_id.as_str()).collect::<Vec<_>>()))
            .collect();
        assert_eq!(days, [("2026-11-23".to_owned(), vec!["PAY2"]), ("2026-11-22".to_owned(), vec!["PAY1", "PAY3"])]);
    }

    #[tokio::test]
    async fn one_day_is_a_span_and_a_span_backwards_is_refused() {
        let service = service(Vec::new(), "2026-11-22T00:00:00+09:00", Some("2026-11-23T00:00:00+09:00"));
        assert!(service.days(&email("s@b"), day("2026-11-22"), day("2026-11-22")).await.unwrap().is_empty());
        let refused = service.days(&email("s@b"), day("2026-11-23"), day("2026-11-22")).await;
        assert!(refused.unwrap_err().is(&error::START_AFTER_END));
    }

    #[tokio::test]
    async fn the_week_s_revenue_is_what_was_picked_up_since_monday() {
        let ended = vec![
            complete("PAY1", "2026-11-23T00:00:00+09:00"),
            canceled("PAY2", "2026-11-24T10:00:00+09:00"),
            complete("PAY3", "2026-11-24T11:00:00+09:00"),
        ];
        let service = service(ended, "2026-11-23T00:00:00+09:00", None);
        assert_eq!(service.weekly_revenue(&email("s@b")).await.unwrap(), Won(14_000));
    }
}
