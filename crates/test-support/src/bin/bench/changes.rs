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
use futures::future::join_all;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

/// Changes a second, each a commit.
const RATE: u32 = 500;

/// Connections over which they come, as customers do: one alone would wait for the disk each time.
const CONNECTIONS: u32 = 8;

/// Changes going on until they are stopped.
pub(crate) struct Changes {
    over: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
    begin: Instant,
    tasks: Vec<JoinHandle<()>>,
}

impl Changes {
    /// Of the products of these stores, one after the other.
    pub(crate) async fn begin(database: &TestDatabase, stores: &[String]) -> Self {
        let list = stores.iter().map(|store| format!("'{store}'")).collect::<Vec<_>>().join(",");
        let products = database.texts(&format!("SELECT id FROM products WHERE store_id IN ({list}) ORDER BY id")).await;
        assert!(!products.is_empty(), "stores that are shown have products");
        let (over, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut tasks = Vec::new();
        for n in 0..CONNECTIONS as usize {
            let connection = AsyncPgConnection::establish(&database.url()).await.unwrap();
            let products = products.iter().cycle().skip(n).take(products.len()).cloned().collect();
            tasks.push(tokio::spawn(change(connection, products, Arc::clone(&over), Arc::clone(&made))));
        }
        Self { over, made, begin: Instant::now(), tasks }
    }

    /// Stops them; gives how many there were a second.
    pub(crate) async fn end(self) -> f64 {
        let rate = AtomicU64::load(&self.made, Ordering::Relaxed) as f64 / self.begin.elapsed().as_secs_f64();
        self.over.store(true, Ordering::Relaxed);
        join_all(self.tasks).await.into_iter().for_each(Result::unwrap);
        rate
    }
}

async fn change(mut connection: AsyncPgConnection, products: Vec<String>, over: Arc<AtomicBool>, made: Arc<AtomicU64>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) * CONNECTIONS / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for product in products.iter().cycle() {
        ticks.tick().await;
        if AtomicBool::load(&over, Ordering::Relaxed) {
            break;
        }
        diesel::sql_query("UPDATE products SET adjustment = adjustment + 1, version = version + 1 WHERE id = $1")
            .bind::<Text, _>(product)
            .execute(&mut connection)
            .await
            .unwrap();
        made.fetch_add(1, Ordering::Relaxed);
    }
}
