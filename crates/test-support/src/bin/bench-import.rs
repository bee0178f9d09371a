//! `just bench-import`: an old service with many orders and customers moves in; time, rate and the most memory of the importing process.
//! Needs the servers of `with-servers`. The archive goes to MongoDB's fake, so that the MongoDB-wire server, which is Python, is only read.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use cheapbob_test_support::{RealServer, TestDatabase, legacy::LegacyDatabases};
use chrono::{DateTime, Utc};
use mongodb::bson::{self, doc};

/// Documents that are written at once while the old service is built.
const BATCH: u64 = 5_000;
const STORES: u64 = 500;

/// People, stores and products, by SQL.
async fn rows(old: &LegacyDatabases, customers: u64) {
    old.sql(&format!(
        "INSERT INTO customers SELECT 'customer' || n || '@example.com', true, now() - interval '1 year' FROM generate_series(1, {customers}) n;
         INSERT INTO customer_details SELECT email, '단골', '01012345678', created_at, created_at FROM customers;
         INSERT INTO customer_preferred_menus (customer_email, menu_type) SELECT email, 'salad' FROM customers;
         INSERT INTO customer_allergies (customer_email, allergy_type) SELECT email, 'peanut' FROM customers;
         INSERT INTO sellers SELECT 'seller' || n || '@example.com', true, now() - interval '1 year' FROM generate_series(1, {STORES}) n;
         INSERT INTO store_addresses SELECT n, '서울', '마포구', '서교동', '37.5', '126.9', '홍대입구역', 5 FROM generate_series(1, {STORES}) n;
         INSERT INTO stores SELECT 'STR_1727000000_' || lpad(to_hex(n), 8, '0'), '가게 ' || n, 'seller' || n || '@example.com', now(), '소개', '02-555-1000', '04000',
                                   '서울 마포구', '1층', n FROM generate_series(1, {STORES}) n;
         INSERT INTO store_sns SELECT n, store_id FROM (SELECT row_number() OVER () AS n, store_id FROM stores) s;
         INSERT INTO store_payment_info SELECT store_id, 'store', 'channel', 'secret' FROM stores;
         INSERT INTO store_images SELECT store_id || '/' || i || '.jpg', store_id, i = 0, i FROM stores, generate_series(0, 2) i;
         INSERT INTO store_operation_info (store_id, day_of_week, open_time, pickup_start_time, pickup_end_time, close_time, is_open_enabled, is_currently_open)
         SELECT store_id, d, '09:00', '10:00', '21:00', '22:00', true, true FROM stores, generate_series(0, 6) d;
         INSERT INTO store_product_info SELECT replace(store_id, 'STR', 'PRD'), store_id, '도시락', 100, 10000, 30, 1, '', 0, 0 FROM stores;
         INSERT INTO customer_favorites SELECT email, 'STR_1727000000_00000001', now() FROM customers;
         ANALYZE;"
    ))
    .await;
}

/// Orders of a year.
async fn documents(old: &LegacyDatabases, orders: u64, customers: u64) -> Result<()> {
    let begin = DateTime::<Utc>::from_timestamp(1_763_000_000, 0).context("an instant")?;
    let archive = old.collection("order_history_items");
    for first in (0..orders).step_by(usize::try_from(BATCH)?) {
        let batch: Vec<_> = (first..orders.min(first + BATCH))
            .map(|n| {
                let at = begin + Duration::from_secs(n * 30);
                let date = |minutes: i64| bson::DateTime::from_millis((at + chrono::Duration::minutes(minutes)).timestamp_millis());
                let store = n % STORES + 1;
                // In no order of time: so the old service's ids are.
                let digits = (n as u32).wrapping_mul(2_654_435_761);
                doc! {
                    "payment_id": format!("PAY_{digits:08x}_{}", at.timestamp()), "customer_id": format!("customer{}@example.com", n % customers + 1),
                    "customer_nickname": "단골", "customer_phone_number": "01012345678", "product_id": format!("PRD_1727000000_{store:08x}"),
                    "product_name": "도시락", "store_id": format!("STR_1727000000_{store:08x}"), "store_name": format!("가게 {store}"),
                    "quantity": 1_i64, "price": 10_000_i64, "sale": 30_i64, "total_amount": 7_000_i64,
                    "status": if n % 20 == 0 { "cancel" } else { "complete" }, "reservation_at": date(0), "accepted_at": date(5),
                    "completed_at": (n % 20 != 0).then(|| date(60)), "canceled_at": (n % 20 == 0).then(|| date(60)),
                    "cancel_reason": null, "preferred_menus": "salad", "nutrition_types": null, "allergies": "peanut", "topping_types": "",
                    "created_at": date(600), "updated_at": date(600),
                }
            })
            .collect();
        archive.insert_many(batch).await?;
    }
    Ok(())
}

/// The most resident memory of a process so far, in MiB.
fn peak(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kib| kib / 1_024.0)
}

/// Runs the import; gives seconds and MiB.
async fn import(old: &LegacyDatabases, database: &TestDatabase) -> Result<(f64, f64)> {
    let settings = [
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("CHEAPBOB_SECRET_KEYS", "bench:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()),
    ];
    let begin = Instant::now();
    let mut command = RealServer::command("cheapbob-jobs", &settings);
    command.arg("import").args(["--from-postgres", &old.postgres_url(), "--from-mongodb", &old.mongodb_uri()]);
    let mut process = command.stdout(Stdio::inherit()).spawn()?;
    let mut most = 0.0;
    let status = loop {
        most = peak(process.id()).unwrap_or(most);
        if let Some(status) = process.try_wait()? {
            break status;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    ensure!(status.success(), "{status}");
    Ok((begin.elapsed().as_secs_f64(), most))
}

#[expect(clippy::print_stdout, reason = "a program for the terminal")]
fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse::<u64>());
    let (orders, customers) = (numbers.next().unwrap_or(Ok(1_000_000))?, numbers.next().unwrap_or(Ok(100_000))?);
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let (old, database) = (LegacyDatabases::create().await, TestDatabase::create().await);
        rows(&old, customers).await;
        documents(&old, orders, customers).await?;
        let (seconds, mib) = import(&old, &database).await?;
        let archived = database.count("embedded.order_archive").await;
        ensure!(archived.unsigned_abs() == orders, "{archived} of {orders} orders");
        println!(
            "first run: {orders} orders and {customers} customers in {seconds:.0} s, {:.0} orders/s, {mib:.0} MiB at most",
            orders as f64 / seconds
        );
        let (seconds, mib) = import(&old, &database).await?;
        println!("second run, nothing has changed: {seconds:.0} s, {mib:.0} MiB at most");
        Ok(())
    })
}
