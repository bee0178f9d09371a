//! Stores: registration, opening hours, payment settings, search, favourites.

pub mod error;
pub mod hours;
pub mod ports;
pub mod search;
pub mod service;
pub mod store;

pub use hours::{DayHours, OpeningState, OperationTime, StoreCalendar, Week};
pub use search::{BnameFilter, CustomerStore, SearchService, StoreFilter, StorePage};
pub use service::StoreService;
pub use store::{Address, Image, NewStore, PortOneAccount, PortOneIds, Sns, Store};
