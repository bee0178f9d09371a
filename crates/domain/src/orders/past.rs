//! Payments of the past: what is settled and old goes to the archive, and comes back when somebody asks for it.

use std::{future::Future, sync::Arc};

use async_trait::async_trait;
use chrono::Duration;
use serde_json::Value;

use super::{
    model::records::{PaymentRecords, may_be_past},
    ports::{PaymentArchive, SettledPayments},
};
use crate::{
    shared::{Clock, Error, PaymentId, Result},
    users::{Account, Role, Unfinished, ports::PersonalData},
};

/// Payments moved at once: what one step holds in memory, about a kilobyte each.
const BATCH: i64 = 500;

/// Use cases of payments of the past. A payment's records are whole in one place: with what is kept of today, or in the archive.
pub struct PastPayments {
    settled: Arc<dyn SettledPayments>,
    archive: Arc<dyn PaymentArchive>,
    clock: Arc<dyn Clock>,
    kept: Duration,
    ids_tell_age: bool,
}

impl PastPayments {
    /// Builds the use cases on their ports; what is settled stays for as long as `kept` after its hold was made. `ids_tell_age`: the
    /// time in an id is the product's, so that the archive need not be asked for young ones. A sandbox's clock is moved, ids' is not.
    pub fn new(
        settled: Arc<dyn SettledPayments>,
        archive: Arc<dyn PaymentArchive>,
        clock: Arc<dyn Clock>,
        kept: Duration,
        ids_tell_age: bool,
    ) -> Self {
        Self { settled, archive, clock, kept, ids_tell_age }
    }

    /// Moves what is settled and old: written, read back, and then exactly those deleted that have not changed meanwhile, so that a
    /// death anywhere leaves each payment in at least one place. Gives their number.
    ///
    /// A process may stand still between any two steps, and an account be erased then: what it has read, and writes when it goes on, is
    /// of before. So nothing in the archive is written over, and a copy that is not what is here is removed, by whoever sees it.
    ///
    /// # Errors
    /// Unavailable: the rest waits. Internal, and nothing of that batch is deleted, where the archive has something else than was written.
    pub async fn move_settled(&self) -> Result<u64> {
        let before = self.clock.now() - self.kept;
        let (mut moved, mut after) = (0, None);
        loop {
            let batch = self.settled.begun_before(before, after.as_ref(), BATCH).await?;
            let Some(last) = batch.last().map(|records| (records.begun_at, records.payment_id.clone())) else { return Ok(moved) };
            let payments: Vec<_> = batch.iter().map(|records| records.payment_id.clone()).collect();
            self.remove_changed(self.archive.find_all(&payments).await?).await?;
            self.archive.put(&batch).await?;
            let read = self.archive.find_all(&payments).await?;
            let as_written: Vec<_> = read.iter().filter(|records| batch.contains(records)).cloned().collect();
            moved += self.settled.forget(&as_written).await?;
            self.remove_changed(read).await?;
            if let Some(other) = batch.iter().find(|records| !as_written.contains(records)) {
                return Err(Error::internal(format!("the archive does not have payment {} as it was written", other.payment_id)));
            }
            after = Some(last);
        }
    }

    /// Removes copies of payments that are here and have changed since. Once they have, no copy like these is ever relied on.
    async fn remove_changed(&self, mut copies: Vec<PaymentRecords>) -> Result<()> {
        if copies.is_empty() {
            return Ok(());
        }
        let changed = self.settled.changed(&copies).await?;
        copies.retain(|copy| changed.contains(&copy.payment_id));
        self.archive.remove(&copies).await
    }

    /// Brings those of these payments back that are in the archive; gives their number. They go again with the next run of the job.
    ///
    /// # Errors
    /// Unavailable, where the archive or our database does not answer.
    pub(super) async fn bring_back(&self, payments: &[PaymentId]) -> Result<usize> {
        let now = self.clock.now();
        let past: Vec<_> = payments.iter().filter(|payment| !self.ids_tell_age || may_be_past(payment, now)).cloned().collect();
        if past.is_empty() {
            return Ok(0);
        }
        let found = self.archive.find_all(&past).await?;
        for records in &found {
            self.settled.bring_back(records).await?;
        }
        Ok(found.len())
    }

    /// What `find` finds of a payment; where it finds nothing, once more after the payment was brought back.
    ///
    /// # Errors
    /// Unavailable, as [`Self::bring_back`]; and those of `find`.
    pub(super) async fn find<T, F>(&self, payment: &PaymentId, find: impl Fn() -> F + Send) -> Result<Option<T>>
    where
        T: Send,
        F: Future<Output = Result<Option<T>>> + Send,
    {
        match find().await? {
            None if self.bring_back(std::slice::from_ref(payment)).await? > 0 => find().await,
            found => Ok(found),
        }
    }
}

#[async_trait]
impl PersonalData for PastPayments {
    async fn erase(&self, deleted: &Unfinished) -> Result<()> {
        self.archive.pseudonymize(&deleted.email, &deleted.pseudonym, deleted.erased_at).await
    }

    async fn export(&self, account: &Account) -> Result<(&'static str, Value)> {
        // A seller stands in each payment of the store, for what they did to it: those are their customers' payments.
        let payments = if account.role == Role::Seller { Vec::new() } else { self.archive.of_person(&account.email).await? };
        Ok(("archived_payments", payments.into_iter().map(|payment| payment.rows).collect()))
    }
}

#[cfg(test)]
mod tests {
    use mockall::Sequence;
    use serde_json::json;

    use super::*;
    use crate::{
        orders::ports::{MockPaymentArchive, MockSettledPayments},
        shared::testing::{Noon, email},
    };

    fn records(id: &str) -> PaymentRecords {
        PaymentRecords::of(json!({ "hold": { "payment_id": id, "created_at": "2026-08-01T03:00:00+00:00" } })).unwrap()
    }

    fn service(settled: MockSettledPayments, archive: MockPaymentArchive) -> PastPayments {
        PastPayments::new(Arc::new(settled), Arc::new(archive), Arc::new(Noon), Duration::days(90), true)
    }

    #[tokio::test]
    async fn what_is_old_and_settled_is_written_read_back_and_deleted_batch_by_batch() {
        let (mut settled, mut archive, mut order) = (MockSettledPayments::new(), MockPaymentArchive::new(), Sequence::new());
        for (after, ids) in [(None, vec!["PAY1", "PAY2"]), (Some("PAY2"), vec!["PAY3"])] {
            let batch: Vec<_> = ids.into_iter().map(records).collect();
            let (given, read, number) = (batch.clone(), batch.clone(), batch.len() as u64);
            settled
                .expect_begun_before()
                .times(1)
                .in_sequence(&mut order)
                .withf(move |before, page, limit| {
                    (*before, *limit) == (Noon.now() - Duration::days(90), BATCH) && page.map(|(_, id)| id.as_str()) == after
                })
                .return_once(|_, _, _| Ok(given));
            archive.expect_find_all().times(1).in_sequence(&mut order).return_once(|_| Ok(Vec::new()));
            archive.expect_put().times(1).in_sequence(&mut order).returning(|_| Ok(()));
            archive.expect_find_all().times(1).in_sequence(&mut order).return_once(|_| Ok(read));
            settled.expect_forget().times(1).in_sequence(&mut order).withf(move |gone| *gone == batch).return_once(move |_| Ok(number));
        }
        settled.expect_changed().returning(|_| Ok(Vec::new()));
        archive.expect_remove().withf(|copies| copies.is_empty()).returning(|_| Ok(()));
        settled.expect_begun_before().times(1).in_sequence(&mut order).returning(|_, _, _| Ok(Vec::new()));
        assert_eq!(service(settled, archive).move_settled().await.unwrap(), 3);
    }

    #[tokio::test]
    async fn nothing_is_deleted_that_the_archive_does_not_have() {
        let mut other = records("PAY1");
        other.rows["refund"] = json!({});
        for read in [vec![], vec![other]] {
            let (mut settled, mut archive) = (MockSettledPayments::new(), MockPaymentArchive::new());
            settled.expect_begun_before().times(1).returning(|_, _, _| Ok(vec![records("PAY1")]));
            archive.expect_put().times(1).returning(|_| Ok(()));
            archive.expect_find_all().times(2).returning(move |_| Ok(read.clone()));
            settled.expect_forget().times(1).withf(|gone| gone.is_empty()).returning(|_| Ok(0));
            settled.expect_changed().returning(|_| Ok(Vec::new()));
            archive.expect_remove().withf(|copies| copies.is_empty()).returning(|_| Ok(()));
            service(settled, archive).move_settled().await.unwrap_err();
        }
    }

    /// Both the copy of a run that has died, before this one writes, and what this one wrote of what has changed meanwhile.
    #[tokio::test]
    async fn a_copy_of_what_has_changed_is_removed() {
        for before in [true, false] {
            let (mut settled, mut archive, mut order) = (MockSettledPayments::new(), MockPaymentArchive::new(), Sequence::new());
            let batch = vec![records("PAY1"), records("PAY2")];
            let (mut there, read, given) = (vec![], batch.clone(), batch.clone());
            let mut old = records("PAY1");
            if before {
                old.rows["refund"] = json!({});
                there.push(old.clone());
            }
            settled.expect_begun_before().times(1).in_sequence(&mut order).return_once(|_, _, _| Ok(given));
            archive.expect_find_all().times(1).in_sequence(&mut order).return_once(|_| Ok(there));
            archive.expect_put().times(1).in_sequence(&mut order).withf(move |written| *written == batch).returning(|_| Ok(()));
            archive.expect_find_all().times(1).in_sequence(&mut order).return_once(|_| Ok(read));
            settled.expect_begun_before().times(1).in_sequence(&mut order).return_once(|_, _, _| Ok(Vec::new()));
            settled.expect_forget().times(1).returning(|_| Ok(1));
            let is_old = move |records: &PaymentRecords| before == (records.rows["refund"] == json!({}));
            settled.expect_changed().returning(move |copies| {
                Ok(copies
                    .iter()
                    .filter(|records| records.payment_id.as_str() == "PAY1" && is_old(records))
                    .map(|r| r.payment_id.clone())
                    .collect())
            });
            archive.expect_remove().times(1).withf(move |copies| *copies == [old.clone()]).returning(|_| Ok(()));
            archive.expect_remove().withf(|copies| copies.is_empty()).returning(|_| Ok(()));
            assert_eq!(service(settled, archive).move_settled().await.unwrap(), 1);
        }
    }

    #[tokio::test]
    async fn a_payment_is_brought_back_only_when_it_is_not_here_and_may_be_past() {
        let mut ids = Vec::new();
        for (here, id, asked) in [
            (true, "PAY1", false),
            (false, "PAY1", true),
            // A ULID of 2016, and one of 2030: Noon is between them.
            (false, "PAY01ARYZ6S41TSV4RRFFQ69G5FAV", true),
            (false, "PAY01Q00000000000000000000000", false),
        ] {
            let (mut settled, mut archive) = (MockSettledPayments::new(), MockPaymentArchive::new());
            archive.expect_find_all().times(usize::from(asked)).returning(|ids| Ok(ids.iter().map(|id| records(id.as_str())).collect()));
            settled.expect_bring_back().times(usize::from(asked)).returning(|_| Ok(()));
            let payment = PaymentId::parse(id).unwrap();
            let reads = std::sync::atomic::AtomicUsize::new(usize::from(here));
            let found = service(settled, archive)
                .find(&payment, || {
                    let read = reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    async move { Ok((read > 0).then_some(())) }
                })
                .await
                .unwrap();
            ids.push(found.is_some());
        }
        assert_eq!(ids, [true, true, true, false]);
    }

    #[tokio::test]
    async fn a_deleted_account_leaves_its_pseudonym_in_the_archive() {
        let mut archive = MockPaymentArchive::new();
        archive
            .expect_pseudonymize()
            .times(1)
            .withf(|person, pseudonym, before| (person.as_str(), pseudonym.as_str(), *before) == ("a@b", "p@w", Noon.now()))
            .returning(|_, _, _| Ok(()));
        let gone = Unfinished { email: email("a@b"), pseudonym: email("p@w"), erased_at: Noon.now() };
        service(MockSettledPayments::new(), archive).erase(&gone).await.unwrap();
    }
}
