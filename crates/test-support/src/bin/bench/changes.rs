//! Stock that changes while stores are searched.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use cheapbob_test_support::TestDatabase;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tokio::{task::JoinHandle, time::MissedTickBehavior};

/// Changes a second, each a commit.
const RATE: u32 = 500;

/// Changes going on until they are stopped.
pub(crate) struct Changes {
    over: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
    begin: Instant,
    task: JoinHandle<()>,
}

impl Changes {
    /// Of the products of these stores, one after the other.
    pub(crate) async fn begin(database: &TestDatabase, stores: &[String]) -> Self {
        let list = stores.iter().map(|store| format!("'{store}'")).collect::<Vec<_>>().join(",");
        let products = database.texts(&format!("SELECT id FROM products WHERE store_id IN ({list}) ORDER BY id")).await;
        assert!(!products.is_empty(), "stores that are shown have products");
        let mut connection = AsyncPgConnection::establish(&database.url()).await.unwrap();
        let (over, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (is_over, count) = (Arc::clone(&over), Arc::clone(&made));
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            for product in products.iter().cycle() {
                ticks.tick().await;
                if AtomicBool::load(&is_over, Ordering::Relaxed) {
                    break;
                }
                diesel::sql_query("UPDATE products SET adjustment = adjustment + 1, version = version + 1 WHERE id = $1")
                    .bind::<Text, _>(product)
                    .execute(&mut connection)
                    .await
                    .unwrap();
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { over, made, begin: Instant::now(), task }
    }

    /// Stops them; there must have been as many as were to be.
    pub(crate) async fn end(self) {
        let rate = AtomicU64::load(&self.made, Ordering::Relaxed) as f64 / self.begin.elapsed().as_secs_f64();
        self.over.store(true, Ordering::Relaxed);
        self.task.await.unwrap();
        assert!(rate > f64::from(RATE) * 0.9, "only {rate:.0} changes a second");
    }
}
