//! The rows of payments: checkouts and confirmations, each by another customer.

use std::time::{Duration, Instant};

use cheapbob_test_support::RealServer;
use futures::future::join_all;
use hdrhistogram::Histogram;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep_until,
};

use super::{
    Bench, CLIENTS, CUSTOMERS, STORES, TURNS,
    call::Call,
    cpu::Processes,
    judge::{Goal, Judge},
    statements::TODAY,
};

const INIT: &str = "/api/v1/customer/payment/init";

impl Bench {
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

    /// Checkouts of one product, and of 500; of the hot one also how long they take while it is half as busy as it can be.
    pub(super) async fn checkouts(&self, judge: &mut Judge) {
        let mut rates = Vec::new();
        for (name, products) in [("payment init, one hot product", 1), ("payment init, 500 products", STORES)] {
            let script = self.lua(products);
            rates.push(self.compare(name, &self.call(INIT).with(&script), &Self::init_sql(products), judge).await);
        }
        if let [Some(hot), Some(many)] = rates.as_slice() {
            let percent = hot.rate / many.rate * 100.0;
            let goal = judge.judge("one hot product, of the rate of 500", percent, Goal::Least(80.0), "%");
            println!("{:<34}{:>24}{percent:>8.0}%  {goal}", "    of the rate of 500", "");
        }
        if let Some(Some(hot)) = rates.first() {
            self.latency(hot.rate / 2.0, judge).await;
        }
    }

    /// Checkouts of the hot product at a fixed rate, whatever becomes of those before.
    async fn latency(&self, rate: f64, judge: &mut Judge) {
        self.clear_holds().await;
        let tokens = std::fs::read_to_string(self.folder.path().join("tokens")).unwrap();
        let tokens: Vec<_> = tokens.lines().collect();
        let calls = ((rate * self.seconds as f64) as usize).min(tokens.len());
        let client = reqwest::Client::builder().pool_max_idle_per_host(1_024).timeout(Duration::from_secs(60)).build().unwrap();
        let url = format!("{}{INIT}", self.api.base.replace("localhost", "127.0.0.1"));
        let body = json!({ "product_id": format!("PRD_{:026}", 1), "quantity": 1 });
        let begin = Instant::now() + Duration::from_millis(50);
        let calls = tokens[..calls].iter().enumerate().map(|(n, token)| {
            let request = client.post(&url).json(&body).bearer_auth(token);
            let start = begin + Duration::from_secs_f64(n as f64 / rate);
            tokio::spawn(async move {
                sleep_until(start.into()).await;
                let answer = request.send().await.unwrap();
                let is_held = answer.status().is_success();
                answer.bytes().await.unwrap();
                (is_held, start.elapsed())
            })
        });
        let answers: Vec<_> = join_all(calls.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).collect();
        let refused = answers.iter().filter(|(is_held, _)| !is_held).count();
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 120_000_000, 3).unwrap();
        answers.iter().for_each(|(_, took)| histogram.saturating_record(took.as_micros() as u64));
        let ms = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        let goal = judge.judge("p99 of the hot product at half its peak", ms(0.99), Goal::Most(10.0), "ms");
        judge.judge("of these without room (503)", refused as f64, Goal::Most(0.0), "calls");
        println!(
            "    at {rate:.0} a second, whatever becomes of those before: p50 {:.1} ms, p99 {:.1} ms  {goal}, {refused} without room",
            ms(0.5),
            ms(0.99)
        );
    }

    /// The same customers come again.
    pub(super) async fn clear_holds(&self) {
        self.database.sql("TRUNCATE holds; UPDATE products SET held = 0 WHERE held > 0").await;
        self.database.sql("VACUUM products").await;
    }

    /// Confirmations of payments that PortOne has the money of. It is played by this process, and the CPU time that this takes, on the cores
    /// that all share, is taken out of the account.
    pub(super) async fn confirmations(&self, judge: &mut Judge) {
        const NAME: &str = "payment confirm";
        if !self.wants(NAME) {
            return;
        }
        let portone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let portone_url = format!("http://{}", portone.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = portone.accept().await {
                tokio::spawn(paid(stream));
            }
        });
        // Their accounts at PortOne are sealed as the API does it.
        let shops = join_all((0..20).map(|_| self.api.shop(900_000))).await;
        let shops: Vec<_> = shops.iter().map(|shop| format!("('{}', '{}')", shop.product_id, shop.store_id)).collect();
        let settings = [self.settings.as_slice(), &[("PORTONE_API_BASE_URL", portone_url)]].concat();
        let server = RealServer::http(RealServer::free_port(), &settings).await;
        let processes = self.processes.with_http(server.pid());
        let payments = self.seconds * CUSTOMERS;
        let script = format!(
            r#"local sessions, n = {{}}, 0
for token in io.lines("{}") do sessions[#sessions + 1] = "Bearer " .. token end
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
    n = n % #sessions + 1
    wrk.headers["Authorization"] = sessions[n]
    return wrk.format(nil, nil, nil, string.format('{{"payment_id":"PAY%026d"}}', n))
end
"#,
            self.folder.path().join("tokens").display()
        );
        let holds = format!(
            "TRUNCATE holds, orders, tasks; UPDATE products SET held = 0, sold = 0 WHERE held > 0 OR sold > 0;
             INSERT INTO holds (payment_id, customer_email, product_id, store_id, quantity, price, sale, total_amount, portone_store_id,
                                business_day, created_at, expires_at)
             SELECT 'PAY' || lpad(n::text, 26, '0'), 'c' || n || '@bench.example', shop.product, shop.store, 1, 10000, 30, 7000,
                    y.portone_store_id, {TODAY}, now(), now() + interval '5 minutes'
             FROM (SELECT row_number() OVER () - 1 AS at, * FROM (VALUES {}) s (product, store)) shop
             JOIN store_payments y ON y.store_id = shop.store
             JOIN generate_series(1, {payments}) n ON n % {} = shop.at;
             UPDATE products p SET held = h.held FROM (SELECT product_id, count(*) AS held FROM holds GROUP BY 1) h WHERE h.product_id = p.id",
            shops.join(","),
            shops.len()
        );
        let call = || Call { base: &server.api.base, ..self.call("/api/v1/customer/payment/confirm") }.with(&script);
        let (mut ours, mut pgbench, mut portone) = (0.0, 0.0, 0.0);
        for _ in 0..TURNS {
            self.database.sql(&holds).await;
            self.database.sql("VACUUM ANALYZE holds, products, orders").await;
            let before = Processes::own();
            let (rate, _) = self.wrk_on(processes, &call());
            let played = (Processes::own() - before) / 1e6;
            let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
            let seconds = self.seconds as f64;
            ours += rate * seconds / (seconds - played / cores) / f64::from(TURNS);
            portone += played / seconds / f64::from(TURNS);
            self.database.sql(&holds).await;
            self.database.sql("VACUUM ANALYZE holds, products, orders").await;
            pgbench += self.pgbench(&Self::confirm_sql(payments / CLIENTS as u64)) / f64::from(TURNS);
        }
        let share = ours / pgbench * 100.0;
        let goal = judge.share(NAME, share);
        println!("{NAME:<34}{ours:>12.0}{pgbench:>12.0}{share:>8.0}%  {goal:<12} (PortOne, {portone:.2} of a core, taken out)");
        self.database.sql("TRUNCATE holds, orders, tasks; UPDATE products SET held = 0, sold = 0 WHERE held > 0 OR sold > 0").await;
    }
}

/// Says of every payment that it is paid, over one connection.
async fn paid(mut stream: TcpStream) {
    let mut heard = Vec::new();
    loop {
        while let Some(end) = heard.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&heard[..end]).into_owned();
            let path = head.split_whitespace().nth(1).unwrap_or_default();
            let id = path.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default();
            let store = path.split("storeId=").nth(1).unwrap_or_default().split('&').next().unwrap_or_default();
            let body = json!({
                "id": id, "status": "PAID", "storeId": store, "currency": "KRW", "amount": { "total": 7000, "cancelled": 0 },
                "channel": { "type": "TEST" }
            })
            .to_string();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
            heard.drain(..end + 4);
            if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
                return;
            }
        }
        match stream.read_buf(&mut heard).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}
