//! A database per test.

use std::sync::Arc;

use cheapbob_adapters_embedded::fakes;
use cheapbob_adapters_mongo::MongoSettings;
use cheapbob_adapters_postgres::{Address, Postgres, SecretKeys, Waiting};
use cheapbob_adapters_redis::{RedisServers, RedisSettings};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use secrecy::SecretString;

use crate::waiting::eventually;

pub(crate) fn port(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run ./test, or `just test …` for a part of it"))
}

pub(crate) fn url(database: &str) -> String {
    format!("postgres://cheapbob@127.0.0.1:{}/{database}", port("CHEAPBOB_TEST_POSTGRES_PORT"))
}

/// A logical database of the run's private Redis. Keys are unguessable ids and fresh e-mails, so that tests may share it.
pub fn redis_url() -> String {
    format!("redis://127.0.0.1:{}/0", port("CHEAPBOB_TEST_REDIS_PORT"))
}

/// Redis at `url`.
pub fn redis_at(url: &str) -> RedisSettings {
    RedisSettings { url: url.into(), root_certificate: None, servers: RedisServers::One }
}

/// A database of its own on the run's private MongoDB-wire server.
pub fn mongo_settings() -> MongoSettings {
    MongoSettings {
        uri: format!("mongodb://127.0.0.1:{}", port("CHEAPBOB_TEST_MONGODB_PORT")).into(),
        database: Some(format!("t_{}", ulid::Ulid::r#gen().to_string().to_lowercase())),
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
        let looking = Postgres::new(&Address::parse(&url(&name)).unwrap(), 2, Waiting::Job, secret_keys()).unwrap();
        Self { name, looking }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        url(&self.name)
    }

    /// The same, read.
    pub fn address(&self) -> Address {
        Address::parse(&self.url()).unwrap()
    }

    /// How the fakes reach it.
    pub fn connect(&self) -> fakes::Connect {
        cheapbob_wiring::connect(&self.address())
    }

    /// Name of the database on its server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's port.
    pub fn port(&self) -> String {
        port("CHEAPBOB_TEST_POSTGRES_PORT")
    }

    /// The adapter on it.
    pub fn postgres(&self) -> Postgres {
        Postgres::new(&self.address(), 16, Waiting::Job, secret_keys()).unwrap()
    }

    /// Runs SQL on it.
    pub async fn sql(&self, statement: &str) {
        sql(&self.url(), statement).await.unwrap();
    }

    /// Makes stores `first` to `last`, open round the clock, each with two products whose stock lasts for ever.
    pub async fn stores(&self, first: usize, last: usize) {
        // Beyond every store's number: the second product's is that much higher.
        const MANY_STORES: usize = 1_000_000;
        self
        .sql(&format!(
            "CREATE TEMP TABLE s AS SELECT n, 'STR_' || lpad(n::text, 26, '0') AS store, 'seller' || n || '@bench.example' AS seller
             FROM generate_series({first}, {last}) n;
             INSERT INTO accounts SELECT seller, 'seller', true, true, now() FROM s;
             INSERT INTO stores (id, seller_email, name, introduction, phone, postal_code, address, detail_address, sido, sigungu, bname,
                                 lat, lng, nearest_station, walking_time, has_product, created_at, updated_at)
             SELECT store, seller, '마포 가게 ' || n, '그날 만든 음식을 마감 할인으로 드립니다.', '02-555-1000', '04000', '서울 마포구 서교동 ' || n, '1층',
                    '서울', '마포구', '동' || n % 20, '37.5', '126.9', '홍대입구역', 5, true, now() - n * interval '1 minute', now() FROM s;
             INSERT INTO store_payments SELECT store, 'store-' || n, 'channel-' || n, 'secret', now() FROM s;
             INSERT INTO operation_times (store_id, day_of_week, open_time, close_time, pickup_start_time, pickup_end_time, is_open_enabled, updated_at)
             SELECT store, d, '00:00', '23:59:59', '00:00', '23:59:59', true, now() FROM s, generate_series(0, 6) d;
             INSERT INTO store_images SELECT store || '/' || i, store, i = 0, i FROM s, generate_series(0, 1) i;
             INSERT INTO products (id, store_id, name, description, price, sale, initial_stock, nutrition_types, created_at, updated_at)
             SELECT 'PRD_' || lpad((n + p * {MANY_STORES})::text, 26, '0'), store,
                    CASE WHEN p = 1 THEN '샐러드 ' WHEN n % 97 = 0 THEN '국밥 ' ELSE '도시락 ' END || n, '맛있는 음식', 10000, 30,
                    100000000, '{{diet}}', now(), now() FROM s, generate_series(0, 1) p;"
        ))
        .await;
        // Rows that come one by one leave the trigrams' index with many more pages than it need have; a REINDEX now and then keeps it small.
        self.sql("REINDEX INDEX store_search_words").await;
        // Not the tables that are empty yet: who asks about a table that is known to be empty is given a plan that reads it whole, and keeps
        // it for the minutes until it is analysed again.
        self.sql("VACUUM ANALYZE accounts, stores, store_payments, operation_times, store_images, products, store_search").await;
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

    /// How many rows there are of these: a table, and perhaps a condition.
    pub async fn count(&self, rows: &str) -> i64 {
        self.number(&format!("SELECT count(*) AS n FROM {rows}")).await
    }

    /// Waits until the jobs are over that a jobs process begins with: the night's comparison asks PortOne for every payment of the last
    /// days, also for one that a test has just made and has other plans with.
    pub async fn jobs_of_the_start(&self) {
        eventually("the jobs of the start", 30, || async {
            let seen = self.count("tasks WHERE job = 'reconcile_nightly'").await;
            let waiting = self.count("tasks WHERE job IS NOT NULL AND status IN ('pending', 'running')").await;
            (seen > 0 && waiting == 0).then_some(())
        })
        .await;
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

/// Runs SQL.
///
/// # Errors
/// What the database says.
pub async fn sql(url: &str, statements: &str) -> anyhow::Result<()> {
    AsyncPgConnection::establish(url).await?.batch_execute(statements).await?;
    Ok(())
}
