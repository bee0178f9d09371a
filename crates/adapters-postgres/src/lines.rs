//! The lines in which asks wait for each other, one of each for every worker thread of `http`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use cheapbob_domain::{
    orders::{NewHold, Offer, Order, TodayOrder},
    shared::{Email, ProductId},
    stores::{ListedStore, StoreFilter},
    users::AccountStatus,
};
use chrono::{DateTime, NaiveDate, Utc};

use crate::together::Together;

/// Who wants to know what they can buy.
#[derive(Clone)]
pub(crate) struct OfferAsked {
    pub(crate) product: ProductId,
    pub(crate) customer: Email,
    pub(crate) weekday: i16,
    pub(crate) now: DateTime<Utc>,
}

/// Who wants to see a page of a search.
#[derive(Clone)]
pub(crate) struct PageAsked {
    pub(crate) customer: Email,
    pub(crate) filter: StoreFilter,
    pub(crate) offset: i64,
    pub(crate) limit: i64,
}

/// Those who search in one way.
type Pages = Arc<Together<PageAsked, Vec<ListedStore>>>;

/// Whether somebody got what they asked for; `None`: somebody else has a lock.
pub(crate) type Held = Option<bool>;

/// The lines.
pub(crate) struct Lines {
    pub(crate) accounts: Arc<Together<Email, Option<AccountStatus>>>,
    pub(crate) offers: Arc<Together<OfferAsked, Option<Offer>>>,
    pub(crate) holds: Arc<Together<NewHold, Held>>,
    pub(crate) today_of_customers: Arc<Together<(Email, NaiveDate), Vec<TodayOrder>>>,
    pub(crate) today_of_sellers: Arc<Together<(Email, NaiveDate), Vec<Order>>>,
    /// By no filter, by name, by place, by both: who searches in a quick way does not wait for those who search in a slow one.
    pages: [Pages; 4],
    /// Of products that somebody else has locked: whoever wants them waits for that, and nobody else does.
    kept: Mutex<HashMap<ProductId, Weak<Together<NewHold, Held>>>>,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            accounts: Arc::new(Together::new(|_| None)),
            offers: Arc::new(Together::new(|_| None)),
            holds: Arc::new(holds()),
            today_of_customers: Arc::new(Together::new(|_| None)),
            today_of_sellers: Arc::new(Together::new(|_| None)),
            pages: [(); 4].map(|()| Arc::new(Together::new(|_| None))),
            kept: Mutex::default(),
        }
    }
}

/// A customer's checkouts come one after another.
fn holds() -> Together<NewHold, Held> {
    Together::new(|hold: &NewHold| Some(hold.customer.as_str()))
}

impl Lines {
    /// The line of those who search in this way.
    pub(crate) fn pages_of(&self, filter: &StoreFilter) -> &Pages {
        &self.pages[usize::from(filter.name.is_some()) + 2 * usize::from(filter.location.is_some())]
    }

    /// The line of those who wait for this product, if there is one.
    pub(crate) fn waiting(&self, product: &ProductId) -> Option<Arc<Together<NewHold, Held>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(product)?.upgrade()
    }

    /// The same; begun where there is none.
    pub(crate) fn wait_for(&self, product: &ProductId) -> Arc<Together<NewHold, Held>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = kept.get(product).and_then(Weak::upgrade) {
            return line;
        }
        kept.retain(|_, line| line.strong_count() > 0);
        let line = Arc::new(holds().for_one_thing());
        kept.insert(product.clone(), Arc::downgrade(&line));
        line
    }
}
