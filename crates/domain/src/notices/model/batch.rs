//! The tasks of notices.

use serde::{Deserialize, Serialize};

use super::occasion::Occasion;

/// Find who is to be told, page by page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeFanOut {
    /// Of what.
    pub occasion: Occasion,
}

/// Tell the people of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeBatch {
    /// Its name, in the rows of those who are to be told.
    pub batch: String,
    /// Of what.
    pub occasion: Occasion,
    /// How often it was tried.
    #[serde(default)]
    pub attempt: u32,
}
