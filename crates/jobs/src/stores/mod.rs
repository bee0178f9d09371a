//! Jobs of `stores`.

pub(crate) mod apply_hours;
pub(crate) mod delete_orphans;
pub(crate) mod rebuild_search;
