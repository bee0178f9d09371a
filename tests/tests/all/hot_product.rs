//! A rush for one product through two processes that are killed again and again.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use cheapbob_test_support::{Answer, Api, Person, RealServer, TestDatabase};
use futures::{StreamExt, future::join_all};
use reqwest::Method;
use serde_json::json;
use tokio::sync::Mutex;

const STOCK: i64 = 300;
const CUSTOMERS: usize = 140;
const DEATHS: usize = 8;

/// What became of a customer's wish.
struct Decided {
    quantity: i64,
    begun: Instant,
    answered: Instant,
    /// The hold's payment; `None`: refused.
    payment: Option<String>,
}

/// The two processes; whichever is dead comes back at its own port.
struct Pair {
    ports: [u16; 2],
    settings: Vec<(&'static str, String)>,
    servers: [Mutex<Option<RealServer>>; 2],
}

impl Pair {
    async fn start(settings: Vec<(&'static str, String)>) -> Self {
        let ports = [RealServer::free_port(), RealServer::free_port()];
        let mut servers = Vec::new();
        for port in ports {
            servers.push(Mutex::new(Some(RealServer::http(port, &settings).await)));
        }
        Self { ports, settings, servers: servers.try_into().ok().unwrap() }
    }

    /// Kills one, as kill -9 does, and starts it again.
    async fn die(&self, which: usize) {
        let mut server = self.servers[which].lock().await;
        server.take().unwrap().kill();
        *server = Some(RealServer::http(self.ports[which], &self.settings).await);
    }
}

/// Asks again, under the same key, of the one process or the other, until there is an answer.
async fn decide(people: &[Person; 2], database: &TestDatabase, product: &str, n: usize) -> Decided {
    let quantity = i64::try_from(n % 7).unwrap() + 1;
    let body = json!({ "product_id": product, "quantity": quantity });
    let key = format!("rush-{n}");
    let begun = Instant::now();
    let mut turn = n;
    loop {
        let person = &people[turn % 2];
        turn += 1;
        let answer: Result<Answer, _> = person.try_keyed(Method::POST, "/api/v1/customer/payment/init", &key, &body).await;
        let Ok(answer) = answer else {
            // Whether it was decided the dead process has told nobody. Its claim of the key ends by itself after a minute; here at once.
            let over = "UPDATE idempotency_keys SET leased_until = 'epoch' WHERE status IS NULL AND account =";
            database.sql(&format!("{over} '{}'", person.email)).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let answered = Instant::now();
        match answer.status {
            200 => {
                let payment = answer.body["payment_id"].as_str().unwrap().to_owned();
                return Decided { quantity, begun, answered, payment: Some(payment) };
            }
            // Its first call is still under way elsewhere, or there is no room just now.
            409 | 503 => tokio::time::sleep(Duration::from_millis(20)).await,
            _ => {
                assert_eq!(answer.refused(400), "insufficient_stock");
                return Decided { quantity, begun, answered, payment: None };
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hot_product_through_two_processes_that_are_killed() {
    let database = TestDatabase::create().await;
    let settings = vec![
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("RATE_LIMITS", "off".to_owned()),
    ];
    let pair = Arc::new(Pair::start(settings).await);
    let apis = [0, 1].map(|n| Api::new(&format!("http://127.0.0.1:{}", pair.ports[n])));
    let shop = apis[0].shop(STOCK).await;
    let people: Vec<Person> = futures::stream::iter(0..CUSTOMERS).map(|_| apis[0].customer()).buffer_unordered(8).collect().await;
    let people: Vec<_> = people.into_iter().map(|person| [0, 1].map(|n| Person { api: apis[n].clone(), ..person.clone() })).collect();
    let deaths = {
        let pair = Arc::clone(&pair);
        tokio::spawn(async move {
            for n in 0..DEATHS {
                tokio::time::sleep(Duration::from_millis(20 + 13 * n as u64)).await;
                pair.die(n % 2).await;
            }
        })
    };
    // They come over a while, so that each death meets some of them; one at a time stands in no line.
    let wishes = people.iter().enumerate().map(|(n, person)| {
        let (database, product) = (&database, shop.product_id.as_str());
        async move {
            tokio::time::sleep(Duration::from_millis(n as u64 / 16 * 250)).await;
            decide(person, database, product, n).await
        }
    });
    let decided = join_all(wishes).await;
    deaths.await.unwrap();

    // Nothing is oversold, and what is held is what they were told.
    let held: i64 = decided.iter().filter(|wish| wish.payment.is_some()).map(|wish| wish.quantity).sum();
    let left = STOCK - held;
    assert!(left >= 0, "{held} of {STOCK}");
    assert_eq!(shop.stock().await, (left, held));
    let told: BTreeMap<_, _> = decided.iter().filter_map(|wish| Some((wish.payment.clone()?, wish.quantity))).collect();
    assert_eq!(told.len(), decided.iter().filter(|wish| wish.payment.is_some()).count(), "each has a hold of their own");
    let rows = database.texts("SELECT payment_id || ' ' || quantity FROM holds WHERE state = 'held' ORDER BY 1").await;
    assert_eq!(rows, told.iter().map(|(payment, quantity)| format!("{payment} {quantity}")).collect::<Vec<_>>());

    // Nobody was refused what was left, and who came after a refusal did not get as much or more.
    let refused: Vec<_> = decided.iter().filter(|wish| wish.payment.is_none()).collect();
    assert!(!refused.is_empty() && refused.len() < decided.len(), "the stock is for some of them");
    assert!(refused.iter().all(|wish| wish.quantity > left), "{left} are left");
    for wish in decided.iter().filter(|wish| wish.payment.is_some()) {
        let overtaken = refused.iter().find(|before| before.answered < wish.begun && before.quantity <= wish.quantity);
        assert!(overtaken.is_none(), "who asked for {} came later and was given {}", overtaken.unwrap().quantity, wish.quantity);
    }
}
