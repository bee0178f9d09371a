//! A database per test.

use std::sync::Arc;

use cheapbob_adapters_mongo::MongoSettings;
use cheapbob_adapters_postgres::{Postgres, SecretKeys};
use secrecy::SecretString;

use crate::suites::sql;

pub(crate) fn port(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run ./test, or `just test …` for a part of it"))
}

fn url(database: &str) -> String {
    format!("postgres://cheapbob@127.0.0.1:{}/{database}", port("CHEAPBOB_TEST_POSTGRES_PORT"))
}

/// A logical database of the run's private Redis. Keys are unguessable ids, so that tests may share it.
pub fn redis_url() -> String {
    format!("redis://127.0.0.1:{}/0", port("CHEAPBOB_TEST_REDIS_PORT"))
}

/// A database of its own on the run's private MongoDB-wire server.
pub fn mongo_settings() -> MongoSettings {
    MongoSettings {
        host: "127.0.0.1".to_owned(),
        port: port("CHEAPBOB_TEST_MONGODB_PORT").parse().unwrap(),
        credentials: None,
        database: format!("t_{}", ulid::Ulid::r#gen().to_string().to_lowercase()),
    }
}

/// Seals the secrets in the tests' databases.
pub fn secret_keys() -> Arc<SecretKeys> {
    Arc::new(SecretKeys::parse(&SecretString::from("tests:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")).unwrap())
}

/// A clone of the template, dropped at the end.
pub struct TestDatabase {
    name: String,
    /// For looking into it.
    looking: Postgres,
}

impl TestDatabase {
    /// Clones the template.
    pub async fn create() -> Self {
        let name = format!("t_{}", ulid::Ulid::r#gen().to_string().to_lowercase());
        // One clone at a time may read a template; others are told to come back.
        for attempt in 0.. {
            match sql(&url("postgres"), &format!("CREATE DATABASE {name} TEMPLATE cheapbob_template")).await {
                Ok(()) => break,
                Err(e) => assert!(attempt < 200 && e.to_string().contains("being accessed"), "{e:#}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let looking = Postgres::new(&url(&name), 2, secret_keys()).unwrap();
        Self { name, looking }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        url(&self.name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's port.
    pub fn port(&self) -> String {
        port("CHEAPBOB_TEST_POSTGRES_PORT")
    }

    /// The adapter on it.
    pub fn postgres(&self) -> Postgres {
        Postgres::new(&self.url(), 16, secret_keys()).unwrap()
    }

    /// Runs SQL on it.
    pub async fn sql(&self, statement: &str) {
        sql(&self.url(), statement).await.unwrap();
    }

    /// One number from it.
    pub async fn number(&self, query: &str) -> i64 {
        use diesel_async::RunQueryDsl;
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            n: i64,
        }
        let mut connection = self.looking.connection().await.unwrap();
        diesel::sql_query(query).get_result::<Row>(&mut connection).await.unwrap().n
    }

    /// A column of texts from it.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        use diesel_async::RunQueryDsl;
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            t: String,
        }
        let mut connection = self.looking.connection().await.unwrap();
        let rows: Vec<Row> = diesel::sql_query(format!("SELECT t FROM ({query}) x(t)")).load(&mut connection).await.unwrap();
        rows.into_iter().map(|row| row.t).collect()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let url = url("postgres");
        // A test's own runtime may be ending.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(sql(&url, &statement)).unwrap();
        });
        // The run's server goes anyway.
        let _ = dropped.join();
    }
}
