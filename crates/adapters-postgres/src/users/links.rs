//! The tokens that will cut links, sealed.

use async_trait::async_trait;
use cheapbob_domain::{
    shared::Result,
    users::{Provider, ports::LinkTokens},
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use secrecy::SecretString;

use crate::{
    database::{Postgres, failed},
    schema::link_tokens,
};

fn link(provider: Provider, user_id: &str) -> String {
    format!("{}/{user_id}", provider.as_str())
}

/// Where a token is sealed for: it opens nowhere else.
pub(crate) fn place(link: &str) -> String {
    format!("link_tokens.token/{link}")
}

#[async_trait]
impl LinkTokens for Postgres {
    async fn keep(&self, provider: Provider, user_id: &str, token: &SecretString, at: DateTime<Utc>) -> Result<()> {
        let link = link(provider, user_id);
        let sealed = self.keys.seal(&place(&link), token)?;
        let row = (link_tokens::token.eq(sealed), link_tokens::stored_at.eq(at));
        let mut connection = self.connection().await?;
        diesel::insert_into(link_tokens::table)
            .values((link_tokens::link.eq(link), row.clone()))
            .on_conflict(link_tokens::link)
            .do_update()
            .set(row)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn token(&self, provider: Provider, user_id: &str) -> Result<Option<SecretString>> {
        let link = link(provider, user_id);
        let mut connection = self.connection().await?;
        let sealed: Option<String> =
            link_tokens::table.find(&link).select(link_tokens::token).first(&mut connection).await.optional().map_err(failed)?;
        sealed.map(|sealed| self.keys.open(&place(&link), &sealed)).transpose()
    }

    async fn forget(&self, provider: Provider, user_id: &str) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::delete(link_tokens::table.find(link(provider, user_id))).execute(&mut connection).await.map_err(failed)?;
        Ok(())
    }
}
