//! Many at once on real PostgreSQL.

use std::sync::Arc;

use cheapbob_test_support::{Held, Person, Shop, TestApp, eventually};
use chrono::Duration;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
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
    // Each of them calls once in a case: what they hold of one product is theirs once.
    let customers = Arc::new(crowd(&app, 40).await);
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
        // What came to nothing is forgiven after an hour.
        app.api.advance(Duration::minutes(61)).await;
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

/// What somebody does with an order.
#[derive(Debug, Clone, Copy)]
enum Step {
    Accept,
    Scan,
    CustomerCancels,
    StoreCancels,
    StoreCloses,
}

/// Everybody who is about to change this row waits at the gate until it opens: they have read it by then.
struct Gate {
    connection: AsyncPgConnection,
}

impl Gate {
    async fn close(app: &TestApp, row: &str) -> Self {
        let mut connection = AsyncPgConnection::establish(&app.database.url()).await.unwrap();
        connection.batch_execute(&format!("BEGIN; SELECT FROM {row} FOR UPDATE")).await.unwrap();
        Self { connection }
    }

    async fn open(mut self) {
        self.connection.batch_execute("COMMIT").await.unwrap();
    }
}

/// Until so many stand before the gate. (They pass it in the order in which they came.)
async fn at_the_gate(app: &TestApp, number: i64) {
    // For a row, that is: rebuilding the searches' index waits for transactions that are open.
    let waiting = "pg_stat_activity WHERE datname = current_database() AND wait_event IN ('transactionid', 'tuple')";
    eventually("they wait", 10, || async { (app.database.count(waiting).await == number).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_loses_a_race_hears_what_is_so() {
    use Step::{Accept, CustomerCancels, Scan, StoreCancels, StoreCloses};
    let app = TestApp::start().await;
    let customer = app.api.customer().await;
    for (accepted, [first, second], told) in [
        (true, [StoreCancels, Scan], Some("order_canceled")),
        (true, [StoreCloses, Scan], Some("order_canceled")),
        (true, [Scan, Scan], Some("order_complete")),
        (true, [Scan, StoreCancels], Some("order_complete")),
        (false, [CustomerCancels, Accept], Some("order_canceled")),
        (false, [StoreCancels, Accept], Some("order_canceled")),
        (false, [StoreCloses, Accept], Some("order_canceled")),
        (false, [Accept, Accept], Some("order_not_reserved")),
        (false, [Accept, CustomerCancels], Some("order_accepted")),
        (false, [StoreCancels, CustomerCancels], Some("order_canceled")),
        (false, [CustomerCancels, StoreCancels], Some("order_canceled")),
        (false, [StoreCloses, CustomerCancels], Some("order_canceled")),
        // A store closes whatever is open; what is not is no refusal.
        (true, [Scan, StoreCloses], None),
        (false, [CustomerCancels, StoreCloses], None),
        // The same once more: perhaps the first answer was lost.
        (true, [StoreCancels, StoreCancels], None),
        (false, [CustomerCancels, CustomerCancels], None),
    ] {
        let shop = app.api.shop(1).await;
        let payment = customer.order(&shop.product_id, 1).await.payment_id;
        let mut code = String::new();
        if accepted {
            shop.accept(&payment).await.expect(200);
            code = shop.code(&payment).await;
        }
        let take = |step: Step| {
            let (shop, customer, payment, code) = (shop.clone(), customer.clone(), payment.clone(), code.clone());
            tokio::spawn(async move {
                match step {
                    Accept => shop.accept(&payment).await,
                    Scan => customer.scan(&payment, &code).await,
                    CustomerCancels => customer.cancel(&payment).await,
                    StoreCancels => shop.seller.delete(&format!("/api/v1/seller/store/orders/{payment}/cancel")).await,
                    StoreCloses => shop.seller.patch("/api/v1/seller/store/close").await,
                }
            })
        };
        let gate = Gate::close(&app, &format!("orders WHERE payment_id = '{payment}'")).await;
        let winner = take(first);
        at_the_gate(&app, 1).await;
        let loser = take(second);
        at_the_gate(&app, 2).await;
        gate.open().await;
        winner.await.unwrap().expect(200);
        let loser = loser.await.unwrap();
        match told {
            Some(code) => assert_eq!(loser.refused(400), code, "{second:?} after {first:?}"),
            None if matches!(second, StoreCloses) => assert_eq!(loser.expect(200)["refunded_orders"], 0, "{second:?} after {first:?}"),
            None => assert_eq!(loser.expect(200)["payment_id"], payment.as_str(), "{second:?} after {first:?}"),
        }
    }
}

/// PortOne does not answer to the customer who closes the window, and the payment becomes an order at that moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hold_that_became_an_order_meanwhile_is_not_told_as_released() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(1).await, app.api.customer().await);
    let held = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&held).await;
    let gate = Gate::close(&app, &format!("holds WHERE payment_id = '{}'", held.payment_id)).await;
    let confirmed = tokio::spawn({
        let (customer, payment) = (customer.clone(), held.payment_id.clone());
        async move { customer.confirm(&payment).await }
    });
    at_the_gate(&app, 1).await;
    app.api.faults(json!([{ "on": "get", "do": "error500", "times": 1 }])).await;
    let abandoned = tokio::spawn({
        let (customer, path) = (customer.clone(), format!("/api/v1/customer/payment/init/{}", held.payment_id));
        async move { customer.delete(&path).await }
    });
    at_the_gate(&app, 2).await;
    gate.open().await;
    confirmed.await.unwrap().expect(200);
    assert_eq!(abandoned.await.unwrap().refused(409), "already_ordered");
    assert_eq!(shop.stock().await, (0, 1));
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
