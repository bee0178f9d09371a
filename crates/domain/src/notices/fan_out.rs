//! From an occasion to the people who are to be told: page by page over those whose favourite the store is.

use super::{
    model::{
        batch::NoticeFanOut,
        occasion::Occasion,
        times::{is_night, morning},
    },
    ports::PageOf,
    service::{MOST_IN_A_DAY, NoticeService},
};
use crate::shared::{Result, kst};

/// People of a page, and thus of a batch: a statement of some tens of milliseconds.
const PAGE: i64 = 500;

impl NoticeService {
    /// Finds who is to be told, and writes the batches that tell them. Whoever has a place of this store and day already is left out, so it
    /// may be done again from the beginning. At night those who sleep are looked for in the morning.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn fan_out(&self, NoticeFanOut { occasion }: &NoticeFanOut) -> Result<i64> {
        let (mut after, mut people) = (String::new(), 0);
        loop {
            // Each page anew: night may fall meanwhile, and the store may sell out.
            let now = self.clock.now();
            if !self.is_true(occasion).await? {
                return Ok(people);
            }
            let at_night = is_night(now);
            if at_night {
                self.book.in_the_morning(occasion, morning(now)).await?;
            }
            let batch = self.ids.ulid();
            let (after_now, day) = (after.clone(), kst::business_day(now));
            let page = PageOf { occasion, day, after: &after_now, limit: PAGE, at_night, most: MOST_IN_A_DAY, batch: &batch, now };
            let page = self.book.claim(page).await?;
            people += page.claimed;
            match page.last {
                Some(last) if page.is_settled => after = last,
                Some(_) => {}
                None => return Ok(people),
            }
        }
    }

    /// Whether it is still so.
    pub(super) async fn is_true(&self, occasion: &Occasion) -> Result<bool> {
        let now = self.clock.now();
        let store = self.store_now(occasion).await?;
        Ok(store.is_some_and(|store| occasion.is_true(&store, now)))
    }
}
