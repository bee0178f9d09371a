//! What an operator sees: the commands, the metrics, the request's id wherever its work goes.

use cheapbob_test_support::{RealServer, TestApp, eventually};

/// Settings of a process beside the app's own, on its database.
pub(crate) fn beside(app: &TestApp) -> Vec<(&'static str, String)> {
    vec![
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", app.database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", app.database.name().to_owned()),
        ("PORT", app.api.base.rsplit(':').next().unwrap().to_owned()),
        ("CHEAPBOB_SECRET_KEYS", "tests:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()),
    ]
}

/// `cheapbob-jobs …`: whether it ended well, and what it said.
pub(crate) fn operator(app: &TestApp, arguments: &[&str]) -> (bool, String) {
    operator_with(app, &[], arguments)
}

/// With these settings, too.
pub(crate) fn operator_with(app: &TestApp, also: &[(&'static str, &str)], arguments: &[&str]) -> (bool, String) {
    let also = also.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let settings: Vec<_> = beside(app).into_iter().chain(also).collect();
    let output = RealServer::command("cheapbob-jobs", &settings).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

/// How a binary without any settings ends: its exit code, its standard output, its standard error.
fn at_the_terminal(binary: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = RealServer::command(binary, &[]).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn both_binaries_explain_themselves_and_refuse_what_they_do_not_know() {
    for (binary, words) in [
        ("cheapbob-http", vec!["rotate-secrets", "health", "--jobs", "--no-jobs"]),
        ("cheapbob-jobs", vec!["run", "migrate", "health", "list", "once", "outbox", "refunds", "import", "give-back"]),
    ] {
        let (code, said, complaint) = at_the_terminal(binary, &["--help"]);
        assert_eq!((code, complaint.as_str()), (Some(0), ""), "{binary}");
        for word in words.iter().chain(&["--help", "--version"]) {
            assert!(said.lines().any(|line| line.split_whitespace().any(|w| w == *word)), "{binary} {word}: {said}");
        }
        let version = format!("{binary} {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(at_the_terminal(binary, &["--version"]), (Some(0), version, String::new()));
        let (code, said, complaint) = at_the_terminal(binary, &["dance"]);
        assert_eq!((code, said.as_str()), (Some(2), ""), "{binary}");
        assert!(complaint.contains("'dance'") && complaint.contains(&format!("Usage: {binary}")), "{complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_and_run_on_demand() {
    let app = TestApp::start().await;
    let (ok, said) = operator(&app, &["list"]);
    assert!(ok, "{said}");
    for job in ["resolve_holds", "rollover_stock", "archive_orders", "delete_accounts", "delete_orphans", "rebuild_search"] {
        assert!(said.lines().any(|line| line.starts_with(job)), "{job}: {said}");
    }
    // Of a due instant once, however often it is asked for.
    let at = ["once", "rollover_stock", "--at", "2026-11-20T04:10:00+09:00"];
    for _ in 0..2 {
        let (ok, said) = operator(&app, &at);
        assert!(ok && said.starts_with("rollover_stock of 2026-11-20 04:10:00 is done\n"), "{said}");
    }
    let runs = app.database.count("tasks WHERE job = 'rollover_stock' AND due_at = '2026-11-20T04:10:00+09:00'").await;
    assert_eq!(runs, 1);
    // One that nobody schedules here: a run on demand makes up for what was missed, and the ledger says so.
    app.api.set_clock("2026-11-24T12:00:00+09:00".parse().unwrap()).await;
    assert!(operator(&app, &["once", "reconcile_nightly", "--at", "2026-11-20T05:30:00+09:00"]).0);
    assert!(operator(&app, &["once", "reconcile_nightly"]).0);
    let runs = app.services.ledger.runs("reconcile_nightly", 2).await.unwrap();
    assert_eq!(runs[0].due_from.to_rfc3339(), "2026-11-20T20:30:00+00:00", "{runs:?}");
    for job in ["delete_orphans", "rebuild_search"] {
        assert!(operator(&app, &["once", job]).0, "{job}");
    }
    for (arguments, why) in [
        (vec!["once", "dance"], "there is no job dance"),
        (vec!["once", "rollover_stock", "--at", "2999-01-01T00:00:00Z"], "is not there yet"),
        (vec!["once", "rollover_stock", "--at", "noon"], "is no instant"),
    ] {
        let (ok, said) = operator(&app, &arguments);
        assert!(!ok && said.contains(why), "{arguments:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_outbox_owes_is_seen_and_can_be_helped() {
    let app = TestApp::start().await;
    app.database
        .sql(
            "INSERT INTO tasks (id, payload, max_attempts, run_at, status, attempts, finished_at, request_id, last_error)
             VALUES ('object:gone', '{\"kind\": \"delete_object\", \"key\": \"stores/gone\"}', 20, now(), 'dead', 20, now(), 'request-77', 'no storage')",
        )
        .await;
    let (ok, said) = operator(&app, &["outbox", "list"]);
    let row = said.lines().find(|line| line.starts_with("object:gone")).unwrap_or_else(|| panic!("{said}"));
    assert!(ok && ["dead", "20", "request-77", "no storage"].iter().all(|cell| row.contains(cell)), "{said}");
    assert!(operator(&app, &["outbox", "retry", "object:gone"]).0);
    eventually("it is done", 20, || async {
        (app.database.count("tasks WHERE id = 'object:gone' AND status = 'done'").await == 1).then_some(())
    })
    .await;
    assert!(operator(&app, &["outbox", "list"]).1.contains("0 tasks are not done"));
    let (ok, said) = operator(&app, &["outbox", "retry", "object:gone"]);
    assert!(!ok && said.contains("no task object:gone waits or is dead"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_this_version_does_not_know_is_dead_and_says_why_while_others_go_on() {
    let app = TestApp::start().await;
    // Claimed together; the known one is no harder to reach for the unknown one before it.
    app.database
        .sql(
            "INSERT INTO tasks (id, payload, max_attempts, run_at) VALUES
             ('dance', '{\"kind\": \"dance\", \"partner\": \"PAY1\"}', 20, now() - interval '1 year'),
             ('object:other', '{\"kind\": \"delete_object\", \"key\": \"stores/other\"}', 20, now() - interval '1 year')",
        )
        .await;
    eventually("one is dead at once, one is done", 20, || async {
        let ended = "SELECT count(*) AS n FROM tasks WHERE (id, status) IN (('dance', 'dead'), ('object:other', 'done')) AND attempts = 1";
        (app.database.number(ended).await == 2).then_some(())
    })
    .await;
    let (ok, said) = operator(&app, &["outbox", "list"]);
    let row = said.lines().find(|line| line.starts_with("dance")).unwrap_or_else(|| panic!("{said}"));
    assert!(ok && ["dead", "is unknown here", "unknown variant `dance`", "PAY1"].iter().all(|cell| row.contains(cell)), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requests_id_goes_with_its_mail() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let held = customer.order(&shop.product_id, 1).await;
    let ids = "SELECT count(*) AS n FROM tasks t JOIN audit_log a ON a.request_id = t.request_id
               WHERE a.event = 'ordered' AND t.id = 'mail:placed:' || a.payment_id AND a.payment_id = ";
    assert_eq!(app.database.number(&format!("{ids}'{}'", held.payment_id)).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_jobs_are_measured() {
    let app = TestApp::start().await;
    let (port, metrics_port) = (RealServer::free_port(), RealServer::free_port());
    let mut settings = beside(&app);
    settings.push(("METRICS_PORT", metrics_port.to_string()));
    let http = RealServer::http(port, &settings).await;
    let base = format!("http://127.0.0.1:{port}");
    for path in ["/health/ready", "/api/v1/customer/orders/PAY1", "/nowhere"] {
        reqwest::get(base.clone() + path).await.unwrap();
    }
    let metrics = reqwest::get(format!("http://127.0.0.1:{metrics_port}/metrics")).await.unwrap().text().await.unwrap();
    for name in [
        "cheapbob_http_request_duration_seconds_count{method=\"GET\",route=\"/health/ready\",status=\"200\"} 1",
        "cheapbob_http_request_duration_seconds_count{method=\"GET\",route=\"/api/v1/customer/orders/{payment_id}\",status=\"401\"} 1",
        "cheapbob_http_request_duration_seconds_count{method=\"GET\",route=\"other\",status=\"404\"} 1",
        "cheapbob_db_pool_wait_seconds_count",
        "cheapbob_oversold_products 0",
        "cheapbob_outbox_waiting ",
        "cheapbob_outbox_oldest_seconds ",
        "cheapbob_outbox_dead 0",
    ] {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    assert!(http.interrupt().success());
}
