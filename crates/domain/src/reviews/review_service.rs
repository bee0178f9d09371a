//! What customers say of what they picked up.

use std::sync::Arc;

use super::{
    error,
    model::{
        review::{ChangeReview, NewReview, Reported, Review},
        times::{can_be_changed, can_be_reviewed},
    },
    ports::Reviews,
};
use crate::{
    orders::{self, OrderService},
    shared::{Clock, Email, Ids, PaymentId, Result, ReviewId},
    stores::StoreService,
};

/// Use cases of reviews.
pub struct ReviewService {
    pub(super) reviews: Arc<dyn Reviews>,
    orders: Arc<OrderService>,
    pub(super) stores: Arc<StoreService>,
    pub(super) clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl ReviewService {
    /// Builds the use cases on their ports.
    pub fn new(
        reviews: Arc<dyn Reviews>,
        orders: Arc<OrderService>,
        stores: Arc<StoreService>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self { reviews, orders, stores, clock, ids }
    }

    /// Writes the review of an order.
    ///
    /// # Errors
    /// - `order_not_found`, also for another's, and where the store is gone.
    /// - `order_not_picked_up`, `review_too_late`.
    /// - `review_exists`: the order has one.
    pub async fn write(&self, customer: &Email, payment: &PaymentId, says: NewReview) -> Result<Review> {
        let order = self.orders.of_customer(customer, payment).await?;
        let now = self.clock.now();
        can_be_reviewed(&order, now)?;
        let review = Review {
            id: ReviewId::generate(self.ids.as_ref()),
            payment_id: order.payment_id,
            store_id: order.store_id,
            product_id: order.product_id,
            product_name: order.product_name,
            customer: order.customer,
            nickname: order.customer_nickname,
            says,
            created_at: now,
            updated_at: now,
            reply: None,
            is_hidden: false,
        };
        if self.reviews.add(&review).await? {
            return Ok(review);
        }
        // Where there is none, the store is gone, or they are.
        let is_there = self.reviews.of_payment(&review.payment_id).await?.is_some();
        Err(if is_there { error::REVIEW_EXISTS } else { orders::error::ORDER_NOT_FOUND }.into())
    }

    /// Changes what a review says.
    ///
    /// # Errors
    /// - `review_not_found`, also for another's.
    /// - `review_change_too_late`.
    pub async fn change(&self, customer: &Email, payment: &PaymentId, change: ChangeReview) -> Result<Review> {
        let review = self.own(customer, payment).await?;
        let now = self.clock.now();
        can_be_changed(review.created_at, now)?;
        Ok(self.reviews.change(&review.id, &change, now).await?.ok_or(error::REVIEW_NOT_FOUND)?)
    }

    /// Deletes a review with its reply.
    ///
    /// # Errors
    /// `review_not_found`, also for another's.
    pub async fn delete(&self, customer: &Email, payment: &PaymentId) -> Result<()> {
        let review = self.own(customer, payment).await?;
        if self.reviews.delete(&review.id).await? { Ok(()) } else { Err(error::REVIEW_NOT_FOUND.into()) }
    }

    async fn own(&self, customer: &Email, payment: &PaymentId) -> Result<Review> {
        let review = self.reviews.of_payment(payment).await?.filter(|review| review.customer == *customer);
        Ok(review.ok_or(error::REVIEW_NOT_FOUND)?)
    }

    /// Tells the operator of a review, once for each person.
    ///
    /// # Errors
    /// `review_not_found`, `already_reported`.
    pub async fn report(&self, customer: &Email, id: &ReviewId, reason: &str) -> Result<()> {
        match self.reviews.report(id, customer, reason, self.clock.now()).await? {
            Some(true) => Ok(()),
            Some(false) => Err(error::ALREADY_REPORTED.into()),
            None => Err(error::REVIEW_NOT_FOUND.into()),
        }
    }

    /// What an operator has to look at: reviews that were reported or are hidden, the most reported first.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn reported(&self, limit: i64) -> Result<Vec<Reported>> {
        self.reviews.reported(limit).await
    }

    /// Hides a review from everybody but its writer and the store, or shows it again. A hidden one does not count.
    ///
    /// # Errors
    /// `review_not_found`.
    pub async fn hide(&self, id: &ReviewId, hidden: bool) -> Result<()> {
        if self.reviews.hide(id, hidden, self.clock.now()).await? { Ok(()) } else { Err(error::REVIEW_NOT_FOUND.into()) }
    }
}
