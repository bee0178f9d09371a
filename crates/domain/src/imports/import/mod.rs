//! Bringing the old service's rows over: read, mended, told, written, kind by kind and batch by batch.

mod catalogue;
mod gone;
mod planned;
mod purchases;
mod run;
pub(super) mod same;

pub use self::run::{ImportParts, Mode};
use self::run::{Run, Seen};
use super::{
    model::finding::{Kind, Summary},
    ports::{OldService, Watcher},
};
use crate::shared::Result;

/// Use case of bringing over.
pub struct ImportService {
    parts: ImportParts,
}

impl ImportService {
    /// Builds the use case on its ports.
    pub fn new(parts: ImportParts) -> Self {
        Self { parts }
    }

    /// Brings everything over. Stopped anywhere and begun again it comes to the same; what was brought before is left, or brought up to date.
    ///
    /// # Errors
    /// Unavailable, where one of the databases does not answer: what was written until then stays.
    pub async fn import(&self, old: &mut dyn OldService, watcher: &mut dyn Watcher, mode: Mode) -> Result<Summary> {
        let begun = self.parts.clock.now();
        let mut run = Run { parts: &self.parts, old, watcher, mode, begun, summary: Summary::default(), seen: Seen::default() };
        for kind in Kind::ALL {
            match kind {
                Kind::Accounts => {
                    run.accounts().await?;
                    run.is_the_same_service().await?;
                }
                Kind::Stores => run.stores().await?,
                Kind::Favorites => run.favorites().await?,
                Kind::Products => run.products().await?,
                Kind::Orders => run.orders().await?,
                Kind::Archive => run.archive().await?,
                Kind::Carts => run.carts().await?,
                Kind::StockReservations => run.stock_reservations().await?,
                Kind::Withdrawals => run.withdrawals().await?,
            }
        }
        run.gone().await?;
        Ok(run.summary)
    }
}
