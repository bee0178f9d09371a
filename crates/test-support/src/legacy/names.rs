//! The traps of [`LegacyData::awkward`](super::LegacyData::awkward), by the id of the row in which each stands.

/// A customer whose e-mail has upper case.
pub const UPPER_CASE: &str = "Minji.Kim@Example.com";
/// Two customers whose e-mails differ in case only; both have a profile, and the same favorite store.
pub const TWO_CASES: [&str; 2] = ["two.cases@example.com", "Two.Cases@example.com"];
/// In both roles: a seller with a store.
pub const BOTH_ROLES_WITH_STORE: &str = "both.store@example.com";
/// In both roles: a customer with a profile, a seller without a store.
pub const BOTH_ROLES_WITH_PROFILE: &str = "both.profile@example.com";
/// A customer whose `is_active` and `created_at` are NULL.
pub const NULL_ACCOUNT: &str = "null.account@example.com";
/// A customer without details, who has orders all the same.
pub const NO_DETAILS: &str = "no.details@example.com";
/// A customer whose preferences are there twice.
pub const TWICE_PREFERRED: &str = "twice.preferred@example.com";
/// A customer whose e-mail is none by our rules.
pub const NO_EMAIL: &str = "길동@example.com";
/// A customer who has asked to withdraw.
pub const WITHDRAWN_CUSTOMER: &str = "leaving@example.com";
/// A seller who has asked to withdraw.
pub const WITHDRAWN_SELLER: &str = "leaving.seller@example.com";
/// A request to withdraw of nobody.
pub const WITHDRAWN_NOBODY: &str = "gone.long.ago@example.com";
/// Inactive, but no request to withdraw is there.
pub const INACTIVE_WITHOUT_REQUEST: &str = "inactive@example.com";
/// An ordinary customer: everything of theirs fits. The journeys are theirs.
pub const CUSTOMER: &str = "plain@example.com";
/// An ordinary customer who is to log in by an unvouched e-mail.
pub const UNVOUCHED_CUSTOMER: &str = "plain.two@example.com";
/// The seller of [`STORE`].
pub const SELLER: &str = "plain.seller@example.com";

/// An ordinary store.
pub const STORE: &str = "STR_1727000000_0a1b2c3d";
/// Its products: the first with a discount, the second without (NULL).
pub const PRODUCTS: [&str; 2] = ["PRD_1727000100_0a1b2c3d", "PRD_1727000101_0a1b2c3e"];
/// Pictures of [`STORE`] besides its two: their keys have spaces, Korean letters, dots and other endings.
pub const IMAGES: [&str; 3] = [
    "마포 도시락 & 샐러드 (본점)/5f0c1c9e-6d5e-4f00-8000-0a1b2c3d4e5f.png",
    "마포 도시락 & 샐러드 (본점)/6f0c1c9e-6d5e-4f00-8000-0a1b2c3d4e5f.webp",
    "옛 이름 100% #1?/7f0c1c9e-6d5e-4f00-8000-0a1b2c3d4e5f.jpg",
];
/// The second store of [`SELLER_OF_TWO`], the younger one; it has a product and orders.
pub const SECOND_STORE: &str = "STR_1727009999_0a1b2c99";
/// The seller of two stores.
pub const SELLER_OF_TWO: &str = "two.stores@example.com";
/// The first store of [`SELLER_OF_TWO`].
pub const FIRST_STORE: &str = "STR_1727001000_0a1b2c01";
/// A store with NULL wherever that may be: no address, no links row, no payment row.
pub const BARE_STORE: &str = "STR_1727002000_0a1b2c02";
/// A store whose links are no URLs, whose coordinates are no numbers, and whose payment account is there in part.
pub const WRONG_STORE: &str = "STR_1727003000_0a1b2c03";
/// A store whose week lacks Sunday and has Monday twice, with another time in the second.
pub const ODD_WEEK_STORE: &str = "STR_1727004000_0a1b2c04";
/// A store with planned hours for the whole week.
pub const PLANNED_STORE: &str = "STR_1727005000_0a1b2c05";
/// A store with planned hours of which fields and days are missing.
pub const PARTLY_PLANNED_STORE: &str = "STR_1727006000_0a1b2c06";
/// A store with no main picture among its two, whose places are the same.
pub const NO_MAIN_IMAGE_STORE: &str = "STR_1727007000_0a1b2c07";
/// A store with two main pictures, and a name of 60 letters.
pub const TWO_MAIN_IMAGES_STORE: &str = "STR_1727008000_0a1b2c08";
/// The store of [`WITHDRAWN_SELLER`].
pub const WITHDRAWN_STORE: &str = "STR_1727008800_0a1b2c09";
/// The store of [`BOTH_ROLES_WITH_STORE`].
pub const BOTH_ROLES_STORE: &str = "STR_1727008900_0a1b2c0a";

/// Sold twice: more is purchased than there was.
pub const NEGATIVE_STOCK: &str = "PRD_1727010000_0a1b2c10";
/// Its `description` and `sale` are NULL, a negative adjustment.
pub const BARE_PRODUCT: &str = "PRD_1727011000_0a1b2c11";
/// Its purchased quantity says 0 although an order of it is there: given back twice.
pub const GIVEN_BACK_TWICE: &str = "PRD_1727012000_0a1b2c12";
/// Has a stock reserved for the next day.
pub const STOCK_RESERVED: &str = "PRD_1727013000_0a1b2c13";
/// A stock is reserved for it, and it is not there.
pub const STOCK_RESERVED_FOR_NOTHING: &str = "PRD_1727014000_0a1b2c14";

/// An unpaid hold of a minute ago.
pub const CART_FRESH: &str = "PAY_c0000001_1795489140";
/// A hold of two minutes ago; whether its customer pays is the test's.
pub const CART_TO_BE_PAID: &str = "PAY_c0000002_1795489080";
/// A hold of two hours ago whose stock was given back.
pub const CART_GIVEN_BACK: &str = "PAY_c0000003_1795482000";
/// A hold of three hours ago whose stock was never given back.
pub const CART_KEPT: &str = "PAY_c0000004_1795478400";
/// A hold whose order is there, too.
pub const CART_WITH_ORDER: &str = "PAY_c0000005_1795488000";
/// A hold of a product that is gone.
pub const CART_OF_NOTHING: &str = "PAY_c0000006_1795488500";

/// Of [`CUSTOMER`] at [`STORE`], paid, waiting for the store.
pub const OPEN: &str = "PAY_d0000001_1795485600";
/// The same, for another test's use: to be canceled by the customer.
pub const TO_CANCEL: &str = "PAY_d0000002_1795485601";
/// The same, to be canceled by the store.
pub const TO_REFUND: &str = "PAY_d0000003_1795485602";
/// Accepted by the store, waiting for its customer.
pub const ACCEPTED: &str = "PAY_d0000004_1795485603";
/// Collected today.
pub const COLLECTED: &str = "PAY_d0000005_1795485604";
/// Canceled today.
pub const CANCELED: &str = "PAY_d0000006_1795485605";
/// Complete, with its last instant alone.
pub const ONE_INSTANT: &str = "PAY_d0000007_1795485606";
/// Complete, without any instant: only its id says when.
pub const NO_INSTANT: &str = "PAY_d0000008_1795485607";
/// Of yesterday, still waiting for the store.
pub const LEFT_OVER: &str = "PAY_d0000009_1795399200";
/// Of [`NO_DETAILS`].
pub const OF_NO_DETAILS: &str = "PAY_d000000a_1795485609";
/// Its customer's row is gone.
pub const OF_NOBODY: &str = "PAY_d000000b_1795485610";
/// Its product's row is gone.
pub const OF_NO_PRODUCT: &str = "PAY_d000000c_1795485611";
/// Its preferred menus have a word that nobody knows.
pub const UNKNOWN_WORD: &str = "PAY_d000000d_1795485612";
/// In both databases, further in today's.
pub const NEWER_TODAY: &str = "PAY_d000000e_1795485613";
/// In both databases, further in the archive.
pub const NEWER_ARCHIVED: &str = "PAY_d000000f_1795485614";
/// Of [`UPPER_CASE`].
pub const OF_UPPER_CASE: &str = "PAY_d0000010_1795485615";
/// Of [`GIVEN_BACK_TWICE`].
pub const OF_GIVEN_BACK_TWICE: &str = "PAY_d0000011_1795485616";
/// In the second store of a seller.
pub const OF_SECOND_STORE: &str = "PAY_d0000012_1795485617";

/// In the archive twice, the same.
pub const ARCHIVED_TWICE: &str = "PAY_e0000001_1795000000";
/// In the archive twice: once accepted, once complete.
pub const ARCHIVED_TWICE_DIFFERENTLY: &str = "PAY_e0000002_1795000001";
/// In the archive, still waiting for its store.
pub const ARCHIVED_OPEN: &str = "PAY_e0000003_1795000002";
/// In the archive, accepted and never collected.
pub const ARCHIVED_ACCEPTED: &str = "PAY_e0000004_1795000003";
/// In the archive, in a state that nobody knows.
pub const ARCHIVED_UNKNOWN_STATUS: &str = "PAY_e0000005_1795000004";
/// In the archive, with a preferred menu that nobody knows.
pub const ARCHIVED_UNKNOWN_WORD: &str = "PAY_e0000006_1795000005";
/// In the archive, complete without the instant at which it was collected.
pub const ARCHIVED_WITHOUT_COMPLETION: &str = "PAY_e0000007_1795000006";
/// In the archive, of [`CUSTOMER`] at [`STORE`]; everything fits.
pub const ARCHIVED: &str = "PAY_e0000008_1795000007";
/// In the archive, of a customer, a store and a product that are gone.
pub const ARCHIVED_OF_NOBODY: &str = "PAY_e0000009_1795000008";
