//! Stores that operators approve before they sell.

use std::sync::Arc;

use super::{
    error,
    images::{ImageService, LICENCES},
    model::{
        approval::{Approval, ApprovalMail, BusinessNumber, StoreApproval},
        image::Upload,
    },
    ports::Approvals,
    store_service::StoreService,
};
use crate::shared::{
    Clock, Email, Error, Result, StoreId,
    mail::{Delivery, Mailer},
};

/// How often something is tried again that somebody else has changed meanwhile: a seller and an operator, not a crowd.
const TRIES: usize = 8;

/// Use cases of approving stores.
pub struct ApprovalService {
    approvals: Arc<dyn Approvals>,
    stores: Arc<StoreService>,
    images: Arc<ImageService>,
    mailer: Arc<dyn Mailer>,
    clock: Arc<dyn Clock>,
}

impl ApprovalService {
    /// Builds the use cases on their ports.
    pub fn new(
        approvals: Arc<dyn Approvals>,
        stores: Arc<StoreService>,
        images: Arc<ImageService>,
        mailer: Arc<dyn Mailer>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { approvals, stores, images, mailer, clock }
    }

    /// Where the seller's store stands.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn of_seller(&self, seller: &Email) -> Result<Approval> {
        Ok(self.find(&self.stores.store_id(seller).await?).await?.approval)
    }

    /// Gives the seller's business number.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn give_number(&self, seller: &Email, number: &BusinessNumber) -> Result<Approval> {
        let store = self.stores.store_id(seller).await?;
        let (_, after) = self.change(&store, false, |approval| Ok(approval.with_number(number.clone(), self.clock.now()))).await?;
        Ok(after)
    }

    /// Begins the upload of the licence.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn begin_licence(&self, seller: &Email) -> Result<Upload> {
        Ok(Upload::into(LICENCES, self.stores.store_id(seller).await?.as_str(), 1, error::ONE_LICENCE))
    }

    /// Puts the uploaded licence in place of the one before. On any failure the object is deleted.
    ///
    /// # Errors
    /// - `no_images`: the upload had no picture.
    /// - `store_not_found`: the store is gone.
    pub async fn give_licence(&self, upload: Upload) -> Result<Approval> {
        let given = match upload.stored() {
            Ok([key, ..]) => {
                let store = StoreId::trusted(upload.owner().to_owned());
                self.change(&store, false, |approval| Ok(approval.with_licence(key.clone(), self.clock.now()))).await
            }
            Ok([]) => Err(error::NO_IMAGES.into()),
            Err(error) => Err(error),
        };
        match given {
            Ok((before, after)) => {
                if let Some(replaced) = before.licence {
                    self.images.delete_object(&replaced).await;
                }
                Ok(after)
            }
            Err(error) => {
                self.images.abandon(upload).await;
                Err(error)
            }
        }
    }

    /// Those that wait for an operator, the one that has waited longest first.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn waiting(&self, limit: i64) -> Result<Vec<StoreApproval>> {
        self.approvals.waiting(limit).await
    }

    /// A store, as an operator sees it.
    ///
    /// # Errors
    /// `store_not_found`.
    pub async fn find(&self, store: &StoreId) -> Result<StoreApproval> {
        Ok(self.approvals.find(store).await?.ok_or(error::STORE_NOT_FOUND)?)
    }

    /// An operator approves a store, or refuses it for a reason; the seller is told. `by`: the operator's e-mail, or
    /// [`super::model::approval::TERMINAL`].
    ///
    /// # Errors
    /// `store_not_found`, `approval_not_waiting`.
    pub async fn decide(&self, store: &StoreId, refused: Option<&str>, by: &str) -> Result<Approval> {
        let (_, after) = self.change(store, true, |approval| approval.decided(refused, by, self.clock.now())).await?;
        tracing::info!(%store, state = after.state.as_str(), by, "an operator has decided about a store");
        Ok(after)
    }

    /// Tells the seller, while the decision stands.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn deliver(&self, mail: &ApprovalMail) -> Result<Delivery> {
        let Some(found) = self.approvals.find(&mail.store_id).await? else { return Ok(Delivery::OutOfDate) };
        let Some(composed) = mail.compose(&found)? else { return Ok(Delivery::OutOfDate) };
        self.mailer.send(&mail.message_id(), &composed).await
    }

    /// Changes an approval, from what it was to what it is now, whoever else changes it at once.
    async fn change(
        &self,
        store: &StoreId,
        told: bool,
        change: impl Fn(Approval) -> Result<Approval> + Send + Sync,
    ) -> Result<(Approval, Approval)> {
        for _ in 0..TRIES {
            let before = self.find(store).await?.approval;
            let after = change(before.clone())?;
            let withheld = self.stores.withholds(&after);
            if self.approvals.put(store, &after, withheld, told, self.clock.now()).await? {
                return Ok((before, after));
            }
        }
        Err(Error::unavailable("postgres", "an approval was changed again and again"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shared::{
            mail::MockMailer,
            testing::{Counter, Noon, email},
        },
        stores::{
            ApprovalState, ImageKind,
            ports::{MockApprovals, MockObjectStorage, MockStoreImages, MockStores},
        },
    };

    const NUMBER: &str = "1248100998";

    fn service(
        approvals: MockApprovals,
        storage: MockObjectStorage,
        mailer: MockMailer,
        required: bool,
    ) -> (ApprovalService, Arc<ImageService>) {
        let mut stores = MockStores::new();
        stores.expect_id_of_seller().returning(|_| Ok(StoreId::parse("STR_1")));
        let stores = Arc::new(StoreService::new(Arc::new(stores), Arc::new(Noon), Arc::new(Counter::default())).with_approval(required));
        let images =
            Arc::new(ImageService::new(Arc::new(MockStoreImages::new()), Arc::new(storage), stores.clone(), Arc::new(Counter::default())));
        (ApprovalService::new(Arc::new(approvals), stores, images.clone(), Arc::new(mailer), Arc::new(Noon)), images)
    }

    fn found(approval: Approval) -> StoreApproval {
        StoreApproval { store: StoreId::trusted("STR_1".into()), store_name: "가게".into(), seller: email("s@b"), approval }
    }

    fn waiting(licence: &str) -> Approval {
        let number = BusinessNumber::parse(NUMBER).unwrap();
        Approval::of_nothing(true).with_number(number, Noon.now()).with_licence(licence.into(), Noon.now())
    }

    #[tokio::test]
    async fn a_store_is_withheld_until_it_is_approved_where_that_is_asked_for() {
        for (required, refused, withheld) in [(true, None, false), (true, Some("x"), true), (false, Some("x"), false)] {
            let mut approvals = MockApprovals::new();
            approvals.expect_find().returning(|_| Ok(Some(found(waiting("a")))));
            approvals
                .expect_put()
                .times(1)
                .withf(move |_, _, is, told, _| (*is, *told) == (withheld, true))
                .returning(|_, _, _, _, _| Ok(true));
            let (service, _) = service(approvals, MockObjectStorage::new(), MockMailer::new(), required);
            service.decide(&StoreId::trusted("STR_1".into()), refused, "o@b").await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_another_has_changed_is_read_again() {
        let (mut approvals, mut reads, mut puts) = (MockApprovals::new(), 0, 0);
        approvals.expect_find().times(2).returning(move |_| {
            reads += 1;
            let approval = waiting("a");
            Ok(Some(found(if reads == 1 { approval } else { approval.decided(None, "o@b", Noon.now())? })))
        });
        approvals.expect_put().times(1).returning(move |_, _, _, _, _| {
            puts += 1;
            Ok(puts > 1)
        });
        let (service, _) = service(approvals, MockObjectStorage::new(), MockMailer::new(), true);
        let second = service.decide(&StoreId::trusted("STR_1".into()), Some("x"), "p@b").await;
        assert!(second.unwrap_err().is(&error::APPROVAL_NOT_WAITING));
    }

    #[tokio::test]
    async fn the_licence_before_is_deleted_and_that_of_a_failure_too() {
        for (put, deleted) in [(Ok(true), "licences/STR_1/old.png"), (Err(Error::internal("x")), "licences/STR_1/0.png")] {
            let (mut approvals, mut storage) = (MockApprovals::new(), MockObjectStorage::new());
            approvals.expect_find().returning(|_| Ok(Some(found(waiting("licences/STR_1/old.png")))));
            approvals.expect_put().return_once(move |_, _, _, _, _| put);
            storage.expect_put().times(1).returning(|_, _, _| Ok(()));
            storage.expect_delete().times(1).withf(move |key| key == deleted).returning(|_| Ok(()));
            let (service, images) = service(approvals, storage, MockMailer::new(), true);
            let mut upload = service.begin_licence(&email("s@b")).await.unwrap();
            images.add(&mut upload, ImageKind::Png, vec![1]).await.unwrap();
            assert!(images.check_room(&upload).unwrap_err().is(&error::ONE_LICENCE));
            let _ = service.give_licence(upload).await;
        }
    }

    #[tokio::test]
    async fn a_decision_that_stands_is_told() {
        for (state, sent) in [(ApprovalState::Approved, Delivery::Sent), (ApprovalState::Waiting, Delivery::OutOfDate)] {
            let (mut approvals, mut mailer) = (MockApprovals::new(), MockMailer::new());
            approvals.expect_find().returning(move |_| Ok(Some(found(Approval { state, ..waiting("a") }))));
            mailer
                .expect_send()
                .times(usize::from(sent == Delivery::Sent))
                .withf(|id, _| id == "approval-STR_1-0")
                .returning(|_, _| Ok(Delivery::Sent));
            let (service, _) = service(approvals, MockObjectStorage::new(), mailer, true);
            assert_eq!(service.deliver(&ApprovalMail { store_id: StoreId::trusted("STR_1".into()), version: 0 }).await.unwrap(), sent);
        }
    }
}
