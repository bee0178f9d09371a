//! Moving the orders of ended days to the archive.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    model::order::Order,
    ports::{EndedOrders, OrderArchive},
};
use crate::{
    shared::{Error, Result, kst},
    users::{Account, Unfinished, ports::PersonalData},
};

/// Orders moved at once: what one step holds in memory.
const BATCH: i64 = 1_000;

/// Use case of moving ended orders to the archive.
pub struct ArchiveService {
    ended: Arc<dyn EndedOrders>,
    archive: Arc<dyn OrderArchive>,
}

impl ArchiveService {
    /// Builds the use cases on their ports.
    pub fn new(ended: Arc<dyn EndedOrders>, archive: Arc<dyn OrderArchive>) -> Self {
        Self { ended, archive }
    }

    /// Moves what was picked up or canceled of the business days that ended at or before `due_at`: written, read back, and then exactly
    /// those deleted, so that a death anywhere leaves each order in at least one place. Gives their number.
    ///
    /// # Errors
    /// Unavailable: the rest waits. Internal, and nothing of that batch is deleted, where the archive has something else than was written.
    pub async fn roll_over(&self, due_at: DateTime<Utc>) -> Result<usize> {
        let today = kst::business_day(due_at);
        let (mut moved, mut after) = (0, None);
        loop {
            let batch = self.ended.of_days_before(today, after.as_ref(), BATCH).await?;
            let Some(last) = batch.last().map(|o| o.payment_id.clone()) else { return Ok(moved) };
            self.archive.put(&batch).await?;
            let payments: Vec<_> = batch.iter().map(|o| o.payment_id.clone()).collect();
            self.check(&batch, self.archive.find_all(&payments).await?)?;
            moved += self.ended.delete(&payments).await?;
            after = Some(last);
        }
    }

    fn check(&self, written: &[Order], read: Vec<Order>) -> Result<()> {
        let read: HashMap<_, _> = read.into_iter().map(|o| (o.payment_id.clone(), o)).collect();
        match written.iter().find(|order| read.get(&order.payment_id) != Some(*order)) {
            None => Ok(()),
            Some(other) => Err(Error::internal(format!("the archive does not have order {} as it was written", other.payment_id))),
        }
    }
}

#[async_trait]
impl PersonalData for ArchiveService {
    async fn erase(&self, deleted: &Unfinished) -> Result<()> {
        self.archive.pseudonymize(&deleted.email, &deleted.pseudonym, deleted.erased_at).await?;
        self.ended.archive_changed().await
    }

    async fn export(&self, account: &Account) -> Result<(&'static str, Value)> {
        let orders = self.archive.of_customer(&account.email, i64::MAX).await?;
        Ok(("archived_orders", serde_json::to_value(orders).map_err(Error::internal)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        orders::{
            model::order::OrderStatus,
            ports::{MockEndedOrders, MockOrderArchive},
            testing::order,
        },
        shared::{
            PaymentId,
            testing::{at, email},
        },
    };

    #[tokio::test]
    async fn ended_days_are_moved_batch_by_batch_and_counted() {
        let (mut ended, mut archive) = (MockEndedOrders::new(), MockOrderArchive::new());
        let complete = |ids: &[&str]| ids.iter().map(|id| order(id, OrderStatus::Complete)).collect::<Vec<_>>();
        ended
            .expect_of_days_before()
            .times(3)
            .withf(|today, _, limit| (today.to_string().as_str(), *limit) == ("2026-11-24", BATCH))
            .returning(move |_, after, _| {
                Ok(match after.map(PaymentId::as_str) {
                    None => complete(&["PAY1", "PAY2"]),
                    Some("PAY2") => complete(&["PAY3"]),
                    Some("PAY3") => Vec::new(),
                    other => panic!("{other:?}"),
                })
            });
        archive.expect_put().times(2).returning(|_| Ok(()));
        archive.expect_find_all().times(2).returning(|ids| Ok(ids.iter().map(|id| order(id.as_str(), OrderStatus::Complete)).collect()));
        // Another runner may have deleted some.
        ended.expect_delete().times(2).returning(|ids| Ok(ids.len() - usize::from(ids.len() == 2)));
        let service = ArchiveService::new(Arc::new(ended), Arc::new(archive));
        assert_eq!(service.roll_over(at("2026-11-24T04:15:00+09:00")).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_deleted_account_leaves_its_pseudonym_in_the_archive() {
        let mut archive = MockOrderArchive::new();
        archive
            .expect_pseudonymize()
            .times(1)
            .withf(|customer, pseudonym, before| {
                (customer.as_str(), pseudonym.as_str(), *before) == ("a@b", "p@withdrawn.invalid", at("2026-11-24T04:40:00+09:00"))
            })
            .returning(|_, _, _| Ok(()));
        let mut ended = MockEndedOrders::new();
        ended.expect_archive_changed().times(1).returning(|| Ok(()));
        let service = ArchiveService::new(Arc::new(ended), Arc::new(archive));
        let erased_at = at("2026-11-24T04:40:00+09:00");
        service.erase(&Unfinished { email: email("a@b"), pseudonym: email("p@withdrawn.invalid"), erased_at }).await.unwrap();
    }

    #[tokio::test]
    async fn nothing_is_deleted_that_the_archive_does_not_have() {
        let mut other = order("PAY1", OrderStatus::Complete);
        other.quantity += 1;
        for read in [vec![], vec![other]] {
            let (mut ended, mut archive) = (MockEndedOrders::new(), MockOrderArchive::new());
            ended.expect_of_days_before().times(1).returning(|_, _, _| Ok(vec![order("PAY1", OrderStatus::Complete)]));
            archive.expect_put().times(1).returning(|_| Ok(()));
            archive.expect_find_all().times(1).returning(move |_| Ok(read.clone()));
            ended.expect_delete().never();
            let service = ArchiveService::new(Arc::new(ended), Arc::new(archive));
            service.roll_over(at("2026-11-24T04:15:00+09:00")).await.unwrap_err();
        }
    }
}
