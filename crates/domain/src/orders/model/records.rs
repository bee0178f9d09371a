//! What is kept of a payment, as it goes to the archive and comes back.

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use crate::shared::{Email, Error, PaymentId, Result};

/// No payment younger than this is ever in the archive, whatever the setting.
pub const LEAST_KEPT: Duration = Duration::days(7);

/// All that is kept of a payment: its hold, its refund, its entries in the audit log. No rule reads them as they are here; who has
/// a question brings them back first.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentRecords {
    /// The payment.
    pub payment_id: PaymentId,
    /// When its hold was made.
    pub begun_at: DateTime<Utc>,
    /// `{hold: {…}, refund: {…} or null, audit_log: [{…}]}`, column by column.
    pub rows: Value,
}

impl PaymentRecords {
    /// Of these rows.
    ///
    /// # Errors
    /// Internal, where they are none of a payment.
    pub fn of(rows: Value) -> Result<Self> {
        let text =
            |name: &str| rows["hold"][name].as_str().ok_or_else(|| Error::internal(format!("records of a payment without hold.{name}")));
        let payment_id = PaymentId::trusted(text("payment_id")?.to_owned());
        let begun_at = text("created_at")?.parse().map_err(Error::internal)?;
        Ok(Self { payment_id, begun_at, rows })
    }

    /// The people in them, by e-mail, each once: who bought, and who did something to it.
    pub fn people(&self) -> Vec<String> {
        let by = self.rows["audit_log"].as_array().into_iter().flatten();
        let actors = by.filter(|entry| matches!(entry["actor_role"].as_str(), Some("customer" | "seller"))).map(|entry| &entry["actor"]);
        let people = std::iter::once(&self.rows["hold"]["customer_email"]).chain(actors);
        let mut people: Vec<_> = people.filter_map(Value::as_str).map(str::to_owned).collect();
        people.sort();
        people.dedup();
        people
    }

    /// The same with `pseudonym` wherever this person stands.
    #[must_use]
    pub fn without(mut self, person: &Email, pseudonym: &Email) -> Self {
        let replace = |place: Option<&mut Value>| {
            if let Some(place) = place.filter(|place| place.as_str() == Some(person.as_str())) {
                *place = Value::from(pseudonym.as_str());
            }
        };
        replace(self.rows.pointer_mut("/hold/customer_email"));
        for entry in self.rows["audit_log"].as_array_mut().into_iter().flatten() {
            replace(entry.get_mut("actor"));
        }
        self
    }
}

/// Whether a payment of this id may be in the archive at `now`, as far as the id tells its time. Ids of another kind may.
pub(in crate::orders) fn may_be_past(payment: &PaymentId, now: DateTime<Utc>) -> bool {
    made_at(payment).is_none_or(|made_at| made_at < now - LEAST_KEPT)
}

/// The time in a ULID: its first ten characters, milliseconds in Crockford's base 32.
fn made_at(payment: &PaymentId) -> Option<DateTime<Utc>> {
    const DIGITS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let ulid = payment.as_str().strip_prefix("PAY").filter(|ulid| ulid.len() == 26)?;
    let millis = ulid.get(..10)?.chars().try_fold(0_i64, |sum, digit| Some(sum * 32 + i64::try_from(DIGITS.find(digit)?).ok()?))?;
    DateTime::from_timestamp_millis(millis)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shared::testing::{at, email};

    #[test]
    fn ids_tell_their_time() {
        let of = |text: &str| made_at(&PaymentId::parse(text).unwrap());
        // The example of ULID's own description.
        assert_eq!(of("PAY01ARYZ6S41TSV4RRFFQ69G5FAV"), DateTime::from_timestamp_millis(1_469_918_176_385));
        for other in ["PAY1", "PAY01aryz6s41tsv4rrffq69g5fav", "PAY01ARYZ6S41TSV4RRFFQ69G5FAVX"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn what_may_be_in_the_archive_is_older_than_a_week_or_of_another_kind() {
        let ours = PaymentId::parse("PAY01ARYZ6S41TSV4RRFFQ69G5FAV").unwrap();
        assert!(!may_be_past(&ours, at("2016-08-06T07:00:00+09:00")));
        assert!(may_be_past(&ours, at("2016-08-07T07:40:00+09:00")));
        assert!(may_be_past(&PaymentId::parse("PAY1").unwrap(), at("2016-08-06T07:00:00+09:00")));
    }

    #[test]
    fn a_person_is_replaced_wherever_they_stand() {
        let rows = |customer: &str, seller: &str| {
            json!({
                "hold": { "payment_id": "PAY1", "created_at": "2026-11-24T03:00:00+00:00", "customer_email": customer },
                "refund": null,
                "audit_log": [
                    { "actor_role": "customer", "actor": customer },
                    { "actor_role": "seller", "actor": seller },
                    { "actor_role": "job", "actor": "reconcile" },
                    { "actor_role": "webhook", "actor": null },
                ],
            })
        };
        let records = PaymentRecords::of(rows("c@b", "s@b")).unwrap();
        assert_eq!((records.payment_id.as_str(), records.begun_at), ("PAY1", at("2026-11-24T12:00:00+09:00")));
        assert_eq!(records.people(), ["c@b", "s@b"]);
        assert_eq!(records.clone().without(&email("c@b"), &email("p@w")).rows, rows("p@w", "s@b"));
        assert_eq!(records.without(&email("s@b"), &email("p@w")).rows, rows("c@b", "p@w"));
        assert!(PaymentRecords::of(json!({})).is_err());
    }
}
