//! What a store earned.

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};

use super::{
    error,
    model::{
        order::{Order, OrderStatus},
        settlement::SettledDay,
    },
    order_service::OrderService,
    ports::Refunds,
};
use crate::{
    shared::{Clock, Email, Result, StoreId, Won, kst},
    stores::StoreService,
};

/// Days that one answer has at most: a leap year.
const MOST_DAYS: i64 = 366;

/// Use cases of a store's accounts.
pub struct SettlementService {
    lists: Arc<OrderService>,
    stores: Arc<StoreService>,
    refunds: Arc<dyn Refunds>,
    clock: Arc<dyn Clock>,
}

impl SettlementService {
    /// Builds the use cases on their ports.
    pub fn new(lists: Arc<OrderService>, stores: Arc<StoreService>, refunds: Arc<dyn Refunds>, clock: Arc<dyn Clock>) -> Self {
        Self { lists, stores, refunds, clock }
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
        for (order, at) in self.ended(&store, midnight(start), midnight(until)).await? {
            let date = kst::local(at).date_naive();
            match days.last_mut().filter(|day| day.date == date) {
                Some(day) => day.orders.push((order, at)),
                None => days.push(SettledDay { date, orders: vec![(order, at)] }),
            }
        }
        Ok(days)
    }

    /// What ended, newest first. What was given back after its pickup stands where it was picked up, and earned nothing.
    async fn ended(&self, store: &StoreId, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<(Order, DateTime<Utc>)>> {
        let mut ended = self.lists.ended_of_store(store, from, until).await?;
        let returned: HashSet<_> = self.refunds.after_pickup(store).await?.into_iter().collect();
        for (order, _) in ended.iter_mut().filter(|(order, _)| returned.contains(&order.payment_id)) {
            order.status = OrderStatus::Cancel;
        }
        Ok(ended)
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
        let ended = self.ended(&store, kst::instant(monday, NaiveTime::MIN), DateTime::<Utc>::MAX_UTC).await?;
        Ok(Won(ended.iter().filter(|(o, _)| o.status == OrderStatus::Complete).map(|(o, _)| o.total_amount.0).sum()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        orders::{
            ports::{MockOrderArchive, MockOrders, MockRefunds},
            testing::{order, order_service, store_service},
        },
        shared::{
            PaymentId,
            testing::{Noon, at, email},
        },
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
        let mut refunds = MockRefunds::new();
        refunds.expect_after_pickup().returning(|_| Ok(vec![PaymentId::trusted("PAYBACK".into())]));
        SettlementService::new(Arc::new(lists), store_service(), Arc::new(refunds), Arc::new(Noon))
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
            complete("PAYBACK", "2026-11-24T11:30:00+09:00"),
        ];
        let service = service(ended, "2026-11-23T00:00:00+09:00", None);
        assert_eq!(service.weekly_revenue(&email("s@b")).await.unwrap(), Won(14_000));
    }

    proptest! {
        /// Whatever was picked up, canceled and given back after its pickup: each order stands on its day once, and what counts as picked up is
        /// the money that stayed.
        #[test]
        fn the_money_of_a_settlement_adds_up(orders in proptest::collection::vec((0..3_u8, 0..48_i64, 1..100_i64), 0..30)) {
            let first = at("2026-11-22T00:00:00+09:00");
            let ended: Vec<_> = orders.iter().enumerate().map(|(n, (kind, hour, hundreds))| {
                let when = Some(first + chrono::Duration::hours(*hour));
                let order = Order { total_amount: Won(hundreds * 100), ..order(&format!("PAY{n}"), OrderStatus::Complete) };
                if *kind == 1 { Order { status: OrderStatus::Cancel, canceled_at: when, ..order } } else { Order { completed_at: when, ..order } }
            }).collect();
            let back: Vec<_> = orders.iter().enumerate().filter(|(_, (kind, ..))| *kind == 2).map(|(n, _)| PaymentId::trusted(format!("PAY{n}"))).collect();
            let stayed: i64 = orders.iter().filter(|(kind, ..)| *kind == 0).map(|(.., hundreds)| hundreds * 100).sum();
            let (mut current, mut archive, mut refunds) = (MockOrders::new(), MockOrderArchive::new(), MockRefunds::new());
            current.expect_all_of_store().returning(|_| Ok(Vec::new()));
            archive.expect_ended_of_store().returning(move |_, _, _| Ok(ended.clone()));
            refunds.expect_after_pickup().returning(move |_| Ok(back.clone()));
            let lists = order_service(current, archive, MockStoreImages::new());
            let service = SettlementService::new(Arc::new(lists), store_service(), Arc::new(refunds), Arc::new(Noon));
            let days = futures::executor::block_on(service.days(&email("s@b"), day("2026-11-22"), day("2026-11-23"))).unwrap();
            let shown: Vec<_> = days.iter().flat_map(|day| &day.orders).map(|(order, _)| order).collect();
            let earned: i64 = shown.iter().filter(|order| order.status == OrderStatus::Complete).map(|order| order.total_amount.0).sum();
            prop_assert_eq!((shown.len(), earned), (orders.len(), stayed));
        }
    }
}
