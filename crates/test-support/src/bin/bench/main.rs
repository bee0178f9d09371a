//! `just bench`: the release binary under load, and pgbench with the same statements on the same data in the same run.
//!
//! Everything runs on this machine and shares its cores: wrk, cheapbob-http and PostgreSQL on one side, pgbench and
//! PostgreSQL on the other. Ratios are worth something, absolute figures little; but the CPU time of a call depends little on who else
//! is busy, and what so many customers need is reckoned from it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for the terminal that stops where it cannot go on")]

mod call;
mod changes;
mod cpu;
mod judge;
mod lists;
mod nearby;
mod others;
mod payments;
mod reckoning;
mod setup;
mod statements;
mod tools;

use std::time::Instant;

use cheapbob_test_support::{Api, RealServer, Shop, TestDatabase, redis_url};

use call::Call;
use changes::Changes;
use cpu::{Cpu, Processes};
use judge::{Goal, Judge};
use reckoning::Costs;

/// Clients of each side.
const CLIENTS: usize = 64;

/// Connections of cheapbob to PostgreSQL; pgbench has one for each client.
const CONNECTIONS: usize = 16;

/// Measurements of each side, one after the other.
const TURNS: u32 = 3;

/// Purchases by each of the clients.
const PURCHASES: usize = 25;

/// Customers for each second: nobody holds a product twice.
const CUSTOMERS: u64 = 8_000;

/// Signs their sessions.
const SECRET: &str = "a secret of the benchmark, of no other use";

/// Stores in the data, two products each.
const STORES: usize = 500;

/// Stores in a large city's data.
const MANY_STORES: usize = 50_000;

/// Texts that few, some and most stores have.
const RARE: &str = "도시락 7";
const SOME: &str = "국밥";
const COMMON: &str = "샐러드";

struct Bench {
    database: TestDatabase,
    api: Api,
    token: String,
    email: String,
    /// Where the customer has bought today.
    shop: Shop,
    folder: tempfile::TempDir,
    seconds: u64,
    processes: Processes,
    settings: Vec<(&'static str, String)>,
    /// Rows that have this in their name; all where there is none.
    only: Option<String>,
}

#[tokio::main]
async fn main() {
    let seconds = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(4);
    let database = TestDatabase::create().await;
    database.stores(1, STORES).await;
    let redis = url::Url::parse(&redis_url()).unwrap();
    let settings = vec![
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("DB_POOL_SIZE", std::env::var("DB_POOL_SIZE").unwrap_or_else(|_| CONNECTIONS.to_string())),
        ("REDIS_HOST", "127.0.0.1".to_owned()),
        ("REDIS_PORT", redis.port().unwrap().to_string()),
        ("RUST_LOG", "warn".to_owned()),
        ("JWT_SECRET", SECRET.to_owned()),
        // All from one address, and more than people would.
        ("RATE_LIMITS", "off".to_owned()),
    ];
    // Once for the migrations and the page cache, once measured.
    drop(RealServer::http(RealServer::free_port(), &settings).await);
    let begin = Instant::now();
    let server = RealServer::http(RealServer::free_port(), &settings).await;
    let ready = begin.elapsed();
    let idle = memory(server.pid());
    let (customer, shop) = (server.api.customer().await, server.api.shop(9).await);
    let bench = Bench {
        processes: Processes::find(server.pid(), &database, redis.port().unwrap()).await,
        database,
        settings,
        api: server.api.clone(),
        token: customer.token,
        email: customer.email,
        shop,
        folder: tempfile::tempdir().unwrap(),
        seconds,
        only: std::env::args().nth(2),
    };
    bench.warm_up().await;
    bench.customers().await;
    let mut judge = Judge::default();

    println!("ready on running servers  {:>9} ms", ready.as_millis());
    let megabytes = |kilobytes: u64| kilobytes as f64 / 1_024.0;
    println!(
        "memory, idle              {:>9.0} MB  {}",
        megabytes(idle),
        judge.judge("memory, idle", megabytes(idle), Goal::Most(40.0), "MB")
    );
    println!();
    println!("{:<34}{:>12}{:>12}{:>9}  {:<12}µs of CPU a call: http, PostgreSQL, Redis", "", "cheapbob/s", "pgbench/s", "share", "goal");
    let (mut costs, mut lists) = (Costs::default(), None);
    for read in bench.reads() {
        let changes = if read.stores.is_empty() || !bench.wants(read.name) {
            None
        } else {
            Some(Changes::begin(&bench.database, &read.stores).await)
        };
        let token = if read.by_seller { &bench.shop.seller.token } else { &bench.token };
        let call = Call { token, ..bench.call(&read.path) };
        let row = bench.compare(read.name, &call, &read.sql, &mut judge).await;
        if let (Some(changes), Some(_)) = (changes, &row) {
            let rate = changes.end().await;
            judge.judge(&format!("changes of stock during {}", read.name), rate, Goal::Least(450.0), "a second");
        }
        let cost = row.as_ref().map(|row| row.cost);
        match read.name {
            "search, page 0" => costs.search = cost,
            "a store's page" => costs.store_page = cost,
            "orders today (5 orders)" => (costs.list, lists) = (cost, row.map(|row| row.rate)),
            _ => {}
        }
    }
    bench.checkouts(&mut judge).await;
    let (allergies, cost) = bench.wrk(&bench.call("/api/v1/common/options/allergies"));
    println!("{:<34}{allergies:>12.0}{:>33}{}", "GET /common/options/allergies", "", shown(cost));
    if bench.wants("webhooks refused") {
        bench.webhooks().await;
    }
    costs.purchase = bench.purchases().await;
    println!();
    let after = megabytes(memory(server.pid()));
    println!("memory, after all this    {after:>9.0} MB  {}", judge.judge("memory, after load", after, Goal::Most(60.0), "MB"));
    let sums = "SELECT product_id AS id, sum(quantity) AS promised FROM holds WHERE state = 'held' GROUP BY product_id";
    let wrong = format!("SELECT count(*) AS n FROM products LEFT JOIN ({sums}) holds USING (id) WHERE held <> coalesce(promised, 0)");
    assert_eq!(bench.database.number(&wrong).await, 0, "stock adds up");
    bench.confirmations(&mut judge).await;
    if let Some(today) = lists {
        bench.all_orders(today, &mut judge).await;
    }
    if bench.only.is_none() {
        bench.many_stores(&mut judge).await;
        bench.city(MANY_STORES, &mut judge).await;
    } else if bench.wants("nearby") {
        bench.city(STORES, &mut judge).await;
    }
    println!();
    costs.say(|line| println!("{line}"));
    println!();
    judge.say(|line| println!("{line}"));
}

/// Resident memory in KB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

impl Bench {
    /// Whether this row is asked for.
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    /// In turns, since a shared machine is now fast, now slow.
    async fn compare(&self, name: &str, call: &Call<'_>, sql: &str, judge: &mut Judge) -> Option<Row> {
        if !self.wants(name) {
            return None;
        }
        let (mut rate, mut pgbench, mut costs) = (0.0, 0.0, Vec::new());
        for _ in 0..TURNS {
            if call.has_script() {
                self.clear_holds().await;
            }
            let (now, cost) = self.wrk(call);
            rate += now / f64::from(TURNS);
            costs.push(cost);
            pgbench += self.pgbench(sql) / f64::from(TURNS);
        }
        let mean = |part: fn(&Cpu) -> f64| costs.iter().map(part).sum::<f64>() / f64::from(TURNS);
        let cost = Cpu { http: mean(|cpu| cpu.http), postgres: mean(|cpu| cpu.postgres), redis: mean(|cpu| cpu.redis) };
        let share = rate / pgbench * 100.0;
        let goal = judge.share(name, share);
        println!("{name:<34}{rate:>12.0}{pgbench:>12.0}{share:>8.0}%  {goal:<12}{}", shown(cost));
        Some(Row { rate, cost })
    }
}

/// What was measured of a row.
struct Row {
    rate: f64,
    cost: Cpu,
}

fn shown(cost: Cpu) -> String {
    format!("{:>8.0}{:>8.0}{:>8.0}", cost.http, cost.postgres, cost.redis)
}
