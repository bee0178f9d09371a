//! Many at once on real PostgreSQL.

use std::sync::Arc;

use cheapbob_test_support::{Held, Person, Shop, TestApp, eventually};
use chrono::Duration;
use futures::{StreamExt, future::join_all};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, TestRunner},
};
use serde_json::json;

/// So many customers, registered a few at a time.
async fn crowd(app: &TestApp, count: usize) -> Vec<Person> {
    futures::stream::iter(0..count).map(|_| app.api.customer()).buffer_unordered(8).collect().await
}

async fn expire_all(app: &TestApp, shop: &Shop, stock: i64) {
    app.api.advance(Duration::seconds(301)).await;
    eventually("every hold expires", 10, || async { (shop.stock().await == (stock, 0)).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_customers_and_fifty_pieces() {
    let app = TestApp::start().await;
    let (shop, customers) = (app.api.shop(50).await, crowd(&app, 200).await);
    let answers = join_all(customers.iter().map(|c| c.init(&shop.product_id, 1))).await;
    let held = answers.iter().filter(|a| a.status == 200).count();
    let refused = answers.iter().filter(|a| a.status == 400 && a.body["code"] == "insufficient_stock").count();
    assert_eq!((held, refused), (50, 150));
    assert_eq!(shop.stock().await, (0, 50));
    expire_all(&app, &shop, 50).await;
}

/// `initial + adjustment = left + held + sold`, whatever quantities come at once and however they end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stock_adds_up_for_any_quantities() {
    let app = TestApp::start().await;
    let customers = Arc::new(crowd(&app, 12).await);
    let mut runner = TestRunner::new(Config::default());
    let cases = (1_i64..=30, proptest::collection::vec((1_i64..=5, 0_u8..4), 1..40));
    for _ in 0..12 {
        let (stock, calls) = cases.new_tree(&mut runner).unwrap().current();
        let shop = app.api.shop(stock).await;
        let calls = calls.into_iter().enumerate().map(|(n, (quantity, end))| {
            let (customer, shop) = (&customers[n % customers.len()], &shop);
            async move { one_call(customer, shop, quantity, end).await }
        });
        let (mut held, mut sold) = (0, 0);
        for (still_held, now_sold) in join_all(calls).await {
            held += still_held;
            sold += now_sold;
        }
        assert_eq!(shop.stock().await, (stock - held - sold, held + sold), "stock {stock}");
        let numbers = format!("SELECT count(*) AS n FROM products WHERE id = '{}' AND held = {held} AND sold = {sold}", shop.product_id);
        assert_eq!(app.database.number(&numbers).await, 1, "held {held}, sold {sold}");
    }
}

/// init and then: nothing, release, pay and confirm, confirm without paying. Gives (held, sold).
async fn one_call(customer: &Person, shop: &Shop, quantity: i64, end: u8) -> (i64, i64) {
    let answer = customer.init(&shop.product_id, quantity).await;
    if answer.status != 200 {
        assert_eq!(answer.refused(400), "insufficient_stock");
        return (0, 0);
    }
    let payment_id = answer.body["payment_id"].as_str().unwrap().to_owned();
    let held = Held { payment_id, body: answer.body };
    match end {
        0 => (quantity, 0),
        1 => {
            customer.delete(&format!("/api/v1/customer/payment/init/{}", held.payment_id)).await.expect(200);
            (0, 0)
        }
        2 => {
            customer.api.pay(&held).await;
            customer.confirm(&held.payment_id).await.expect(200);
            (0, quantity)
        }
        _ => {
            assert_eq!(customer.confirm(&held.payment_id).await.refused(400), "payment_not_paid");
            (quantity, 0)
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_confirms_make_one_order() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(5).await, app.api.customer().await);
    let held = customer.hold(&shop.product_id, 2).await;
    app.api.pay(&held).await;
    for answer in join_all((0..20).map(|_| customer.confirm(&held.payment_id))).await {
        assert_eq!(answer.expect(200), json!({ "payment_id": held.payment_id }));
    }
    assert_eq!(app.database.count("orders").await, 1);
    assert_eq!(shop.stock().await, (3, 2));
    // Twenty acceptances, then twenty scans of one code: one each.
    let accepted = join_all((0..20).map(|_| shop.accept(&held.payment_id))).await;
    assert_eq!(accepted.iter().filter(|a| a.status == 200).count(), 1);
    let code = shop.code(&held.payment_id).await;
    let scanned = join_all((0..20).map(|_| customer.scan(&held.payment_id, &code))).await;
    assert_eq!(scanned.iter().filter(|a| a.status == 200).count(), 1);
    assert!(scanned.into_iter().filter(|a| a.status != 200).all(|a| a.refused(400) == "order_complete"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn giving_up_and_confirming_at_once_end_in_one_of_both() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(100).await, app.api.customer().await);
    for _ in 0..10 {
        let held = customer.hold(&shop.product_id, 1).await;
        app.api.pay(&held).await;
        let path = format!("/api/v1/customer/payment/init/{}", held.payment_id);
        let (confirmed, abandoned) = tokio::join!(customer.confirm(&held.payment_id), customer.delete(&path));
        // Paid is paid: PortOne is asked first.
        confirmed.expect(200);
        assert_eq!(abandoned.refused(409), "already_ordered");
    }
    assert_eq!(shop.stock().await, (90, 10));
}
