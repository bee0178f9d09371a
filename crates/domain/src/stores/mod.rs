//! Stores: registration, opening hours, payment settings, search, favourites.

mod approval_service;
pub mod error;
mod images;
pub mod model;
mod nearby;
mod plan_hours;
pub mod ports;
mod search;
mod search_history;
mod store_service;

pub use approval_service::ApprovalService;
pub use images::{DISPUTES, ImageService};
pub use model::{
    approval::{Approval, ApprovalMail, ApprovalState, BusinessNumber, StoreApproval, TERMINAL, refusal_reason},
    hours::{DayHours, DayInput, OpeningState, OperationTime, StoreCalendar, Week, pickup_ends},
    image::{Added, Image, ImageKind, LARGEST_IMAGE, MOST_IMAGES, Removed, StoredObject, Upload, is_object_key},
    nearby::{Cluster, MOST_ON_MAP, MOST_SEEN, NearbyAsk, NearbyInput, NearbyPage, NearbySort, NearbyStore, Pin, StoreMap},
    offer::{Glance, OfferFilter, OfferedProduct, StoreOffer, Tastes},
    payment_account::{PaymentChange, PortOneAccount, PortOneIds, api_secret, webhook_secret},
    place::{Area, Cell, Place},
    planned_hours::{Modification, ReservedHours},
    rating::Rating,
    search::{BnameFilter, CustomerStore, FavoriteAdded, KEPT, KEPT_FOR, ListedStore, PAGE_SIZE, StoreDocument, StoreFilter, StorePage},
    store::{Address, NewStore, Sns, Store, StoreChange, words},
    tile::{Counted, Placed, Tile},
};
pub use nearby::NearbyService;
pub use plan_hours::HoursService;
pub use search::SearchService;
pub use search_history::HistoryService;
pub use store_service::StoreService;
