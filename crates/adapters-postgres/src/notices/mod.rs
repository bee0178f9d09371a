//! Notices of favourites: what people want, what has happened, and who was told.

mod book;
mod choices;
mod happenings;
