//! A store's reviews, as customers and its seller see them, and its replies.

use super::{
    error,
    model::review::{Review, ReviewPage},
    review_service::ReviewService,
};
use crate::{
    shared::{Email, Result, ReviewId, StoreId},
    stores::error::STORE_NOT_FOUND,
};

impl ReviewService {
    /// A page of what everybody sees.
    ///
    /// # Errors
    /// `store_not_found`.
    pub async fn of_store(&self, store: &StoreId, before: Option<&ReviewId>) -> Result<ReviewPage> {
        self.page(store, before, false).await
    }

    /// A page of what the seller sees: hidden ones, too.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn of_seller(&self, seller: &Email, before: Option<&ReviewId>) -> Result<ReviewPage> {
        self.page(&self.stores.store_id(seller).await?, before, true).await
    }

    async fn page(&self, store: &StoreId, before: Option<&ReviewId>, with_hidden: bool) -> Result<ReviewPage> {
        let found = self.reviews.of_store(store, before, ReviewPage::SIZE + 1, with_hidden).await?;
        let mut reviews = found.ok_or(STORE_NOT_FOUND)?;
        let more = reviews.len() as i64 > ReviewPage::SIZE;
        reviews.truncate(ReviewPage::SIZE as usize);
        let next = reviews.last().filter(|_| more).map(|review| review.id.clone());
        Ok(ReviewPage { reviews, next })
    }

    /// Puts the store's reply in place of what there is.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `review_not_found`: the store has no such review.
    pub async fn reply(&self, seller: &Email, id: &ReviewId, text: &str) -> Result<Review> {
        let store = self.stores.store_id(seller).await?;
        Ok(self.reviews.reply(&store, id, Some(text), self.clock.now()).await?.ok_or(error::REVIEW_NOT_FOUND)?)
    }

    /// Takes the store's reply away; without one nothing changes.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `review_not_found`: the store has no such review.
    pub async fn remove_reply(&self, seller: &Email, id: &ReviewId) -> Result<()> {
        let store = self.stores.store_id(seller).await?;
        self.reviews.reply(&store, id, None, self.clock.now()).await?.ok_or(error::REVIEW_NOT_FOUND)?;
        Ok(())
    }
}
