//! Who the operators are.

use async_trait::async_trait;
use cheapbob_domain::{
    operators::{Operator, OperatorRole, ports::Operators},
    shared::{Email, Error, Result},
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, bad_row, failed},
    schema::operators,
};

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = operators, check_for_backend(diesel::pg::Pg))]
pub(super) struct OperatorRow {
    email: String,
    role: String,
    invited_by: Option<String>,
    by_setting: bool,
    created_at: DateTime<Utc>,
    enrolled: bool,
}

impl TryFrom<OperatorRow> for Operator {
    type Error = Error;

    fn try_from(row: OperatorRow) -> Result<Self> {
        Ok(Self {
            email: Email::trusted(row.email),
            role: OperatorRole::parse(&row.role).ok_or_else(|| bad_row("operators.role"))?,
            invited_by: row.invited_by.map(Email::trusted),
            by_setting: row.by_setting,
            created_at: row.created_at,
            is_enrolled: row.enrolled,
        })
    }
}

#[async_trait]
impl Operators for Postgres {
    async fn find(&self, email: &Email) -> Result<Option<Operator>> {
        let mut connection = self.connection().await?;
        let row = operators::table.find(email.as_str()).select(OperatorRow::as_select()).first(&mut connection).await;
        row.optional().map_err(failed)?.map(Operator::try_from).transpose()
    }

    async fn list(&self) -> Result<Vec<Operator>> {
        let mut connection = self.connection().await?;
        let rows = operators::table.order(operators::email).select(OperatorRow::as_select()).load(&mut connection).await.map_err(failed)?;
        rows.into_iter().map(Operator::try_from).collect()
    }

    async fn put(&self, email: &Email, role: OperatorRole, invited_by: Option<Email>, by_setting: bool, at: DateTime<Utc>) -> Result<()> {
        let is = (
            operators::role.eq(role.as_str()),
            operators::invited_by.eq(invited_by.as_ref().map(Email::as_str)),
            operators::by_setting.eq(by_setting),
        );
        let mut connection = self.connection().await?;
        diesel::insert_into(operators::table)
            .values((operators::email.eq(email.as_str()), operators::created_at.eq(at), is))
            .on_conflict(operators::email)
            .do_update()
            .set(is)
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn remove(&self, email: &Email) -> Result<bool> {
        let mut connection = self.connection().await?;
        Ok(diesel::delete(operators::table.find(email.as_str())).execute(&mut connection).await.map_err(failed)? == 1)
    }
}
