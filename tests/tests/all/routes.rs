//! The one table of routes, the router and the OpenAPI document are the same.

use std::collections::BTreeSet;

use cheapbob_domain::operators::OperatorRole;
use cheapbob_http::{Access, ROUTES, document, path as document_path};
use cheapbob_test_support::{Answer, TestApp};
use reqwest::Method;

use crate::operators::of_role;

/// A path of a pattern, with something in each place that nobody owns.
fn path(pattern: &str) -> String {
    let segments: Vec<_> = pattern
        .split('/')
        .map(|s| match s {
            "{provider}" => "google",
            "{role}" => "customer",
            s if s.starts_with('{') => "nothing",
            s => s,
        })
        .collect();
    segments.join("/")
}

/// But for the document itself, and the operators' pages, which are for people and no part of the apps' contract.
#[test]
fn the_document_lists_exactly_the_table() {
    let document = serde_json::to_value(document()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.insert((method.to_uppercase(), path.clone()));
        }
    }
    let table: BTreeSet<_> = ROUTES
        .iter()
        .filter(|(_, p, ..)| *p != "/openapi.json" && !p.starts_with("/operator"))
        .map(|(m, p, ..)| ((*m).to_owned(), document_path(p)))
        .collect();
    assert_eq!(documented, table);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_whom_the_table_lets_in() {
    let app = TestApp::start().await;
    let (customer, seller) = (app.api.customer().await, app.api.shop(1).await.seller);
    let (gone_customer, gone_seller) = (app.api.customer().await, app.api.shop(1).await.seller);
    app.database
        .sql(&format!("UPDATE accounts SET is_active = false WHERE email IN ('{}', '{}')", gone_customer.email, gone_seller.email))
        .await;
    assert_eq!(customer.get("/api/v1/seller/store").await.refused(403), "wrong_role");
    let mut operators = Vec::new();
    for role in OperatorRole::all() {
        operators.push((role, of_role(&app, role).await));
    }
    for (method, pattern, access, _) in ROUTES {
        let (verb, path) = (Method::from_bytes(method.as_bytes()).unwrap(), path(pattern));
        let status = async |token: Option<&str>| app.api.call(verb.clone(), &path, token, None).await.status;
        if let Some(least) = access.of_operators() {
            // Nobody's token but an operator's own; `operators` asks them.
            for token in [None, Some("bad"), Some(customer.token.as_str()), Some(seller.token.as_str())] {
                assert_eq!(status(token).await, 401, "{method} {pattern} with {token:?}");
            }
            for (role, console) in &operators {
                let answered = if *method == "GET" { console.get(&path).await } else { console.post_with(&path, &[]).await };
                let refused = answered.status == 403 && answered.body.to_string().contains("operator_role_too_low");
                assert_eq!(refused, least.is_some_and(|least| *role < least), "{method} {pattern} for {role:?}: {}", answered.status);
                assert_ne!(answered.status, 401, "{method} {pattern} for {role:?}");
            }
            continue;
        }
        let admitted = |status: u16| !matches!(status, 401 | 403 | 439);
        let row = format!("{method} {pattern}");
        let nobody = status(None).await;
        assert_eq!(nobody == 401, *access != Access::Anyone, "{row} for nobody: {nobody}");
        assert_eq!(status(Some("bad")).await == 401, *access != Access::Anyone, "{row} with a bad token");
        if pattern.ends_with("/logout") || pattern.ends_with("/orders/stream") {
            // It would end the sessions that the rest of this test needs; these do not end (`live`).
            continue;
        }
        for (person, gone, mine) in [
            (
                &customer,
                &gone_customer,
                matches!(access, Access::Anyone | Access::Either | Access::Customer | Access::CustomerAlsoWithdrawn),
            ),
            (&seller, &gone_seller, matches!(access, Access::Anyone | Access::Either | Access::Seller | Access::SellerAlsoWithdrawn)),
        ] {
            let answered = status(Some(&person.token)).await;
            assert_eq!(if admitted(answered) { 0 } else { answered }, if mine { 0 } else { 403 }, "{row} for {}", person.email);
            let also_withdrawn = !matches!(access, Access::Customer | Access::Seller);
            let expected = match (mine, also_withdrawn) {
                (false, _) => 403,
                (true, false) => 439,
                (true, true) => 0,
            };
            let answered = status(Some(&gone.token)).await;
            assert_eq!(if admitted(answered) { 0 } else { answered }, expected, "{row} for a withdrawn account");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_and_an_unknown_path_are_problems() {
    let app = TestApp::start().await;
    let allowed: BTreeSet<_> = ROUTES.iter().map(|(m, p, ..)| (*m, *p)).collect();
    for (_, pattern, ..) in ROUTES {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if allowed.contains(&(method, *pattern)) {
                continue;
            }
            // POST /…/orders/today is DELETE or GET of no other pattern; /stores/favorites is none of {store_id}'s.
            let answer = app.api.call(Method::from_bytes(method.as_bytes()).unwrap(), &path(pattern), None, None).await;
            let code = answer.clone().refused(answer.status);
            let other = ["not_found", "unauthenticated"].contains(&code.as_str());
            assert!(answer.status == 405 && code == "method_not_allowed" || other, "{method} {pattern}: {} {code}", answer.status);
            if answer.status == 405 {
                assert!(!answer.headers["allow"].to_str().unwrap().contains(method));
            }
        }
    }
    for unknown in [
        "/nope",
        "/api/v1",
        "/api/v1/customer",
        "/api/v1/seller/store/",
        "/api/v1/seller/store/products//stock/reservation",
        "/media/none.jpg",
    ] {
        assert_eq!(app.api.get(unknown).await.refused(404), "not_found", "{unknown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_its_body() {
    let app = TestApp::start().await;
    let (customer, shop) = (app.api.customer().await, app.api.shop(1).await);
    let held = customer.order(&shop.product_id, 1).await;
    let patterns = ROUTES.iter().filter(|(method, pattern, ..)| *method == "GET" && !pattern.ends_with("/orders/stream"));
    let patterns = patterns.map(|(_, pattern, access, _)| (*pattern, *access));
    let others = ["/docs/", "/docs", "/sandbox", "/sandbox/portone/payments", "/nope"].map(|path| (path, Access::Anyone));
    let mut answered = 0;
    for (pattern, access) in patterns.chain(others) {
        let path = path(pattern)
            .replace("/orders/nothing", &format!("/orders/{}", held.payment_id))
            .replace("products/nothing", &format!("products/{}", shop.product_id));
        let token = match access {
            Access::Customer | Access::CustomerAlsoWithdrawn | Access::Either => &customer.token,
            _ => &shop.seller.token,
        };
        let get = app.api.call(Method::GET, &path, Some(token), None).await;
        let head = app.api.call(Method::HEAD, &path, Some(token), None).await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.body, "", "{path}");
        // How long its parts took to answer.
        let length = (pattern == "/health/ready").then_some("content-length");
        let headers = |answer: &Answer| {
            let same = answer.headers.iter().filter(|(name, _)| {
                !["date", "x-request-id", "set-cookie", "location"].into_iter().chain(length).any(|other| name.as_str() == other)
            });
            same.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect::<BTreeSet<_>>()
        };
        assert_eq!(headers(&head), headers(&get), "{path}");
        answered += usize::from(get.status == 200 && get.headers.contains_key("content-length"));
    }
    assert!(answered > 30, "{answered}");
    let refused = app.api.call(Method::HEAD, "/api/v1/auth/logout", None, None).await;
    assert_eq!((refused.status, refused.headers["allow"].to_str().unwrap()), (405, "POST"));
    let refused = app.api.call(Method::POST, "/api/v1/seller/store", Some(&shop.seller.token), None).await;
    assert_eq!((refused.status, refused.headers["allow"].to_str().unwrap()), (405, "GET, HEAD"));
    // Nobody is in: as with GET.
    assert_eq!(app.api.call(Method::HEAD, "/api/v1/seller/store", None, None).await.status, 401);
}

/// Every refusal of the table is asked for by some test: its code stands in one of them.
#[test]
fn every_refusal_is_tested() {
    let document = serde_json::to_value(document()).unwrap();
    let codes = document["components"]["responses"].as_object().unwrap().keys().flat_map(|name| name.split('.').map(str::to_owned));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all");
    let files =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "rs"));
    let tests: String = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let untested: BTreeSet<_> = codes.filter(|code| !tests.contains(code.as_str())).collect();
    assert!(untested.is_empty(), "{untested:?}");
}
