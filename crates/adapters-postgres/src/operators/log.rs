//! What operators looked at and did.

use async_trait::async_trait;
use cheapbob_domain::{
    operators::{OperatorLogEntry, ports::OperatorLog},
    shared::{Email, Result},
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, failed},
    schema::operator_log as log,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = log, check_for_backend(diesel::pg::Pg))]
struct Row {
    at: DateTime<Utc>,
    operator: Option<String>,
    event: String,
    about: Option<String>,
    detail: Option<String>,
    reason: Option<String>,
    form: Option<String>,
    outcome: Option<String>,
    request_id: Option<String>,
}

impl From<Row> for OperatorLogEntry {
    fn from(Row { at, operator, event, about, detail, reason, form, outcome, request_id }: Row) -> Self {
        Self { at, operator: operator.map(Email::trusted), event, about, detail, reason, form, outcome, request_id }
    }
}

#[async_trait]
impl OperatorLog for Postgres {
    async fn write(&self, entry: &OperatorLogEntry) -> Result<bool> {
        let mut connection = self.connection().await?;
        let rows = diesel::insert_into(log::table)
            .values((
                log::at.eq(entry.at),
                log::operator.eq(entry.operator.as_ref().map(Email::as_str)),
                log::event.eq(&entry.event),
                log::about.eq(entry.about.as_deref()),
                log::detail.eq(entry.detail.as_deref()),
                log::reason.eq(entry.reason.as_deref()),
                log::form.eq(entry.form.as_deref()),
                log::outcome.eq(entry.outcome.as_deref()),
                log::request_id.eq(entry.request_id.as_deref()),
            ))
            .on_conflict_do_nothing()
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows == 1)
    }

    async fn outcome(&self, form: &str) -> Result<Option<String>> {
        let mut connection = self.connection().await?;
        let of_form = log::table.filter(log::form.eq(form).and(log::outcome.is_not_null())).order(log::id.desc());
        let outcome: Option<Option<String>> = of_form.select(log::outcome).first(&mut connection).await.optional().map_err(failed)?;
        Ok(outcome.flatten())
    }

    async fn newest(&self, about: Option<String>, limit: i64) -> Result<Vec<OperatorLogEntry>> {
        let mut connection = self.connection().await?;
        let newest = log::table.order(log::id.desc()).limit(limit).select(Row::as_select());
        let rows: QueryResult<Vec<Row>> = match about {
            Some(about) => newest.filter(log::about.eq(about)).load(&mut connection).await,
            None => newest.load(&mut connection).await,
        };
        Ok(rows.map_err(failed)?.into_iter().map(OperatorLogEntry::from).collect())
    }
}
