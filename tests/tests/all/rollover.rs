//! The daily rollover.

use cheapbob_domain::{orders::ports::EndedOrders, shared::kst};
use cheapbob_test_support::{Shop, TestApp, eventually};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::operator::operator;

/// The daily rollover's jobs, in their order.
pub(crate) const ROLLOVER: [&str; 5] = ["refund_open_orders", "rollover_stock", "archive_orders", "apply_hours", "delete_accounts"];

/// Half past four in the morning of `days` days after the app's noon.
pub(crate) fn morning(noon: DateTime<Utc>, days: i64) -> DateTime<Utc> {
    kst::last(noon + Duration::days(days), "04:59:00".parse().unwrap())
}

/// Waits until these jobs have run for the rollover of this morning, by the ledger.
pub(crate) async fn rolled_over(app: &TestApp, morning: DateTime<Utc>) {
    for job in ROLLOVER {
        eventually(job, 90, || async {
            let runs = app.services.ledger.runs(job, 1).await.unwrap();
            let ended = |r: &&cheapbob_domain::tasks::JobRun| r.status == "done" && morning - r.due_at < Duration::hours(1);
            runs.first().filter(ended).map(|_| ())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_rolled_over() {
    for app in [TestApp::start().await, TestApp::start_on_servers().await] {
        let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
        let noon = app.api.now().await;
        let done = customer.order(&shop.product_id, 2).await;
        shop.accept(&done.payment_id).await.expect(200);
        let code = shop.code(&done.payment_id).await;
        customer.scan(&done.payment_id, &code).await.expect(200);
        // Nobody takes this one: it goes back.
        let open = customer.order(&shop.product_id, 1).await;
        let reservation = format!("/api/v1/seller/store/products/{}/stock/reservation", shop.product_id);
        shop.seller.post(&reservation, &json!({ "new_stock": 5 })).await.expect(201);
        let hours = "/api/v1/seller/store/settings/operation";
        let mut week = shop.seller.get(hours).await.expect(200);
        week[0]["close_time"] = "23:00:00".into();
        week[0]["pickup_end_time"] = "22:00:00".into();
        shop.seller.post(&format!("{hours}/reservation"), &json!({ "operation_times": week })).await.expect(201);
        let list = customer.get("/api/v1/customer/orders").await.expect(200);

        let morning = morning(noon, 1);
        app.api.set_clock(morning).await;
        rolled_over(&app, morning).await;
        let product = shop.seller.get(&format!("/api/v1/seller/store/products/{}", shop.product_id)).await.expect(200);
        assert_eq!((&product["initial_stock"], &product["current_stock"]), (&json!(5), &json!(5)));
        assert_eq!(shop.seller.get(&reservation).await.refused(404), "reservation_not_found");
        assert_eq!(shop.seller.get(hours).await.expect(200), week);
        // The orders archived; people see them once, as they were.
        eventually("the money is back", 10, || async { (app.api.payment(&open.payment_id).await["status"] == "CANCELLED").then_some(()) })
            .await;
        app.api.run_job("archive_orders").await;
        assert_eq!(app.database.count("orders").await, 0);
        let archived = customer.get("/api/v1/customer/orders").await.expect(200);
        assert_eq!((&archived["total"], &list["total"]), (&json!(2), &json!(2)));
        let order = |list: &Value| list["orders"].as_array().unwrap().iter().find(|o| o["payment_id"] == done.payment_id.as_str()).cloned();
        assert_eq!(order(&archived), order(&list));
        assert_eq!(customer.get("/api/v1/customer/orders/today").await.expect(200)["total"], 0);

        // The new day sells from its own stock.
        app.api.set_clock(noon + Duration::days(1)).await;
        customer.order(&shop.product_id, 5).await;
        assert_eq!(customer.init(&shop.product_id, 1).await.refused(400), "insufficient_stock");
        assert_eq!(shop.stock().await, (0, 5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_days_are_made_up_one_by_one() {
    let app = TestApp::start().await;
    let (noon, shop) = (app.api.now().await, app.api.shop(3).await);
    rolled_over(&app, morning(noon, 0)).await;
    let late = morning(noon, 4);
    app.api.set_clock(late).await;
    rolled_over(&app, late).await;
    for job in ROLLOVER {
        let mut runs = app.services.ledger.runs(job, 10).await.unwrap();
        runs.retain(|r| r.due_at > noon);
        let days: Vec<_> = runs.iter().map(|r| kst::business_day(r.due_at) - kst::business_day(noon)).collect();
        assert_eq!(days, [4, 3, 2, 1].map(Duration::days), "{job}");
        assert!(runs.iter().all(|r| r.status == "done" && r.due_from == r.due_at), "{runs:?}");
    }
    // What is more frequent runs once for all that was missed.
    let runs = app.services.ledger.runs("prune_inbox", 10).await.unwrap();
    let missed = runs.iter().find(|r| r.due_at - r.due_from > Duration::days(3));
    assert!(missed.is_some(), "{runs:?}");
    assert_eq!(shop.stock().await, (3, 0));
}

/// What a store has today and has planned for tomorrow.
async fn todays(shop: &Shop) -> Vec<Value> {
    let product = format!("/api/v1/seller/store/products/{}", shop.product_id);
    let paths = [product.clone(), format!("{product}/stock/reservation"), "/api/v1/seller/store/orders/today".into()];
    let hours = ["", "/reservation"].map(|path| format!("/api/v1/seller/store/settings/operation{path}"));
    let mut all = Vec::new();
    for path in paths.iter().chain(&hours) {
        all.push(shop.seller.get(path).await.expect(200));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_for_an_earlier_day_undoes_nothing() {
    let app = TestApp::start().await;
    let (noon, shop, customer, leaver) = (app.api.now().await, app.api.shop(10).await, app.api.customer().await, app.api.customer().await);
    rolled_over(&app, morning(noon, 0)).await;
    let open = customer.order(&shop.product_id, 1).await;
    let taken = customer.order(&shop.product_id, 1).await;
    shop.accept(&taken.payment_id).await.expect(200);
    let product = format!("/api/v1/seller/store/products/{}", shop.product_id);
    shop.seller.patch(&format!("{product}/stock/down")).await.expect(200);
    shop.seller.post(&format!("{product}/stock/reservation"), &json!({ "new_stock": 5 })).await.expect(201);
    let hours = "/api/v1/seller/store/settings/operation";
    let mut week = shop.seller.get(hours).await.expect(200);
    week[0]["close_time"] = "23:00:00".into();
    week[0]["pickup_end_time"] = "22:00:00".into();
    shop.seller.post(&format!("{hours}/reservation"), &json!({ "operation_times": week })).await.expect(201);
    leaver.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
    assert_eq!(shop.stock().await, (7, 2));

    let before = todays(&shop).await;
    for job in ROLLOVER {
        // Yesterday's rollover, one of last week, one between two, and one of today that comes once more.
        for at in ["2026-11-23T04:45:00+09:00", "2026-11-17T04:10:00+09:00", "2026-11-24T03:59:59+09:00", "2026-11-24T11:00:00+09:00"] {
            let (ok, said) = operator(&app, &["once", job, "--at", at]);
            assert!(ok, "{job} {at}: {said}");
            assert_eq!(todays(&shop).await, before, "{job} {at}");
        }
    }
    assert_eq!(shop.stock().await, (7, 2));
    assert_eq!(leaver.get("/api/v1/user/role").await.expect(200)["is_active"], false);
    for held in [&open, &taken] {
        assert_eq!(app.api.cancelled(&held.payment_id).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_left_are_gone() {
    for app in [TestApp::start().await, TestApp::start_on_servers().await] {
        let (shop, customer, stays) = (app.api.shop(9).await, app.api.customer().await, app.api.customer().await);
        let noon = app.api.now().await;
        let held = customer.order(&shop.product_id, 1).await;
        customer.cancel(&held.payment_id).await.expect(200);
        customer.get("/api/v1/customer/search/stores/by-name?search_name=x&page=0").await.expect(200);
        for person in [&customer, &stays] {
            person.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
        }
        stays.delete("/api/v1/customer/withdraw/cancel").await.expect(200);
        // Known to the process as withdrawn; deleted it is nobody.
        customer.get("/api/v1/customer/profile/me").await.expect(200);

        let morning = morning(noon, 1);
        app.api.set_clock(morning).await;
        rolled_over(&app, morning).await;
        // The rollover may have met an order that was not archived yet; the next one does not.
        for job in ["archive_orders", "delete_accounts"] {
            app.api.run_job(job).await;
        }
        customer.get("/api/v1/customer/profile/me").await.refused(401);
        customer.get("/api/v1/user/role").await.refused(401);
        stays.get("/api/v1/customer/profile").await.expect(200);
        // The store still has the order; it does not say whose.
        let kept = shop.seller.get("/api/v1/seller/store/orders").await.expect(200);
        assert_eq!(kept["total"], 1);
        let order = kept["orders"][0].to_string();
        assert!(!order.contains(&customer.email) && order.contains("@withdrawn.invalid") && order.contains("00000000000"), "{order}");
        for table in ["accounts", "customers", "orders", "holds", "audit_log", "idempotency_keys", "favorites", "embedded.search_history"] {
            let found = format!("SELECT count(*) AS n FROM {table} t WHERE to_jsonb(t)::text LIKE '%{}%'", customer.email);
            assert_eq!(app.database.number(&found).await, 0, "{table}");
        }
        // The same person may begin anew.
        app.api.person("customer", &customer.email).await.get("/api/v1/user/role").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_orders_go_to_the_archive() {
    const MANY: &str = "INSERT INTO orders (payment_id, customer_email, customer_nickname, customer_phone_number, product_id, product_name,
            store_id, store_name, quantity, price, sale, total_amount, status, business_day, reservation_at, completed_at)
        SELECT 'PAY' || lpad(n::text, 8, '0'), 'c@example.com', 'n', '01012345678', 'PRD_1', 'p', 'STR_1', 's', 1, 1000, 0, 1000,
            CASE WHEN n % 1000 = 1 THEN 'accept' ELSE 'complete' END, DATE '2026-11-23' + (n % 10 = 0)::int,
            '2026-11-23T12:00:00+09:00', CASE WHEN n % 1000 <> 1 THEN timestamptz '2026-11-23T19:00:00+09:00' END
        FROM generate_series(1, 22000) n";
    for app in [TestApp::start().await, TestApp::start_on_servers().await] {
        // The run that a new ledger begins with would take part.
        let over = "SELECT count(*) AS n FROM tasks WHERE job = 'archive_orders' AND status = 'done'";
        eventually("its own run is over", 20, || async { (app.database.number(over).await == 1).then_some(()) }).await;
        app.database.sql(MANY).await;
        let count = async |which: &str| app.database.count(&format!("orders WHERE {which}")).await;
        let due = "2026-11-24T04:15:00+09:00".parse().unwrap();
        let postgres = app.database.postgres();
        let some = EndedOrders::of_days_before(&postgres, kst::business_day(due), None, 1_500).await.unwrap();
        assert_eq!(some.len(), 1_500);
        // Two runners at once, as after a takeover from one that is only slow.
        let (one, other) = futures::join!(app.services.archive.roll_over(due), app.services.archive.roll_over(due));
        assert_eq!(one.unwrap() + other.unwrap(), 19_778);
        assert_eq!(count("true").await, 2_222, "today's, and what is not ended, stays");
        assert_eq!(count("business_day < '2026-11-24'").await, 22);
        for order in some.iter().step_by(500) {
            assert_eq!(app.services.orders.find(&order.payment_id).await.unwrap().as_ref(), Some(order));
        }
        assert_eq!(app.services.archive.roll_over(due).await.unwrap(), 0);
    }
}
