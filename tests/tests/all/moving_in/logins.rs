//! The first login of an account that was brought over.

use cheapbob_test_support::{Answer, Api, eventually, legacy::names, location, session, text};
use reqwest::Method;

use super::house::House;

fn path(answer: &Answer) -> String {
    location(answer).rsplit_once("/auth/").unwrap().1.to_owned()
}

async fn log_in(api: &Api, provider: &str, role: &str, form: &[(&str, &str)]) -> String {
    path(&api.log_in(provider, role, "undefined", form).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vouched_login_links_the_provider_and_ends_what_went_on_without_one() {
    let house = House::moved_in(&[("LEGACY_TOKENS_UNTIL", "2026-11-30")]).await;
    let api = &house.api;
    let moved = house.moved(names::CUSTOMER, "customer").await;
    let unused = house.moved(names::UPPER_CASE, "customer").await;
    let linked = api.log_in("google", "customer", "undefined", &[("email", "Plain@Example.com")]).await;
    assert_eq!(path(&linked), "success?status=complete&conflict=0");
    let mine = session(&linked).unwrap();
    let orders = api.call(Method::GET, "/api/v1/customer/orders", Some(&mine), None).await.expect(200);
    House::of(&orders, names::OPEN);
    // Nobody can tell whose the session was that began by an address that nobody had vouched for.
    assert_eq!(house.role(&moved.token).await.refused(401), "unauthenticated");
    assert_eq!(house.role(&House::token(names::CUSTOMER, "customer")).await.refused(401), "unauthenticated");
    house.role(&unused.token).await.expect(200);
    // From now on it is an account as every other.
    assert_eq!(log_in(api, "kakao", "customer", &[("email", names::CUSTOMER)]).await, "success?status=complete&conflict=0");
    assert_eq!(log_in(api, "naver", "customer", &[("email", names::CUSTOMER)]).await, "fail?code=email_in_use");
    house.role(&mine).await.expect(200);
    assert_eq!(house.database.count(&format!("accounts WHERE email = '{}' AND email_vouched", names::CUSTOMER)).await, 1);
    // The other app's login leads to the account in its own role.
    assert_eq!(log_in(api, "kakao", "customer", &[("email", names::SELLER)]).await, "success?status=complete&conflict=1");
    assert!(!api.mails().await.iter().any(|mail| text(mail, "text").contains("/auth/takeover")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_nobody_vouches_for_asks_by_mail_and_loses_nothing() {
    let house = House::moved_in(&[("LEGACY_TOKENS_UNTIL", "2026-11-30")]).await;
    let (api, created) = (&house.api, house.created(names::CUSTOMER).await);
    let moved = house.moved(names::CUSTOMER, "customer").await;
    for (provider, email, form) in [
        ("naver", names::CUSTOMER, vec![("email", names::CUSTOMER)]),
        ("kakao", names::UNVOUCHED_CUSTOMER, vec![("email", names::UNVOUCHED_CUSTOMER), ("verified", "no")]),
    ] {
        let refused = api.log_in(provider, "customer", "undefined", &form).await;
        assert_eq!(path(&refused), "fail?code=email_in_use", "{provider}");
        let cookies: Vec<_> = refused.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
        let cookie = cookies.iter().find(|cookie| cookie.starts_with("takeover_")).unwrap().split(';').next().unwrap();
        let mail = eventually("the link is mailed", 20, || async { api.mails().await.into_iter().find(|mail| mail["to"] == email) });
        let mail = text(&mail.await, "text");
        assert!(mail.contains("이전부터 사용하시던") && !mail.contains("해제"), "{mail}");
        let link = mail.lines().find(|line| line.starts_with("http")).unwrap().replace(&api.base, "");
        // In the browser that asked alone.
        let elsewhere = api.get_with(&link, &[("accept", "text/html")]).await;
        assert_eq!(path(&elsewhere), "fail?code=login_state_invalid");
        let followed = api.get_with(&link, &[("cookie", cookie), ("accept", "text/html")]).await;
        assert_eq!(path(&followed), "success?status=complete&conflict=0", "{provider}");
        let mine = session(&followed).unwrap();
        house.role(&mine).await.expect(200);
        if email == names::CUSTOMER {
            let orders = api.call(Method::GET, "/api/v1/customer/orders", Some(&mine), None).await.expect(200);
            House::of(&orders, names::OPEN);
            House::of(&orders, names::ARCHIVED);
        }
        // The identity is theirs, whoever vouches for it or not.
        assert_eq!(log_in(api, provider, "customer", &form).await, "success?status=complete&conflict=0", "{provider}");
    }
    assert_eq!(house.created(names::CUSTOMER).await, created);
    assert_eq!(house.role(&moved.token).await.refused(401), "unauthenticated");
    // Who is none of the old service's is told what everybody is told.
    let stranger = [("email", "stranger@example.com"), ("verified", "no")];
    assert_eq!(log_in(api, "kakao", "customer", &stranger).await, "fail?code=email_missing");
}
