//! Unpaid holds.

use chrono::{DateTime, Utc};

use super::{
    buyers::{email, portone_store, sums},
    finding::{self, Told},
    mending::made_at,
    old::OldPurchase,
    products::sale,
};
use crate::{
    orders::HOLD_LIFE,
    shared::{Email, PaymentId, ProductId, StoreId, Won},
};

/// An unpaid hold to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedHold {
    /// Id of the payment.
    pub payment_id: PaymentId,
    /// Who may pay.
    pub customer: Email,
    /// What is held.
    pub product_id: ProductId,
    /// The store that sells it.
    pub store_id: StoreId,
    /// PortOne's store that is to be asked. Empty: nobody can be.
    pub portone_store_id: String,
    /// Pieces.
    pub quantity: i32,
    /// Won a piece before the discount.
    pub price: Won,
    /// Percent.
    pub sale: i32,
    /// What PortOne must have received.
    pub total_amount: Won,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Whether its time is over: then its stock is free, and the payment is watched.
    pub is_over: bool,
}

/// What becomes of an unpaid hold. `None`: nothing is brought.
pub fn hold(old: &OldPurchase, now: DateTime<Utc>, told: &mut Told) -> Option<ImportedHold> {
    let (Some(payment_id), Some(product_id)) = (PaymentId::parse(&old.payment_id), ProductId::parse(&old.product_id)) else {
        told.tell(finding::BAD_ID);
        return None;
    };
    let Some(store_id) = old.store_id.as_deref().and_then(StoreId::parse) else {
        told.tell_of(finding::CART_OF_NOTHING, format!("{}, {} won", old.customer_id, old.total_amount));
        return None;
    };
    let (quantity, total_amount) = sums(old, told)?;
    let created_at = old.created_at.or_else(|| {
        told.tell(finding::INSTANT_MISSING);
        made_at(&old.payment_id)
    });
    let created_at = created_at.unwrap_or(now - HOLD_LIFE);
    let is_over = created_at + HOLD_LIFE <= now;
    if is_over {
        told.tell(finding::CART_ENDED);
    }
    Some(ImportedHold {
        payment_id,
        customer: email(old, told),
        product_id,
        store_id,
        portone_store_id: portone_store(old, told),
        quantity,
        price: Won(old.price),
        sale: sale(old.sale, told).get(),
        total_amount,
        created_at,
        is_over,
    })
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;
    use crate::{
        imports::model::finding::Kind,
        shared::{Clock, testing::Noon},
    };

    #[test]
    fn a_hold_ends_five_minutes_after_it_was_made() {
        for (minutes, is_over) in [(4, false), (5, true)] {
            let cart = OldPurchase { created_at: Some(Noon.now() - Duration::minutes(minutes)), ..old() };
            assert_eq!(hold(&cart, Noon.now(), &mut told()).unwrap().is_over, is_over);
        }
        let mut told = told();
        assert!(hold(&OldPurchase { store_id: None, ..old() }, Noon.now(), &mut told).is_none());
        assert_eq!(told.findings[0].reason.code, "cart_of_nothing");
    }

    fn old() -> OldPurchase {
        OldPurchase {
            payment_id: "PAY1".into(),
            customer_id: "a@b.c".into(),
            product_id: "PRD_1".into(),
            store_id: Some("STR_1".into()),
            portone_store_id: Some("store-1".into()),
            quantity: 2,
            price: 10_000,
            total_amount: 20_000,
            ..OldPurchase::default()
        }
    }

    fn told() -> Told {
        Told::of(Kind::Carts, "PAY1")
    }
}
