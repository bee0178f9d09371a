//! Stores' secrets: sealed in the database, shown nowhere, their keys can change.

use cheapbob_test_support::{RealServer, TestApp, TestDatabase};
use serde_json::json;

const OLD: &str = "tests:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "new:IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const WEBHOOK: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// `cheapbob-http rotate-secrets` with these keys: whether it ended well, and what it said.
fn rotate(app: &TestApp, keys: &str) -> (bool, String) {
    let settings = [
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", app.database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", app.database.name().to_owned()),
        ("CHEAPBOB_SECRET_KEYS", keys.to_owned()),
    ];
    let output = RealServer::command("cheapbob-http", &settings).arg("rotate-secrets").output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

async fn sealed_with(app: &TestApp, key: &str) -> i64 {
    let sealed = |column: &str| format!("(SELECT count(*) FROM store_payments WHERE {column} LIKE 'sealed1:{key}:%')");
    let columns = ["portone_secret", "webhook_secret", "previous_webhook_secret"].map(sealed).join(" + ");
    let links = format!("(SELECT count(*) FROM unlink_tokens WHERE token LIKE 'sealed1:{key}:%')");
    app.database.number(&format!("SELECT {columns} + {links} AS n")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_sealed_and_their_keys_can_change() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    shop.set_webhook_secret("whsec_pzQGE83cSIRKM4/WH5QYpzQGE83cSIRKM4/WH5QY").await;
    shop.set_webhook_secret(WEBHOOK).await;
    let secret = format!("secret-{}", shop.seller.email);
    let clear = format!("SELECT count(*) AS n FROM store_payments p WHERE p::text LIKE '%{secret}%' OR p::text LIKE '%AAECAwQF%'");
    assert_eq!((app.database.number(&clear).await, sealed_with(&app, "tests").await), (0, 3 + 2), "the store's, and who logged in");
    let settings = shop.seller.get("/api/v1/seller/store/settings/payment").await.expect(200).to_string();
    assert!(!settings.contains(&secret) && !settings.contains("whsec_") && !settings.contains("sealed"), "{settings}");

    // What somebody wrote in clear is no secret of ours: said without it, and left as it is.
    let other = app.api.shop(1).await;
    let row = format!("store_payments WHERE store_id = '{}'", other.store_id);
    let sealed = app.database.texts(&format!("SELECT portone_secret FROM {row}")).await.remove(0);
    let write = async |text: &str| {
        app.database.sql(&format!("UPDATE store_payments SET portone_secret = '{text}' WHERE store_id = '{}'", other.store_id)).await;
    };
    write("in the clear").await;
    let (ok, said) = rotate(&app, OLD);
    assert!(!ok && said.contains("is not sealed") && !said.contains("in the clear"), "{said}");
    assert_eq!(app.database.texts(&format!("SELECT portone_secret FROM {row}")).await, ["in the clear"]);
    write(&sealed).await;

    // Keys that the rows were not sealed with: said, and nothing is changed.
    let (ok, said) = rotate(&app, NEW);
    assert!(!ok && said.contains("which CHEAPBOB_SECRET_KEYS does not have") && !said.contains("IAECAw"), "{said}");
    let (ok, said) = rotate(&app, "x:short");
    assert!(!ok && said.contains("CHEAPBOB_SECRET_KEYS: each key is id:key") && !said.contains("short"), "{said}");
    assert_eq!((sealed_with(&app, "tests").await, sealed_with(&app, "new").await), (4 + 3, 0));

    // While the product serves with the old key, which is then the second.
    let (ok, said) = rotate(&app, &format!("{NEW},{OLD}"));
    assert!(ok && said.contains("7 secrets sealed with the current key, 0 were"), "{said}");
    let (ok, said) = rotate(&app, &format!("{NEW},{OLD}"));
    assert!(ok && said.contains("0 secrets sealed with the current key, 7 were"), "{said}");
    assert_eq!((sealed_with(&app, "tests").await, sealed_with(&app, "new").await), (0, 7));
    let (ok, said) = rotate(&app, &format!("{OLD},{NEW}"));
    assert!(ok, "{said}");
    let held = customer.order(&shop.product_id, 1).await;
    customer.cancel(&held.payment_id).await.expect(200);
    assert_eq!(app.api.webhook(&shop.store_id, WEBHOOK, "WH-1", &json!({})).await.status, 200);
}

/// A whole day's business, with everything logged that we can log.
#[tokio::test(flavor = "multi_thread")]
async fn logs_tell_no_secrets() {
    let database = TestDatabase::create().await;
    let log = tempfile::NamedTempFile::new().unwrap();
    let settings = [
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("JWT_SECRET", "what signs sessions".to_owned()),
        ("CHEAPBOB_SECRET_KEYS", OLD.to_owned()),
        ("RUST_LOG", "info,cheapbob=trace".to_owned()),
    ];
    let server = RealServer::http_logging_to(log.reopen().unwrap(), RealServer::free_port(), &settings).await;
    let (shop, customer) = (server.api.shop(9).await, server.api.customer().await);
    shop.set_webhook_secret(WEBHOOK).await;
    let held = customer.order(&shop.product_id, 1).await;
    shop.accept(&held.payment_id).await.expect(200);
    let code = shop.code(&held.payment_id).await;
    customer.scan(&held.payment_id, &code).await.expect(200);
    let canceled = customer.order(&shop.product_id, 1).await;
    customer.cancel(&canceled.payment_id).await.expect(200);
    // Refused ones, which say why.
    server.api.webhook(&shop.store_id, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "WH-1", &json!({})).await;
    customer.scan(&held.payment_id, &code).await;
    customer.post("/api/v1/customer/payment/confirm", &json!({ "payment_id": "PAY1" })).await;
    let back = format!("/api/v1/auth/kakao/callback/customer?code=the-providers-code&state={}", customer.token);
    server.api.get(&back).await;
    customer.get("/api/v1/customer/search/stores/by-name?search_name=what-i-like&page=0").await.expect(200);
    assert!(server.interrupt().success());

    let log = std::fs::read_to_string(log.path()).unwrap();
    for told in ["request refused", "/api/v1/customer/payment/confirm", "/api/v1/auth/kakao/callback/customer"] {
        assert!(log.contains(told), "{told}: {log}");
    }
    for secret in [
        customer.token.as_str(),
        &shop.seller.token,
        &code,
        &format!("secret-{}", shop.seller.email),
        &WEBHOOK["whsec_".len()..],
        "what signs sessions",
        "AAECAwQFBgcICQoLDA0O",
        "the-providers-code",
        "what-i-like",
        "01012345678",
        &customer.email,
    ] {
        assert!(!log.contains(secret), "{secret} is in the log: {}", log.lines().find(|line| line.contains(secret)).unwrap_or_default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_can_only_grow() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    let held = customer.order(&shop.product_id, 1).await;
    for statement in ["UPDATE audit_log SET at = now()", "DELETE FROM audit_log", "TRUNCATE audit_log"] {
        let refused = cheapbob_test_support::sql(&app.database.url(), statement).await.unwrap_err();
        assert!(refused.to_string().contains("audit_log is append only"), "{refused}");
    }
    let path = format!("/api/v1/seller/store/orders/{}/history", held.payment_id);
    let history = shop.seller.get(&path).await;
    let request = history.headers["x-request-id"].to_str().unwrap().to_owned();
    let history = history.expect(200);
    insta::assert_json_snapshot!("history", cheapbob_test_support::normalized(&history));
    let confirm = &history["events"][1];
    assert_eq!((&confirm["actor"], &confirm["event"]), (&json!(customer.email), &json!("ordered")));
    assert!(confirm["request_id"].as_str().unwrap().len() >= 8 && confirm["request_id"] != *request);
    // A hold that became nothing has an audit log too; another store's is not there.
    let released = customer.hold(&shop.product_id, 1).await;
    customer.delete(&format!("/api/v1/customer/payment/init/{}", released.payment_id)).await.expect(200);
    assert_eq!(shop.history(&released.payment_id).await, ["held", "released abandoned"]);
    let other = app.api.shop(1).await;
    for unknown in [path.as_str(), "/api/v1/seller/store/orders/PAY0/history", "/api/v1/seller/store/orders/x/history"] {
        assert_eq!(other.seller.get(unknown).await.refused(404), "order_not_found");
    }
}
