//! Stores: registration, opening hours, payment settings, search, favourites.

pub mod error;
pub mod history;
pub mod hours;
pub mod images;
pub mod ports;
pub mod reservation;
pub mod search;
pub mod service;
pub mod store;

pub use history::HistoryService;
pub use hours::{DayHours, OpeningState, OperationTime, StoreCalendar, Week};
pub use images::{ImageKind, ImageService};
pub use reservation::{HoursService, Modification, ReservedHours};
pub use search::{BnameFilter, CustomerStore, SearchService, StoreFilter, StorePage};
pub use service::StoreService;
pub use store::{Address, Image, NewStore, PaymentChange, PortOneAccount, PortOneIds, Sns, Store, StoreChange};
