//! schemathesis against the running binary, as every kind of caller: no 5xx, no answer outside the document, nothing that follows
//! the document refused as invalid. Bounded here by number and by time; `just fuzz` takes longer, with another seed each time.
#![allow(clippy::print_stdout, reason = "what was called, for whoever searches")]

use std::{process::Command, time::Duration};

use cheapbob_test_support::{RealServer, TestDatabase, fresh_email, mongo_settings, noon, redis_url};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::budget::{Budget, number};

/// These end the session that the rest needs.
const LAST_CALLS: &str = "logout|withdraw";

/// These, and a stream that does not end by itself: `live` is about those.
const OF_CUSTOMER: &str = "logout|withdraw|customer/orders/stream";
const OF_SELLER: &str = "logout|withdraw|seller/store/orders/stream";

/// `excluded`: paths that this caller does not call.
async fn fuzz(caller: &str, excluded: Option<&str>) {
    let (database, mongo, media) = (TestDatabase::create().await, mongo_settings(), tempfile::tempdir().unwrap());
    let redis = url::Url::parse(&redis_url()).unwrap();
    let server = RealServer::http(
        RealServer::free_port(),
        &[
            ("DB_HOST", "127.0.0.1".to_owned()),
            ("DB_PORT", database.port()),
            ("DB_USER", "cheapbob".to_owned()),
            ("DB_NAME", database.name().to_owned()),
            // More calls than people make.
            ("RATE_LIMITS", "off".to_owned()),
            ("REDIS_HOST", "127.0.0.1".to_owned()),
            ("REDIS_PORT", redis.port().unwrap().to_string()),
            ("MONGODB_URI", mongo.uri.expose_secret().to_owned()),
            ("MONGODB_NAME", mongo.database.unwrap()),
            ("CHEAPBOB_DATA_DIR", media.path().display().to_string()),
            ("RUST_LOG", "error".to_owned()),
        ],
    )
    .await;
    let api = &server.api;
    api.set_clock(noon()).await;
    let token = match caller {
        "anonymous" => String::new(),
        "seller" => api.shop(100).await.seller.token,
        "customer" => {
            let (shop, customer) = (api.shop(100).await, api.customer().await);
            customer.order(&shop.product_id, 1).await;
            customer.token
        }
        _ => {
            let person = api.person("customer", &fresh_email()).await;
            person.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
            person.token
        }
    };
    let phases = std::env::var("CHEAPBOB_FUZZ_PHASES").unwrap_or_else(|_| "examples,coverage,fuzzing".to_owned());
    let (examples, seed) = (number("CHEAPBOB_FUZZ_EXAMPLES").unwrap_or(2), number("CHEAPBOB_FUZZ_SEED").unwrap_or(1));
    // The first round tries everything that the document names; a further one other random calls.
    let budget = Budget::new("CHEAPBOB_FUZZ_ROUNDS", 1, 2, Duration::from_secs(60));
    for round in (0..).take_while(|round| budget.allows(*round)) {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/venv/bin/schemathesis"));
        command
            .args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/schemathesis.toml"), "run"])
            .arg(format!("{}/openapi.json", api.base))
            .args(["--phases", if round == 0 { &phases } else { "fuzzing" }])
            .args(["--max-examples", &examples.to_string(), "--seed", &seed.wrapping_add(round).to_string()])
            .args(excluded.iter().flat_map(|pattern| ["--exclude-path-regex", pattern]))
            .env("CHEAPBOB_TOKEN", &token)
            .env("NO_COLOR", "1")
            .current_dir(std::env::temp_dir());
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        let output = output.expect("schemathesis is missing: run ./test");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("passed"), "{said}");
        let cases = said.lines().find(|line| line.contains(" generated, ")).unwrap_or_else(|| panic!("how many?\n{said}"));
        println!("round {round}, as {caller}: {}", cases.trim());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn as_nobody() {
    fuzz("anonymous", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_customer() {
    fuzz("customer", Some(OF_CUSTOMER)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_seller() {
    fuzz("seller", Some(OF_SELLER)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_withdrawn_account() {
    fuzz("withdrawn", Some(LAST_CALLS)).await;
}
