//! Jobs of `stores`.

pub(crate) mod apply_hours;
