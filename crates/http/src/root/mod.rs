//! Outside `/api/v1`: the front page, the documentation, health, pictures, the licence, the small front end of development.

pub(crate) mod auth_pages;
pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod index;
pub(crate) mod license;
pub(crate) mod media;
