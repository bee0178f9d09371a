//! The deployed topology, restarted piece by piece while people buy.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use cheapbob_test_support::{Answer, Cluster, Held, Person, eventually, text};
use reqwest::Method;
use serde_json::{Value, json};

/// A request that the client may repeat, and does where a process went away in the middle of it; anything else must succeed.
async fn repeated<F: Future<Output = Result<Answer, reqwest::Error>>>(repeats: &AtomicUsize, call: impl Fn() -> F) -> Value {
    const AGAIN: [u16; 3] = [502, 503, 504];
    for _ in 0..20 {
        match call().await {
            // The first try was heard, only its answer was lost.
            Ok(answer) if answer.status == 200 || answer.body["type"] == "ALREADY_PAID" => return answer.body,
            Ok(answer) => assert!(AGAIN.contains(&answer.status), "{}: {}", answer.status, answer.body),
            Err(_) => {}
        }
        repeats.fetch_add(1, Ordering::Relaxed);
    }
    panic!("no process answers");
}

/// init with a key, checkout, confirm: each may be repeated.
async fn buy(customer: &Person, product: &str, key: &str, repeats: &AtomicUsize) {
    let body = json!({ "product_id": product, "quantity": 1 });
    let init = || async { Ok(customer.keyed(Method::POST, "/api/v1/customer/payment/init", key, &body).await) };
    let body = repeated(repeats, init).await;
    let held = Held { payment_id: text(&body, "payment_id"), body };
    repeated(repeats, || async { Ok(customer.api.pay_with(&held, &json!({})).await) }).await;
    repeated(repeats, || async { Ok(customer.confirm(&held.payment_id).await) }).await;
    let order = format!("/api/v1/customer/orders/{}", held.payment_id);
    repeated(repeats, || customer.api.try_call(Method::GET, &order, Some(&customer.token), None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_under_load_fails_nobody_and_loses_no_work() {
    const CUSTOMERS: usize = 4;
    let mut cluster = Cluster::start().await;
    let ready = cluster.api.get("/health/ready").await.expect(200);
    let parts: Vec<_> = ready["parts"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(parts, ["mongodb", "postgres", "redis", "s3"]);

    let shop = cluster.api.shop(100_000).await;
    let (stop, bought, repeats) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let mut buyers = Vec::new();
    for n in 0..CUSTOMERS {
        let customer = cluster.api.customer().await;
        let (stop, bought, repeats, product) = (Arc::clone(&stop), Arc::clone(&bought), Arc::clone(&repeats), shop.product_id.clone());
        buyers.push(tokio::spawn(async move {
            for purchase in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                buy(&customer, &product, &format!("customer-{n}-purchase-{purchase}"), &repeats).await;
                bought.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    let more = async |by: usize| {
        let goal = bought.load(Ordering::Relaxed) + by;
        eventually("people go on buying", 60, || async { (bought.load(Ordering::Relaxed) >= goal).then_some(()) }).await;
    };
    for n in 0..2 {
        more(CUSTOMERS).await;
        cluster.restart_http(n).await;
        more(CUSTOMERS).await;
        if n == 0 { cluster.restart_jobs(n).await } else { cluster.kill_jobs(n) }
    }
    more(CUSTOMERS).await;
    stop.store(true, Ordering::Relaxed);
    for buyer in buyers {
        buyer.await.unwrap();
    }
    let (bought, repeats) = (bought.load(Ordering::Relaxed), repeats.load(Ordering::Relaxed));
    assert!(repeats <= 2 * CUSTOMERS, "{repeats} repeats of {bought} purchases: restarts are felt");

    let orders = cluster.database.count("orders WHERE status <> 'cancel'").await;
    assert_eq!(orders, i64::try_from(bought).unwrap(), "each purchase is one order");
    eventually("each order's mail is out, also those of the runner that was killed", 90, || async {
        let sent = "SELECT count(*) AS n FROM tasks t JOIN orders o ON t.id = 'mail:placed:' || o.payment_id WHERE t.status = 'done'";
        (cluster.database.number(sent).await == orders).then_some(())
    })
    .await;
    assert!(cluster.mails.mails().len() >= bought);
    let dead = cluster.database.count("tasks WHERE status = 'dead'").await;
    assert_eq!(dead, 0);
}
