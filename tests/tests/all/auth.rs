//! Logging in, who is in, logging out.

use cheapbob_test_support::{Answer, Api, Person, RealServer, TestApp, TestDatabase, eventually, fresh_email, location, session, text};
use chrono::Duration;
use reqwest::Method;
use serde_json::json;

async fn log_in(api: &Api, provider: &str, role: &str, form: &[(&str, &str)]) -> String {
    location(&api.log_in(provider, role, "undefined", form).await).split("/auth/").nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_provider_makes_an_account_once() {
    let app = TestApp::start().await;
    for provider in ["google", "kakao", "naver"] {
        let email = fresh_email();
        for (role, status) in [
            ("customer", "success?status=profile&conflict=0"),
            ("customer", "success?status=profile&conflict=0"),
            ("seller", "success?status=profile&conflict=1"),
        ] {
            assert_eq!(log_in(&app.api, provider, role, &[("email", &email)]).await, status, "{provider}");
        }
    }
    assert_eq!(app.database.count("accounts").await, 3);
    assert_eq!(log_in(&app.api, "google", "seller", &[("email", &fresh_email())]).await, "success?status=store&conflict=0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_links_only_where_both_sides_vouch_for_it() {
    let app = TestApp::start().await;
    let api = &app.api;
    let vouched = fresh_email();
    assert_eq!(log_in(api, "google", "customer", &[("email", &vouched)]).await, "success?status=profile&conflict=0");
    // Kakao vouches too: one account. Naver never: refused.
    assert_eq!(log_in(api, "kakao", "customer", &[("email", &vouched)]).await, "success?status=profile&conflict=0");
    assert_eq!(log_in(api, "naver", "customer", &[("email", &vouched)]).await, "fail?code=email_in_use");
    // An account whose own e-mail nobody vouched for is linked by nobody.
    let naver = fresh_email();
    assert_eq!(log_in(api, "naver", "seller", &[("email", &naver)]).await, "success?status=store&conflict=0");
    assert_eq!(log_in(api, "google", "seller", &[("email", &naver)]).await, "fail?code=email_in_use");
    // Google that does not vouch makes an account, which nobody links either.
    let unverified = fresh_email();
    assert_eq!(log_in(api, "google", "customer", &[("email", &unverified), ("verified", "no")]).await, "success?status=profile&conflict=0");
    assert_eq!(log_in(api, "kakao", "customer", &[("email", &unverified)]).await, "fail?code=email_in_use");
    assert_eq!(app.database.count("accounts").await, 3);
    assert_eq!(app.database.count("account_identities").await, 4);
    // The identity leads to its account, whatever e-mail comes with it now.
    let id = cheapbob_adapters_embedded::sandbox::user_id(cheapbob_domain::users::Provider::Google, &vouched);
    assert_eq!(
        log_in(api, "google", "customer", &[("email", &fresh_email()), ("user_id", &id)]).await,
        "success?status=profile&conflict=0"
    );
    assert_eq!(app.database.count("accounts").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_usable_email_there_is_no_account() {
    let app = TestApp::start().await;
    for provider in ["google", "kakao", "naver"] {
        assert_eq!(
            log_in(&app.api, provider, "customer", &[("email", ""), ("user_id", "17")]).await,
            "fail?code=email_missing",
            "{provider}"
        );
    }
    assert_eq!(log_in(&app.api, "kakao", "customer", &[("email", &fresh_email()), ("verified", "no")]).await, "fail?code=email_missing");
    assert_eq!(log_in(&app.api, "google", "customer", &[("email", "x@y.example"), ("deny", "1")]).await, "fail?code=provider_refused");
    assert_eq!(app.database.count("accounts").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_of_one_browser_and_used_once_and_soon() {
    let app = TestApp::start().await;
    let start = app.api.get("/api/v1/auth/google/login/customer").await;
    let state = url::Url::parse(&location(&start)).unwrap().query_pairs().find(|(k, _)| k == "state").unwrap().1.into_owned();
    assert!(state.len() >= 22);
    let cookie = start.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("Secure") && cookie.contains("SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let callback = |role: &str, state: &str| format!("/api/v1/auth/google/callback/{role}?code=x&state={state}");
    // A program gets 400; a browser is sent to the page.
    assert_eq!(app.api.get(&callback("customer", "made-up")).await.refused(400), "login_state_invalid");
    assert_eq!(app.api.get("/api/v1/auth/google/callback/customer").await.refused(400), "login_state_invalid");
    // Another browser, and with it the state is used up.
    assert_eq!(app.api.get(&callback("customer", &state)).await.refused(400), "login_state_invalid");
    assert_eq!(app.api.get_with(&callback("customer", &state), &[("cookie", cookie)]).await.refused(400), "login_state_invalid");
    assert_eq!(app.api.get("/api/v1/auth/google/login/admin").await.refused(404), "not_found");
    assert_eq!(app.api.get("/api/v1/auth/github/login/customer").await.refused(404), "not_found");
    // After ten minutes.
    let email = fresh_email();
    let start = app.api.get("/api/v1/auth/naver/login/customer").await;
    let cookie = start.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let state = url::Url::parse(&location(&start)).unwrap().query_pairs().find(|(k, _)| k == "state").unwrap().1.into_owned();
    app.api.advance(Duration::minutes(11)).await;
    let late = format!("/api/v1/auth/naver/callback/customer?code=x&state={state}");
    let answer = app.api.get_with(&late, &[("cookie", &cookie), ("accept", "text/html")]).await;
    assert!(location(&answer).ends_with("/auth/fail?code=login_state_invalid"));
    assert_eq!(log_in(&app.api, "naver", "customer", &[("email", &email)]).await, "success?status=profile&conflict=0");
}

fn cookies(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap().to_owned()).collect()
}

fn pair(cookie: &str) -> &str {
    cookie.split(';').next().unwrap()
}

/// Two tabs of one browser, each on its way; the older one first, or last.
#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_log_in_side_by_side() {
    let app = TestApp::start().await;
    for older_first in [true, false] {
        let mut jar: Vec<String> = vec![];
        let mut tabs = vec![];
        for (provider, role) in [("google", "customer"), ("kakao", "customer")] {
            let path = format!("/api/v1/auth/{provider}/login/{role}");
            let start = app.api.get_with(&path, &[("cookie", &jar.join("; "))]).await;
            jar.extend(cookies(&start).iter().map(|c| pair(c).to_owned()));
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let authorize = location(&start).replace(&app.api.base, "");
            let typed = format!("email={}", fresh_email().replace('@', "%40"));
            let back = location(&app.api.send(Method::POST, &authorize, &form, typed).await);
            tabs.push(back.replace(&app.api.base, ""));
        }
        if !older_first {
            tabs.reverse();
        }
        for callback in tabs {
            let answer = app.api.get_with(&callback, &[("cookie", &jar.join("; ")), ("accept", "text/html")]).await;
            assert!(location(&answer).contains("/auth/success"), "{}", location(&answer));
            // The browser does as it is told: the cookie of this flow goes, the other one's stays.
            let ended: Vec<_> =
                cookies(&answer).iter().filter(|c| c.contains("Max-Age=0")).map(|c| c.split('=').next().unwrap().to_owned()).collect();
            assert_eq!(ended.len(), 1, "{ended:?}");
            jar.retain(|cookie| !cookie.starts_with(&ended[0]));
        }
        assert!(jar.is_empty(), "{jar:?}");
    }
    // Logins that were left do not fill the browser's requests for ten minutes.
    let left: Vec<_> = (0..12).map(|n| format!("login_{n:016}=x")).collect();
    let start = app.api.get_with("/api/v1/auth/google/login/customer", &[("cookie", &left.join("; "))]).await;
    let ended: Vec<_> = cookies(&start).iter().filter(|c| c.contains("Max-Age=0")).map(|c| pair(c).to_owned()).collect();
    assert_eq!(ended, (0..5).map(|n| format!("login_{n:016}=")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_has_changed_hands_opens_nothing() {
    let app = TestApp::start().await;
    let email = fresh_email();
    assert_eq!(log_in(&app.api, "google", "customer", &[("email", &email)]).await, "success?status=profile&conflict=0");
    // Another person at the same provider, who has the address now.
    assert_eq!(log_in(&app.api, "google", "customer", &[("email", &email), ("user_id", "1777")]).await, "fail?code=email_in_use");
    assert_eq!(log_in(&app.api, "kakao", "customer", &[("email", &email)]).await, "success?status=profile&conflict=0");
    assert_eq!(log_in(&app.api, "kakao", "customer", &[("email", &email), ("user_id", "1777")]).await, "fail?code=email_in_use");
    assert!(app.api.mails().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_nobody_vouched_for_is_its_mails_readers() {
    let app = TestApp::start().await;
    let (api, email) = (&app.api, fresh_email());
    let squatter = session(&api.log_in("naver", "customer", "undefined", &[("email", &email)]).await).unwrap();
    api.call(Method::GET, "/api/v1/user/role", Some(&squatter), None).await.expect(200);
    // Whose e-mail is not vouched for gets no link.
    assert_eq!(log_in(api, "google", "seller", &[("email", &email), ("verified", "no")]).await, "fail?code=email_in_use");
    let refused = api.log_in("google", "seller", "undefined", &[("email", &email)]).await;
    assert!(location(&refused).ends_with("/auth/fail?code=email_in_use"));
    let cookie = cookies(&refused).into_iter().find(|c| c.starts_with("takeover_")).unwrap();
    for part in ["HttpOnly", "Secure", "SameSite=Lax", "Max-Age=1800"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let mail = eventually("the link is mailed", 20, || async { api.mails().await.pop() }).await;
    assert_eq!((text(&mail, "to"), api.mails().await.len()), (email.clone(), 1));
    let body = text(&mail, "text");
    let link = body.lines().find(|line| line.starts_with("http")).unwrap().to_owned();
    assert!(text(&mail, "html").contains(&format!("href=\"{link}\"")));
    let path = link.replace(&api.base, "");
    let follow = async |cookie: &str| api.get_with(&path, &[("cookie", cookie), ("accept", "text/html")]).await;

    // A mail scanner, another browser: nothing happens, and the link stays good.
    for other in ["", "takeover_x=1", &format!("{}x", pair(&cookie))] {
        assert!(location(&follow(other).await).ends_with("/auth/fail?code=login_state_invalid"));
    }
    api.call(Method::GET, "/api/v1/user/role", Some(&squatter), None).await.expect(200);
    let taken = follow(pair(&cookie)).await;
    assert!(location(&taken).ends_with("/auth/success?status=profile&conflict=1"), "{}", location(&taken));
    let owner = session(&taken).unwrap();
    let role = api.call(Method::GET, "/api/v1/user/role", Some(&owner), None).await.expect(200);
    assert_eq!((&role["email"], &role["user_type"]), (&json!(email), &json!("customer")));
    // What was never vouched for is out, and its sessions with it.
    assert_eq!(api.call(Method::GET, "/api/v1/user/role", Some(&squatter), None).await.refused(401), "unauthenticated");
    assert_eq!(log_in(api, "naver", "customer", &[("email", &email)]).await, "fail?code=email_in_use");
    assert_eq!(log_in(api, "google", "customer", &[("email", &email)]).await, "success?status=profile&conflict=0");
    // Once.
    assert!(location(&follow(pair(&cookie)).await).ends_with("/auth/fail?code=login_state_invalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_link_is_good_for_half_an_hour() {
    let app = TestApp::start().await;
    let (api, email) = (&app.api, fresh_email());
    log_in(api, "naver", "customer", &[("email", &email)]).await;
    let refused = api.log_in("kakao", "customer", "undefined", &[("email", &email)]).await;
    let cookie = cookies(&refused).into_iter().find(|c| c.starts_with("takeover_")).unwrap();
    let mail = eventually("the link is mailed", 20, || async { api.mails().await.pop() }).await;
    let path = text(&mail, "text").lines().find(|line| line.starts_with("http")).unwrap().replace(&api.base, "");
    api.advance(Duration::minutes(31)).await;
    assert_eq!(api.get_with(&path, &[("cookie", pair(&cookie))]).await.refused(400), "login_state_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cut_the_connection_comes_back_to_their_account() {
    let app = TestApp::start().await;
    let email = fresh_email();
    for provider in ["naver", "kakao", "google"] {
        let email = format!("{provider}-{email}");
        assert_eq!(log_in(&app.api, provider, "seller", &[("email", &email)]).await, "success?status=store&conflict=0");
        let domain = cheapbob_domain::users::Provider::parse(provider).unwrap();
        let id = cheapbob_adapters_embedded::sandbox::user_id(domain, &email);
        app.database.sql(&format!("UPDATE account_identities SET cut_at = now() WHERE provider_user_id = '{id}'")).await;
        assert_eq!(log_in(&app.api, provider, "seller", &[("email", &email)]).await, "success?status=store&conflict=0", "{provider}");
    }
    assert_eq!(app.database.number("SELECT count(*) AS n FROM account_identities WHERE cut_at IS NULL").await, 3);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM accounts").await, 3);
}

/// "Deny" is a person's own no. An error of another kind is for the operator.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_denies_is_no_warning() {
    let (database, directory) = (TestDatabase::create().await, tempfile::tempdir().unwrap());
    let path = directory.path().join("log");
    let settings = [
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("CHEAPBOB_DATA_DIR", directory.path().display().to_string()),
    ];
    let server = RealServer::http_logging_to(std::fs::File::create(&path).unwrap(), RealServer::free_port(), &settings).await;
    let lines = async |word: &str| {
        let said = std::fs::read_to_string(&path).unwrap();
        said.lines().filter(|line| line.contains(word)).map(str::to_owned).collect::<Vec<_>>()
    };
    for provider in ["google", "kakao", "naver"] {
        assert_eq!(
            log_in(&server.api, provider, "customer", &[("email", "x@y.example"), ("deny", "1")]).await,
            "fail?code=provider_refused"
        );
    }
    assert_eq!(lines("a login was not completed").await.len(), 3);
    assert!(lines("WARN").await.iter().all(|line| !line.contains("login")), "{:?}", lines("WARN").await);
    let start = server.api.get("/api/v1/auth/kakao/login/customer").await;
    let state = url::Url::parse(&location(&start)).unwrap().query_pairs().find(|(k, _)| k == "state").unwrap().1.into_owned();
    let cookie = cookies(&start).remove(0);
    let failed = format!("/api/v1/auth/kakao/callback/customer?error=invalid_scope&state={state}");
    assert_eq!(server.api.get_with(&failed, &[("cookie", pair(&cookie))]).await.refused(400), "provider_refused");
    assert!(lines("WARN").await.iter().any(|line| line.contains("invalid_scope")));
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_at_once_make_one_account() {
    let app = TestApp::start().await;
    let email = fresh_email();
    let form = [("email", email.as_str())];
    let ends = futures::future::join_all((0..8).map(|n| {
        let provider = if n % 2 == 0 { "google" } else { "kakao" };
        log_in(&app.api, provider, "customer", &form)
    }));
    for end in ends.await {
        assert_eq!(end, "success?status=profile&conflict=0");
    }
    assert_eq!(app.database.count("accounts").await, 1);
    assert_eq!(app.database.count("account_identities").await, 2);
}

async fn sessions_end(app: TestApp) {
    let person = app.api.customer().await;
    person.get("/api/v1/user/role").await.expect(200);
    let renewed = {
        // In its last quarter the token gets a successor, which dies with it.
        app.api.advance(Duration::hours(24 * 7 - 41)).await;
        let answer = person.get("/api/v1/user/role").await;
        let header = answer.headers["x-new-token"].to_str().unwrap().to_owned();
        assert_eq!(session(&answer).as_deref(), Some(header.as_str()));
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=604800"] {
            assert!(cookie.contains(part), "{part} in {cookie}");
        }
        header
    };
    assert_eq!(app.api.call(Method::GET, "/api/v1/user/role", Some(&renewed), None).await.status, 200);
    let out = person.call(Method::POST, "/api/v1/auth/logout", None).await;
    assert!(out.headers["set-cookie"].to_str().unwrap().starts_with("access_token=;"));
    assert!(out.expect(200)["message"].is_string());
    assert_eq!(person.get("/api/v1/user/role").await.refused(401), "unauthenticated");
    assert_eq!(app.api.call(Method::GET, "/api/v1/user/role", Some(&renewed), None).await.refused(401), "unauthenticated");
    // Also without a token.
    app.api.call(Method::POST, "/api/v1/auth/logout", Some("nonsense"), None).await.expect(200);
    // A token's life ends.
    let person = app.api.customer().await;
    app.api.advance(Duration::days(7)).await;
    assert_eq!(person.get("/api/v1/user/role").await.refused(401), "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_with_the_fake() {
    sessions_end(TestApp::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_with_redis() {
    sessions_end(TestApp::start_with_redis().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_login_crosses_sites_and_keeps_doing_so() {
    let app = TestApp::with(|s| {
        s.frontend_url = Some("https://app.example".into());
        s.frontend_local_url = Some("http://localhost:5173".into());
    })
    .await;
    let email = fresh_email();
    let local = app.api.log_in("google", "customer", "1004", &[("email", &email)]).await;
    assert!(location(&local).starts_with("http://localhost:5173/auth/success?"));
    let cookies: Vec<_> = local.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap().to_owned()).collect();
    assert!(cookies.iter().any(|c| c.starts_with("access_token=") && c.contains("SameSite=None")), "{cookies:?}");
    let usual = app.api.log_in("google", "customer", "undefined", &[("email", &email)]).await;
    assert!(location(&usual).starts_with("https://app.example/auth/success?"));
    app.api.advance(Duration::hours(24 * 7 - 41)).await;
    let renewed = app.api.call(Method::GET, "/api/v1/user/role", session(&local).as_deref(), None).await;
    assert!(renewed.headers["set-cookie"].to_str().unwrap().contains("SameSite=None"));
    // The pages of the front end are the front end's.
    assert_eq!(app.api.get("/auth/success").await.refused(404), "not_found");
    // CORS for the two origins, with credentials; nothing for others.
    for (origin, allowed) in [("https://app.example", true), ("http://localhost:5173", true), ("https://evil.example", false)] {
        let answer = app.api.get_with("/api/v1/common/options/allergies", &[("origin", origin)]).await;
        assert_eq!(answer.headers.get("access-control-allow-origin").map(|v| v.to_str().unwrap()), allowed.then_some(origin));
        if allowed {
            assert_eq!(answer.headers["access-control-allow-credentials"], "true");
            assert!(answer.headers["access-control-expose-headers"].to_str().unwrap().eq_ignore_ascii_case("x-new-token"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_never_taken_from_the_query() {
    let app = TestApp::start().await;
    let person = app.api.customer().await;
    let path = format!("/api/v1/user/role?access_token={0}&token={0}", person.token);
    assert_eq!(app.api.get(&path).await.refused(401), "unauthenticated");
    let by_cookie = app.api.get_with("/api/v1/user/role", &[("cookie", &format!("access_token={}", person.token))]).await.expect(200);
    assert_eq!(by_cookie, json!({ "email": person.email, "user_type": "customer", "is_active": true, "status": "complete" }));
    // Withdrawn: the database decides, and only marked endpoints serve.
    app.database.sql(&format!("UPDATE accounts SET is_active = false WHERE email = '{}'", person.email)).await;
    let answer = person.get("/api/v1/customer/profile").await;
    assert_eq!(answer.headers["x-account-status"], "inactive");
    assert_eq!(answer.refused(439), "account_withdrawn");
    assert_eq!(person.get("/api/v1/user/role").await.expect(200)["is_active"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_ends_the_session_that_was_there() {
    let app = TestApp::start().await;
    let (before, other) = (app.api.customer().await, app.api.customer().await);
    let again = app.api.log_in_over(Some(&before.token), "google", "seller", "undefined", &[("email", &fresh_email())]).await;
    let now = session(&again).unwrap();
    let with = |token: &str| Person { token: token.to_owned(), ..before.clone() };
    assert_eq!(with(&before.token).get("/api/v1/user/role").await.refused(401), "unauthenticated");
    assert_eq!(with(&now).get("/api/v1/user/role").await.expect(200)["user_type"], "seller");
    other.get("/api/v1/user/role").await.expect(200);
}
