//! Reviews: what customers say of what they picked up, and what stores reply.

pub mod error;
pub mod model;
pub mod ports;
mod review_service;
mod store_reviews;

pub use model::{
    review::{ChangeReview, NewReview, ReasonWord, Reply, Reported, Review, ReviewPage, Stars, masked, words},
    times::{CHANGED_WITHIN, REVIEWED_WITHIN},
};
pub use review_service::ReviewService;
