//! The tokens that will cut links, sealed.

use async_trait::async_trait;
use cheapbob_domain::{
    shared::Result,
    users::{Provider, ports::UnlinkTokens},
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use secrecy::SecretString;

use crate::{
    database::{Postgres, failed},
    schema::unlink_tokens,
};

fn identity(provider: Provider, user_id: &str) -> String {
    format!("{}/{user_id}", provider.as_str())
}

/// Where a token is sealed for: it opens nowhere else. The table was once called `link_tokens`; what was sealed then must still open.
pub(crate) fn place(identity: &str) -> String {
    format!("link_tokens.token/{identity}")
}

#[async_trait]
impl UnlinkTokens for Postgres {
    async fn keep(&self, provider: Provider, user_id: &str, token: &SecretString, at: DateTime<Utc>) -> Result<()> {
        let identity = identity(provider, user_id);
        let sealed = self.keys.seal(&place(&identity), token)?;
        let row = (unlink_tokens::token.eq(sealed), unlink_tokens::stored_at.eq(at));
        let mut connection = self.connection().await?;
        diesel::insert_into(unlink_tokens::table)
            .values((unlink_tokens::identity.eq(identity), row.clone()))
            .on_conflict(unlink_tokens::identity)
            .do_update()
            .set(row)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn token(&self, provider: Provider, user_id: &str) -> Result<Option<SecretString>> {
        let identity = identity(provider, user_id);
        let mut connection = self.connection().await?;
        let sealed: Option<String> =
            unlink_tokens::table.find(&identity).select(unlink_tokens::token).first(&mut connection).await.optional().map_err(failed)?;
        sealed.map(|sealed| self.keys.open(&place(&identity), &sealed)).transpose()
    }

    async fn forget(&self, provider: Provider, user_id: &str) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::delete(unlink_tokens::table.find(identity(provider, user_id))).execute(&mut connection).await.map_err(failed)?;
        Ok(())
    }
}
