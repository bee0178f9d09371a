//! Real deaths: the process aborts before and after each write and each call to the outside by which money moves, once each, and is
//! started again. The end is right each time.

use std::collections::BTreeSet;

use cheapbob_test_support::{Answer, Api, Held, Person, RealServer, Shop, TestDatabase, crash::POINTS, noon};
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use super::{check::wrong, real::evidence_of};

/// Processes that live and die at once.
const AT_ONCE: usize = 4;

/// One server with its jobs, which dies once.
struct Mortal {
    server: RealServer,
    port: u16,
    settings: Vec<(&'static str, String)>,
    died: bool,
}

impl Mortal {
    async fn start(database: &TestDatabase) -> Self {
        let settings = vec![
            ("DB_HOST", "127.0.0.1".to_owned()),
            ("DB_PORT", database.port()),
            ("DB_USER", "cheapbob".to_owned()),
            ("DB_NAME", database.name().to_owned()),
            // More calls than people make.
            ("RATE_LIMITS", "off".to_owned()),
            ("DB_POOL_SIZE", "6".to_owned()),
            ("RUST_LOG", "off".to_owned()),
        ];
        let port = RealServer::free_port();
        let server = RealServer::mortal(port, &settings).await.unwrap();
        Self { server, port, settings, died: false }
    }

    async fn restart(self, crash_at: Option<String>) -> Self {
        let Self { server, port, mut settings, died } = self;
        server.kill();
        settings.retain(|(name, _)| *name != "CHEAPBOB_CRASH_AT");
        let plain = settings.clone();
        settings.extend(crash_at.map(|at| ("CHEAPBOB_CRASH_AT", at)));
        match RealServer::mortal(port, &settings).await {
            Some(server) => Self { server, port, settings, died },
            // The jobs were faster than the first request.
            None => {
                let server = RealServer::mortal(port, &plain).await.unwrap();
                Self { server, port, settings: plain, died: true }
            }
        }
    }

    /// Starts it again if it has died.
    async fn revive(self) -> Self {
        if !self.server.has_ended() {
            return self;
        }
        Self { died: true, ..self }.restart(None).await
    }
}

/// What goes on while the process may die: each way that money can go.
struct Script<'a> {
    mortal: Option<Mortal>,
    shop: &'a Shop,
    customer: &'a Person,
}

impl Script<'_> {
    async fn call(&mut self, token: Option<&str>, method: Method, path: &str, body: Option<&Value>) -> Option<Answer> {
        let answer = self.shop.seller.api.try_call(method, path, token, body).await.ok();
        self.mortal = Some(self.mortal.take().unwrap().revive().await);
        answer
    }

    async fn hold(&mut self) -> Held {
        loop {
            let body = json!({ "product_id": self.shop.product_id, "quantity": 1 });
            let token = self.customer.token.clone();
            let answer = self.call(Some(&token), Method::POST, "/api/v1/customer/payment/init", Some(&body)).await;
            if let Some(answer) = answer {
                let body = answer.expect(200);
                return Held { payment_id: body["payment_id"].as_str().unwrap().to_owned(), body };
            }
        }
    }

    /// Pays, confirms, and confirms again if there was no answer.
    async fn pay(&mut self, total: Option<i64>) -> Held {
        let held = self.hold().await;
        let total = total.map_or_else(|| held.body["total_amount"].clone(), Value::from);
        let checkout = json!({ "paymentId": held.payment_id, "storeId": held.body["store_id"], "channelKey": "c", "totalAmount": total });
        self.call(None, Method::POST, "/sandbox/portone/checkout", Some(&checkout)).await;
        let (token, body) = (self.customer.token.clone(), json!({ "payment_id": held.payment_id }));
        while self.call(Some(&token), Method::POST, "/api/v1/customer/payment/confirm", Some(&body)).await.is_none() {}
        held
    }

    async fn seller(&mut self, method: Method, path: &str) -> Option<Answer> {
        let token = self.shop.seller.token.clone();
        self.call(Some(&token), method, &format!("/api/v1/seller/store{path}"), None).await
    }

    async fn advance(&mut self, seconds: i64) {
        let Some(now) = self.call(None, Method::GET, "/sandbox/clock", None).await else { return };
        let now = chrono::DateTime::parse_from_rfc3339(now.body["now"].as_str().unwrap()).unwrap();
        let later = json!({ "now": (now + chrono::Duration::seconds(seconds)).to_rfc3339() });
        self.call(None, Method::PUT, "/sandbox/clock", Some(&later)).await;
    }

    async fn run(&mut self) {
        let token = self.customer.token.clone();
        // Handed out.
        let done = self.pay(None).await.payment_id;
        self.seller(Method::PATCH, &format!("/orders/{done}/accept")).await;
        if let Some(code) = self.seller(Method::GET, &format!("/orders/{done}/qr")).await {
            let scan = json!({ "qr_data": code.body["qr_data"] });
            self.call(Some(&token), Method::PATCH, &format!("/api/v1/customer/orders/{done}/complete"), Some(&scan)).await;
        }
        // Of another amount; released by the customer; held and never paid; paid, and the tab closed.
        self.pay(Some(100)).await;
        let regretted = self.pay(None).await.payment_id;
        self.call(Some(&token), Method::DELETE, &format!("/api/v1/customer/orders/{regretted}/cancel"), None).await;
        self.hold().await;
        // Over: the next one would take its place.
        self.advance(301).await;
        self.call(None, Method::POST, "/sandbox/jobs/resolve_holds", None).await;
        let closed = self.hold().await;
        let checkout = json!({
            "paymentId": closed.payment_id, "storeId": closed.body["store_id"], "channelKey": "c", "totalAmount": closed.body["total_amount"],
        });
        self.call(None, Method::POST, "/sandbox/portone/checkout", Some(&checkout)).await;
        // The holds end, and somebody looks once more.
        for seconds in [301, 70, 70] {
            self.advance(seconds).await;
            self.call(None, Method::POST, "/sandbox/jobs/resolve_holds", None).await;
        }
        self.pay(None).await;
        self.seller(Method::PATCH, "/close").await;
    }
}

/// Dies at this place; gives the rules that are broken then, or that it did not die.
async fn die_at(point: &str, side: &str) -> Vec<String> {
    let database = TestDatabase::create().await;
    let mortal = Mortal::start(&database).await;
    let api: Api = mortal.server.api.clone();
    api.set_clock(noon()).await;
    let (shop, customer) = (api.shop(9).await, api.customer().await);
    shop.connect_webhooks().await;
    let mortal = mortal.restart(Some(format!("{point}:{side}:1"))).await;
    let mut script = Script { mortal: Some(mortal), shop: &shop, customer: &customer };
    script.run().await;
    // What the jobs do by themselves may be what kills it.
    const OPEN: &str =
        "SELECT (SELECT count(*) FROM holds WHERE state = 'held') + (SELECT count(*) FROM refunds WHERE state <> 'succeeded')
        + (SELECT count(*) FROM tasks WHERE job IS NULL AND status IN ('pending', 'running')) AS n";
    let end = std::time::Instant::now() + std::time::Duration::from_secs(90);
    let mut rested = false;
    while !rested && std::time::Instant::now() < end {
        script.advance(30).await;
        // Answers when the run has ended.
        script.call(None, Method::POST, "/sandbox/jobs/process_refunds", None).await;
        rested = database.number(OPEN).await == 0;
    }
    // The last thing that it did may be what killed it.
    let mortal = script.mortal.unwrap().revive().await;
    let mut evidence = evidence_of(&api, &shop, 9).await;
    evidence.mails = database.texts("SELECT message_id FROM embedded.mails").await.into_iter().collect::<BTreeSet<_>>();
    let mut broken = wrong(&database, &evidence).await;
    if !rested {
        let open = "SELECT 'hold ' || payment_id FROM holds WHERE state = 'held' UNION SELECT state || ' refund ' || coalesce(last_answer, '') || next_attempt_at FROM refunds
            WHERE state <> 'succeeded' UNION SELECT status || ' ' || id || ' ' || run_at || ' ' || coalesce(last_error, '') FROM tasks WHERE status <> 'done'";
        broken.push(format!("it did not come to rest: {:?}", database.texts(open).await));
    }
    if !mortal.died {
        broken.push("it did not die".to_owned());
    }
    let orders = database.count("orders").await;
    if orders < 3 {
        broken.push(format!("too little happened: {orders} orders"));
    }
    broken.into_iter().map(|what| format!("{side} {point}: {what}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_process_may_die_at_every_place() {
    // CHEAPBOB_POINT=order for one of them.
    let only = std::env::var("CHEAPBOB_POINT").ok();
    let points = POINTS.iter().filter(|point| only.as_ref().is_none_or(|only| only == *point));
    let places: Vec<_> = points.flat_map(|point| [(*point, "before"), (*point, "after")]).collect();
    let deaths = futures::stream::iter(places).map(|(point, side)| die_at(point, side)).buffer_unordered(AT_ONCE);
    let broken: Vec<_> = deaths.collect::<Vec<_>>().await.into_iter().flatten().collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
