//! `just bench-archive`: a day of many orders goes to the archive's fake; the memory that it takes, against one batch's. Needs the servers
//! of `with-servers`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use cheapbob_test_support::{TestApp, eventually};

/// Resident memory of this process in KiB.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Runs the rollover; gives seconds and the most memory on the way.
async fn roll_over(app: &TestApp, orders: usize) -> Result<(f64, u64)> {
    app.database
        .sql(&format!(
            "INSERT INTO orders (payment_id, customer_email, customer_nickname, customer_phone_number, product_id, product_name, store_id,
                 store_name, quantity, price, sale, total_amount, status, business_day, reservation_at, completed_at)
             SELECT 'PAY{orders}' || lpad(n::text, 9, '0'), 'c' || n % 5000 || '@example.com', 'nickname', '01012345678', 'PRD_1', 'product',
                 'STR_' || n % 500, 'store', 1, 10000, 30, 7000, 'complete', DATE '2026-11-23', '2026-11-23T12:00:00+09:00',
                 '2026-11-23T19:00:00+09:00'
             FROM generate_series(1, {orders}) n"
        ))
        .await;
    let (stop, most) = (Arc::<AtomicBool>::default(), Arc::new(AtomicU64::new(resident()?)));
    let sampler = {
        let (stop, most) = (Arc::clone(&stop), Arc::clone(&most));
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                most.fetch_max(resident().unwrap_or_default(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        })
    };
    let begin = Instant::now();
    let moved = app.services.archive.roll_over("2026-11-24T04:15:00+09:00".parse()?).await?;
    let seconds = begin.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    sampler.join().map_err(|_| anyhow::anyhow!("the sampler panicked"))?;
    ensure!(moved == orders, "{moved} of {orders} moved");
    Ok((seconds, most.load(Ordering::Relaxed)))
}

#[expect(clippy::print_stdout, reason = "a program for the terminal")]
fn main() -> Result<()> {
    let orders = std::env::args().nth(1).map_or(Ok(1_000_000), |n| n.parse())?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let app = TestApp::start().await;
        let over = "SELECT count(*) AS n FROM tasks WHERE job = 'archive_orders' AND status = 'done'";
        eventually("the first run is over", 20, || async { (app.database.number(over).await == 1).then_some(()) }).await;
        let (few, base) = roll_over(&app, 20_000).await?;
        println!("   20000 orders: {few:.1} s, {base} KiB at most");
        let (seconds, most) = roll_over(&app, orders).await?;
        println!("{orders:>8} orders: {seconds:.1} s, {most} KiB at most: {:.2} times the memory of 20000", most as f64 / base as f64);
        Ok(())
    })
}
