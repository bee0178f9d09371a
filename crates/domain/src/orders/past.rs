//! Payments of the past: what is settled and old goes to the archive, and comes back when somebody asks for it.

use std::{collections::HashMap, future::Future, sync::Arc};

use async_trait::async_trait;
use chrono::Duration;

use super::{
    model::records::{PaymentRecords, may_be_past},
    ports::{PaymentArchive, SettledPayments},
};
use crate::{
    shared::{Clock, Error, PaymentId, Result},
    users::{Unfinished, ports::PersonalData},
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
    /// # Errors
    /// Unavailable: the rest waits. Internal, and nothing of that batch is deleted, where the archive has something else than was written.
    pub async fn move_settled(&self) -> Result<u64> {
        let before = self.clock.now() - self.kept;
        let (mut moved, mut after) = (0, None);
        loop {
            let batch = self.settled.begun_before(before, after.as_ref(), BATCH).await?;
            let Some(last) = batch.last().map(|records| (records.begun_at, records.payment_id.clone())) else { return Ok(moved) };
            self.archive.put(&batch).await?;
            let payments: Vec<_> = batch.iter().map(|records| records.payment_id.clone()).collect();
            check(&batch, self.archive.find_all(&payments).await?)?;
            moved += self.settled.forget(&batch).await?;
            after = Some(last);
        }
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

fn check(written: &[PaymentRecords], read: Vec<PaymentRecords>) -> Result<()> {
    let read: HashMap<_, _> = read.into_iter().map(|records| (records.payment_id.clone(), records)).collect();
    match written.iter().find(|records| read.get(&records.payment_id) != Some(*records)) {
        None => Ok(()),
        Some(other) => Err(Error::internal(format!("the archive does not have payment {} as it was written", other.payment_id))),
    }
}

#[async_trait]
impl PersonalData for PastPayments {
    async fn erase(&self, deleted: &Unfinished) -> Result<()> {
        self.archive.pseudonymize(&deleted.email, &deleted.pseudonym, deleted.erased_at).await
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
            archive.expect_put().times(1).in_sequence(&mut order).returning(|_| Ok(()));
            archive.expect_find_all().times(1).in_sequence(&mut order).return_once(|_| Ok(read));
            settled.expect_forget().times(1).in_sequence(&mut order).withf(move |gone| *gone == batch).return_once(move |_| Ok(number));
        }
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
            archive.expect_find_all().times(1).return_once(|_| Ok(read));
            settled.expect_forget().never();
            service(settled, archive).move_settled().await.unwrap_err();
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
