//! What holds and orders have in common: who bought how much, and who has the money.

use super::{
    finding::{self, Told},
    old::OldPurchase,
};
use crate::shared::{Email, Won};

pub(super) fn email(old: &OldPurchase, told: &mut Told) -> Email {
    Email::parse(&old.customer_id).unwrap_or_else(|_| {
        // The order and its money are not lost with the address.
        told.tell_of(finding::BUYER_UNKNOWN, old.customer_id.as_str());
        Email::trusted(old.customer_id.trim().to_lowercase())
    })
}

/// More pieces than any order has. Sums of what is sold and held stay within our tables' integers.
const MOST_PIECES: i32 = 10_000;

/// Quantity and total, where our tables can have them.
pub(super) fn sums(old: &OldPurchase, told: &mut Told) -> Option<(i32, Won)> {
    let quantity = i32::try_from(old.quantity).ok().filter(|pieces| (1..=MOST_PIECES).contains(pieces));
    let sums = quantity.zip(Some(Won(old.total_amount)).filter(|total| total.0 > 0));
    if sums.is_none() {
        told.tell_of(finding::SUM_WRONG, format!("{} for {} won", old.quantity, old.total_amount));
    }
    sums
}

pub(super) fn portone_store(old: &OldPurchase, told: &mut Told) -> String {
    let there = old.portone_store_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    there.map(str::to_owned).unwrap_or_else(|| {
        told.tell(finding::PORTONE_UNKNOWN);
        String::new()
    })
}
