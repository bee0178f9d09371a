//! Asking to be deleted, and thinking better of it.

use cheapbob_test_support::{Person, TestApp, eventually, fresh_email, noon, session};
use reqwest::Method;
use serde_json::json;

fn cookie(answer: &cheapbob_test_support::Answer) -> &str {
    answer.headers["set-cookie"].to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_leaves_and_comes_back() {
    for app in [TestApp::start().await, TestApp::start_on_servers().await] {
        let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
        let (withdraw, cancel) = ("/api/v1/customer/withdraw", "/api/v1/customer/withdraw/cancel");
        assert_eq!(customer.delete(cancel).await.refused(409), "not_withdrawn");
        // Not with a payment under way, not with an order in progress.
        let held = customer.hold(&shop.product_id, 1).await;
        assert_eq!(customer.post(withdraw, &json!({})).await.refused(409), "order_in_progress");
        app.api.pay(&held).await;
        customer.confirm(&held.payment_id).await.expect(200);
        assert_eq!(customer.post(withdraw, &json!({})).await.refused(409), "order_in_progress");
        customer.cancel(&held.payment_id).await.expect(200);

        let answer = customer.post(withdraw, &json!({})).await;
        assert!(cookie(&answer).starts_with("access_token=; ") && cookie(&answer).contains("SameSite=Lax"), "{}", cookie(&answer));
        assert_eq!(answer.expect(200), json!({ "message": "탈퇴가 신청되었습니다." }));
        let gone = customer.get("/api/v1/customer/profile").await;
        assert_eq!(gone.headers["x-account-status"], "inactive");
        assert_eq!(gone.refused(439), "account_withdrawn");
        assert_eq!(customer.post(withdraw, &json!({})).await.refused(439), "account_withdrawn");
        let role = customer.get("/api/v1/user/role").await.expect(200);
        assert_eq!((&role["is_active"], &role["status"]), (&false.into(), &"complete".into()));
        customer.get("/api/v1/customer/profile/me").await.expect(200);

        let answer = customer.delete(cancel).await;
        let back = Person { token: session(&answer).unwrap(), ..customer.clone() };
        assert_eq!(answer.expect(200), json!({ "message": "탈퇴 신청이 취소되었습니다." }));
        back.get("/api/v1/customer/profile").await.expect(200);
        assert_eq!(back.delete(cancel).await.refused(409), "not_withdrawn");
        // From the local front end, on another site.
        let answer = back.post(&format!("{withdraw}?state=1004"), &json!({})).await;
        assert!(cookie(&answer).contains("SameSite=None"), "{}", cookie(&answer));
        let answer = back.delete(&format!("{cancel}?state=1004")).await;
        assert!(cookie(&answer).contains("SameSite=None"), "{}", cookie(&answer));
        // A request that is gone.
        app.database.sql(&format!("UPDATE accounts SET is_active = false WHERE email = '{}'", customer.email)).await;
        assert_eq!(back.delete(cancel).await.refused(404), "withdrawal_not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_leaves_only_while_the_store_is_closed() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    let (withdraw, cancel) = ("/api/v1/seller/withdraw", "/api/v1/seller/withdraw/cancel");
    assert_eq!(shop.seller.post(withdraw, &json!({})).await.refused(409), "store_open");
    assert_eq!(shop.seller.delete(cancel).await.refused(409), "not_withdrawn");
    shop.seller.patch("/api/v1/seller/store/close").await.expect(200);
    shop.seller.post(withdraw, &json!({})).await.expect(200);
    assert_eq!(shop.seller.get("/api/v1/seller/store").await.refused(439), "account_withdrawn");
    shop.seller.get("/api/v1/seller/store/profile/me").await.expect(200);
    // On the next business day the store sells nothing: nobody is there.
    app.api.set_clock("2026-11-25T12:00:00+09:00".parse().unwrap()).await;
    assert_eq!(customer.init(&shop.product_id, 1).await.refused(400), "store_closed_today");
    shop.seller.delete(cancel).await.expect(200);
    customer.order(&shop.product_id, 1).await;
    // A seller without a store may go at any time.
    let fresh = app.api.person("seller", &fresh_email()).await;
    fresh.post(withdraw, &json!({})).await.expect(200);
    fresh.delete(cancel).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_requests_at_once_one_counts() {
    let app = TestApp::start().await;
    let customer = app.api.customer().await;
    let (withdraw, nothing) = ("/api/v1/customer/withdraw", json!({}));
    let answers = futures::future::join_all((0..8).map(|_| customer.post(withdraw, &nothing))).await;
    assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 1);
    for answer in answers.into_iter().filter(|a| a.status != 200) {
        // Admitted before the first was done, or after it.
        let (status, code) = (answer.status, answer.clone().refused(answer.status));
        assert!(
            (status, code.as_str()) == (409, "already_withdrawn") || (status, code.as_str()) == (439, "account_withdrawn"),
            "{status} {code}"
        );
    }
    customer.delete("/api/v1/customer/withdraw/cancel").await.expect(200);
}

/// A notice of Kakao's marks the identity; the account stays.
#[tokio::test(flavor = "multi_thread")]
async fn links_are_cut_by_their_owners() {
    const UNLINK: &str = "/api/v1/auth/kakao/unlink";
    let app = TestApp::start().await;
    let email = fresh_email();
    let log_in = async || {
        app.api.log_in("kakao", "customer", "undefined", &[("email", &email)]).await;
    };
    log_in().await;
    let links = format!("SELECT provider_user_id AS text FROM account_identities WHERE email = '{email}' AND cut_at IS NULL");
    let user = app.database.texts(&links).await.remove(0);

    let notice = async |key: &str| app.api.get_with(&format!("{UNLINK}?app_id=1&user_id={user}"), &[("authorization", key)]).await;
    assert_eq!(notice("KakaoAK guessed").await.refused(400), "unlink_unverified");
    assert_eq!(app.api.get(UNLINK).await.refused(400), "unlink_unverified");
    assert_eq!(app.database.texts(&links).await.len(), 1);
    assert_eq!(notice("KakaoAK sandbox").await.status, 200);
    assert_eq!(app.database.texts(&links).await.len(), 0);
    // Once more, and of somebody unknown: no matter.
    assert_eq!(notice("KakaoAK sandbox").await.status, 200);
    let form = [("authorization", "KakaoAK sandbox"), ("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(app.api.send(Method::POST, UNLINK, &form, "user_id=unknown").await.status, 200);
    let forged = app.api.send(Method::POST, "/api/v1/auth/naver/unlink", &form[1..], "clientId=sandbox&timestamp=1&signature=x").await;
    assert_eq!(forged.refused(400), "unlink_unverified");

    // The owner agrees again.
    log_in().await;
    assert_eq!(app.database.texts(&links).await, [user]);
}

/// A deleted account's links are cut at each provider, by what it wants: Kakao our admin key, the others the user's own token.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_accounts_links_are_cut() {
    let app = TestApp::start().await;
    for provider in ["google", "kakao", "naver"] {
        let email = fresh_email();
        let answer = app.api.log_in(provider, "customer", "undefined", &[("email", &email)]).await;
        let customer = Person { api: app.api.clone(), token: session(&answer).unwrap(), email: email.clone() };
        // The provider's two tokens.
        let granted = format!("SELECT count(*) AS n FROM embedded.oauth_grants WHERE email = '{email}' AND NOT is_code");
        let kept = format!(
            "SELECT count(*) AS n FROM unlink_tokens WHERE starts_with(identity, '{provider}/') AND starts_with(token, 'sealed1:')"
        );
        let by_token = i64::from(provider != "kakao");
        assert_eq!((app.database.number(&granted).await, app.database.number(&kept).await), (2, by_token), "{provider}");

        customer.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
        app.api.advance(chrono::Duration::days(1)).await;
        app.api.run_job("delete_accounts").await;
        customer.get("/api/v1/user/role").await.refused(401);
        let cut = format!("SELECT count(*) AS n FROM tasks WHERE id LIKE 'unlink:{provider}:%@withdrawn.invalid' AND status = 'done'");
        eventually("the link is cut", 20, || async { (app.database.number(&cut).await == 1).then_some(()) }).await;
        assert_eq!((app.database.number(&granted).await, app.database.number(&kept).await), (0, 0), "{provider}");

        // Somebody with the same e-mail is somebody else: what opened the deleted account does not open theirs.
        app.api.log_in(provider, "customer", "undefined", &[("email", &email)]).await;
        customer.get("/api/v1/user/role").await.refused(401);
    }
}

/// A death at each step of a deletion, and then somebody comes with the same e-mail and the same account at the provider.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_goes_on_where_it_stopped_whoever_has_come_since() {
    let day = |days: i64| noon() + chrono::Duration::days(days);
    const EACH: &str = "FOR EACH STATEMENT";
    for (step, table, rows) in [
        ("UPDATE", "embedded.order_archive", EACH),
        // A search that is remembered deletes older ones.
        ("DELETE", "embedded.search_history", "FOR EACH ROW WHEN (OLD.search_name = 'old')"),
        ("DELETE", "embedded.withdrawals", EACH),
        ("DELETE", "erasures", EACH),
    ] {
        let app = TestApp::start().await;
        let shop = app.api.shop(9).await;
        let email = fresh_email();
        // An order that was picked up, and a search.
        let buys = async |text: &str| {
            let customer = app.api.person("customer", &email).await;
            customer.post("/api/v1/customer/register", &json!({ "nickname": text, "phone_number": "01012345678" })).await.expect(201);
            customer.get(&format!("/api/v1/customer/search/stores/by-name?search_name={text}")).await.expect(200);
            let held = customer.order(&shop.product_id, 1).await;
            shop.accept(&held.payment_id).await.expect(200);
            customer.scan(&held.payment_id, &shop.code(&held.payment_id).await).await.expect(200);
            (customer, held.payment_id)
        };
        let (old, old_order) = buys("old").await;
        old.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
        app.database
            .sql(&format!(
                "CREATE FUNCTION dies() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'dead'; END $$;
                 CREATE TRIGGER dies BEFORE {step} ON {table} {rows} EXECUTE FUNCTION dies()"
            ))
            .await;
        let dies = async |days: i64| {
            app.api.set_clock(day(days)).await;
            app.api.run_job("archive_orders").await;
            app.services.deletion.roll_over(day(days)).await.expect_err("it dies");
        };
        dies(1).await;
        // One, or two where the day's own run came at the same moment.
        assert!(app.database.count("erasures").await > 0, "{table}");

        let (new, new_order) = buys("new").await;
        dies(2).await;
        let asks = table == "embedded.order_archive";
        if asks {
            new.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
        }
        app.database.sql(&format!("DROP TRIGGER dies ON {table}")).await;
        app.services.deletion.roll_over(day(2)).await.unwrap();

        let archived = "SELECT customer || ' ' || (\"order\" ->> 'customer') || ' ' || (\"order\" ->> 'customer_nickname') FROM embedded.order_archive";
        let who = async |order: &str| app.database.texts(&format!("{archived} WHERE payment_id = '{order}'")).await.remove(0);
        let nobody = who(&old_order).await;
        assert!(nobody.contains("@withdrawn.invalid") && nobody.ends_with("탈퇴회원") && !nobody.contains(&email), "{table}: {nobody}");
        assert_eq!(who(&new_order).await, format!("{email} {email} new"), "{table}");
        assert_eq!(app.database.count("erasures").await, 0, "{table}");
        let searched = app.database.texts(&format!("SELECT search_name FROM embedded.search_history WHERE customer = '{email}'")).await;
        assert_eq!(searched, ["new"], "{table}");
        // What the new one asks for is theirs.
        assert_eq!(app.database.count("embedded.withdrawals").await, i64::from(asks), "{table}");
        if asks {
            new.delete("/api/v1/customer/withdraw/cancel").await.expect(200);
        } else {
            assert_eq!(new.get("/api/v1/customer/orders").await.expect(200)["total"], 1, "{table}");
        }
    }
}
