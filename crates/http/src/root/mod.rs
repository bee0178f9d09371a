//! Outside `/api/v1`: the front page, health, pictures, the small front end of development.

pub(crate) mod auth_pages;
pub(crate) mod health;
pub(crate) mod index;
pub(crate) mod media;
mod page;
