//! Second factors: secrets sealed, recovery codes as hashes.

use async_trait::async_trait;
use cheapbob_domain::{
    operators::ports::SecondFactors,
    shared::{Email, Result},
};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use secrecy::SecretString;

use crate::{
    database::{Postgres, failed},
    schema::operators,
    sql::prepared,
};

/// Where a secret is sealed for: it opens nowhere else.
pub(crate) fn place(email: &str) -> String {
    format!("operators.totp_secret/{email}")
}

#[async_trait]
impl SecondFactors for Postgres {
    async fn begin(&self, email: &Email, secret: &SecretString) -> Result<bool> {
        let sealed = self.keys.seal(&place(email.as_str()), secret)?;
        let mut connection = self.connection().await?;
        let rows = diesel::update(operators::table.find(email.as_str()).filter(operators::enrolled.eq(false)))
            .set(operators::totp_secret.eq(sealed))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows == 1)
    }

    async fn secret(&self, email: &Email) -> Result<Option<SecretString>> {
        let mut connection = self.connection().await?;
        let sealed: Option<Option<String>> =
            operators::table.find(email.as_str()).select(operators::totp_secret).first(&mut connection).await.optional().map_err(failed)?;
        sealed.flatten().map(|sealed| self.keys.open(&place(email.as_str()), &sealed)).transpose()
    }

    async fn enrol(&self, email: &Email, step: i64, recovery_codes: &[String]) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(include_str!("sql/enrol.sql"))
            .bind::<t::Text, _>(email.as_str())
            .bind::<t::BigInt, _>(step)
            .bind::<t::Array<t::Text>, _>(recovery_codes);
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? > 0)
    }

    async fn use_step(&self, email: &Email, step: i64) -> Result<bool> {
        let mut connection = self.connection().await?;
        let unused = operators::enrolled.and(operators::totp_step.lt(step));
        let rows = diesel::update(operators::table.find(email.as_str()).filter(unused))
            .set(operators::totp_step.eq(step))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows == 1)
    }

    async fn use_recovery_code(&self, email: &Email, hash: &str) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query("DELETE FROM operator_recovery_codes WHERE email = $1 AND hash = $2")
            .bind::<t::Text, _>(email.as_str())
            .bind::<t::Text, _>(hash);
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
    }
}
