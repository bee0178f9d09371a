//! What is told of rows that do not fit.

use std::collections::BTreeMap;

use serde::Serialize;
use strum::IntoStaticStr;

/// What is read together, in the order in which it is brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// People in either role, by e-mail, with their profiles.
    Accounts,
    /// Stores with all that belongs to them, by seller.
    Stores,
    /// Customers' favourites.
    Favorites,
    /// Products with their stock.
    Products,
    /// Orders that the nightly move has not reached.
    Orders,
    /// Orders of the past.
    Archive,
    /// Unpaid holds.
    Carts,
    /// Stock for the next day.
    StockReservations,
    /// Requests to be deleted.
    Withdrawals,
}

impl Kind {
    /// Each builds on those before: stores on their sellers, holds on what is an order already.
    pub const ALL: [Self; 9] = [
        Self::Accounts,
        Self::Stores,
        Self::Favorites,
        Self::Products,
        Self::Orders,
        Self::Archive,
        Self::Carts,
        Self::StockReservations,
        Self::Withdrawals,
    ];

    /// Whether a row of it is remembered by its key, so that it is noticed when it goes.
    pub fn is_remembered(self) -> bool {
        matches!(self, Self::Accounts | Self::Stores | Self::Favorites | Self::Products)
    }

    /// The word in reports and rows.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What was done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// Brought as it is: somebody should know.
    Kept,
    /// Brought, but not as it was.
    Changed,
    /// Not brought.
    LeftOut,
}

/// Why something is told, and what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// Stable word for programs.
    pub code: &'static str,
    /// What was done.
    pub done: Done,
    /// The same for people.
    pub says: &'static str,
}

/// The reasons, a line each: constant, what is done, code, sentence.
macro_rules! reasons {
    ($($name:ident = $done:ident, $code:literal, $says:literal;)*) => {
        $(#[doc = concat!("`", $code, "`: ", $says)]
        pub const $name: Reason = Reason { code: $code, done: Done::$done, says: $says };)*

        /// Every reason there is.
        pub const REASONS: &[Reason] = &[$($name),*];
    };
}

reasons! {
    UNREADABLE = LeftOut, "unreadable", "the row has not the shape of the old schema";
    CHANGED_HERE = Kept, "changed_here", "it has changed here since it was brought; what is here stays";
    MADE_HERE = Kept, "made_here", "it was here before it was brought; what is here stays";
    DELETED_HERE = LeftOut, "deleted_here", "it was deleted here since it was brought, and stays so";
    MISSING_HERE = LeftOut, "missing_here", "compared: it is not here";
    DIFFERS = Changed, "differs", "compared: it is otherwise here";
    GONE_THERE = Changed, "gone_there", "it was brought before and is not in the old databases any more: an account is deleted at the next 04:40 here too, favourites at once";
    STAYS_HERE = Changed, "stays_here", "it was brought before and is not in the old databases any more; what is here stays";

    EMAIL_LOWERED = Changed, "email_lowered", "e-mails are lower case here";
    EMAIL_TWICE = Changed, "email_twice", "several accounts differ in case only: one has all their orders and favourites; its profile is the active one's, then the older one's";
    EMAIL_IN_BOTH_ROLES = Changed, "email_in_both_roles", "one account has one role: the seller's where there is a store, else the customer's; not one that alone asked to be deleted";
    BAD_EMAIL = LeftOut, "bad_email", "no mail could reach this address, and nobody can have it here";
    ACTIVITY_UNKNOWN = Changed, "activity_unknown", "is_active is NULL: the account is active";
    CREATION_UNKNOWN = Changed, "creation_unknown", "created_at is NULL: the nearest known instant stands for it";
    NO_DETAILS = Kept, "no_details", "a customer without details: asked for them at the next login";
    NICKNAME_CHANGED = Changed, "nickname_changed", "the nickname breaks the rules of a name: without what nobody sees or what breaks the line";
    PROFILE_LEFT_OUT = LeftOut, "profile_left_out", "nickname or phone number cannot be one: asked for again at the next login";
    PREFERENCE_TWICE = Changed, "preference_twice", "the same word was there twice: once";
    UNKNOWN_WORD = LeftOut, "unknown_word", "a word that is none of the options";
    PREFERENCES_OF_NOBODY = LeftOut, "preferences_of_nobody", "preferences of a customer without details";
    FAVORITE_TWICE = Changed, "favorite_twice", "the same store twice: once";
    FAVORITES_OF_NOBODY = LeftOut, "favorites_of_nobody", "there is no customer of this e-mail here";

    SECOND_STORE = Changed, "second_store", "a seller has one store: this one stays, closed, under an account that nobody can log in to";
    STORE_OF_NOBODY = Changed, "store_of_nobody", "its seller cannot be brought, or leaves and stays a customer: the store stays, closed, under an account that nobody can log in to";
    BAD_ID = LeftOut, "bad_id", "its id is none of the old service's";
    NAME_CHANGED = Changed, "name_changed", "the name breaks the rules of a name: without what nobody sees or what breaks the line";
    TEXT_CHANGED = Changed, "text_changed", "a text has characters that have no place in it: without them";
    TEXT_TOO_LONG = Kept, "text_too_long", "a text is longer than people may write here: it stays until it is changed";
    TEXT_MISSING = Changed, "text_missing", "a text that must be there is NULL or empty: empty";
    ADDRESS_MISSING = Changed, "address_missing", "the store has no address row: empty fields";
    NO_NUMBER = Kept, "no_number", "a coordinate is no number";
    WALKING_TIME_WRONG = Changed, "walking_time_wrong", "a walking time below 0: none";
    BAD_LINK = LeftOut, "bad_link", "a link is no http or https address";
    LINKS_MISSING = Kept, "links_missing", "the store has no row of links";
    BAD_IMAGE_KEY = LeftOut, "bad_image_key", "a picture's key cannot be one";
    NO_MAIN_IMAGE = Changed, "no_main_image", "no picture is the main one: the first";
    MAIN_IMAGES = Changed, "main_images", "several pictures are the main one: the first of them";
    PAYMENT_INCOMPLETE = LeftOut, "payment_incomplete", "the payment account is there in part: to be set up anew";
    PAYMENT_MISSING = Kept, "payment_missing", "the store has no payment account";
    DAY_MISSING = Changed, "day_missing", "a day of the week is missing: closed on that day";
    DAY_TWICE = Changed, "day_twice", "a day of the week is there twice: the row that was changed last";
    HOURS_WRONG = Changed, "hours_wrong", "the hours of an open day cannot be: closed on that day";
    PLAN_WRONG = LeftOut, "plan_wrong", "planned hours that cannot be";
    PLAN_IN_PART = Changed, "plan_in_part", "planned hours have gaps: the hours in force stand there";
    CLOSED_BY_HAND = Kept, "closed_by_hand", "inside its hours the store says that it is closed: closed for this business day";

    STORE_GONE = LeftOut, "store_gone", "its store is not here";
    PRICE_WRONG = Changed, "price_wrong", "a price outside of 1 to 100,000,000 won: 1 won, which nobody can buy for";
    SALE_WRONG = Changed, "sale_wrong", "a discount outside of 1 to 100 percent: none";
    STOCK_WRONG = Changed, "stock_wrong", "a stock outside of 0 to 1,000,000: the nearest that can be";
    SOLD_TWICE = Changed, "sold_twice", "less than nothing is left: nothing is, by the adjustment, and pieces that come back go to those who were promised them";

    INSTANT_MISSING = Changed, "instant_missing", "an instant is NULL: the nearest known one stands for it";
    SUM_WRONG = LeftOut, "sum_wrong", "quantity or total cannot be";
    BUYER_UNKNOWN = Kept, "buyer_unknown", "no account of the buyer is there";
    PRODUCT_GONE = Changed, "product_gone", "the product's row is gone, and with it the store: the order is in no store's list, money must go back by hand";
    CART_OF_NOTHING = LeftOut, "cart_of_nothing", "the product's row is gone, and with it the store: PortOne cannot be asked";
    UNKNOWN_STATUS = Changed, "unknown_status", "a status that nobody knows: the one that its instants tell";
    ORDER_WORD_UNKNOWN = Kept, "order_word_unknown", "a preference of an order that is none of the options";
    TODAY_AND_ARCHIVE = Changed, "today_and_archive", "in both databases: the one with the later event";
    ARCHIVED_TWICE = Changed, "archived_twice", "twice in the archive: the one with the later event";
    ARCHIVED_OPEN = Kept, "archived_open", "archived before it ended: nobody handed it out or gave the money back";
    ARCHIVE_DIFFERS = Kept, "archive_differs", "the archive here has it already, otherwise; what is here stays";
    GONE_ON_HERE = Kept, "gone_on_here", "the order has gone on here; what is here stays";
    CART_IS_ORDER = LeftOut, "cart_is_order", "its payment is an order already";
    CART_ENDED = Changed, "cart_ended", "its five minutes are over: released, and PortOne is asked at once whether money came";
    PORTONE_UNKNOWN = Kept, "portone_unknown", "its store has no account at PortOne: nobody can be asked about the payment";

    RESERVED_FOR_NOTHING = LeftOut, "reserved_for_nothing", "stock reserved for a product that is not there";
    WITHDRAWAL_OF_NOBODY = LeftOut, "withdrawal_of_nobody", "a request to be deleted of an account that is not there, or is active";
    INACTIVE_WITHOUT_REQUEST = Kept, "inactive_without_request", "an inactive account without a request to be deleted: it stays inactive";
}

/// One row that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Which: an e-mail, an id.
    pub id: String,
    /// Why it is told.
    pub reason: Reason,
    /// What stood there, where that is gone now.
    pub value: Option<String>,
}

impl Finding {
    /// A line of the report: JSON.
    pub fn line(&self) -> String {
        let Self { kind, id, reason, value } = self;
        serde_json::json!({
            "kind": kind.as_str(), "id": id, "reason": reason.code, "done": reason.done, "says": reason.says, "value": value,
        })
        .to_string()
    }
}

/// Collects what is told of one row.
#[derive(Debug)]
pub struct Told {
    kind: Kind,
    id: String,
    /// In the order in which it was told.
    pub findings: Vec<Finding>,
}

impl Told {
    /// Nothing yet of this row.
    pub fn of(kind: Kind, id: &str) -> Self {
        Self { kind, id: id.to_owned(), findings: Vec::new() }
    }

    /// Tells something of the row.
    pub fn tell(&mut self, reason: Reason) {
        self.push(reason, None);
    }

    /// The same, with what stood there.
    pub fn tell_of(&mut self, reason: Reason, value: impl Into<String>) {
        self.push(reason, Some(value.into()));
    }

    fn push(&mut self, reason: Reason, value: Option<String>) {
        self.findings.push(Finding { kind: self.kind, id: self.id.clone(), reason, value });
    }
}

/// What an import came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows that were read, of each kind.
    pub read: BTreeMap<Kind, u64>,
    /// Rows that were written, of each kind. In a dry run: that would be.
    pub brought: BTreeMap<Kind, u64>,
    /// How often each thing was told.
    pub told: BTreeMap<(Kind, Reason), u64>,
}

impl Summary {
    /// Whether anything is not here as it was there.
    pub fn is_changed(&self) -> bool {
        self.told.keys().any(|(_, reason)| reason.done != Done::Kept)
    }
}
