//! What was told is kept for a while, and then forgotten.

use chrono::Duration;

use super::service::NoticeService;
use crate::shared::{Result, kst};

/// So long somebody may ask why they were told something.
const KEPT: Duration = Duration::days(30);

impl NoticeService {
    /// Forgets what was told thirty days ago. Gives how many.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn prune(&self) -> Result<u64> {
        self.book.prune(kst::business_day(self.clock.now() - KEPT)).await
    }
}
