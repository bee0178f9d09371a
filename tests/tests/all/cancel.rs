//! Orders canceled by the customer, the store, and a store that closes.

use cheapbob_test_support::{Held, TestApp, eventually, normalized};
use futures::future::join_all;
use serde_json::{Value, json};

fn of_customer(held: &Held) -> String {
    format!("/api/v1/customer/orders/{}/cancel", held.payment_id)
}

fn of_store(held: &Held) -> String {
    format!("/api/v1/seller/store/orders/{}/cancel", held.payment_id)
}

/// What PortOne's books say went back of a payment, and in how many steps.
async fn back(app: &TestApp, held: &Held) -> (i64, usize) {
    let payment = app.api.payment(&held.payment_id).await;
    (payment["amount"]["cancelled"].as_i64().unwrap(), payment["cancellations"].as_array().map_or(0, Vec::len))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_canceled_once_with_its_money_and_its_stock() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(5).await, app.api.customer().await);
    let held = customer.order(&shop.product_id, 2).await;
    assert_eq!(shop.stock().await, (3, 2));
    let reason = json!({ "reason": "일정이 <b>바뀌었어요</b>" });
    for bad in [json!({ "reason": "" }), json!({ "reason": "가".repeat(256) }), json!({ "reason": 7 })] {
        assert_eq!(customer.delete_with(&of_customer(&held), &bad).await.refused(422), "validation_failed", "{bad}");
    }
    insta::assert_json_snapshot!("cancel", normalized(&customer.delete_with(&of_customer(&held), &reason).await.expect(200)));
    assert_eq!(shop.stock().await, (5, 0));
    assert_eq!(back(&app, &held).await, (14_000, 1));
    // Whoever did it hears the same again; whoever did not, that it is done.
    assert_eq!(customer.delete(&of_customer(&held)).await.expect(200)["total_amount"], 14_000);
    assert_eq!((shop.stock().await, back(&app, &held).await), ((5, 0), (14_000, 1)));
    assert_eq!(shop.seller.delete(&of_store(&held)).await.refused(400), "order_canceled");
    let order = customer.get(&format!("/api/v1/customer/orders/{}", held.payment_id)).await.expect(200);
    insta::assert_json_snapshot!("canceled order", normalized(&order));
    assert_eq!(shop.accept(&held.payment_id).await.refused(400), "order_canceled");

    // The store has taken it: only the store can cancel it. Without a reason, too.
    let taken = customer.order(&shop.product_id, 1).await;
    shop.accept(&taken.payment_id).await.expect(200);
    assert_eq!(customer.delete(&of_customer(&taken)).await.refused(400), "order_accepted");
    insta::assert_json_snapshot!("cancel by the store", normalized(&shop.seller.delete(&of_store(&taken)).await.expect(200)));
    assert_eq!(back(&app, &taken).await, (7_000, 1));
    assert_eq!(shop.seller.delete(&of_store(&taken)).await.expect(200)["payment_id"], *taken.payment_id);
    assert_eq!(
        (back(&app, &taken).await, customer.delete(&of_customer(&taken)).await.refused(400)),
        ((7_000, 1), "order_canceled".to_owned())
    );
    let code = shop.seller.get(&format!("/api/v1/seller/store/orders/{}/qr", taken.payment_id)).await;
    assert_eq!(code.refused(400), "order_canceled");

    // Picked up: nobody can.
    let done = customer.order(&shop.product_id, 1).await;
    shop.accept(&done.payment_id).await.expect(200);
    customer.scan(&done.payment_id, &shop.code(&done.payment_id).await).await.expect(200);
    assert_eq!(customer.delete(&of_customer(&done)).await.refused(400), "order_complete");
    assert_eq!(shop.seller.delete(&of_store(&done)).await.refused(400), "order_complete");
    assert_eq!((shop.stock().await, back(&app, &done).await), ((4, 1), (0, 0)));

    // Another's is not there.
    let (stranger, other) = (app.api.customer().await, app.api.shop(1).await);
    let mine = customer.order(&shop.product_id, 1).await;
    assert_eq!(stranger.delete(&of_customer(&mine)).await.refused(404), "order_not_found");
    assert_eq!(other.seller.delete(&of_store(&mine)).await.refused(404), "order_not_found");
    assert_eq!(customer.delete("/api/v1/customer/orders/PAY0/cancel").await.refused(404), "order_not_found");

    // A mail for each event: four orders placed, two accepted, two canceled.
    let mails = eventually("eight mails", 10, || async {
        let mails: Vec<_> = app.api.mails().await.into_iter().filter(|m| m["to"] == *customer.email).collect();
        (mails.len() == 8).then_some(mails)
    })
    .await;
    let canceled: Vec<_> = mails.iter().filter(|m| m["subject"].as_str().unwrap().contains("취소")).collect();
    assert_eq!(canceled.len(), 2);
    assert!(mails.iter().all(|m| !m["html"].as_str().unwrap().contains("<b>")), "what a person typed is no HTML");
    assert!(canceled.iter().any(|m| m["subject"] == "[CheapBob] 가게 매장에서 주문을 취소했습니다"), "{canceled:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_asks_at_once_an_order_goes_back_once() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    for _ in 0..5 {
        let held = customer.order(&shop.product_id, 2).await;
        let calls = (0..12).map(|n| {
            let (held, shop, customer) = (&held, &shop, &customer);
            async move {
                match n % 3 {
                    0 => customer.delete(&of_customer(held)).await,
                    1 => shop.seller.delete(&of_store(held)).await,
                    _ => shop.accept(&held.payment_id).await,
                }
            }
        });
        let answers = join_all(calls).await;
        assert!(answers.iter().all(|a| matches!(a.status, 200 | 400)), "{answers:?}");
        shop.seller.delete(&of_store(&held)).await;
        assert_eq!((shop.stock().await, back(&app, &held).await), ((50, 0), (14_000, 1)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_closes_cancels_its_open_orders() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    let orders = [customer.order(&shop.product_id, 1).await, customer.order(&shop.product_id, 2).await];
    let done = customer.order(&shop.product_id, 1).await;
    shop.accept(&orders[1].payment_id).await.expect(200);
    shop.accept(&done.payment_id).await.expect(200);
    customer.scan(&done.payment_id, &shop.code(&done.payment_id).await).await.expect(200);
    let paying = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&paying).await;
    let close = "/api/v1/seller/store/close";
    insta::assert_json_snapshot!("close", shop.seller.patch(close).await.expect(200));
    assert_eq!(shop.seller.patch(close).await.expect(200)["refunded_orders"], 0);
    for (held, amount) in orders.iter().zip([7_000, 14_000]) {
        assert_eq!(back(&app, held).await, (amount, 1));
    }
    assert_eq!(back(&app, &done).await, (0, 0));
    // Closed until the business day ends: no new payment, and the one under way goes back.
    assert_eq!(customer.init(&shop.product_id, 1).await.refused(400), "store_closed_today");
    assert_eq!(customer.confirm(&paying.payment_id).await.refused(400), "payment_store_closed");
    assert_eq!((shop.stock().await, back(&app, &paying).await), ((8, 1), (7_000, 1)));
    let open = |store: Value| store["operation_times"].as_array().unwrap().iter().any(|o| o["is_currently_open"] == true);
    assert!(!open(shop.seller.get("/api/v1/seller/store").await.expect(200)));
    app.api.set_clock("2026-11-25T04:00:01+09:00".parse().unwrap()).await;
    assert!(open(shop.seller.get("/api/v1/seller/store").await.expect(200)));
    customer.hold(&shop.product_id, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_portone_leaves_the_refund_pending_and_it_goes_on() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    let (slow, refused) = (customer.order(&shop.product_id, 1).await, customer.order(&shop.product_id, 1).await);
    app.api.faults(json!([{ "on": "cancel", "do": "timeout", "times": 1 }])).await;
    let begin = std::time::Instant::now();
    let answer = customer.delete(&of_customer(&slow)).await.expect(200);
    assert_eq!(answer["refund_status"], "pending");
    assert!(begin.elapsed() < std::time::Duration::from_secs(5), "{:?}", begin.elapsed());
    app.api.faults(json!([{ "on": "cancel", "do": "fail_200", "times": 1 }])).await;
    assert_eq!(shop.seller.delete(&of_store(&refused)).await.expect(200)["refund_status"], "pending");
    app.api.advance(chrono::Duration::seconds(91)).await;
    eventually("both refunds", 20, || async {
        (back(&app, &slow).await.0 == 7_000 && back(&app, &refused).await.0 == 7_000).then_some(())
    })
    .await;
}
