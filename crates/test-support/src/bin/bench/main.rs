//! `just bench`: the release binary under load, and pgbench with the same statements on the same data in the same run.
//!
//! Everything runs on this machine and shares its cores: wrk, cheapbob-http and PostgreSQL on one side, pgbench and
//! PostgreSQL on the other. Ratios are worth something, absolute figures little; but the CPU time of a call depends little on who else
//! is busy, and what so many customers need is reckoned from it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for the terminal that stops where it cannot go on")]

mod cpu;
mod reckoning;

use std::{
    fmt::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use cheapbob_adapters_postgres::{one_store_statement, pattern, search_statement, statements};
use cheapbob_domain::{
    shared::Email,
    users::{Account, Role, SessionTokens},
};
use cheapbob_test_support::{Api, RealServer, TestDatabase, eventually, redis_url};
use futures::future::join_all;
use jsonwebtoken::Algorithm;
use secrecy::SecretString;
use serde_json::json;

use cpu::{Cpu, Processes};
use reckoning::{Costs, KEPT, Purchase};

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

/// The two statements of payment/init for one customer: what pgbench is given. cheapbob sends those of many at once.
const OFFER: &str = include_str!("offer.sql");
const HOLD: &str = include_str!("hold.sql");

struct Bench {
    database: TestDatabase,
    api: Api,
    token: String,
    email: String,
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
    let customer = server.api.customer().await;
    let bench = Bench {
        processes: Processes::find(server.pid(), &database, redis.port().unwrap()).await,
        database,
        settings,
        api: server.api.clone(),
        token: customer.token,
        email: customer.email,
        folder: tempfile::tempdir().unwrap(),
        seconds,
        only: std::env::args().nth(2),
    };
    bench.warm_up().await;
    bench.customers().await;

    println!("ready on running servers  {:>9} ms", ready.as_millis());
    println!("memory, idle              {:>9} MB", idle / 1024);
    println!();
    println!("{:<34}{:>12}{:>12}{:>9}   µs of CPU a call: http, PostgreSQL, Redis", "", "cheapbob/s", "pgbench/s", "share");
    let mut costs = Costs::default();
    for (name, path, sql) in bench.reads() {
        let cost = bench.compare(&name, &path, None, &sql).await;
        match name.as_str() {
            "search, page 0" => costs.search = cost,
            "a store's page" => costs.store_page = cost,
            "orders today (5 orders)" => costs.list = cost,
            _ => {}
        }
    }
    for (name, products) in [("payment init, one hot product", 1), ("payment init, 500 products", STORES)] {
        bench.compare(name, "/api/v1/customer/payment/init", Some(&bench.lua(products)), &bench.init_sql(products)).await;
    }
    let (allergies, cost) = bench.wrk("/api/v1/common/options/allergies", None);
    println!("{:<34}{allergies:>12.0}{:>21}{}", "GET /common/options/allergies", "", shown(cost));
    if bench.wants("webhooks refused") {
        bench.webhooks().await;
    }
    costs.purchase = bench.purchases().await;
    println!();
    println!("memory, after all this    {:>9} MB", memory(server.pid()) / 1024);
    let sums = "SELECT product_id AS id, sum(quantity) AS promised FROM holds WHERE state = 'held' GROUP BY product_id";
    let wrong = format!("SELECT count(*) AS n FROM products LEFT JOIN ({sums}) holds USING (id) WHERE held <> coalesce(promised, 0)");
    assert_eq!(bench.database.number(&wrong).await, 0, "stock adds up");
    if bench.only.is_none() {
        bench.many_stores().await;
    }
    println!();
    costs.say(|line| println!("{line}"));
}

/// Resident memory in KB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn by_name(text: &str) -> String {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("search_name", text).finish();
    format!("/api/v1/customer/search/stores/by-name?{query}&page=0")
}

impl Bench {
    /// Five orders of today, at a store whose account at PortOne is sealed as the API does it.
    async fn warm_up(&self) {
        let product = self.api.shop(9).await.product_id;
        let person = cheapbob_test_support::Person { api: self.api.clone(), token: self.token.clone(), email: self.email.clone() };
        for _ in 0..5 {
            person.order(&product, 1).await;
        }
        person.post("/api/v1/customer/payment/init", &json!({ "product_id": product, "quantity": 1 })).await.expect(200);
    }

    /// Customers, and a session of each.
    async fn customers(&self) {
        let (customers, now) = (self.seconds * CUSTOMERS, self.api.now().await);
        let made = "2026-01-01T00:00:00Z";
        self.database
            .sql(&format!(
                "INSERT INTO accounts SELECT 'c' || n || '@bench.example', 'customer', true, true, '{made}' FROM generate_series(1, {customers}) n;
                 INSERT INTO customers SELECT email, '길동', '01012345678', '{made}', '{made}' FROM accounts WHERE email LIKE 'c%@bench.example'"
            ))
            .await;
        self.database.sql("VACUUM ANALYZE accounts").await;
        let tokens = SessionTokens::new(&SecretString::from(SECRET), None, Algorithm::HS256, chrono::Duration::days(7));
        let mut file = String::new();
        for n in 1..=customers {
            let email = Email::parse(&format!("c{n}@bench.example")).unwrap();
            let account = Account::new(email, Role::Customer, true, made.parse().unwrap());
            writeln!(file, "{}", tokens.begin(&format!("bench-{n}"), &account, false, now).unwrap().token).unwrap();
        }
        std::fs::write(self.folder.path().join("tokens"), file).unwrap();
    }

    /// payment/init of the products by turns of chance, by one customer after the other.
    fn lua(&self, products: usize) -> String {
        format!(
            r#"local sessions, n = {{}}, 0
for token in io.lines("{}") do sessions[#sessions + 1] = "Bearer " .. token end
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
    n = n % #sessions + 1
    wrk.headers["Authorization"] = sessions[n]
    return wrk.format(nil, nil, nil, string.format('{{"product_id":"PRD_%026d","quantity":1}}', math.random(1, {products})))
end
"#,
            self.folder.path().join("tokens").display()
        )
    }

    /// Page 0 by name among 500 stores, then among 50,000.
    async fn many_stores(&self) {
        let texts = [("few", RARE), ("some", SOME), ("most", COMMON)];
        let measure = || texts.map(|(_, text)| self.wrk(&by_name(text), None).0);
        let small = measure();
        self.database.stores(STORES + 1, MANY_STORES).await;
        let large = measure();
        println!();
        println!("{:<34}{:>12}{:>12}{:>9}", "search by name, page 0", "500 stores", "50,000", "slower");
        for ((name, _), (small, large)) in texts.iter().zip(small.into_iter().zip(large)) {
            println!("{:<34}{small:>12.0}{large:>12.0}{:>8.1}×", format!("a text that {name} stores have"), small / large);
        }
    }

    /// Webhooks that nobody has signed, beside those that somebody may have: for these a secret is read and compared.
    async fn webhooks(&self) {
        let store = self.database.texts("SELECT id FROM stores ORDER BY id LIMIT 1").await.remove(0);
        let (path, now) = (format!("/api/v1/webhooks/portone/{store}"), self.api.now().await.timestamp());
        let kinds = ["unsigned", "too old", "forged"];
        let script = |kind: &str| match kind {
            "unsigned" => r#"wrk.method = "POST"; wrk.body = "{}""#.to_owned(),
            kind => {
                let (timestamp, signature) = (if kind == "forged" { now } else { now - 3_600 }, "A".repeat(43));
                format!(
                    r#"wrk.method = "POST"; wrk.body = "{{}}"
wrk.headers["webhook-id"], wrk.headers["webhook-timestamp"], wrk.headers["webhook-signature"] = "WH-1", "{timestamp}", "v1,{signature}=""#
                )
            }
        };
        let mut rates = [0.0; 3];
        for _ in 0..TURNS {
            for (rate, kind) in rates.iter_mut().zip(kinds) {
                *rate += self.wrk_refused(&path, &script(kind)) / f64::from(TURNS);
            }
        }
        println!();
        println!("{:<34}{:>12}{:>12}", "webhooks refused", "cheapbob/s", "of forged");
        for (kind, rate) in kinds.iter().zip(rates) {
            println!("{kind:<34}{rate:>12.0}{:>11.1}×", rate / rates[2]);
        }
    }

    /// Name, path, statement with pgbench's own values.
    fn reads(&self) -> Vec<(String, String, String)> {
        let me = format!("'{}'", self.email);
        let search = |by_name, offset: u32| {
            let sql = search_statement(by_name, false, 5);
            sql.replace("$1", &me).replace("$2", &offset.to_string()).replace("$3", &format!("'{}'", pattern(RARE)))
        };
        let (stores, store) = ("/api/v1/customer/search/stores", format!("STR_{:026}", 1));
        let today = statements::TODAY_OF_CUSTOMER
            .replace("$1", &me)
            .replace("$2", "((now() AT TIME ZONE 'Asia/Seoul') - interval '4 hours')::date");
        vec![
            ("search, page 0".to_owned(), format!("{stores}?page=0"), search(false, 0)),
            ("search, page 50".to_owned(), format!("{stores}?page=50"), search(false, 200)),
            ("search by name".to_owned(), by_name(RARE), search(true, 0)),
            (
                "a store's page".to_owned(),
                format!("{stores}/{store}/products"),
                one_store_statement().replace("$1", &me).replace("$2", &format!("'{store}'")),
            ),
            ("orders today (5 orders)".to_owned(), "/api/v1/customer/orders/today".to_owned(), today),
        ]
    }

    /// The two statements of payment/init, a customer at a time.
    fn init_sql(&self, products: usize) -> String {
        let fill = |sql: &str, values: &[(&str, &str)]| {
            // $11 before $1.
            values.iter().rev().fold(sql.to_owned(), |sql, (parameter, value)| sql.replace(parameter, value))
        };
        // Somebody else each time, as on the other side.
        let (me, product) = ("('c' || :b::text || '@bench.example')", "('PRD_' || lpad(:p::text, 26, '0'))");
        let day = "((now() AT TIME ZONE 'Asia/Seoul') - interval '4 hours')::date";
        let offer = fill(OFFER, &[("$1", product), ("$2", me), ("$3", "1"), ("$4", day), ("$5", "now() - interval '1 day'")]);
        let hold = fill(
            HOLD,
            &[
                ("$1", "('PAY' || md5(:a::text || :b::text))"),
                ("$2", me),
                ("$3", product),
                ("$4", "1"),
                ("$5", "10000"),
                ("$6", "30"),
                ("$7", "7000"),
                ("$8", "'store-1'"),
                ("$9", day),
                ("$10", "now()"),
                ("$11", "now() + interval '5 minutes'"),
                ("$12", "md5(:a::text)"),
                ("$13", "now() - interval '15 minutes'"),
                ("$14", "NULL::text"),
                ("$15", "NULL::text"),
                ("$16", "now() - interval '1 day'"),
                ("$17", "3"),
                ("$18", "now() - interval '1 hour'"),
                ("$19", "10"),
                ("$20", "now() + interval '1 minute'"),
            ],
        );
        format!(
            "\\set p random(1, {products})\n\\set a random(1, 9000000000000000000)\n\\set b random(1, 9000000000000000000)\n{};\n{};\n",
            offer.trim(),
            hold.trim()
        )
    }

    /// Requests a second; no answer may be a success.
    fn wrk_refused(&self, path: &str, script: &str) -> f64 {
        let said = self.wrk_said(path, Some(script));
        assert_eq!(
            number_after(&said, "Non-2xx or 3xx responses:"),
            number_before(&said, " requests in "),
            "every request is refused:\n{said}"
        );
        number_after(&said, "Requests/sec:")
    }

    /// Whether this row is asked for.
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    /// Purchases from the checkout to the pickup, with the store's webhooks, the jobs and the mails. What the sandbox plays in the same
    /// process and database counts too, so that a real purchase costs less.
    async fn purchases(&self) -> Option<Purchase> {
        const NAME: &str = "a purchase, with jobs and sandbox";
        if !self.wants(NAME) {
            return None;
        }
        let server = RealServer::http_with_jobs(RealServer::free_port(), &self.settings).await;
        let processes = self.processes.with_http(server.pid());
        let people = join_all((0..CLIENTS).map(|_| async {
            let (customer, shop) = (server.api.customer().await, server.api.shop(1_000).await);
            shop.connect_webhooks().await;
            (customer, shop)
        }))
        .await;
        let sizes = async || {
            let mut sizes = [0; KEPT.len()];
            for ((table, _), size) in KEPT.iter().zip(&mut sizes) {
                *size = self.database.number(&format!("SELECT pg_total_relation_size('{table}') AS n")).await;
            }
            sizes
        };
        let logged = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS n";
        let (before, size, log) = (processes.used(), sizes().await, self.database.number(logged).await);
        join_all(people.iter().map(|(customer, shop)| async {
            for _ in 0..PURCHASES {
                let ordered = customer.order(&shop.product_id, 1).await;
                shop.accept(&ordered.payment_id).await.expect(200);
                let code = shop.code(&ordered.payment_id).await;
                customer.scan(&ordered.payment_id, &code).await.expect(200);
            }
        }))
        .await;
        eventually("its tasks are done", 60, || async {
            (self.database.count("tasks WHERE job IS NULL AND status <> 'done'").await == 0).then_some(())
        })
        .await;
        let number = (CLIENTS * PURCHASES) as f64;
        let cpu = (processes.used() - before).each(number);
        let logged = (self.database.number(logged).await - log) as f64 / number;
        let (mut stored, after) = ([0.0; KEPT.len()], sizes().await);
        println!("{NAME:<67}{}", shown(cpu));
        print!("    bytes of it: {logged:.0} logged");
        for (((table, _), grown), (after, before)) in KEPT.iter().zip(&mut stored).zip(after.into_iter().zip(size)) {
            *grown = (after - before) as f64 / number;
            print!(", {grown:.0} in {table}");
        }
        println!();
        Some(Purchase { cpu, stored, logged })
    }

    /// Requests a second, and what one costs; every answer must be a success.
    fn wrk(&self, path: &str, script: Option<&str>) -> (f64, Cpu) {
        let before = self.processes.used();
        let said = self.wrk_said(path, script);
        assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "every request is decided:\n{said}");
        let cost = (self.processes.used() - before).each(number_before(&said, " requests in "));
        (number_after(&said, "Requests/sec:"), cost)
    }

    fn wrk_said(&self, path: &str, script: Option<&str>) -> String {
        let mut command = Command::new("wrk");
        command.args([
            "-t1",
            &format!("-c{CLIENTS}"),
            &format!("-d{}s", self.seconds),
            "-H",
            &format!("Authorization: Bearer {}", self.token),
        ]);
        if let Some(script) = script {
            let file = self.folder.path().join("init.lua");
            std::fs::write(&file, script).unwrap();
            command.arg("-s").arg(file);
        }
        run(command.arg(format!("{}{path}", self.api.base.replace("localhost", "127.0.0.1"))))
    }

    /// Scripts a second.
    fn pgbench(&self, sql: &str) -> f64 {
        let file = self.folder.path().join("statement.sql");
        // One statement, one line: pgbench ends a statement at its semicolon.
        std::fs::write(&file, if sql.contains(';') { sql.to_owned() } else { format!("{};\n", sql.trim()) }).unwrap();
        let pgbench = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path().join("bin/pgbench"))
            .find(|p| p.is_file());
        let mut command = Command::new(pgbench.unwrap_or_else(|| "pgbench".into()));
        command.args([
            "-n",
            "-M",
            "prepared",
            "-j",
            "1",
            "-c",
            &CLIENTS.to_string(),
            "-T",
            &self.seconds.to_string(),
            "-h",
            "127.0.0.1",
            "-p",
        ]);
        let said = run(command.arg(self.database.port()).args(["-U", "cheapbob", "-f"]).arg(&file).arg(self.database.name()));
        number_after(&said, "tps =")
    }

    /// In turns, since a shared machine is now fast, now slow.
    async fn compare(&self, name: &str, path: &str, script: Option<&str>, sql: &str) -> Option<Cpu> {
        if !self.wants(name) {
            return None;
        }
        let (mut ours, mut pgbench, mut costs) = (0.0, 0.0, Vec::new());
        for _ in 0..TURNS {
            if script.is_some() {
                // The same customers come again.
                self.database.sql("TRUNCATE holds; UPDATE products SET held = 0 WHERE held > 0").await;
                self.database.sql("VACUUM products").await;
            }
            let (rate, cost) = self.wrk(path, script);
            ours += rate / f64::from(TURNS);
            costs.push(cost);
            pgbench += self.pgbench(sql) / f64::from(TURNS);
        }
        let mean = |part: fn(&Cpu) -> f64| costs.iter().map(part).sum::<f64>() / f64::from(TURNS);
        let cost = Cpu { http: mean(|cpu| cpu.http), postgres: mean(|cpu| cpu.postgres), redis: mean(|cpu| cpu.redis) };
        println!("{name:<34}{ours:>12.0}{pgbench:>12.0}{:>8.0}%{}", ours / pgbench * 100.0, shown(cost));
        Some(cost)
    }
}

fn shown(cost: Cpu) -> String {
    format!("{:>8.0}{:>8.0}{:>8.0}", cost.http, cost.postgres, cost.redis)
}

fn run(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|e| panic!("{:?}: {e}; `just bench` gets what is missing", Path::new(command.get_program())));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    std::thread::sleep(Duration::from_millis(300));
    said
}

fn number_before(text: &str, label: &str) -> f64 {
    let before = text.split(label).next().unwrap();
    before.split_whitespace().next_back().unwrap().parse().unwrap_or_else(|_| panic!("no number before {label} in {text}"))
}

fn number_after(text: &str, label: &str) -> f64 {
    let rest = text.split(label).nth(1).unwrap_or_else(|| panic!("{label} in {text}"));
    rest.split_whitespace().next().unwrap().parse().unwrap()
}
