//! Opening hours that take effect at the next daily rollover.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{
    model::{
        hours::{OperationTime, Week, pickup_ends},
        planned_hours::{Modification, ReservedHours},
    },
    ports::Hours,
    store_service::StoreService,
};
use crate::{
    products::{PickupEnds, ports::PickupHours},
    shared::{Clock, Email, Result, StoreId, kst},
};

/// Use cases of a store's hours.
pub struct HoursService {
    hours: Arc<dyn Hours>,
    stores: Arc<StoreService>,
    clock: Arc<dyn Clock>,
}

impl HoursService {
    /// Builds the use cases on their ports.
    pub fn new(hours: Arc<dyn Hours>, stores: Arc<StoreService>, clock: Arc<dyn Clock>) -> Self {
        Self { hours, stores, clock }
    }

    /// Puts in force what was reserved before the rollover ([`kst::HOURS_ROLLOVER`]) that was last due at `due_at`. Gives the number of stores.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn roll_over(&self, due_at: DateTime<Utc>) -> Result<usize> {
        self.hours.apply(kst::last(due_at, kst::HOURS_ROLLOVER), self.clock.now()).await
    }

    /// The hours in force, by day.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn current(&self, seller: &Email) -> Result<Vec<OperationTime>> {
        let store = self.stores.store_id(seller).await?;
        self.hours.current(&store).await
    }

    /// The hours in force and those to come.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn reserved(&self, seller: &Email) -> Result<ReservedHours> {
        let store = self.stores.store_id(seller).await?;
        let (current, reserved) = (self.hours.current(&store).await?, self.hours.reserved(&store).await?);
        let modification = match (&reserved, Week::of(&current)) {
            (Some((new, _)), Some(week)) => Modification::between(&week, new),
            _ => Modification::None,
        };
        Ok(ReservedHours { current, reserved, modification })
    }

    /// Reserves hours for the next daily rollover, in place of what was reserved.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn reserve(&self, seller: &Email, week: &Week) -> Result<()> {
        let store = self.stores.store_id(seller).await?;
        self.hours.reserve(&store, week, self.clock.now()).await
    }

    /// Forgets what was reserved, if anything.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn cancel(&self, seller: &Email) -> Result<()> {
        let store = self.stores.store_id(seller).await?;
        self.hours.cancel(&store).await
    }
}

#[async_trait]
impl PickupHours for HoursService {
    async fn pickup_ends(&self, store: &StoreId) -> Result<PickupEnds> {
        Ok(pickup_ends(self.hours.current(store).await?.iter().map(|row| &row.hours)))
    }
}
