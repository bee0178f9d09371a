//! Databases of the Python service: its schema, and what stands in them.

mod awkward;
mod generated;
pub mod names;
mod rows;
mod tokens;
mod traps;

use diesel_async::{AsyncConnection, AsyncPgConnection};
use futures::StreamExt;
use mongodb::bson::Document;
use serde_json::Value;

pub use rows::{LegacyData, LegacyOrder, date, instant, unit_price};
pub use tokens::token;

use crate::database::{port, sql, url};

const SCHEMA: &str = include_str!("schema.sql");

/// Rows that are written at once.
const BATCH: usize = 2_000;

/// An old service's PostgreSQL and MongoDB, dropped at the end.
pub struct LegacyDatabases {
    name: String,
    mongo: mongodb::Client,
}

impl LegacyDatabases {
    /// Its schema without any rows.
    pub async fn create() -> Self {
        let name = format!("legacy_{}", ulid::Ulid::r#gen().to_string().to_lowercase());
        sql(&url("postgres"), &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")).await.unwrap();
        let mongo = mongodb::Client::with_uri_str(mongo_server()).await.unwrap();
        let created = Self { name, mongo };
        created.sql(SCHEMA).await;
        created
    }

    /// One that has this.
    pub async fn with(data: &LegacyData) -> Self {
        let created = Self::create().await;
        created.fill(data).await;
        created
    }

    /// Writes rows and documents.
    pub async fn fill(&self, data: &LegacyData) {
        for (table, rows) in &data.tables {
            let Some(Value::Object(first)) = rows.first() else { continue };
            let columns: Vec<_> = first.keys().map(String::as_str).collect();
            let columns = columns.join(", ");
            for batch in rows.chunks(BATCH) {
                let json = serde_json::to_string(batch).unwrap();
                self.sql(&format!(
                    "INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, $rows${json}$rows$::jsonb)"
                ))
                .await;
            }
        }
        futures::stream::iter(&data.collections)
            .for_each(async |(name, documents)| {
                for batch in documents.chunks(BATCH) {
                    self.collection(name).insert_many(batch).await.unwrap();
                }
            })
            .await;
    }

    /// Its PostgreSQL.
    pub fn postgres_url(&self) -> String {
        url(&self.name)
    }

    /// Its MongoDB, with the database.
    pub fn mongodb_uri(&self) -> String {
        format!("{}/{}", mongo_server(), self.name)
    }

    /// Runs SQL on it.
    pub async fn sql(&self, statements: &str) {
        sql(&self.postgres_url(), statements).await.unwrap();
    }

    /// How many rows there are of these: a table, and perhaps a condition.
    pub async fn count(&self, rows: &str) -> i64 {
        use diesel_async::RunQueryDsl;
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            n: i64,
        }
        let mut connection = AsyncPgConnection::establish(&self.postgres_url()).await.unwrap();
        diesel::sql_query(format!("SELECT count(*) AS n FROM {rows}")).get_result::<Row>(&mut connection).await.unwrap().n
    }

    /// One of its collections.
    pub fn collection(&self, name: &str) -> mongodb::Collection<Document> {
        self.mongo.database(&self.name).collection(name)
    }
}

fn mongo_server() -> String {
    format!("mongodb://127.0.0.1:{}", port("CHEAPBOB_TEST_MONGODB_PORT"))
}

impl Drop for LegacyDatabases {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A test's own runtime may be ending.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(sql(&url("postgres"), &statement)).unwrap();
        });
        // The run's servers go anyway.
        let _ = dropped.join();
    }
}
