//! A store and a customer as an operator sees them.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::Deserialize;

use crate::shared::{Email, PaymentId, StoreId};

/// A store.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct StoreView {
    /// Its id.
    pub id: StoreId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub seller_email: Email,
    /// Its phone number.
    pub phone: String,
    /// Where it is.
    pub address: String,
    /// The business day on which the seller closed by hand.
    pub closed_on: Option<NaiveDate>,
    /// Whether it sells nothing.
    pub suspended: bool,
    /// Whether it has an account at PortOne.
    pub has_payments: bool,
    /// Opening hours by day of the week, Monday first.
    pub hours: Vec<HoursView>,
    /// Its products.
    pub products: Vec<ProductView>,
    /// Its newest payments.
    pub payments: Vec<PaymentLine>,
    /// Its newest reviews.
    pub reviews: Vec<ReviewView>,
}

/// A day's opening hours.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct HoursView {
    /// 0 is Monday.
    pub day_of_week: i16,
    /// Whether it opens.
    pub is_open_enabled: bool,
    /// From when.
    pub open_time: NaiveTime,
    /// Until when.
    pub close_time: NaiveTime,
    /// Pickup from.
    pub pickup_start_time: NaiveTime,
    /// Pickup until.
    pub pickup_end_time: NaiveTime,
}

/// A product with its stock of the day.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ProductView {
    /// Its name.
    pub name: String,
    /// Before the discount, in won.
    pub price: i64,
    /// In percent.
    pub sale: i32,
    /// Pieces left.
    pub left: i32,
    /// Pieces held.
    pub held: i32,
    /// Pieces sold.
    pub sold: i32,
}

/// A payment on a line.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PaymentLine {
    /// Its id.
    pub payment_id: PaymentId,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// What its hold is.
    pub state: String,
    /// In won.
    pub total_amount: i64,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ReviewView {
    /// Its id.
    pub id: String,
    /// Stars.
    pub rating: i16,
    /// What was written.
    pub text: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was hidden.
    pub hidden_at: Option<DateTime<Utc>>,
    /// How often it was reported.
    pub reports: i64,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CustomerView {
    /// Their e-mail.
    pub email: Email,
    /// `customer` or `seller`.
    pub role: String,
    /// Whether they have not asked to leave.
    pub is_active: bool,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// What they are called.
    pub nickname: Option<String>,
    /// Their phone number.
    pub phone_number: Option<String>,
    /// The providers by which they log in.
    pub providers: Vec<String>,
    /// Holds that are open now.
    pub open_holds: i64,
    /// Holds of the last hour that came to nothing.
    pub fruitless: i64,
    /// Which notices they want. `None`: they have not said.
    pub notices: Option<String>,
    /// Their newest payments.
    pub payments: Vec<PaymentLine>,
}
