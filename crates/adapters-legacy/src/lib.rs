#![doc = include_str!("../README.md")]

mod documents;
mod give_back;
mod rows;

use std::collections::HashMap;

use async_trait::async_trait;
use cheapbob_domain::{
    imports::{
        Kind,
        ports::{OldRow, OldService},
    },
    shared::Result,
};
use diesel_async::AsyncPgConnection;
use mongodb::Database;

pub use give_back::GiveBack;

use crate::{documents::Documents, rows::Rows};

/// The old service's two databases.
pub struct Legacy {
    rows: Rows,
    documents: Documents,
    counts: HashMap<Kind, u64>,
}

impl Legacy {
    /// Over these connections; PostgreSQL's snapshot is taken now.
    ///
    /// # Errors
    /// Unavailable, where PostgreSQL does not answer.
    pub async fn open(postgres: AsyncPgConnection, mongodb: Database) -> Result<Self> {
        Ok(Self { rows: Rows::open(postgres).await?, documents: Documents::of(mongodb), counts: HashMap::new() })
    }
}

#[async_trait]
impl OldService for Legacy {
    async fn count(&mut self, kind: Kind) -> Result<u64> {
        if let Some(count) = self.counts.get(&kind) {
            return Ok(*count);
        }
        let count = match rows::table(kind) {
            Some(table) => self.rows.count(table).await?,
            None => self.documents.count(kind).await?,
        };
        self.counts.insert(kind, count);
        Ok(count)
    }

    async fn next(&mut self, kind: Kind) -> Result<Vec<OldRow>> {
        match rows::table(kind) {
            Some(table) => self.rows.next(table).await,
            None => self.documents.next(kind).await,
        }
    }
}
