//! The daily rollover of stock.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::product_service::ProductService;
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
        let day = kst::business_day(begins);
        let (mut rolled_over, mut after) = (0, None);
        loop {
            let batch = self.products.to_roll_over(day, after.as_ref(), BATCH).await?;
            let Some(last) = batch.last().cloned() else { break };
            let reserved: HashMap<_, _> = self.reservations.due(&batch, begins).await?.into_iter().collect();
            let products: Vec<_> = batch.into_iter().map(|id| (id.clone(), reserved.get(&id).copied())).collect();
            rolled_over += self.products.roll_over(day, &products, self.clock.now()).await?;
            after = Some(last);
        }
        // Only now: where we died before, the products that were not rolled_over still find theirs.
        self.reservations.forget(begins).await?;
        Ok(rolled_over)
    }
}
