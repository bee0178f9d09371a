//! The fake of MongoDB: settled payments of the past.

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{PaymentRecords, ports::PaymentArchive},
    shared::{Email, PaymentId, Result},
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::database::{Embedded, failed};

diesel::table! {
    embedded.payment_archive (payment_id) {
        payment_id -> Text,
        people -> Array<Text>,
        begun_at -> Timestamptz,
        rows -> Jsonb,
    }
}

#[diesel::dsl::auto_type]
fn exactly<'a>(records: &'a PaymentRecords) -> _ {
    let payment: &'a str = records.payment_id.as_str();
    let rows: &'a Value = &records.rows;
    payment_archive::table.filter(payment_archive::payment_id.eq(payment).and(payment_archive::rows.eq(rows)))
}

#[async_trait]
impl PaymentArchive for Embedded {
    async fn put(&self, records: &[PaymentRecords]) -> Result<()> {
        let mut connection = self.connection().await?;
        let rows: Vec<_> = records
            .iter()
            .map(|records| {
                (
                    payment_archive::payment_id.eq(records.payment_id.as_str()),
                    payment_archive::people.eq(records.people()),
                    payment_archive::begun_at.eq(records.begun_at),
                    payment_archive::rows.eq(&records.rows),
                )
            })
            .collect();
        diesel::insert_into(payment_archive::table)
            .values(&rows)
            .on_conflict_do_nothing()
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn remove(&self, records: &[PaymentRecords]) -> Result<()> {
        let mut connection = self.connection().await?;
        for records in records {
            diesel::delete(exactly(records)).execute(&mut connection).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn find_all(&self, payments: &[PaymentId]) -> Result<Vec<PaymentRecords>> {
        let mut connection = self.connection().await?;
        let these = payment_archive::table.filter(payment_archive::payment_id.eq_any(payments.iter().map(PaymentId::as_str)));
        let rows: Vec<Value> = these.select(payment_archive::rows).load(&mut connection).await.map_err(failed)?;
        rows.into_iter().map(PaymentRecords::of).collect()
    }

    async fn of_person(&self, person: &Email) -> Result<Vec<PaymentRecords>> {
        let mut connection = self.connection().await?;
        let theirs = payment_archive::table.filter(payment_archive::people.contains(vec![person.as_str()]));
        let rows: Vec<Value> = theirs.select(payment_archive::rows).load(&mut connection).await.map_err(failed)?;
        rows.into_iter().map(PaymentRecords::of).collect()
    }

    async fn pseudonymize(&self, person: &Email, pseudonym: &Email, before: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let theirs = payment_archive::table
            .filter(payment_archive::people.contains(vec![person.as_str()]).and(payment_archive::begun_at.lt(before)))
            .select(payment_archive::rows);
        let rows: Vec<Value> = theirs.load(&mut connection).await.map_err(failed)?;
        for rows in rows {
            let records = PaymentRecords::of(rows)?;
            let nobody = records.clone().without(person, pseudonym);
            diesel::update(exactly(&records))
                .set((payment_archive::people.eq(nobody.people()), payment_archive::rows.eq(&nobody.rows)))
                .execute(&mut connection)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}
