//! Jobs of the queue itself.

pub(crate) mod prune_tasks;
