use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Result, StoreId},
    stores::{Address, CustomerStore, NewStore, PaymentChange, PortOneAccount, Store, StoreChange, ports::Stores},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};
use secrecy::SecretString;

use super::rows::{STORES, StoreRow};
use crate::{
    database::{Postgres, failed},
    schema::{operation_times, stores},
    sql::prepared,
    users::unless_taken,
};

#[derive(Insertable)]
#[diesel(table_name = stores)]
struct NewStoreRow<'a> {
    id: &'a str,
    seller_email: &'a str,
    name: &'a str,
    introduction: &'a str,
    phone: &'a str,
    #[diesel(embed)]
    address: AddressColumns<'a>,
    instagram: Option<&'a str>,
    facebook: Option<&'a str>,
    x: Option<&'a str>,
    homepage: Option<&'a str>,
    withheld: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl<'a> NewStoreRow<'a> {
    fn new(seller: &'a Email, store: &'a NewStore, withheld: bool, at: DateTime<Utc>) -> Self {
        let NewStore { id, name, introduction, phone, sns, address, week: _ } = store;
        Self {
            id: id.as_str(),
            seller_email: seller.as_str(),
            name,
            introduction,
            phone,
            address: address.into(),
            instagram: sns.instagram.as_deref(),
            facebook: sns.facebook.as_deref(),
            x: sns.x.as_deref(),
            homepage: sns.homepage.as_deref(),
            withheld,
            created_at: at,
            updated_at: at,
        }
    }
}

#[async_trait]
impl Stores for Postgres {
    async fn register(&self, seller: &Email, store: &NewStore, withheld: bool, at: DateTime<Utc>) -> Result<bool> {
        let hours: Vec<_> = store
            .week
            .days()
            .iter()
            .map(|day| {
                (
                    operation_times::store_id.eq(store.id.as_str()),
                    operation_times::day_of_week.eq(day.day_of_week),
                    operation_times::open_time.eq(day.open_time),
                    operation_times::close_time.eq(day.close_time),
                    operation_times::pickup_start_time.eq(day.pickup_start_time),
                    operation_times::pickup_end_time.eq(day.pickup_end_time),
                    operation_times::is_open_enabled.eq(day.is_open_enabled),
                    operation_times::updated_at.eq(at),
                )
            })
            .collect();
        let mut connection = self.connection().await?;
        let stored = connection
            .transaction(async |c| {
                diesel::insert_into(stores::table).values(NewStoreRow::new(seller, store, withheld, at)).execute(c).await?;
                diesel::insert_into(operation_times::table).values(&hours).execute(c).await
            })
            .await;
        unless_taken(stored)
    }

    async fn of_seller(&self, seller: &Email) -> Result<Option<Store>> {
        let mut connection = self.connection().await?;
        let query = prepared(sql_query(format!("{STORES}WHERE s.seller_email = $1")).bind::<t::Text, _>(seller.as_str()));
        let row: Option<StoreRow> = query.get_result(&mut connection).await.optional().map_err(failed)?;
        Ok(row.map(CustomerStore::try_from).transpose()?.map(|found| found.store))
    }

    async fn id_of_seller(&self, seller: &Email) -> Result<Option<StoreId>> {
        let mut connection = self.connection().await?;
        let id: Option<String> = stores::table
            .filter(stores::seller_email.eq(seller.as_str()))
            .select(stores::id)
            .first(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        Ok(id.map(StoreId::trusted))
    }

    async fn set_payment<'a>(
        &self,
        store: &StoreId,
        account: &PortOneAccount,
        webhook_secret: Option<&'a SecretString>,
        at: DateTime<Utc>,
    ) -> Result<bool> {
        self.set_account(store, account, webhook_secret, at).await
    }

    async fn payment(&self, store: &StoreId) -> Result<Option<PortOneAccount>> {
        self.account(store).await
    }

    async fn change_payment(&self, store: &StoreId, change: &PaymentChange, at: DateTime<Utc>) -> Result<bool> {
        self.change_account(store, change, at).await
    }

    async fn webhook_secrets(&self, store: &StoreId) -> Result<Vec<SecretString>> {
        self.account_webhook_secrets(store).await
    }

    async fn change(&self, store: &StoreId, change: &StoreChange, at: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let changes = StoreChanges {
            name: change.name.as_deref(),
            introduction: change.introduction.as_deref(),
            phone: change.phone.as_deref(),
            instagram: change.instagram.clone(),
            facebook: change.facebook.clone(),
            x: change.x.clone(),
            homepage: change.homepage.clone(),
            updated_at: at,
        };
        let store = stores::table.find(store.as_str());
        let changed = match &change.address {
            Some(address) => diesel::update(store).set((changes, AddressColumns::from(address))).execute(&mut connection).await,
            None => diesel::update(store).set(changes).execute(&mut connection).await,
        };
        changed.map(|_| ()).map_err(failed)
    }
}

#[derive(AsChangeset)]
#[diesel(table_name = stores)]
struct StoreChanges<'a> {
    name: Option<&'a str>,
    introduction: Option<&'a str>,
    phone: Option<&'a str>,
    instagram: Option<Option<String>>,
    facebook: Option<Option<String>>,
    x: Option<Option<String>>,
    homepage: Option<Option<String>>,
    updated_at: DateTime<Utc>,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = stores, treat_none_as_null = true)]
struct AddressColumns<'a> {
    postal_code: &'a str,
    address: &'a str,
    detail_address: &'a str,
    sido: &'a str,
    sigungu: &'a str,
    bname: &'a str,
    lat: &'a str,
    lng: &'a str,
    nearest_station: Option<&'a str>,
    walking_time: Option<i32>,
}

impl<'a> From<&'a Address> for AddressColumns<'a> {
    fn from(address: &'a Address) -> Self {
        Self {
            postal_code: &address.postal_code,
            address: &address.address,
            detail_address: &address.detail_address,
            sido: &address.sido,
            sigungu: &address.sigungu,
            bname: &address.bname,
            lat: &address.lat,
            lng: &address.lng,
            nearest_station: address.nearest_station.as_deref(),
            walking_time: address.walking_time,
        }
    }
}
