//! What the use cases of notices work with.

use std::sync::Arc;

use super::ports::{Happenings, NoticeBook, NoticeChoices, PushService};
use crate::shared::{Clock, Ids, Timer, mail::Mailer};

/// Browsers of a person; of more the oldest go.
pub const MOST_SUBSCRIPTIONS: i64 = 10;

/// A person is told so many things in a business day at most, and of each store one.
pub const MOST_IN_A_DAY: i32 = 4;

/// Use cases of notices.
pub struct NoticeService {
    pub(super) choices: Arc<dyn NoticeChoices>,
    pub(super) happenings: Arc<dyn Happenings>,
    pub(super) book: Arc<dyn NoticeBook>,
    pub(super) push: Arc<dyn PushService>,
    pub(super) mailer: Arc<dyn Mailer>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) timer: Arc<dyn Timer>,
    pub(super) ids: Arc<dyn Ids>,
    /// This server's address as browsers know it.
    pub(super) base: String,
}

/// What [`NoticeService`] stands on.
#[derive(Clone)]
pub struct NoticeParts {
    /// What people want.
    pub choices: Arc<dyn NoticeChoices>,
    /// What has happened.
    pub happenings: Arc<dyn Happenings>,
    /// Who is told.
    pub book: Arc<dyn NoticeBook>,
    /// By push.
    pub push: Arc<dyn PushService>,
    /// By mail.
    pub mailer: Arc<dyn Mailer>,
    /// The product's clock.
    pub clock: Arc<dyn Clock>,
    /// Pauses.
    pub timer: Arc<dyn Timer>,
    /// Names of batches.
    pub ids: Arc<dyn Ids>,
    /// This server's address as browsers know it.
    pub base: String,
}

impl NoticeService {
    /// Builds the use cases on their ports.
    pub fn new(parts: NoticeParts) -> Self {
        let NoticeParts { choices, happenings, book, push, mailer, clock, timer, ids, base } = parts;
        Self { choices, happenings, book, push, mailer, clock, timer, ids, base }
    }
}
