//! What every answer says to browsers.

use cheapbob_test_support::{RealServer, TestApp, TestDatabase};
use reqwest::Method;

use crate::pages::header;

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_kept_by_nobody_and_framed_by_nobody() {
    let app = TestApp::start().await;
    let customer = app.api.customer().await;
    for (path, token) in [
        ("/api/v1/user/role", Some(customer.token.as_str())),
        ("/api/v1/user/role", None),
        ("/api/v1/customer/search/stores?page=0", Some(&customer.token)),
        ("/api/v1/common/options/allergies", Some(&customer.token)),
        ("/health/ready", None),
        ("/openapi.json", None),
        ("/nope", None),
        ("/", None),
        ("/docs/", None),
        ("/sandbox", None),
        ("/sandbox/jobs", None),
    ] {
        let answer = app.api.call(Method::GET, path, token, None).await;
        assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&answer, "referrer-policy"), "same-origin", "{path}");
        let policy = header(&answer, "content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
        // Over http it would be heeded by nobody.
        assert_eq!(header(&answer, "strict-transport-security"), "", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_https_browsers_are_told_to_stay_there() {
    let database = TestDatabase::create().await;
    let settings =
        [("DATABASE_URL", database.url()), ("OAUTH_REDIRECT_BASE_URL", "https://api.example".to_owned()), ("API_DOCS", "off".to_owned())];
    let server = RealServer::http(RealServer::free_port(), &settings).await;
    for path in ["/health", "/api/v1/user/role"] {
        assert_eq!(header(&server.api.get(path).await, "strict-transport-security"), "max-age=31536000", "{path}");
    }
    for path in ["/docs", "/docs/", "/docs/swagger-ui.css", "/openapi.json"] {
        assert_eq!(server.api.get(path).await.refused(404), "not_found", "{path}");
    }
}
