//! Who is logged in at the old service stays so.

use cheapbob_test_support::{
    Answer, RealServer, eventually,
    legacy::{names, token},
    noon, session,
};
use chrono::Duration;
use futures::future::join_all;
use reqwest::Method;

use super::house::{House, SECRET};

const UNTIL: (&str, &str) = ("LEGACY_TOKENS_UNTIL", "2026-11-30");

fn new_token(answer: &Answer) -> Option<&str> {
    answer.headers.get("x-new-token").map(|token| token.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_token_is_exchanged_once() {
    let house = House::moved_in(&[UNTIL]).await;
    let old = House::token(names::UPPER_CASE, "customer");
    // An app's requests of one moment, each with the token that it has.
    let answers = join_all((0..8).map(|_| house.role(&old))).await;
    let mut ids = vec![];
    for answer in &answers {
        assert_eq!((answer.status, &answer.body["email"]), (200, &names::UPPER_CASE.to_lowercase().into()), "{}", answer.body);
        let new = session(answer).unwrap();
        assert_eq!(new_token(answer), Some(new.as_str()));
        ids.push(claim(&new, "jti"));
        assert_eq!(claim(&new, "auth_time"), claim(&session(&answers[0]).unwrap(), "auth_time"));
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "one session: {ids:?}");
    let new = session(&answers[0]).unwrap();
    house.api.advance(Duration::seconds(90)).await;
    assert_eq!(house.role(&old).await.refused(401), "unauthenticated");
    let answer = house.role(&new).await;
    assert_eq!(new_token(&answer), None);
    answer.expect(200);
    // Whoever logs out is out, with every token of that session, and nobody else is.
    let another = session(&house.role(&House::token(names::CUSTOMER, "customer")).await).unwrap();
    house.api.call(Method::POST, "/api/v1/auth/logout", Some(&new), None).await.expect(200);
    assert_eq!(house.role(&new).await.refused(401), "unauthenticated");
    house.role(&another).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_logged_out_is_not_exchanged() {
    let house = House::moved_in(&[UNTIL]).await;
    let log_out = async |token: &str, query: &str| {
        house.api.call(Method::POST, &format!("/api/v1/auth/logout{query}"), Some(token), None).await.expect(200)
    };
    // Never exchanged, and exchanged a moment ago: either way the session has ended.
    let unused = House::token(names::CUSTOMER, "customer");
    log_out(&unused, "").await;
    assert_eq!(house.role(&unused).await.refused(401), "unauthenticated");
    let used = token(SECRET, names::CUSTOMER, "customer", noon() + Duration::days(2));
    let new = session(&house.role(&used).await).unwrap();
    log_out(&used, "").await;
    for token in [&used, &new] {
        assert_eq!(house.role(token).await.refused(401), "unauthenticated");
    }
    // Whoever has lost a device ends what that has not exchanged yet as well.
    let (lost, mine) = (House::token(names::SELLER, "seller"), token(SECRET, names::SELLER, "seller", noon() + Duration::days(3)));
    let new = session(&house.role(&mine).await).unwrap();
    log_out(&new, "?all=1").await;
    for token in [&lost, &mine, &new] {
        assert_eq!(house.role(token).await.refused(401), "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_somebody_is_active_and_in_which_role_the_database_says() {
    let house = House::moved_in(&[UNTIL]).await;
    let withdrawn = House::token(names::WITHDRAWN_CUSTOMER, "customer");
    let refused = house.api.call(Method::GET, "/api/v1/customer/profile", Some(&withdrawn), None).await;
    assert_eq!(refused.headers["x-account-status"], "inactive");
    // The app goes to its page of withdrawn people, with the new token, and they may think better of it.
    let new = session(&refused).unwrap();
    assert_eq!(refused.refused(439), "account_withdrawn");
    house.api.advance(Duration::minutes(5)).await;
    house.api.call(Method::GET, "/api/v1/customer/profile/me", Some(&new), None).await.expect(200);
    // The role that the token says is not the account's: it is no token of the account.
    for (email, role) in [(names::CUSTOMER, "seller"), (names::SELLER, "customer"), ("nobody@example.com", "customer")] {
        assert_eq!(house.role(&House::token(email, role)).await.refused(401), "unauthenticated", "{email}");
    }
    // The right role, on the other app's path: the session goes on all the same.
    let elsewhere = house.api.call(Method::GET, "/api/v1/seller/store", Some(&House::token(names::CUSTOMER, "customer")), None).await;
    let new = session(&elsewhere).unwrap();
    assert_eq!(elsewhere.refused(403), "wrong_role");
    house.role(&new).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_the_old_service_weaken_nothing() {
    let house = House::moved_in(&[UNTIL]).await;
    let person = house.api.person("customer", "new.here@example.com").await;
    for bad in [
        // An account that was made here, by a vouched login.
        House::token(&person.email, "customer"),
        token(SECRET, names::CUSTOMER, "customer", noon() - Duration::seconds(1)),
        token("another secret", names::CUSTOMER, "customer", noon() + Duration::days(1)),
    ] {
        assert_eq!(house.role(&bad).await.refused(401), "unauthenticated");
    }
    // One that nobody vouched for is none of the old service's either.
    house.api.log_in("naver", "customer", "undefined", &[("email", "naver.here@example.com")]).await;
    assert_eq!(house.role(&House::token("naver.here@example.com", "customer")).await.refused(401), "unauthenticated");
    // From the end of the day on nothing is exchanged; what was goes on.
    let old = token(SECRET, names::CUSTOMER, "customer", noon() + Duration::days(7));
    let other = token(SECRET, names::SELLER, "seller", noon() + Duration::days(7));
    let new = session(&house.role(&old).await).unwrap();
    house.api.set_clock("2026-12-01T00:00:01+09:00".parse().unwrap()).await;
    assert_eq!(house.role(&other).await.refused(401), "unauthenticated");
    eventually("the session goes on", 5, || async { (house.role(&new).await.status == 200).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_old_tokens_are_refused() {
    let house = House::moved_in(&[]).await;
    assert_eq!(house.role(&House::token(names::CUSTOMER, "customer")).await.refused(401), "unauthenticated");
    assert_eq!(house.database.count("imported_sessions").await, 0);
}

/// What an operator sees before the switch.
#[test]
fn the_check_says_until_when_old_tokens_are_exchanged() {
    let check = |until: &str| {
        let settings = [("JWT_SECRET", SECRET.to_owned()), ("LEGACY_TOKENS_UNTIL", until.to_owned())];
        let output = RealServer::command("cheapbob-http", &settings).arg("check").output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    for (until, says) in [
        ("2999-01-01", "of the Python service are exchanged until 2999-01-01T15:00:00Z"),
        ("2020-01-01T00:00:00+09:00", "of the Python service are refused since 2019-12-31T15:00:00Z"),
        ("tomorrow", "LEGACY_TOKENS_UNTIL is a day"),
    ] {
        let said = check(until);
        assert!(said.contains(says), "{said}");
    }
    assert!(!check("").contains("Python service"));
}

/// A claim of a token of ours.
fn claim(token: &str, name: &str) -> serde_json::Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<serde_json::Value>(&claims).unwrap()[name].clone()
}
