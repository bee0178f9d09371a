//! `kill -9` between every two steps: the journey still ends well, and money taken is an order or a refund.

use cheapbob_test_support::{Api, Held, Person, RealServer, Shop, eventually, noon};
use serde_json::json;

/// A server that is killed and started again on the same data.
struct Mortal {
    server: Option<RealServer>,
    port: u16,
    data: tempfile::TempDir,
}

impl Mortal {
    async fn start() -> Self {
        let mut mortal = Self { server: None, port: RealServer::free_port(), data: tempfile::tempdir().unwrap() };
        mortal.restart().await;
        mortal.api().set_clock(noon()).await;
        mortal
    }

    async fn restart(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill();
        }
        let settings = [("CHEAPBOB_DATA_DIR", self.data.path().display().to_string())];
        self.server = Some(RealServer::http(self.port, &settings).await);
    }

    fn api(&self) -> &Api {
        &self.server.as_ref().unwrap().api
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journey_survives_a_kill_after_each_step() {
    let mut mortal = Mortal::start().await;
    let customer: Person = mortal.api().customer().await;
    mortal.restart().await;
    let shop: Shop = mortal.api().shop(3).await;
    mortal.restart().await;
    let held = customer.hold(&shop.product_id, 2).await;
    mortal.restart().await;
    assert_eq!(shop.stock().await, (1, 2));
    mortal.api().pay(&held).await;
    mortal.restart().await;
    customer.confirm(&held.payment_id).await.expect(200);
    mortal.restart().await;
    shop.accept(&held.payment_id).await.expect(200);
    mortal.restart().await;
    let code = shop.code(&held.payment_id).await;
    mortal.restart().await;
    let order = customer.scan(&held.payment_id, &code).await;
    // The restart may have taken longer than a code lives.
    if order.status == 400 {
        assert_eq!(order.refused(400), "qr_invalid");
        customer.scan(&held.payment_id, &shop.code(&held.payment_id).await).await.expect(200);
    }
    mortal.restart().await;
    assert_eq!(customer.get(&format!("/api/v1/customer/orders/{}", held.payment_id)).await.expect(200)["status"], "complete");
    assert_eq!(shop.stock().await, (1, 2));
    let api = mortal.api();
    // One that a dead process was at is taken over after half a minute.
    eventually("both mails, once", 90, || async {
        (api.mails().await.iter().filter(|m| m["to"] == *customer.email).count() == 2).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_taken_is_an_order_or_a_refund_whenever_the_process_dies() {
    let mut mortal = Mortal::start().await;
    let shop = mortal.api().shop(100).await;
    let mut paid: Vec<(Person, Held, i64)> = Vec::new();
    for round in 0..6_u64 {
        // Some right, some wrong, confirmed at once, and the process dies somewhere in the middle.
        let mut calls = Vec::new();
        for n in 0..6 {
            let customer = mortal.api().customer().await;
            let held = customer.hold(&shop.product_id, 1).await;
            let total = if n % 3 == 0 { 100 } else { 7000 };
            mortal.api().pay_with(&held, &json!({ "totalAmount": total })).await.expect(200);
            let (payer, payment_id) = (customer.clone(), held.payment_id.clone());
            calls.push(tokio::spawn(async move {
                let body = json!({ "payment_id": payment_id });
                payer.api.try_call(reqwest::Method::POST, "/api/v1/customer/payment/confirm", Some(&payer.token), Some(&body)).await
            }));
            paid.push((customer, held, total));
        }
        tokio::time::sleep(std::time::Duration::from_millis(round * 9)).await;
        mortal.restart().await;
        for call in calls {
            // Answered, or cut off.
            let _ = call.await.unwrap();
        }
    }
    // The holds end; what nobody confirmed is resolved by the jobs.
    let api = mortal.api();
    api.advance(chrono::Duration::seconds(301)).await;
    for (customer, held, total) in &paid {
        let right = *total == 7000;
        eventually("each payment is resolved", 90, || async {
            let order = customer.get(&format!("/api/v1/customer/orders/{}", held.payment_id)).await.status;
            let cancelled = api.cancelled(&held.payment_id).await;
            ((order, cancelled) == if right { (200, 0) } else { (404, *total) }).then_some(())
        })
        .await;
    }
    let orders = paid.iter().filter(|(_, _, total)| *total == 7000).count() as i64;
    assert_eq!(shop.stock().await, (100 - orders, orders));
}
