//! All that is kept of a person goes to that person, and nobody else's.

use cheapbob_test_support::{Answer, Api, Person, TestApp, eventually, fresh_email, session};
use chrono::Duration;
use serde_json::{Value, json};

use crate::{pages::header, rollover::morning};

/// The link in the newest mail to somebody that has one.
async fn newest(api: &Api, to: &str) -> Option<String> {
    let mails = api.mails().await;
    let text = mails.iter().filter(|mail| mail["to"] == to).find_map(|mail| mail["text"].as_str()?.split("/api/v1/export?token=").nth(1));
    text.map(|rest| rest.split('\n').next().unwrap().to_owned())
}

async fn mailed(api: &Api, to: &str) -> String {
    eventually("the mail is there", 20, || newest(api, to)).await
}

async fn follow(api: &Api, token: &str, session: Option<&str>) -> Answer {
    api.call(reqwest::Method::GET, &format!("/api/v1/export?token={token}"), session, None).await
}

async fn file(person: &Person, app: &str) -> Value {
    let before = newest(&person.api, &person.email).await;
    person.get(&format!("/api/v1/{app}/export")).await.expect(202);
    let token = eventually("another mail", 20, || async {
        newest(&person.api, &person.email).await.filter(|token| Some(token) != before.as_ref())
    });
    let answer = follow(&person.api, &token.await, None).await;
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert!(header(&answer, "content-disposition").starts_with("attachment; filename=\"cheapbob-2"), "{:?}", answer.headers);
    answer.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_of_mine_and_nobody_elses() {
    for app in [TestApp::start().await, TestApp::start_on_servers().await] {
        let (shop, customer, noon) = (app.api.shop(9).await, app.api.customer().await, app.api.now().await);
        customer.get("/api/v1/customer/search/stores/by-name?search_name=국밥&page=0").await.expect(200);
        customer.post(&format!("/api/v1/customer/search/stores/{}/favorites", shop.store_id), &json!({})).await.expect(200);
        let held = customer.hold(&shop.product_id, 1).await;
        let order = customer.order(&shop.product_id, 1).await;
        shop.accept(&order.payment_id).await.expect(200);
        let canceled = app.api.customer().await.order(&shop.product_id, 1).await;

        let mine = file(&customer, "customer").await;
        assert_eq!(mine["account"]["email"], customer.email.as_str());
        assert_eq!(mine["account_identities"].as_array().unwrap().len(), 1);
        assert_eq!(mine["search_history"], json!(["국밥"]));
        assert_eq!(mine["favorites"][0]["store_id"], shop.store_id.as_str());
        let payments: Vec<_> = mine["holds"].as_array().unwrap().iter().map(|hold| hold["payment_id"].clone()).collect();
        assert_eq!(payments, [json!(held.payment_id), json!(order.payment_id)]);
        assert_eq!(mine["orders"][0]["status"], "accept");
        let by: Vec<_> =
            mine["audit_log"].as_array().unwrap().iter().map(|entry| (entry["actor_role"].clone(), entry["actor"].clone())).collect();
        assert!(by.contains(&(json!("customer"), json!(customer.email))) && by.contains(&(json!("seller"), Value::Null)), "{by:?}");
        // The tests' PortOne account has the seller's e-mail in its name.
        let (text, seller) = (mine.to_string(), json!(shop.seller.email).to_string());
        assert!(!text.contains(&seller) && !text.contains(&canceled.payment_id), "{text}");

        let reserve = format!("/api/v1/seller/store/products/{}/stock/reservation", shop.product_id);
        shop.seller.post(&reserve, &json!({ "new_stock": 7 })).await.expect(201);
        let theirs = file(&shop.seller, "seller").await;
        assert_eq!(theirs["stock_reservations"], json!([{ "product_id": shop.product_id, "new_stock": 7 }]));
        assert_eq!(theirs["store"]["id"], shop.store_id.as_str());
        assert_eq!(theirs["products"][0]["id"], shop.product_id.as_str());
        let text = theirs.to_string();
        assert!(!text.contains(&customer.email) && !text.contains("sealed1:") && !text.contains("portone_secret"), "{text}");

        // What the archive has is in it as well.
        customer.cancel(&order.payment_id).await.refused(400);
        shop.seller.delete(&format!("/api/v1/seller/store/orders/{}/cancel", order.payment_id)).await.expect(200);
        app.api.set_clock(morning(noon, 1)).await;
        eventually("the order is archived", 30, || async {
            app.api.run_job("archive_orders").await;
            let left = app.database.number(&format!("SELECT count(*) AS n FROM orders WHERE payment_id = '{}'", order.payment_id)).await;
            (left == 0).then_some(())
        })
        .await;
        let later = file(&app.api.person("customer", &customer.email).await, "customer").await;
        assert_eq!(later["archived_orders"][0]["payment_id"], order.payment_id.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_for_a_day_and_one_is_mailed() {
    let app = TestApp::start().await;
    let customer = app.api.customer().await;
    for _ in 0..3 {
        customer.get("/api/v1/customer/export").await.expect(202);
    }
    let token = mailed(&app.api, &customer.email).await;
    follow(&app.api, &token, None).await.expect(200);
    follow(&app.api, &token, None).await.expect(200);
    assert_eq!(app.api.mails().await.iter().filter(|mail| mail["to"] == customer.email.as_str()).count(), 1);
    for wrong in ["", "x", "%00", &"A".repeat(43)] {
        assert_eq!(follow(&app.api, wrong, None).await.refused(404), "export_not_found", "{wrong}");
    }
    // A new one takes its place.
    app.api.advance(Duration::minutes(10)).await;
    customer.get("/api/v1/customer/export").await.expect(202);
    assert_eq!(follow(&app.api, &token, None).await.refused(404), "export_not_found");
    let next =
        eventually("another mail", 20, || async { Some(mailed(&app.api, &customer.email).await).filter(|next| *next != token) }).await;
    app.api.advance(Duration::hours(24) - Duration::seconds(1)).await;
    follow(&app.api, &next, None).await.expect(200);
    app.api.advance(Duration::seconds(1)).await;
    assert_eq!(follow(&app.api, &next, None).await.refused(404), "export_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_nobody_vouches_for_opens_nothing_alone() {
    let app = TestApp::start().await;
    let email = fresh_email();
    let answer = app.api.log_in("naver", "customer", "undefined", &[("email", &email)]).await;
    let person = Person { api: app.api.clone(), token: session(&answer).unwrap(), email: email.clone() };
    // Also while they are leaving.
    person.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
    person.get("/api/v1/customer/export").await.expect(202);
    let token = mailed(&app.api, &email).await;
    assert_eq!(follow(&app.api, &token, None).await.refused(401), "unauthenticated");
    let other = app.api.customer().await;
    assert_eq!(follow(&app.api, &token, Some(&other.token)).await.refused(401), "unauthenticated");
    assert!(follow(&app.api, &token, Some(&person.token)).await.expect(200)["withdrawal_requested_at"].is_string());
    // Who is gone has nothing.
    app.database.sql(&format!("DELETE FROM accounts WHERE email = '{email}'")).await;
    assert_eq!(follow(&app.api, &token, Some(&person.token)).await.refused(404), "export_not_found");
}

/// A table that a person's e-mail stands in, and what hangs on it, is in the file; but for what is about
/// nobody any more, and for who runs the service.
#[tokio::test(flavor = "multi_thread")]
async fn no_table_with_people_in_it_is_left_out() {
    let app = TestApp::start().await;
    let file = file(&app.api.customer().await, "customer").await;
    let tables = app
        .database
        .texts(
            "SELECT DISTINCT table_name::text AS text FROM information_schema.columns
             WHERE table_schema = 'public' AND (column_name LIKE '%email%' OR column_name IN ('account', 'actor', 'nickname', 'phone_number'))",
        )
        .await;
    assert!(tables.len() > 9, "{tables:?}");
    let singular = |table: &str| match table {
        "accounts" => "account".to_owned(),
        "customers" => "customer".to_owned(),
        "stores" => "store".to_owned(),
        other => other.to_owned(),
    };
    let of_others = |table: &str| table == "erasures" || table.starts_with("operator");
    let left_out: Vec<_> = tables.iter().filter(|table| !of_others(table) && file.get(singular(table)).is_none()).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}
