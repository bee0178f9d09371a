//! Disputes, with the mails and the refund that follow from them.

use async_trait::async_trait;
use cheapbob_domain::{
    disputes::{Answer, Decided, Dispute, DisputeReason, DisputedOrder, NewDispute, Reader, Side, ports::Disputes},
    orders::{Actor, RefundReason},
    shared::{Email, Error, PaymentId, Result, StoreId, Won},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, bad_row, failed},
    schema::disputes,
    sql::prepared,
};

const OPEN: &str = include_str!("sql/open.sql");
const ANSWER: &str = include_str!("sql/answer.sql");
const DECIDE: &str = include_str!("sql/decide.sql");

#[derive(Queryable, Selectable)]
#[diesel(table_name = disputes, check_for_backend(diesel::pg::Pg))]
struct DisputeRow {
    payment_id: String,
    store_id: String,
    customer_email: String,
    product_name: String,
    quantity: i32,
    total_amount: i64,
    reason: String,
    text: String,
    pictures: Vec<String>,
    opened_at: DateTime<Utc>,
    answer: Option<String>,
    answered_at: Option<DateTime<Utc>>,
    decision: Option<String>,
    decision_reason: Option<String>,
    decided_at: Option<DateTime<Utc>>,
    decided_by: Option<String>,
}

impl TryFrom<DisputeRow> for Dispute {
    type Error = Error;

    fn try_from(row: DisputeRow) -> Result<Self> {
        let decided = match (row.decision, row.decision_reason, row.decided_at) {
            (Some(decision), Some(reason), Some(at)) => {
                let decision = decision.parse().map_err(|_| bad_row("disputes.decision"))?;
                Some(Decided { decision, reason, at, by: row.decided_by })
            }
            _ => None,
        };
        Ok(Self {
            payment_id: PaymentId::trusted(row.payment_id),
            store_id: StoreId::trusted(row.store_id),
            customer: Email::trusted(row.customer_email),
            order: DisputedOrder { product_name: row.product_name, quantity: row.quantity, total_amount: Won(row.total_amount) },
            says: NewDispute {
                reason: DisputeReason::parse(&row.reason).map_err(|_| bad_row("disputes.reason"))?,
                text: row.text,
                pictures: row.pictures,
            },
            opened_at: row.opened_at,
            answer: row.answer.zip(row.answered_at).map(|(text, at)| Answer { text, at }),
            decided,
        })
    }
}

fn all(rows: Vec<DisputeRow>) -> Result<Vec<Dispute>> {
    rows.into_iter().map(Dispute::try_from).collect()
}

#[async_trait]
impl Disputes for Postgres {
    async fn open(&self, dispute: &Dispute) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(OPEN)
            .bind::<t::Text, _>(dispute.payment_id.as_str())
            .bind::<t::Text, _>(dispute.store_id.as_str())
            .bind::<t::Text, _>(dispute.customer.as_str())
            .bind::<t::Text, _>(&dispute.order.product_name)
            .bind::<t::Integer, _>(dispute.order.quantity)
            .bind::<t::BigInt, _>(dispute.order.total_amount.0)
            .bind::<t::Text, _>(dispute.says.reason.as_str())
            .bind::<t::Text, _>(&dispute.says.text)
            .bind::<t::Array<t::Text>, _>(&dispute.says.pictures)
            .bind::<t::Timestamptz, _>(dispute.opened_at);
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
    }

    async fn find(&self, payment: &PaymentId) -> Result<Option<Dispute>> {
        let mut connection = self.connection().await?;
        let row = disputes::table.find(payment.as_str()).select(DisputeRow::as_select()).first(&mut connection).await;
        row.optional().map_err(failed)?.map(Dispute::try_from).transpose()
    }

    async fn of_store<'a>(&self, store: &StoreId, before: Option<&'a PaymentId>, limit: i64) -> Result<Vec<Dispute>> {
        let mut connection = self.connection().await?;
        let mut query = disputes::table.filter(disputes::store_id.eq(store.as_str())).select(DisputeRow::as_select()).into_boxed();
        if let Some(before) = before {
            query = query.filter(disputes::payment_id.lt(before.as_str()));
        }
        all(query.order(disputes::payment_id.desc()).limit(limit).load(&mut connection).await.map_err(failed)?)
    }

    async fn answer(&self, payment: &PaymentId, answer: &Answer) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query =
            sql_query(ANSWER).bind::<t::Text, _>(payment.as_str()).bind::<t::Text, _>(&answer.text).bind::<t::Timestamptz, _>(answer.at);
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
    }

    async fn decide(&self, payment: &PaymentId, decided: &Decided, actor: &Actor) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(DECIDE)
            .bind::<t::Text, _>(payment.as_str())
            .bind::<t::Text, _>(decided.decision.as_str())
            .bind::<t::Text, _>(&decided.reason)
            .bind::<t::Timestamptz, _>(decided.at)
            .bind::<t::Nullable<t::Text>, _>(decided.by.as_deref())
            .bind::<t::Text, _>(actor.kind.role())
            .bind::<t::Nullable<t::Text>, _>(actor.kind.id())
            .bind::<t::Nullable<t::Text>, _>(actor.request_id.as_deref())
            .bind::<t::Text, _>(RefundReason::Dispute.as_str());
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
    }

    async fn undecided(&self, opened_before: DateTime<Utc>, limit: i64) -> Result<Vec<Dispute>> {
        let mut connection = self.connection().await?;
        let waits = disputes::opened_at.lt(opened_before).or(disputes::answer.is_not_null());
        let rows = disputes::table
            .filter(disputes::decision.is_null().and(waits))
            .order((disputes::opened_at, disputes::payment_id))
            .limit(limit)
            .select(DisputeRow::as_select())
            .load(&mut connection)
            .await;
        all(rows.map_err(failed)?)
    }

    async fn reader(&self, payment: &PaymentId, side: Side) -> Result<Option<Reader>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Text)]
            email: String,
            #[diesel(sql_type = t::Text)]
            name: String,
        }
        let statement = match side {
            Side::Customer => {
                "SELECT a.email, coalesce(c.nickname, '') AS name FROM disputes d JOIN accounts a ON a.email = d.customer_email
                 LEFT JOIN customers c ON c.email = a.email WHERE d.payment_id = $1"
            }
            Side::Store => {
                "SELECT s.seller_email AS email, s.name FROM disputes d JOIN stores s ON s.id = d.store_id WHERE d.payment_id = $1"
            }
        };
        let mut connection = self.connection().await?;
        let query = prepared(sql_query(statement).bind::<t::Text, _>(payment.as_str()));
        let row: Option<Row> = query.get_result(&mut connection).await.optional().map_err(failed)?;
        Ok(row.map(|row| Reader { email: Email::trusted(row.email), name: row.name }))
    }
}
