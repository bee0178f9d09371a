//! MongoDB: cursors, sorted where documents belong together.

use cheapbob_domain::{
    imports::{Kind, ports::OldRow},
    shared::{Error, Result},
};
use chrono::{DateTime, SecondsFormat};
use futures::TryStreamExt;
use mongodb::{
    Collection, Cursor, Database,
    bson::{Bson, Document, doc},
};
use serde_json::Value;

use crate::rows::BATCH;

const PART: &str = "the old MongoDB";
const ORDERS: &str = "order_history_items";
const STOCK: &str = "product_stock_reservations";
const WITHDRAWALS: [&str; 2] = ["customer_withdraw_reservations", "seller_withdraw_reservations"];

/// The old MongoDB.
pub(crate) struct Documents {
    database: Database,
    /// Orders that are being read, and the document that was read too far.
    orders: Option<(Cursor<Document>, Option<Document>)>,
    /// The kind of which everything is read.
    done: Option<Kind>,
}

fn failed(error: mongodb::error::Error) -> Error {
    Error::unavailable(PART, error)
}

impl Documents {
    pub(crate) fn of(database: Database) -> Self {
        Self { database, orders: None, done: None }
    }

    fn collection(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }

    /// Not of `&self`: a cursor is no thing to be shared.
    pub(crate) async fn count(&mut self, kind: Kind) -> Result<u64> {
        let mut count = 0;
        for name in collections(kind) {
            count += self.collection(name).estimated_document_count().await.map_err(failed)?;
        }
        Ok(count)
    }

    pub(crate) async fn next(&mut self, kind: Kind) -> Result<Vec<OldRow>> {
        if self.done.take_if(|done| *done == kind).is_some() {
            return Ok(Vec::new());
        }
        if kind == Kind::Archive {
            return self.next_orders().await;
        }
        // What waits for one night: few.
        let mut rows = Vec::new();
        for name in collections(kind) {
            let documents: Vec<_> = self.collection(name).find(doc! {}).await.map_err(failed)?.try_collect().await.map_err(failed)?;
            rows.extend(documents.into_iter().map(|document| row(key(kind, &document), json(document.into()))));
        }
        self.done = Some(kind).filter(|_| !rows.is_empty());
        Ok(rows)
    }

    /// Documents of one payment are one row: an array.
    async fn next_orders(&mut self) -> Result<Vec<OldRow>> {
        let (mut cursor, mut ahead) = match self.orders.take() {
            Some(open) => open,
            None => {
                let orders = self.collection(ORDERS);
                let sorted = orders.find(doc! {}).sort(doc! { "payment_id": 1 }).allow_disk_use(true).batch_size(1_000);
                (sorted.await.map_err(failed)?, None)
            }
        };
        let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
        while let Some(document) = match ahead.take() {
            Some(document) => Some(document),
            None => cursor.try_next().await.map_err(failed)?,
        } {
            let key = key(Kind::Archive, &document);
            let full = groups.len() == BATCH;
            match groups.last_mut() {
                Some((last, documents)) if *last == key => documents.push(json(document.into())),
                _ if full => {
                    ahead = Some(document);
                    break;
                }
                _ => groups.push((key, vec![json(document.into())])),
            }
        }
        if ahead.is_some() {
            self.orders = Some((cursor, ahead));
        } else {
            self.done = Some(Kind::Archive).filter(|_| !groups.is_empty());
        }
        Ok(groups.into_iter().map(|(key, documents)| row(key, Value::Array(documents))).collect())
    }
}

fn collections(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Archive => &[ORDERS],
        Kind::StockReservations => &[STOCK],
        Kind::Withdrawals => &WITHDRAWALS,
        Kind::Accounts | Kind::Stores | Kind::Favorites | Kind::Products | Kind::Orders | Kind::Carts => &[],
    }
}

/// What was brought of a document is compared with what is here: it needs no fingerprint.
fn row(key: String, row: Value) -> OldRow {
    OldRow { key, fingerprint: String::new(), row }
}

/// What a document is told by; one without it by its own id, so that no two are taken for one.
fn key(kind: Kind, document: &Document) -> String {
    let names: &[_] = match kind {
        Kind::Withdrawals => &["customer_email", "seller_email"],
        Kind::StockReservations => &["product_id"],
        _ => &["payment_id"],
    };
    let named = names.iter().find_map(|name| document.get_str(name).ok());
    let named = named.map(str::to_owned).unwrap_or_else(|| document.get("_id").map(ToString::to_string).unwrap_or_default());
    named.replace('\0', "")
}

/// As the rows of PostgreSQL are: instants as text, numbers as numbers, other things by their own JSON.
fn json(value: Bson) -> Value {
    match value {
        Bson::DateTime(at) => DateTime::from_timestamp_millis(at.timestamp_millis())
            .map_or(Value::Null, |at| at.to_rfc3339_opts(SecondsFormat::Millis, true).into()),
        Bson::Int32(n) => n.into(),
        Bson::Int64(n) => n.into(),
        // Python's driver writes whole numbers as integers; a shell writes them as this.
        Bson::Double(n) if n.fract() == 0.0 && n.abs() < 9e15 => (n as i64).into(),
        Bson::Document(document) => document.into_iter().map(|(name, value)| (name, json(value))).collect(),
        Bson::Array(values) => values.into_iter().map(json).collect(),
        Bson::Null => Value::Null,
        // PostgreSQL's text has no U+0000, which shows nothing.
        Bson::String(text) => text.replace('\0', "").into(),
        Bson::Boolean(is_so) => is_so.into(),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson;

    use super::*;

    #[test]
    fn documents_become_rows() {
        let document = doc! { "quantity": 2_i64, "price": 3.0, "sale": Bson::Null, "at": bson::DateTime::from_millis(1_727_000_000_123), "name": "만\0두" };
        let expected = serde_json::json!({ "quantity": 2, "price": 3, "sale": null, "at": "2024-09-22T10:13:20.123Z", "name": "만두" });
        assert_eq!(json(document.into()), expected);
    }
}
