//! Payment accounts, their secrets sealed.

use cheapbob_domain::{
    shared::{Result, StoreId},
    stores::{PaymentChange, PortOneAccount, PortOneIds},
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use secrecy::SecretString;

use crate::{
    database::{Postgres, failed},
    schema::store_payments,
};

/// Where a secret is sealed for: it opens nowhere else. Both webhook secrets are of one place, since one becomes the other.
pub(crate) fn api_place(store: &str) -> String {
    format!("store_payments.portone_secret/{store}")
}

pub(crate) fn webhook_place(store: &str) -> String {
    format!("store_payments.webhook_secret/{store}")
}

#[derive(AsChangeset, Default)]
#[diesel(table_name = store_payments)]
struct Changes<'a> {
    portone_store_id: Option<&'a str>,
    portone_channel_id: Option<&'a str>,
    portone_secret: Option<String>,
}

impl Postgres {
    pub(super) async fn set_account(
        &self,
        store: &StoreId,
        account: &PortOneAccount,
        webhook_secret: Option<&SecretString>,
        at: DateTime<Utc>,
    ) -> Result<bool> {
        let secret = self.keys.seal(&api_place(store.as_str()), &account.secret)?;
        let webhook_secret = webhook_secret.map(|s| self.keys.seal(&webhook_place(store.as_str()), s)).transpose()?;
        let mut connection = self.connection().await?;
        let rows = diesel::insert_into(store_payments::table)
            .values((
                store_payments::store_id.eq(store.as_str()),
                store_payments::portone_store_id.eq(&account.ids.store_id),
                store_payments::portone_channel_id.eq(&account.ids.channel_id),
                store_payments::portone_secret.eq(secret),
                store_payments::webhook_secret.eq(webhook_secret),
                store_payments::updated_at.eq(at),
            ))
            .on_conflict_do_nothing()
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows == 1)
    }

    pub(super) async fn account(&self, store: &StoreId) -> Result<Option<PortOneAccount>> {
        let mut connection = self.connection().await?;
        let row: Option<(String, String, String)> = store_payments::table
            .find(store.as_str())
            .select((store_payments::portone_store_id, store_payments::portone_channel_id, store_payments::portone_secret))
            .first(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        row.map(|(store_id, channel_id, sealed)| {
            let secret = self.keys.open(&api_place(store.as_str()), &sealed)?;
            Ok(PortOneAccount { ids: PortOneIds { store_id, channel_id }, secret })
        })
        .transpose()
    }

    pub(super) async fn change_account(&self, store: &StoreId, change: &PaymentChange, at: DateTime<Utc>) -> Result<bool> {
        let webhook_secrets = match &change.webhook_secret {
            Some(new) => self.next_webhook_secrets(store, new).await?,
            None => None,
        };
        let changes = Changes {
            portone_store_id: change.ids.as_ref().map(|ids| ids.store_id.as_str()),
            portone_channel_id: change.ids.as_ref().map(|ids| ids.channel_id.as_str()),
            portone_secret: change.secret.as_ref().map(|s| self.keys.seal(&api_place(store.as_str()), s)).transpose()?,
        };
        let mut connection = self.connection().await?;
        let row = diesel::update(store_payments::table.find(store.as_str()));
        let at = store_payments::updated_at.eq(at);
        let rows = match webhook_secrets {
            Some((new, previous)) => {
                let secrets = (store_payments::webhook_secret.eq(new), store_payments::previous_webhook_secret.eq(previous));
                row.set((changes, secrets, at)).execute(&mut connection).await
            }
            None => row.set((changes, at)).execute(&mut connection).await,
        };
        Ok(rows.map_err(failed)? == 1)
    }

    /// The new secret sealed, and the one that stays beside it. `None`: the current one is named again.
    async fn next_webhook_secrets(&self, store: &StoreId, new: &SecretString) -> Result<Option<(String, Option<String>)>> {
        use secrecy::ExposeSecret;
        let mut connection = self.connection().await?;
        let current: Option<Option<String>> = store_payments::table
            .find(store.as_str())
            .select(store_payments::webhook_secret)
            .first(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        let (place, current) = (webhook_place(store.as_str()), current.flatten());
        if let Some(current) = &current
            && self.keys.open(&place, current)?.expose_secret() == new.expose_secret()
        {
            return Ok(None);
        }
        Ok(Some((self.keys.seal(&place, new)?, current)))
    }

    pub(super) async fn account_webhook_secrets(&self, store: &StoreId) -> Result<Vec<SecretString>> {
        let mut connection = self.connection().await?;
        let row: Option<(Option<String>, Option<String>)> = store_payments::table
            .find(store.as_str())
            .select((store_payments::webhook_secret, store_payments::previous_webhook_secret))
            .first(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        let place = webhook_place(store.as_str());
        let sealed = row.into_iter().flat_map(|(new, previous)| [new, previous]).flatten();
        sealed.map(|sealed| self.keys.open(&place, &sealed)).collect()
    }
}
