//! What the log and the audit log call a request, and how much the log says.

use cheapbob_test_support::{RealServer, TestApp, TestDatabase};
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_request_id_is_kept_beside_ours() {
    let (database, log) = (TestDatabase::create().await, tempfile::NamedTempFile::new().unwrap());
    let settings = [
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("DEBUG", "true".to_owned()),
    ];
    let server = RealServer::http_logging_to(log.reopen().unwrap(), RealServer::free_port(), &settings).await;
    let ask = async |theirs: &str| {
        let answer = server.api.get_with("/api/v1/common/options/allergies", &[("x-request-id", theirs)]).await;
        answer.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    let theirs = ["0123456789abcdef0123456789abcdef", "01K9W2ZQ8Y3V5T7R1N4M6P0XBC", "a", "Root=1-67891233-abcdef012345678912345678"];
    let mut ours = Vec::new();
    for theirs in theirs {
        ours.push(ask(theirs).await);
    }
    let bad = ["a b", "a\"b", "<script>", &"x".repeat(129), ""];
    for bad in bad {
        assert_eq!(ask(bad).await.len(), 26);
    }
    assert!(server.interrupt().success());
    let log = std::fs::read_to_string(log.path()).unwrap();
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!(ours.len() == 26 && ours != theirs);
        let line = log.lines().find(|line| line.contains(ours.as_str())).unwrap_or_else(|| panic!("{ours}: {log}"));
        assert!(line.contains("DEBUG") && line.contains(&format!("caller_request_id=\"{theirs}\"")), "{line}");
    }
    assert_eq!(log.matches("caller_request_id").count(), theirs.len(), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_chooses_what_the_audit_log_calls_a_request() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(5).await, app.api.customer().await);
    let held = customer.order(&shop.product_id, 1).await;
    let bearer = format!("Bearer {}", shop.seller.token);
    let headers = [("authorization", bearer.as_str()), ("x-request-id", "01K9W2ZQ8Y3V5T7R1N4M6P0XBC")];
    let accepted = app.api.send(Method::PATCH, &format!("/api/v1/seller/store/orders/{}/accept", held.payment_id), &headers, "").await;
    let ours = accepted.headers["x-request-id"].to_str().unwrap().to_owned();
    accepted.expect(200);
    assert_eq!(app.database.texts("SELECT request_id FROM audit_log WHERE event = 'accepted'").await, std::slice::from_ref(&ours));
    assert_eq!(app.database.texts("SELECT request_id FROM tasks WHERE id LIKE 'mail:accepted:%'").await, [ours]);
}

#[tokio::test(flavor = "multi_thread")]
async fn debug_logs_every_request_of_ours_and_nothing_of_libraries() {
    for (debug, logged) in [("True", true), ("false", false)] {
        let (data, log) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
        let settings = [("CHEAPBOB_DATA_DIR", data.path().display().to_string()), ("DEBUG", debug.to_owned())];
        let server = RealServer::http_logging_to(log.reopen().unwrap(), RealServer::free_port(), &settings).await;
        server.api.get("/api/v1/common/options/allergies").await.expect(200);
        server.api.get("/api/v1/user/role").await.refused(401);
        assert!(server.interrupt().success());
        let log = std::fs::read_to_string(log.path()).unwrap();
        assert_eq!(log.contains("request method=GET path=\"/api/v1/common/options/allergies\" status=200"), logged, "DEBUG={debug}: {log}");
        assert!(log.contains("request refused method=GET path=\"/api/v1/user/role\""), "{log}");
        let theirs: Vec<_> = log.lines().filter(|line| line.contains(" DEBUG ") && !line.contains("request: ")).collect();
        assert!(theirs.len() < 20, "{theirs:?}");
    }
}
