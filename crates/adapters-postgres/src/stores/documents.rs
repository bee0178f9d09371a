//! What customers see of stores, read where it is not kept.

use std::{collections::HashMap, mem, sync::Arc};

use cheapbob_domain::{
    shared::{Result, StoreId},
    stores::{CustomerStore, StoreDocument},
};
use diesel::{sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use super::rows::{STORES, StoreRow};
use crate::{
    database::{OfOthers, Postgres, failed},
    documents::Kept,
    sql::prepared,
};

impl Postgres {
    /// These stores as they are now; from then on they are kept. Those that are gone are not among them.
    pub(super) async fn read_documents(&self, ids: Vec<String>) -> Result<HashMap<StoreId, Arc<Kept>>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        // Nobody's favourites: they are no part of it.
        let statement = format!("{STORES}WHERE s.id = ANY ($2)");
        let query = || prepared(sql_query(&statement).bind::<t::Text, _>(String::new()).bind::<t::Array<t::Text>, _>(ids.clone()));
        let OfOthers { mut rows, may_be_old } = self.load_of_others::<_, StoreRow>(query).await?;
        if may_be_old && rows.len() < ids.len() {
            // The replica may not have heard of them yet.
            rows = query().load(&mut self.connection().await?).await.map_err(failed)?;
        }
        rows.into_iter().map(|row| self.keep(row)).collect()
    }

    fn keep(&self, row: StoreRow) -> Result<(StoreId, Arc<Kept>)> {
        let version = row.version;
        let CustomerStore { mut store, .. } = row.try_into()?;
        let products = mem::take(&mut store.products).into();
        let id = store.id.clone();
        let kept = Arc::new(Kept { document: Arc::new(StoreDocument { version, store }), products });
        self.documents.keep(&kept);
        Ok((id, kept))
    }
}
