//! Notices of favourites.

pub(crate) mod find_occasions;
pub(crate) mod prune_notices;
