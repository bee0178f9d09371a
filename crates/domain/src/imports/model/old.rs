//! The old service's rows as they are read: plain texts and numbers, whatever they say. A field that a row lacks is its default, as NULL is.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::Value;

type Instant = Option<DateTime<Utc>>;

/// `null` stands for the default, as where the field is missing. So does an instant that PostgreSQL has and no calendar: a row is not lost
/// with it.
fn or_default<'de, D: Deserializer<'de>, T: Default + DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let no_date = value.as_str().is_some_and(is_no_date);
    match Option::<T>::deserialize(value) {
        Ok(read) => Ok(read.unwrap_or_default()),
        Err(_) if no_date => Ok(T::default()),
        Err(error) => Err(D::Error::custom(error)),
    }
}

/// `infinity`, `-infinity`, years before Christ or of more than four digits.
fn is_no_date(text: &str) -> bool {
    text.ends_with("infinity")
        || text.ends_with(" BC")
        || text.split_once('-').is_some_and(|(year, _)| year.len() > 4 && year.bytes().all(|byte| byte.is_ascii_digit()))
}

macro_rules! rows {
    ($($(#[$doc:meta])* $row:ident { $($field:ident: $kind:ty,)* })*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[allow(missing_docs, reason = "the columns' names are the old schema's")]
        pub struct $row { $(#[serde(default, deserialize_with = "or_default")] pub $field: $kind,)* })*
    };
}

rows! {
    /// All accounts whose e-mails differ in case at most.
    OldPerson { email: String, accounts: Vec<OldAccount>, }
    /// A row of `customers` or `sellers` (`role`), with what belongs to it. `stores`: how many a seller has.
    OldAccount {
        role: String, email: String, is_active: Option<bool>, created_at: Instant, nickname: Option<String>, phone_number: Option<String>,
        details_created_at: Instant, details_updated_at: Instant, preferences: Vec<OldPreference>, stores: i64,
    }
    /// A row of one of the four tables of preferences; `kind` is our word for the table.
    OldPreference { kind: String, word: String, created_at: Instant, }
    /// The favourites of all customers whose e-mails differ in case at most. `seller_has_store`: the e-mail is a seller's here.
    OldFavorites { email: String, stores: Vec<OldFavorite>, seller_has_store: bool, }
    /// A row of `customer_favorites`.
    OldFavorite { store_id: String, created_at: Instant, }
    /// All stores of sellers whose e-mails differ in case at most. `active`: one of those sellers is; `active_customer`: a customer of that e-mail is.
    OldSeller { email: String, active: bool, active_customer: bool, stores: Vec<OldStore>, }
    /// A row of `stores`, with what belongs to it.
    OldStore {
        store_id: String, store_name: Option<String>, created_at: Instant, store_introduction: Option<String>, store_phone: Option<String>,
        store_postal_code: Option<String>, store_address: Option<String>, store_detail_address: Option<String>, address: Option<OldAddress>,
        sns: Option<OldSns>, images: Vec<OldImage>, payment: Option<OldPayment>, hours: Vec<OldHours>, planned: Vec<OldPlan>, products: i64,
    }
    /// A row of `store_addresses`.
    OldAddress {
        sido: Option<String>, sigungu: Option<String>, bname: Option<String>, lat: Option<String>, lng: Option<String>,
        nearest_station: Option<String>, walking_time: Option<i64>,
    }
    /// A row of `store_sns`.
    OldSns { instagram: Option<String>, facebook: Option<String>, x: Option<String>, homepage: Option<String>, }
    /// A row of `store_images`.
    OldImage { image_id: String, is_main: bool, display_order: i64, }
    /// A row of `store_payment_info`.
    OldPayment { portone_store_id: Option<String>, portone_channel_id: Option<String>, portone_secret_key: Option<SecretString>, }
    /// A row of `store_operation_info`.
    OldHours {
        operation_id: i64, day_of_week: i64, open_time: Option<String>, pickup_start_time: Option<String>, pickup_end_time: Option<String>,
        close_time: Option<String>, is_open_enabled: bool, is_currently_open: bool, updated_at: Instant,
    }
    /// A row of `store_operation_info_modifications`.
    OldPlan {
        operation_id: i64, new_open_time: Option<String>, new_pickup_start_time: Option<String>, new_pickup_end_time: Option<String>,
        new_close_time: Option<String>, new_is_open_enabled: Option<bool>, created_at: Instant,
    }
    /// A row of `store_product_info`, with its words of `product_nutrition`.
    OldProduct {
        product_id: String, store_id: String, product_name: Option<String>, initial_stock: i64, price: i64, sale: Option<i64>, version: i64,
        description: Option<String>, purchased_quantity: i64, admin_adjustment: i64, nutrition_types: Vec<String>,
    }
    /// A row of `cart_items`, `order_current_items` or `order_history_items`, with what its product, store and customer say.
    /// `customer_here`: an account of either role has that e-mail.
    OldPurchase {
        payment_id: String, customer_id: String, customer_nickname: Option<String>, customer_phone_number: Option<String>, product_id: String,
        product_name: Option<String>, store_id: Option<String>, store_name: Option<String>, portone_store_id: Option<String>, quantity: i64,
        price: i64, sale: Option<i64>, total_amount: i64, status: String, created_at: Instant, reservation_at: Instant, accepted_at: Instant,
        completed_at: Instant, canceled_at: Instant, cancel_reason: Option<String>, preferred_menus: Option<String>,
        nutrition_types: Option<String>, allergies: Option<String>, topping_types: Option<String>, customer_here: bool,
    }
    /// A document of `product_stock_reservations`.
    OldReservation { product_id: String, new_stock: i64, reserved_at: Instant, created_at: Instant, }
    /// A document of `customer_withdraw_reservations` or `seller_withdraw_reservations`.
    OldWithdrawal { customer_email: Option<String>, seller_email: Option<String>, withdrawn_at: Instant, created_at: Instant, }
}

impl OldPurchase {
    /// The latest of its instants.
    pub fn latest_event(&self) -> Instant {
        [self.reservation_at, self.accepted_at, self.completed_at, self.canceled_at].into_iter().flatten().max()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_instant_that_is_no_date_is_unknown_and_a_wrong_number_is_an_error() {
        for (created_at, is_known) in [
            (json!("2026-11-24T03:00:00+00:00"), true),
            (json!("infinity"), false),
            (json!("-infinity"), false),
            (json!("0044-03-15T12:00:00+00:00 BC"), false),
            (json!("10000-01-01T00:00:00+00:00"), false),
            (json!(null), false),
        ] {
            let read: OldFavorite = serde_json::from_value(json!({ "store_id": "infinity", "created_at": created_at })).unwrap();
            assert_eq!((read.store_id.as_str(), read.created_at.is_some()), ("infinity", is_known), "{created_at}");
        }
        for wrong in [json!({ "created_at": "yesterday" }), json!({ "store_id": 1 })] {
            assert!(serde_json::from_value::<OldFavorite>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
