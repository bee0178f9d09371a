//! Jobs of `users`.

pub(crate) mod delete_accounts;
