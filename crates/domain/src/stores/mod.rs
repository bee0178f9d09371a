//! Stores: registration, opening hours, payment settings, search, favourites.

pub mod error;
mod images;
pub mod model;
mod plan_hours;
pub mod ports;
mod search;
mod search_history;
mod store_service;

pub use images::ImageService;
pub use model::{
    hours::{DayHours, DayInput, OpeningState, OperationTime, StoreCalendar, Week, pickup_ends},
    image::{Added, Image, ImageKind, LARGEST_IMAGE, MOST_IMAGES, Removed, StoredObject, Upload, is_object_key},
    payment_account::{PaymentChange, PortOneAccount, PortOneIds, api_secret, webhook_secret},
    planned_hours::{Modification, ReservedHours},
    rating::Rating,
    search::{BnameFilter, CustomerStore, FavoriteAdded, KEPT, KEPT_FOR, ListedStore, PAGE_SIZE, StoreDocument, StoreFilter, StorePage},
    store::{Address, NewStore, Sns, Store, StoreChange, words},
};
pub use plan_hours::HoursService;
pub use search::SearchService;
pub use search_history::HistoryService;
pub use store_service::StoreService;
