//! Orders, and orders of the past.

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::{Value, json};

use super::{
    buyers::{email, portone_store, sums},
    finding::{self, Told},
    mending::{NO_NAME, made_at, number},
    old::OldPurchase,
    products::sale,
};
use crate::{
    orders::{HOLD_LIFE, Order, OrderStatus, PaymentRecords, Preferences, RefundReason},
    shared::{PaymentId, ProductId, Result, StoreId, Won, kst, text::normal},
    users::PreferenceKind,
};

/// An order to be written, with the hold that it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedOrder {
    /// The order as it stands.
    pub order: Order,
    /// PortOne's store that has the money. Empty: nobody knows.
    pub portone_store_id: String,
}

impl ImportedOrder {
    /// When its hold was made: its id says so.
    pub fn begun_at(&self) -> DateTime<Utc> {
        made_at(self.order.payment_id.as_str()).unwrap_or(self.order.reservation_at)
    }

    /// Why the money of a canceled order went back, as far as the old rows tell: only a store cancels what it has accepted.
    pub fn refund_reason(&self) -> Option<RefundReason> {
        let by = if self.order.accepted_at.is_some() { RefundReason::CanceledByStore } else { RefundReason::CanceledByCustomer };
        Some(by).filter(|_| self.order.status == OrderStatus::Cancel)
    }

    /// Its records, as the archive keeps those of our own: so reconciliation, webhooks and refunds find it.
    ///
    /// # Errors
    /// Never: the records are whole.
    pub fn records(&self) -> Result<PaymentRecords> {
        let Self { order, portone_store_id } = self;
        let begun_at = self.begun_at();
        let refund = self.refund_reason().map(|reason| {
            json!({
                "payment_id": order.payment_id, "store_id": order.store_id, "reason": reason.as_str(), "state": "succeeded", "attempts": 0,
                "key_generation": 1, "requested_at": order.canceled_at.map(instant), "next_attempt_at": null, "last_answer": null,
                "amount": order.total_amount, "claimed": false,
            })
        });
        PaymentRecords::of(json!({
            "hold": {
                "payment_id": order.payment_id, "customer_email": order.customer, "product_id": order.product_id, "store_id": order.store_id,
                "quantity": order.quantity, "price": order.price, "sale": order.sale, "total_amount": order.total_amount,
                "portone_store_id": portone_store_id, "business_day": order.business_day, "created_at": instant(begun_at),
                "expires_at": instant(begun_at + HOLD_LIFE), "state": "ordered", "ended_because": null, "ended_at": instant(order.reservation_at),
                "next_look_at": null, "request_id": null, "seen_prices": null, "replaced_by": null,
            },
            "refund": refund,
            "audit_log": [],
        }))
    }
}

/// What becomes of an order that the nightly move has not reached.
pub fn current(old: &OldPurchase, now: DateTime<Utc>, told: &mut Told) -> Option<ImportedOrder> {
    sums(old, told)?;
    if old.store_id.as_deref().and_then(StoreId::parse).is_none() {
        told.tell_of(finding::PRODUCT_GONE, format!("{}, {} won", old.customer_id, old.total_amount));
    } else if !old.customer_here {
        told.tell_of(finding::BUYER_UNKNOWN, old.customer_id.as_str());
    }
    let order = order(old, now, told)?;
    let portone_store_id = if old.store_id.is_some() { portone_store(old, told) } else { String::new() };
    Some(ImportedOrder { order, portone_store_id })
}

/// What becomes of the documents of one order of the past: the one with the later event.
pub fn archived(all: &[OldPurchase], now: DateTime<Utc>, told: &mut Told) -> Option<Order> {
    let old = all.iter().max_by_key(|old| (old.latest_event(), OrderStatus::parse(&old.status).map(rank)))?;
    if all.len() > 1 {
        told.tell_of(finding::ARCHIVED_TWICE, all.iter().map(|old| old.status.as_str()).collect::<Vec<_>>().join(", "));
    }
    let order = order(old, now, told)?;
    if matches!(order.status, OrderStatus::Reservation | OrderStatus::Accept) {
        told.tell_of(finding::ARCHIVED_OPEN, order.status.as_str());
    }
    Some(order)
}

/// How far an order has come: its latest event, and where instants are missing its state.
pub fn how_far(order: &Order) -> (DateTime<Utc>, u8) {
    (order.latest_event(), rank(order.status))
}

fn rank(status: OrderStatus) -> u8 {
    match status {
        OrderStatus::Reservation => 0,
        OrderStatus::Accept => 1,
        OrderStatus::Complete => 2,
        OrderStatus::Cancel => 3,
    }
}

fn order(old: &OldPurchase, now: DateTime<Utc>, told: &mut Told) -> Option<Order> {
    let (Some(payment_id), Some(product_id)) = (PaymentId::parse(&old.payment_id), ProductId::parse(&old.product_id)) else {
        told.tell(finding::BAD_ID);
        return None;
    };
    // In milliseconds: MongoDB, to which every order goes in the end, has no finer.
    let [reserved, accepted, completed, canceled] = [old.reservation_at, old.accepted_at, old.completed_at, old.canceled_at]
        .map(|instant| instant.map(|instant| instant.trunc_subsecs(3)));
    let instants = [accepted, completed, canceled];
    let status = status(old, told);
    let reservation_at = reserved.unwrap_or_else(|| {
        told.tell_of(finding::INSTANT_MISSING, "reservation_at");
        made_at(&old.payment_id).or_else(|| instants.into_iter().flatten().min()).unwrap_or(now).trunc_subsecs(3)
    });
    let latest = instants.into_iter().flatten().fold(reservation_at, DateTime::max);
    let mut instant = |name: &str, there: Option<DateTime<Utc>>, needed: bool| {
        if needed && there.is_none() {
            told.tell_of(finding::INSTANT_MISSING, name);
        }
        there.or(Some(latest).filter(|_| needed))
    };
    let accepted_at = instant("accepted_at", accepted, status == OrderStatus::Accept);
    let completed_at = instant("completed_at", completed, status == OrderStatus::Complete);
    let canceled_at = instant("canceled_at", canceled, status == OrderStatus::Cancel);
    let or_no_name = |name: &Option<String>| name.clone().filter(|name| !name.trim().is_empty()).unwrap_or_else(|| NO_NAME.to_owned());
    Some(Order {
        customer: email(old, told),
        customer_nickname: old.customer_nickname.clone().unwrap_or_default(),
        customer_phone_number: old.customer_phone_number.clone().unwrap_or_default(),
        product_id,
        product_name: or_no_name(&old.product_name),
        store_id: old.store_id.as_deref().and_then(StoreId::parse).unwrap_or_else(|| StoreId::trusted("STR_unknown".to_owned())),
        store_name: or_no_name(&old.store_name),
        quantity: number(old.quantity),
        price: Won(old.price),
        sale: sale(old.sale, told),
        total_amount: Won(old.total_amount),
        status,
        business_day: kst::business_day(reservation_at),
        reservation_at,
        accepted_at,
        completed_at,
        canceled_at,
        cancel_reason: old.cancel_reason.as_deref().map(normal),
        preferences: preferences(old, told),
        payment_id,
    })
}

fn status(old: &OldPurchase, told: &mut Told) -> OrderStatus {
    OrderStatus::parse(&old.status).unwrap_or_else(|| {
        told.tell_of(finding::UNKNOWN_STATUS, old.status.as_str());
        match (old.canceled_at, old.completed_at, old.accepted_at) {
            (Some(_), ..) => OrderStatus::Cancel,
            (_, Some(_), _) => OrderStatus::Complete,
            (_, _, Some(_)) => OrderStatus::Accept,
            _ => OrderStatus::Reservation,
        }
    })
}

/// Words of the time of the purchase: what nobody knows today stays, an allergy above all.
fn preferences(old: &OldPurchase, told: &mut Told) -> Preferences {
    let mut words = |kind: PreferenceKind, joined: &Option<String>| {
        let words: Vec<_> =
            joined.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        for word in words.iter().filter(|word| kind.word(word).is_err()) {
            told.tell_of(finding::ORDER_WORD_UNKNOWN, word.as_str());
        }
        Some(words).filter(|words| !words.is_empty())
    };
    Preferences {
        preferred_menus: words(PreferenceKind::PreferredMenu, &old.preferred_menus),
        nutrition_types: words(PreferenceKind::NutritionType, &old.nutrition_types),
        allergies: words(PreferenceKind::Allergy, &old.allergies),
        topping_types: words(PreferenceKind::ToppingType, &old.topping_types),
    }
}

/// As PostgreSQL writes it into JSON, so that records that come back are the same.
fn instant(at: DateTime<Utc>) -> Value {
    let text = at.format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    Value::from(format!("{}+00:00", text.trim_end_matches('0').trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;
    use crate::{
        imports::model::finding::Kind,
        shared::{Clock, testing::Noon},
    };

    fn old(status: &str) -> OldPurchase {
        OldPurchase {
            payment_id: "PAY1".into(),
            customer_id: "A@b.c".into(),
            customer_here: true,
            product_id: "PRD_1".into(),
            store_id: Some("STR_1".into()),
            portone_store_id: Some("store-1".into()),
            quantity: 2,
            price: 10_000,
            sale: Some(30),
            total_amount: 14_000,
            status: status.into(),
            reservation_at: Some(Noon.now()),
            ..OldPurchase::default()
        }
    }

    fn codes(told: &Told) -> Vec<&'static str> {
        told.findings.iter().map(|finding| finding.reason.code).collect()
    }

    fn told() -> Told {
        Told::of(Kind::Orders, "PAY1")
    }

    #[test]
    fn an_order_goes_on_without_its_instant_and_has_no_microseconds() {
        let order = |old: &OldPurchase| current(old, Noon.now(), &mut told()).unwrap().order;
        let states = ["reservation", "accept", "complete", "cancel"].map(|status| how_far(&order(&old(status))));
        assert!(states.is_sorted_by(|before, after| before < after), "{states:?}");
        let fine = Some(Noon.now() + Duration::microseconds(999));
        assert_eq!(order(&OldPurchase { reservation_at: fine, ..old("reservation") }), order(&old("reservation")));
    }

    #[test]
    fn an_instant_that_is_missing_is_the_nearest_known() {
        let mut told = told();
        let completed = Some(Noon.now() + Duration::hours(1));
        let order =
            current(&OldPurchase { reservation_at: None, completed_at: completed, ..old("complete") }, Noon.now(), &mut told).unwrap();
        assert_eq!((Some(order.order.reservation_at), codes(&told)), (completed, vec!["instant_missing"]));
        assert_eq!(order.order.customer.as_str(), "a@b.c");
        let mut told = self::told();
        let order = current(&old("cancel"), Noon.now(), &mut told).unwrap();
        assert_eq!((order.order.canceled_at, codes(&told)), (Some(Noon.now()), vec!["instant_missing"]));
    }

    #[test]
    fn what_cannot_be_summed_or_belongs_to_nothing_is_told() {
        for (old, code, there) in [
            (OldPurchase { quantity: 0, ..old("reservation") }, "sum_wrong", false),
            (OldPurchase { store_id: None, ..old("reservation") }, "product_gone", true),
            (OldPurchase { customer_here: false, ..old("reservation") }, "buyer_unknown", true),
            (OldPurchase { portone_store_id: None, ..old("reservation") }, "portone_unknown", true),
            (OldPurchase { preferred_menus: Some("salad, pizza".into()), ..old("reservation") }, "order_word_unknown", true),
            (OldPurchase { completed_at: Some(Noon.now()), ..old("no_show") }, "unknown_status", true),
        ] {
            let mut told = told();
            assert_eq!((current(&old, Noon.now(), &mut told).is_some(), codes(&told)), (there, vec![code]));
        }
    }

    #[test]
    fn of_two_in_the_archive_the_later_event_counts() {
        let complete = OldPurchase { completed_at: Some(Noon.now() + Duration::hours(1)), ..old("complete") };
        let mut told = told();
        let order = archived(&[complete, old("accept")], Noon.now(), &mut told).unwrap();
        assert_eq!((order.status, codes(&told)), (OrderStatus::Complete, vec!["archived_twice"]));
    }

    #[test]
    fn instants_are_written_as_postgresql_writes_them() {
        for text in ["2026-11-24T03:00:00+00:00", "2026-11-24T03:00:00.5+00:00", "2026-11-24T03:00:00.123456+00:00"] {
            assert_eq!(instant(text.parse().unwrap()), text);
        }
    }
}
