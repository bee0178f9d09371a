//! The daily rollover of stock.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{model::rollover::Rollover, product_service::ProductService};
use crate::shared::{Result, kst};

/// Products that begin a day in one transaction.
const BATCH: i64 = 500;

impl ProductService {
    /// The rollover due at `due_at`: every product begins its business day ([`kst::STOCK_ROLLOVER`]), with the stock
    /// reserved before. Safe to
    /// run again after a death anywhere. Gives the number of products.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn roll_over(&self, due_at: DateTime<Utc>) -> Result<usize> {
        let begins = kst::last(due_at, kst::STOCK_ROLLOVER);
        // A run that was claimed before the clock was moved back: that day is not there yet.
        if begins > self.clock.now() {
            return Ok(0);
        }
        let (mut rolled_over, mut after) = (0, None);
        loop {
            // Anew for each batch: a run that another has overtaken meanwhile must take nothing back.
            let rollover = Rollover::new(begins, self.clock.now());
            let batch = self.products.to_roll_over(rollover, after.as_ref(), BATCH).await?;
            let Some(last) = batch.last().cloned() else { break };
            let reserved: HashMap<_, _> = self.reservations.due(&batch, begins).await?.into_iter().collect();
            let products: Vec<_> = batch.into_iter().map(|id| (id.clone(), reserved.get(&id).copied())).collect();
            rolled_over += self.products.roll_over(rollover, &products, self.clock.now()).await?;
            after = Some(last);
        }
        // Only now: where we died before, the products that were not rolled over still find theirs.
        self.reservations.forget(begins).await?;
        Ok(rolled_over)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::Duration;
    use mockall::Sequence;

    use super::*;
    use crate::{
        products::ports::{MockPickupHours, MockProducts, MockSellersStore, MockStockReservations},
        shared::{
            Clock, Error, ProductId,
            testing::{Counter, Noon, at},
        },
    };

    fn id(id: &str) -> ProductId {
        ProductId::parse(id).unwrap()
    }

    async fn roll_over(products: MockProducts, reservations: MockStockReservations, due_at: DateTime<Utc>) -> Result<usize> {
        let (stores, hours) = (Arc::new(MockSellersStore::new()), Arc::new(MockPickupHours::new()));
        let (products, reservations) = (Arc::new(products), Arc::new(reservations));
        let service = ProductService::new(products, reservations, stores, hours, Arc::new(Noon), Arc::new(Counter::default()));
        service.roll_over(due_at).await
    }

    const TODAYS: &str = "2026-11-24T04:10:00+09:00";

    #[tokio::test]
    async fn each_product_begins_its_day_with_the_stock_reserved_for_it() {
        let (mut products, mut reservations, mut order) = (MockProducts::new(), MockStockReservations::new(), Sequence::new());
        let today = |rollover: &Rollover| rollover.day.to_string() == "2026-11-24";
        products
            .expect_to_roll_over()
            .times(2)
            .withf(move |rollover, _, _| today(rollover))
            .returning(|_, after, _| Ok(after.map_or(vec![id("PRD_1"), id("PRD_2")], |_| Vec::new())));
        reservations
            .expect_due()
            .times(1)
            .withf(|products, before| products.len() == 2 && *before == at(TODAYS))
            .returning(|_, _| Ok(vec![(id("PRD_2"), 7)]));
        products
            .expect_roll_over()
            .times(1)
            .in_sequence(&mut order)
            .withf(move |rollover, products, at| {
                today(rollover) && products == [(id("PRD_1"), None), (id("PRD_2"), Some(7))] && *at == Noon.now()
            })
            .returning(|_, products, _| Ok(products.len()));
        // Last: after a death before, the products that are left still find theirs.
        reservations.expect_forget().times(1).in_sequence(&mut order).withf(|before| *before == at(TODAYS)).returning(|_| Ok(()));
        assert_eq!(roll_over(products, reservations, at(TODAYS)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_run_that_comes_late_rolls_over_to_the_instant_that_it_was_due_for() {
        for (due, day, is_current, begins) in [
            ("2026-11-24T11:00:00+09:00", "2026-11-24", true, TODAYS),
            ("2026-11-24T04:09:59+09:00", "2026-11-23", false, "2026-11-23T04:10:00+09:00"),
            ("2026-11-20T04:10:00+09:00", "2026-11-20", false, "2026-11-20T04:10:00+09:00"),
        ] {
            let expected = Rollover { day: day.parse().unwrap(), is_current };
            let (mut products, mut reservations) = (MockProducts::new(), MockStockReservations::new());
            products.expect_to_roll_over().times(1).withf(move |is, _, _| *is == expected).returning(|_, _, _| Ok(Vec::new()));
            reservations.expect_forget().times(1).withf(move |before| *before == at(begins)).returning(|_| Ok(()));
            assert_eq!(roll_over(products, reservations, at(due)).await.unwrap(), 0);
        }
    }

    #[tokio::test]
    async fn a_day_that_a_clock_moved_back_has_not_reached_stays_as_it_is() {
        // The mocks panic if they are called.
        let tomorrow = at(TODAYS) + Duration::days(1);
        assert_eq!(roll_over(MockProducts::new(), MockStockReservations::new(), tomorrow).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn products_are_rolled_over_in_batches_one_after_another() {
        let (mut products, mut reservations) = (MockProducts::new(), MockStockReservations::new());
        products.expect_to_roll_over().times(3).returning(|_, after, limit| {
            assert_eq!(limit, BATCH);
            Ok(match after.map(ProductId::as_str) {
                None => vec![id("PRD_1"), id("PRD_2")],
                Some("PRD_2") => vec![id("PRD_3")],
                Some("PRD_3") => Vec::new(),
                other => panic!("{other:?}"),
            })
        });
        reservations.expect_due().times(2).returning(|_, _| Ok(Vec::new()));
        products.expect_roll_over().times(2).returning(|_, products, _| Ok(products.len()));
        reservations.expect_forget().times(1).returning(|_| Ok(()));
        assert_eq!(roll_over(products, reservations, at(TODAYS)).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn reservations_outlive_a_rollover_that_fails() {
        let (mut products, mut reservations) = (MockProducts::new(), MockStockReservations::new());
        products.expect_to_roll_over().returning(|_, _, _| Ok(vec![id("PRD_1")]));
        reservations.expect_due().returning(|_, _| Ok(vec![(id("PRD_1"), 3)]));
        products.expect_roll_over().returning(|_, _, _| Err(Error::unavailable("postgres", "x")));
        // The mock panics if they are forgotten.
        assert!(roll_over(products, reservations, at(TODAYS)).await.is_err());
    }
}
