//! DTOs of more than one feature.

use serde::Serialize;
use utoipa::ToSchema;

/// An answer that says only that it is done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Message {
    /// A Korean sentence for people.
    pub(crate) message: &'static str,
}
