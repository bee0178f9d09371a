//! How long a session lasts, and what ends many at once.

use cheapbob_test_support::{Person, RealServer, TestApp, TestDatabase, session};
use chrono::Duration;
use reqwest::Method;
use serde_json::json;

const ROLE: &str = "/api/v1/user/role";
const LOGOUT: &str = "/api/v1/auth/logout";

/// The same person on another device.
async fn again(person: &Person) -> Person {
    let token = person.api.log_in("google", "customer", "undefined", &[("email", &person.email)]).await;
    Person { token: session(&token).unwrap(), ..person.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_ends_the_sessions_of_every_device() {
    for app in [TestApp::start().await, TestApp::start_on_servers().await] {
        let (phone, other) = (app.api.customer().await, app.api.customer().await);
        let tablet = again(&phone).await;
        for person in [&phone, &tablet] {
            person.get(ROLE).await.expect(200);
        }
        let out = tablet.call(Method::POST, &format!("{LOGOUT}?all=1"), None).await;
        assert!(out.headers["set-cookie"].to_str().unwrap().starts_with("access_token=;"));
        out.expect(200);
        for person in [&phone, &tablet] {
            assert_eq!(person.get(ROLE).await.refused(401), "unauthenticated");
        }
        other.get(ROLE).await.expect(200);
        // Whoever logs in anew is in, and what is out stays out when they withdraw and think better of it.
        let new = again(&phone).await;
        new.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
        let answer = new.delete("/api/v1/customer/withdraw/cancel").await;
        let back = Person { token: session(&answer).unwrap(), ..new.clone() };
        for (person, status) in [(&phone, 401), (&tablet, 401), (&new, 200), (&back, 200)] {
            assert_eq!(person.get(ROLE).await.status, status);
        }
        // Nobody's token ends nothing, another word is none.
        app.api.call(Method::POST, &format!("{LOGOUT}?all=1"), Some(&phone.token), None).await.expect(200);
        app.api.call(Method::POST, &format!("{LOGOUT}?all=1"), None, None).await.expect(200);
        assert_eq!(back.call(Method::POST, &format!("{LOGOUT}?all=yes"), None).await.refused(422), "validation_failed");
        back.get(ROLE).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_and_taken_back_revives_no_other_session() {
    let app = TestApp::start().await;
    let phone = app.api.customer().await;
    let (tablet, laptop) = (again(&phone).await, again(&phone).await);
    phone.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
    assert_eq!(tablet.get("/api/v1/customer/profile").await.refused(439), "account_withdrawn");
    tablet.delete("/api/v1/customer/withdraw/cancel").await.expect(200);
    tablet.get("/api/v1/customer/profile").await.expect(200);
    for other in [&phone, &laptop] {
        assert_eq!(other.get(ROLE).await.refused(401), "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_ninety_days_however_often_it_is_used() {
    let app = TestApp::start().await;
    let mut person = app.api.customer().await;
    let mut last = String::new();
    for _ in 0..15 {
        app.api.advance(Duration::hours(6 * 24)).await;
        let answer = person.get(ROLE).await;
        if answer.status == 401 {
            break;
        }
        if let Some(cookie) = answer.headers.get("set-cookie") {
            last = cookie.to_str().unwrap().to_owned();
            person.token = answer.headers["x-new-token"].to_str().unwrap().to_owned();
        }
    }
    // Ninety days after it began; the last token, and its cookie, live no longer than that.
    assert_eq!(person.get(ROLE).await.refused(401), "unauthenticated");
    let life: i64 = last.split("Max-Age=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
    assert!((5 * 86_400..=6 * 86_400).contains(&life), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_costs_nothing_to_log_out_again() {
    let app = TestApp::start_on_servers().await;
    let person = app.api.customer().await;
    person.call(Method::POST, LOGOUT, None).await.expect(200);
    assert_eq!(app.database.count("revoked_sessions").await, 1);
    // If it were written once more, this row would be there again.
    app.database.sql("DELETE FROM revoked_sessions").await;
    for _ in 0..3 {
        person.call(Method::POST, LOGOUT, None).await.expect(200);
    }
    assert_eq!(app.database.count("revoked_sessions").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_changed_without_logging_anybody_out() {
    let database = TestDatabase::create().await;
    let (old, new) = ("the old secret, long enough for everybody", "the new secret, long enough for everybody");
    let on = async |secret: &str, previous: &str| {
        let settings = [("DATABASE_URL", database.url()), ("JWT_SECRET", secret.to_owned()), ("JWT_SECRET_PREVIOUS", previous.to_owned())];
        RealServer::http(RealServer::free_port(), &settings).await
    };
    let (before, first, second, after) = (on(old, "").await, on(old, new).await, on(new, old).await, on(new, "").await);
    let status = async |server: &RealServer, person: &Person| server.api.call(Method::GET, ROLE, Some(&person.token), None).await.status;
    let (early, late) = (before.api.customer().await, second.api.customer().await);
    for (server, takes_early, takes_late) in [(&before, 200, 401), (&first, 200, 200), (&second, 200, 200), (&after, 401, 200)] {
        assert_eq!((status(server, &early).await, status(server, &late).await), (takes_early, takes_late));
    }
}
