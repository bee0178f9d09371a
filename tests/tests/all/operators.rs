//! The operators' console: who gets in, what they find, what they do, and what the log has of it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use cheapbob_domain::{
    operators::{By, Operator, OperatorRole, form_token},
    orders::{Actor, Discrepancy, ports::AuditLog},
    shared::{Email, PaymentId, StoreId},
};
use cheapbob_test_support::{
    Chromium, Console, RealServer, TestApp, TestDatabase, code_of, eventually, form_of, fresh_email, noon, test_settings, text,
};
use cheapbob_wiring::{Product, prepare_process};
use chrono::Duration;
use image::ImageFormat;
use serde_json::{Value, json};
use tracing::{Subscriber, span};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    disputes,
    images::{picture, upload},
    onboarding::{self, LICENCE, NUMBER},
    operator::operator,
};

const ADMIN: &str = "admin@run.example";

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

async fn start() -> TestApp {
    TestApp::with(|settings| {
        settings.operator_emails = [email(ADMIN)].into();
        settings.frontend_url = Some("https://app.example".to_owned());
    })
    .await
}

/// Somebody of this role, invited at a terminal and logged in.
pub(crate) async fn of_role(app: &TestApp, role: OperatorRole) -> Console {
    let who = fresh_email();
    app.services.team.invite(&email(&who), role, "tests", None).await.unwrap();
    app.api.operator(&who).await
}

/// What the log has, oldest first, a line each.
async fn log(app: &TestApp) -> Vec<String> {
    let line = "SELECT concat_ws(' ', operator, event, about, reason, outcome) FROM operator_log ORDER BY id";
    app.database.texts(line).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_found_by_its_request_and_refunded_once() {
    let app = start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let held = customer.order(&shop.product_id, 1).await;
    let payment = &held.payment_id;
    let request = app.database.texts(&format!("SELECT request_id FROM holds WHERE payment_id = '{payment}'")).await.remove(0);
    let console = app.api.operator(ADMIN).await;
    for sought in [request.as_str(), payment, &customer.email] {
        let found = console.page(&format!("/operator/find?q={sought}")).await;
        assert!(found.contains(&format!("/operator/payments/{payment}")), "{sought}: {found}");
    }
    let path = format!("/operator/payments/{payment}");
    let page = console.page(&path).await;
    for seen in ["주문됨", "결제됨: 7,000원.", "주문 취소·전액 환불", &customer.email, &request] {
        assert!(page.contains(seen), "{seen}: {page}");
    }

    // The same form twice, at once and later: it acts once.
    let cancel = format!("/operator/do/cancel?about={payment}");
    let form = form_of(&console.page(&cancel).await);
    let fields = [("form", form.as_str()), ("reason", "고객 요청"), ("about", payment)];
    let (one, other) = tokio::join!(console.post(&cancel, &fields), console.post(&cancel, &fields));
    assert_eq!((one.status, other.status), (200, 200), "{} {}", one.body, other.body);
    let again = console.post(&cancel, &fields).await.expect(200);
    let again = again.as_str().unwrap();
    assert!(again.contains("주문을 취소했습니다. 환불되었습니다.") && again.contains("이미 한 번 처리했습니다"), "{again}");
    assert_eq!(app.api.cancelled(payment).await, 7_000);
    let listed = shop.seller.get("/api/v1/seller/store/orders").await.expect(200);
    assert_eq!((&listed["orders"][0]["status"], &listed["orders"][0]["cancel_reason"]), (&"cancel".into(), &"고객 요청".into()));
    // The store sees that we did it, not who of us.
    let history = shop.seller.get(&format!("/api/v1/seller/store/orders/{payment}/history")).await.expect(200);
    let canceled = history["events"].as_array().unwrap().iter().find(|event| event["event"] == "canceled").unwrap();
    assert_eq!((&canceled["actor_role"], &canceled["actor"]), (&"operator".into(), &Value::Null));
    let page = console.page(&path).await;
    assert!(page.contains("전액 취소되었습니다: 7,000원.") && page.contains("사유: 고객 요청"), "{page}");
    let done = format!("{ADMIN} cancel {payment} 고객 요청");
    let entries: Vec<_> = log(&app).await.into_iter().filter(|line| line.contains(" cancel ")).collect();
    assert_eq!(entries, [done.clone(), format!("{done} 주문을 취소했습니다. 환불되었습니다.")]);
    assert!(log(&app).await.contains(&format!("{ADMIN} looked_at_payment {payment}")));

    // By another form: it is canceled already, and stays so.
    let refused = console.post(&cancel, &[("form", "01K00000000000000000000000"), ("reason", "또"), ("about", payment)]).await;
    assert_eq!(refused.status, 422, "a reason of one letter is none");
    let again = console.post(&cancel, &[("form", "01K00000000000000000000000"), ("reason", "한 번 더"), ("about", payment)]).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(app.api.cancelled(payment).await, 7_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_goes_out_again_and_a_refund_that_failed_is_tried_now() {
    let app = start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let payment = customer.order(&shop.product_id, 1).await.payment_id;
    let console = of_role(&app, OperatorRole::Support).await;
    let placed = || async { app.api.mails().await.iter().filter(|mail| mail["to"] == customer.email.as_str()).count() };
    eventually("the mail is sent", 10, || async { (placed().await == 1).then_some(()) }).await;
    let task = format!("mail:placed:{payment}");
    eventually("its task is done", 10, || async {
        (app.database.count(&format!("tasks WHERE id = '{task}' AND status = 'done'")).await == 1).then_some(())
    })
    .await;
    let before = app.database.texts(&format!("SELECT finished_at::text FROM tasks WHERE id = '{task}'")).await.remove(0);
    let sent = console.act(&format!("/operator/do/resend?about={task}"), "못 받았다고 함").await;
    assert!(sent.clone().expect(200).as_str().unwrap().contains("메일을 다시 보냅니다"), "{}", sent.body);
    // The sandbox's mail box takes each Message-ID once, as a mailbox would.
    let done_again = format!("tasks WHERE id = '{task}' AND status = 'done' AND finished_at > '{before}'");
    eventually("it is sent again", 10, || async { (app.database.count(&done_again).await == 1).then_some(()) }).await;
    let other =
        console.post("/operator/do/retry_task", &[("form", "01K00000000000000000000000"), ("reason", "다른 것"), ("about", "run:x")]).await;
    assert_eq!(other.status, 409);

    app.api.faults(serde_json::json!([{ "on": "cancel", "do": "error500", "times": 1 }])).await;
    let canceled = console.act(&format!("/operator/do/cancel?about={payment}"), "재료 소진").await.expect(200);
    assert!(canceled.as_str().unwrap().contains("환불은 자동으로 이어집니다"), "{canceled}");
    let tried = console.act(&format!("/operator/do/expedite?about={payment}"), "기다림").await.expect(200);
    assert!(tried.as_str().unwrap().contains("환불되었습니다"), "{tried}");
    assert_eq!(app.api.cancelled(&payment).await, 7_000);
    assert_eq!(console.act(&format!("/operator/do/expedite?about={payment}"), "또 한 번").await.status, 409);
    assert_eq!(console.act(&format!("/operator/do/reconcile?about={payment}"), "확인").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_operators_get_in_and_only_as_far_as_their_role() {
    let app = start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let payment = customer.order(&shop.product_id, 1).await.payment_id;
    // A stranger, a customer of ours, and somebody for whom nobody vouches.
    for (provider, who) in [("google", fresh_email()), ("google", customer.email.clone()), ("naver", ADMIN.to_owned())] {
        let back = app.api.operator_callback(provider, &who).await;
        assert_eq!(back.status, 403, "{provider} {who}");
        assert!(back.body.as_str().unwrap().contains("운영자로 등록되지 않은"), "{}", back.body);
    }
    // Neither a customer's nor a seller's token counts here, nor an operator's elsewhere.
    assert_eq!(customer.get("/operator").await.refused(401), "unauthenticated");
    assert_eq!(shop.seller.get("/operator/find?q=ab").await.refused(401), "unauthenticated");
    let viewer = of_role(&app, OperatorRole::Viewer).await;
    let cookie = format!("access_token={}", viewer.token);
    assert_eq!(app.api.get_with("/api/v1/user/role", &[("cookie", &cookie)]).await.refused(401), "unauthenticated");

    let path = format!("/operator/payments/{payment}");
    let page = viewer.page(&path).await;
    assert!(!page.contains("할 수 있는 일"), "{page}");
    let refused = viewer.get(&format!("/operator/do/cancel?about={payment}")).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.as_str().unwrap().contains("operator_role_too_low"), "{}", refused.body);
    let forced = viewer
        .post(
            &format!("/operator/do/cancel?about={payment}"),
            &[("form", "01K00000000000000000000000"), ("reason", "몰래"), ("about", payment.as_str())],
        )
        .await;
    assert_eq!((forced.status, app.api.cancelled(&payment).await), (403, 0));
    let support = of_role(&app, OperatorRole::Support).await;
    assert_eq!((support.get("/operator/team").await.status, support.get("/operator/log").await.status), (403, 403));

    // Whoever is not in is shown the way; a program is told.
    let nobody = app.api.get_with("/operator", &[("accept", "text/html")]).await;
    assert_eq!((nobody.status, nobody.headers["location"].to_str().unwrap()), (303, "/operator/login"));
    let half = app.api.operator_at_the_code(ADMIN).await;
    let shown = half.get(&path).await;
    assert_eq!((shown.status, shown.headers["location"].to_str().unwrap()), (303, "/operator/code"));
    assert_eq!(app.api.get_with(&path, &[("cookie", &format!("operator={}", half.token))]).await.refused(401), "unauthenticated");
    assert_eq!(viewer.get("/operator/payments/PAY1").await.status, 404);
    assert_eq!(viewer.get("/operator/payments/nothing").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_page_does_nothing() {
    let app = start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let payment = customer.order(&shop.product_id, 1).await.payment_id;
    let (console, other) = (app.api.operator(ADMIN).await, of_role(&app, OperatorRole::Support).await);
    let cancel = format!("/operator/do/cancel?about={payment}");
    let fields = [("form", "01K00000000000000000000000"), ("reason", "몰래"), ("about", payment.as_str())];
    let foreign = form_token(&other.token);
    for token in [vec![], vec![("form_token", "")], vec![("form_token", foreign.as_str())], vec![("form_token", console.token.as_str())]] {
        let refused = console.post_with(&cancel, &[token, fields.to_vec()].concat()).await;
        assert_eq!(refused.status, 403);
        assert!(refused.body.as_str().unwrap().contains("foreign_form"), "{}", refused.body);
    }
    let cookie = format!("operator={}", console.token);
    let mine = form_token(&console.token);
    let body = format!("form_token={mine}&form=01K00000000000000000000000&reason=abc");
    let headers = [("cookie", cookie.as_str()), ("content-type", "application/x-www-form-urlencoded"), ("origin", "https://evil.example")];
    assert_eq!(app.api.send(reqwest::Method::POST, &cancel, &headers, body).await.refused(403), "foreign_origin");
    assert_eq!(app.api.cancelled(&payment).await, 0);
    // An app's page may call the API. This is none of its business, not even to read it.
    let of_app = [("cookie", cookie.as_str()), ("origin", "https://app.example")];
    assert_eq!(app.api.get_with("/operator", &of_app).await.refused(403), "foreign_origin");
    assert_eq!(console.get("/operator").await.status, 200, "the session goes on");
    assert_eq!(console.post_with("/operator/logout", &[]).await.status, 403);
    assert_eq!(console.post("/operator/logout", &[]).await.status, 303);
    assert_eq!(console.get("/operator").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_taken_once_and_so_is_a_recovery_code() {
    let app = start().await;
    let first = app.api.operator(ADMIN).await;
    assert_eq!(first.recovery_codes.len(), 10);
    // The code that enrolled the app is used up.
    let second = app.api.operator_at_the_code(ADMIN).await;
    let now = app.api.now().await;
    let replayed = second.post("/operator/code", &[("code", &code_of(&first.secret, now))]).await;
    assert_eq!(replayed.status, 400);
    assert!(replayed.body.as_str().unwrap().contains("이미 사용되었습니다") && !replayed.body.as_str().unwrap().contains(&first.secret));
    // Of two browsers with one code one gets in.
    let next = code_of(&first.secret, now + Duration::seconds(30));
    let third = app.api.operator_at_the_code(ADMIN).await;
    let code = [("code", next.as_str())];
    let (one, other) = tokio::join!(second.post("/operator/code", &code), third.post("/operator/code", &code));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 400]);
    assert_eq!(app.database.count("operator_log WHERE event = 'code_wrong'").await, 2, "whoever guesses is seen");

    let recovery = first.recovery_codes[3].to_lowercase();
    let fourth = app.api.operator_at_the_code(ADMIN).await;
    let recovered = fourth.post("/operator/recovery", &[("code", &recovery)]).await;
    assert_eq!(recovered.status, 303, "{}", recovered.body);
    assert_eq!(fourth.with(&recovered).get("/operator").await.status, 200);
    assert_eq!(fourth.get("/operator/code").await.status, 303, "the token before the code is worth nothing now");
    let fifth = app.api.operator_at_the_code(ADMIN).await;
    // Five tries at once, and then one a minute.
    assert_eq!(fifth.post("/operator/recovery", &[("code", &recovery)]).await.status, 429);
    let mut seen = log(&app).await;
    seen.sort();
    let events = ["code_wrong", "code_wrong", "enrolled", "signed_in", "signed_in_by_recovery_code"];
    assert_eq!(seen, events.map(|event| format!("{ADMIN} {event}")));
    app.database.sql("DELETE FROM embedded.rate_limits").await;
    assert_eq!(fifth.post("/operator/recovery", &[("code", &recovery)]).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_removed_is_out_at_once_and_a_session_ends_after_eight_hours() {
    let app = start().await;
    let admin = app.api.operator(ADMIN).await;
    let who = fresh_email();
    let invited = admin.post("/operator/team/invite", &[("email", &who), ("role", "support"), ("reason", "새 동료")]).await;
    assert_eq!(invited.status, 303, "{}", invited.body);
    let colleague = app.api.operator(&who).await;
    assert_eq!(colleague.get("/operator").await.status, 200);
    let removed = admin.post("/operator/team/remove", &[("email", &who), ("reason", "퇴사")]).await;
    assert_eq!(removed.status, 303, "{}", removed.body);
    assert_eq!(colleague.get("/operator").await.status, 303);
    assert_eq!(app.api.operator_callback("google", &who).await.status, 403);
    assert_eq!(admin.post("/operator/team/remove", &[("email", &who), ("reason", "퇴사")]).await.status, 404);
    assert_eq!(admin.post("/operator/team/remove", &[("email", ADMIN), ("reason", "실수")]).await.status, 409);
    assert_eq!(admin.post("/operator/team/invite", &[("email", "x"), ("role", "viewer"), ("reason", "새 동료")]).await.status, 422);
    assert!(log(&app).await.contains(&format!("{ADMIN} removed {who} 퇴사")));
    // Nobody changes what was written.
    let page = admin.page("/operator/log").await;
    assert!(page.contains("퇴사") && page.contains(&who));

    app.api.advance(Duration::hours(7) + Duration::minutes(59)).await;
    assert_eq!(admin.get("/operator").await.status, 200);
    app.api.advance(Duration::minutes(2)).await;
    assert_eq!(admin.get("/operator").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_are_invited_at_a_terminal() {
    let app = TestApp::start().await;
    let who = fresh_email();
    let (ok, said) = operator(&app, &["operators", "add", &who, "--role", "support"]);
    assert!(ok && said.contains("may log in at /operator as support"), "{said}");
    let console = app.api.operator(&who).await;
    let (ok, said) = operator(&app, &["operators", "list"]);
    assert!(ok && said.lines().any(|line| line.starts_with(&who) && line.contains("support  enrolled")), "{said}");
    assert!(operator(&app, &["operators", "remove", &who]).0);
    assert_eq!(console.get("/operator").await.status, 303, "of another process as well");
    let (ok, said) = operator(&app, &["operators", "remove", &who]);
    assert!(!ok && said.contains("operator_not_found"), "{said}");
    let of_terminal = format!(" added {who}");
    assert!(!log(&app).await.contains(&of_terminal));
    assert_eq!(app.database.count("operator_log WHERE operator IS NULL AND event = 'removed'").await, 1, "the second found nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_show_what_is_wrong_and_what_becomes_of_it() {
    let app = start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let payment = customer.order(&shop.product_id, 1).await.payment_id;
    let console = of_role(&app, OperatorRole::Support).await;
    assert!(console.page("/operator").await.contains("지금 살펴볼 것이 없습니다"));
    let (store, id) = (StoreId::parse(&shop.store_id).unwrap(), PaymentId::parse(&payment).unwrap());
    let books = app.database.postgres();
    books.report(&store, &id, Discrepancy::OtherAmount, app.api.now().await, &Actor::job("reconcile")).await.unwrap();
    app.database.sql("INSERT INTO tasks (id, payload, max_attempts, run_at, status, finished_at, last_error) VALUES ('delete:x', '{\"kind\": \"delete_object\", \"key\": \"x\"}', 1, now(), 'dead', now(), 'no such bucket')").await;
    let overview = console.page("/operator").await;
    for line in ["장부가 다른 결제가 1건", "사람을 기다리는 할 일이 1건", "<svg"] {
        assert!(overview.contains(line), "{line}: {overview}");
    }

    let listed = console.page("/operator/discrepancies").await;
    assert!(listed.contains(&payment) && listed.contains("금액이 다름"), "{listed}");
    let entry = app.database.number("SELECT max(id) AS n FROM audit_log WHERE event = 'discrepancy'").await;
    console.act(&format!("/operator/do/assign?about={entry}"), "살펴봄").await.expect(200);
    assert!(console.page("/operator/discrepancies").await.contains("살펴보는 중"));
    console.act(&format!("/operator/do/close?about={entry}"), "매장과 확인").await.expect(200);
    assert_eq!(console.act(&format!("/operator/do/close?about={entry}"), "또 닫기").await.status, 409);
    assert!(console.page("/operator/discrepancies").await.contains("매장과 확인"));

    let work = console.page("/operator/work").await;
    assert!(work.contains("no such bucket") && work.contains("resolve_holds"), "{work}");
    console.act("/operator/do/drop_task?about=delete:x", "버킷이 없음").await.expect(200);
    assert_eq!(console.act("/operator/do/retry_task?about=delete:x", "다시").await.status, 409);
    console.act("/operator/do/run_job?about=prune_inbox", "정리").await.expect(200);
    eventually("the job ran", 10, || async { console.page("/operator/work").await.contains("prune_inbox").then_some(()) }).await;
    eventually("its run is done", 10, || async {
        (app.database.count("tasks WHERE job = 'prune_inbox' AND status = 'done' AND attempts > 0").await > 0).then_some(())
    })
    .await;
    assert_eq!(console.act("/operator/do/run_job?about=dance", "춤추기").await.status, 404);

    let page = console.page(&format!("/operator/stores/{store}")).await;
    assert!(page.contains(&payment) && page.contains("판매 1"), "{page}");
    let page = console.page(&format!("/operator/customers/{}", customer.email)).await;
    assert!(page.contains(&payment) && page.contains("결제 대기 0/3"), "{page}");
    console.act(&format!("/operator/do/end_sessions?about={}", customer.email), "도난 신고").await.expect(200);
    assert_eq!(customer.get("/api/v1/user/role").await.refused(401), "unauthenticated");
    assert!(console.page("/operator/settings").await.contains("PortOne (sandbox)"));
    assert!(console.page("/operator/webhooks").await.contains("결제사가 보낸 웹훅"));
    for gone in ["/operator/stores/STR_1", "/operator/stores/x", "/operator/customers/nobody@test.example", "/operator/do/dance"] {
        assert_eq!(console.get(gone).await.status, 404, "{gone}");
    }
    // What people type, and what no page of ours sends.
    for bad in ["%00", "a%00b", "%FF%FE", "%27%22%3C", &"a".repeat(5_000), "%", "%25%5F"] {
        for path in [
            "/operator/find?q=",
            "/operator/stores/",
            "/operator/customers/",
            "/operator/payments/",
            "/operator/do/",
            "/operator/do/cancel?about=",
        ] {
            let answer = console.get(&format!("{path}{bad}")).await;
            assert!(answer.status < 500, "{path}{bad}: {}", answer.status);
        }
    }
    for (about, form) in [("\0", "01K0000000000000000000000A"), ("delete:\0", "01K0000000000000000000000B"), ("x", "\0")] {
        let fields = [("about", about), ("form", form), ("reason", "나쁜 값")];
        assert!((400..500).contains(&console.post("/operator/do/retry_task", &fields).await.status), "{about:?} {form:?}");
    }
    assert_eq!(console.post("/operator/do/retry_task", &[("about", "x")]).await.status, 422);
    assert_eq!(
        console.post("/operator/do/retry_task", &[("about", "x"), ("form", "01K0000000000000000000000C"), ("reason", "a\0b")]).await.status,
        422
    );
    assert!(log(&app).await.iter().any(|line| line.contains(&format!("looked_at_customer {}", customer.email))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reported_review_is_hidden_and_shown() {
    let app = start().await;
    let (shop, customer, other) = (app.api.shop(50).await, app.api.customer().await, app.api.customer().await);
    let held = customer.order(&shop.product_id, 1).await;
    shop.accept(&held.payment_id).await.expect(200);
    customer.scan(&held.payment_id, &shop.code(&held.payment_id).await).await.expect(200);
    let review =
        customer.post(&format!("/api/v1/customer/orders/{}/review", held.payment_id), &json!({ "rating": 1, "text": "나빠요" })).await;
    let id = text(&review.expect(201), "review_id");
    other.post(&format!("/api/v1/customer/reviews/{id}/report"), &json!({ "reason": "욕설" })).await.expect(204);
    let console = of_role(&app, OperatorRole::Support).await;
    let page = console.page("/operator/reviews").await;
    assert!(page.contains("나빠요") && page.contains("욕설"), "{page}");
    let rated = async || shop.seller.get("/api/v1/seller/store").await.expect(200)["rating_count"].clone();
    console.act(&format!("/operator/do/hide_review?about={id}"), "욕설 확인").await.expect(200);
    assert_eq!(rated().await, 0);
    console.act(&format!("/operator/do/show_review?about={id}"), "다시 확인").await.expect(200);
    assert_eq!(rated().await, 1);
}

/// Counts the statements of this process, by the spans that traces have of them.
#[derive(Clone, Default)]
struct Statements(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        if attributes.metadata().name() == "statement" {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_page_takes_few_statements_with_a_hundred_thousand_orders() {
    prepare_process();
    let database = TestDatabase::create().await;
    let now = noon();
    database
        .sql(&format!(
            "UPDATE embedded.clock SET offset_ms = (extract(epoch FROM '{now}'::timestamptz - now()) * 1000)::bigint;
             INSERT INTO accounts (email, role, email_vouched, created_at) VALUES ('seller@test.example', 'seller', true, '{now}'), ('c1@test.example', 'customer', true, '{now}');
             INSERT INTO customers (email, nickname, phone_number, created_at, updated_at) VALUES ('c1@test.example', '길동', '01012345678', '{now}', '{now}');
             INSERT INTO holds (payment_id, customer_email, product_id, store_id, quantity, price, sale, total_amount, portone_store_id, business_day, created_at,
                                expires_at, state, request_id)
             SELECT 'PAY' || lpad(n::text, 26, '0'), 'c' || n % 1000 || '@test.example', 'PRD_1', 'STR_1', 1, 10000, 30, 7000, 's', '2026-11-24',
                    '{now}'::timestamptz - n * interval '6 seconds', '{now}', 'ordered', lpad(n::text, 26, '0')
             FROM generate_series(1, 100000) n;
             INSERT INTO audit_log (payment_id, store_id, at, event, actor_role, actor, request_id)
             SELECT payment_id, 'STR_1', created_at, 'ordered', 'customer', customer_email, request_id FROM holds;
             INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role, actor)
             SELECT payment_id, 'STR_1', created_at, 'discrepancy', 'other_amount', 'job', 'reconcile' FROM holds LIMIT 300;
             INSERT INTO tasks (id, payload, max_attempts, run_at, status, finished_at)
             SELECT 'mail:placed:' || payment_id, jsonb_build_object('kind', 'order_mail', 'event', 'placed', 'payment_id', payment_id), 20, created_at, 'done', now()
             FROM holds;
             ANALYZE"
        ))
        .await;
    let media = tempfile::tempdir().unwrap();
    let settings = test_settings(RealServer::free_port(), &database, media.path().into());
    let product = Product::connect(&settings, &database.address()).await.unwrap();
    let console = &product.services.console;
    let operator =
        Operator { email: email(ADMIN), role: OperatorRole::Admin, invited_by: None, by_setting: true, created_at: now, is_enrolled: true };
    let by = By { operator: &operator, request_id: "r1".into() };
    let statements = Statements::default();
    tracing_subscriber::registry().with(statements.clone()).init();
    let payment = PaymentId::parse(&format!("PAY{:0>26}", 4711)).unwrap();
    let mut slow = Vec::new();
    macro_rules! measured {
        ($page:expr, $look:expr) => {
            // The first look opens connections and prepares statements; others of this process have some of their own now and then.
            let (mut least, mut quickest) = (usize::MAX, u128::MAX);
            for _ in 0..4 {
                statements.0.store(0, Ordering::Relaxed);
                let begun = Instant::now();
                $look;
                least = least.min(statements.0.load(Ordering::Relaxed));
                quickest = quickest.min(begun.elapsed().as_millis());
            }
            // One more is the session's.
            assert!((1..10).contains(&least), "{}: {least} statements", $page);
            if quickest > 300 {
                slow.push(format!("{}: {quickest} ms", $page));
            }
        };
    }
    for sought in [payment.as_str(), "c1@test.example", &format!("{:0>26}", 4711), "5678", "새봄", "STR_1"] {
        measured!(sought, console.find(&by, sought).await.unwrap());
    }
    assert_eq!(console.find(&by, &format!("{:0>26}", 4711)).await.unwrap()[0].id, payment.as_str());
    measured!("payment", assert_eq!(console.payment(&by, &payment).await.unwrap().view.audit.len(), 2));
    measured!("discrepancies", assert_eq!(console.discrepancies().await.unwrap().len(), 100));
    measured!("work", console.work().await.unwrap());
    let overview = console.overview().await.unwrap();
    assert_eq!((overview.day.len(), overview.week.len(), overview.discrepancies), (24, 7, 300));
    assert!(overview.week.iter().map(|span| span.orders).sum::<i64>() > 90_000);
    measured!("overview", console.overview().await.unwrap());
    measured!("messages", console.messages().await.unwrap());
    let customer = email("c1@test.example");
    measured!("customer", assert_eq!(console.customer(&by, &customer).await.unwrap().0.payments.len(), 100));
    measured!("log", console.log().await.unwrap());
    // Times are for `just bench-console`; a test goes by what it counts.
    assert!(slow.is_empty() || std::env::var_os("CHEAPBOB_TIMED").is_none(), "{slow:?}");
}

/// What a script of the page comes to, once it is something.
async fn settled(browser: &mut Chromium, what: &str, script: &str) -> Value {
    for _ in 0..100 {
        let value = browser.evaluate(&format!("(() => {{ try {{ return {script} }} catch {{ return null }} }})()")).await;
        if value != Value::Null && value != json!(false) {
            return value;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{what} did not come");
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_and_disputes_that_wait_are_decided_on_a_page() {
    let app = start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let [refunded, dismissed] = [disputes::picked_up(&shop, &customer).await, disputes::picked_up(&shop, &customer).await];
    for payment in [&refunded, &dismissed] {
        disputes::open(&customer, payment, &json!([])).await.expect(201);
    }
    disputes::answer(&shop.seller, &refunded).await.expect(200);
    let (console, viewer) = (of_role(&app, OperatorRole::Support).await, of_role(&app, OperatorRole::Viewer).await);
    assert!(console.page("/operator").await.contains("결정을 기다리는 분쟁이 1건 있습니다."));
    let page = console.page("/operator/undecided").await;
    assert!(page.contains(&refunded) && !page.contains(&dismissed), "the other store has two days to answer: {page}");
    assert!(page.contains("빵이 &#60;b&#62;하나&#60;/b&#62; 없어요") && page.contains("확인했습니다"), "{page}");
    let do_it = |action: &str, about: &str| format!("/operator/do/{action}?about={about}");
    assert!(!viewer.page("/operator/undecided").await.contains("/operator/do/"));
    assert_eq!(viewer.get(&do_it("refund_dispute", &refunded)).await.status, 403);
    let waits = console.act(&do_it("dismiss_dispute", &dismissed), "사진이 없음").await;
    assert_eq!(waits.status, 409, "{}", waits.body);
    let done = console.act(&do_it("refund_dispute", &refunded), "빠진 것이 확인됨").await.expect(200);
    assert!(done.as_str().unwrap().contains("전액 환불하기로 했습니다"), "{done}");
    assert_eq!((app.api.cancelled(&refunded).await, app.api.cancelled(&dismissed).await), (7_000, 0));
    app.api.advance(Duration::days(2) + Duration::minutes(1)).await;
    // The session of before has ended by then.
    of_role(&app, OperatorRole::Support).await.act(&do_it("dismiss_dispute", &dismissed), "사진이 없음").await.expect(200);
    assert_eq!(app.api.cancelled(&dismissed).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_lost_the_app_and_the_codes_enrols_anew() {
    let app = start().await;
    let console = app.api.operator(ADMIN).await;
    app.services.team.reset(&email(ADMIN), "잃어버림").await.unwrap();
    assert_eq!(console.get("/operator").await.status, 303, "the session has ended");
    assert_ne!(app.api.operator(ADMIN).await.secret, console.secret);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_with_signs_of_addresses_in_it_is_one_person() {
    let app = start().await;
    let who = format!("kim+1&about=x#{}", fresh_email());
    let customer = app.api.person("customer", &who).await;
    let console = of_role(&app, OperatorRole::Support).await;
    let found = console.page("/operator/find?q=kim%2B1").await;
    assert!(!found.contains("/operator/customers/kim+1"), "{found}");
    let page =
        console.page(&format!("/operator/customers/{}", url::form_urlencoded::byte_serialize(who.as_bytes()).collect::<String>())).await;
    let way =
        page.split("href=\"").filter_map(|rest| rest.split('"').next()).find(|href| href.starts_with("/operator/do/end_sessions")).unwrap();
    let form = form_of(&console.page(way).await);
    let acted = console.post("/operator/do/end_sessions", &[("form", &form), ("reason", "본인 요청"), ("about", &who)]).await;
    assert_eq!(acted.status, 200, "{}", acted.body);
    assert_eq!(customer.get("/api/v1/customer/profile").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_approved_on_a_page() {
    let app = TestApp::with(|settings| settings.store_approval = true).await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    onboarding::give_number(&shop.seller, NUMBER).await;
    upload(&shop.seller, LICENCE, &[picture(ImageFormat::Png)]).await.expect(200);
    let console = of_role(&app, OperatorRole::Support).await;
    let page = console.page("/operator/undecided").await;
    assert!([shop.store_id.as_str(), "1248100998", "/media/licences/"].iter().all(|seen| page.contains(seen)), "{page}");
    let path = |action: &str| format!("/operator/do/{action}?about={}", shop.store_id);
    console.act(&path("refuse_store"), "사진이 흐립니다").await.expect(200);
    assert_eq!(onboarding::state(&shop.seller).await, "refused");
    assert_eq!(console.act(&path("approve_store"), "번호 확인").await.status, 409, "it has to ask again");
    upload(&shop.seller, LICENCE, &[picture(ImageFormat::Png)]).await.expect(200);
    console.act(&path("approve_store"), "번호 확인").await.expect(200);
    customer.init(&shop.product_id, 1).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_refunds_a_payment_in_a_browser_and_axe_finds_nothing() {
    let app = start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let payment = customer.order(&shop.product_id, 1).await.payment_id;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/clicks");
    let axe = std::fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js")).expect("axe is missing; ./test gets it");
    let mut browser = Chromium::start().await.expect("Chromium is missing; ./test gets it");
    browser.call("Page.enable", json!({})).await;
    let goto = async |browser: &mut Chromium, path: &str| {
        browser.call("Page.navigate", json!({ "url": format!("{}{path}", app.api.base) })).await;
        settled(browser, path, "document.readyState === 'complete' && location.href !== 'about:blank'").await;
    };
    goto(&mut browser, "/operator").await;
    assert_eq!(settled(&mut browser, "the login", "document.querySelector('h1').textContent").await, "운영자 로그인");
    browser.evaluate("document.querySelector('a.go').click()").await;
    settled(&mut browser, "the provider", "document.querySelector('input[name=email]')").await;
    browser
        .evaluate(&format!("document.querySelector('input[name=email]').value = '{ADMIN}'; document.querySelector('form button').click()"))
        .await;
    let secret = settled(
        &mut browser,
        "the secret",
        "document.querySelector('form[action=\"/operator/code\"]') && document.querySelector('main code').textContent",
    )
    .await;
    let code = code_of(&secret.as_str().unwrap().replace(' ', ""), app.api.now().await);
    let look = async |browser: &mut Chromium, name: &str| {
        for width in [390, 1_280] {
            browser
                .call(
                    "Emulation.setDeviceMetricsOverride",
                    json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 }),
                )
                .await;
            browser.evaluate(&axe).await;
            let violations = browser.evaluate("window.axe.run().then(found => found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html).slice(0, 3).join(' ')))").await;
            assert_eq!(violations, json!([]), "{name} at {width}");
            let too_wide = browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
            assert_eq!(too_wide, 0, "{name} at {width} is wider than its window");
            let shot = browser.call("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true })).await;
            std::fs::write(folder.join(format!("operator-{name}-{width}.png")), STANDARD.decode(shot["data"].as_str().unwrap()).unwrap())
                .unwrap();
        }
    };
    look(&mut browser, "code").await;
    browser
        .evaluate(&format!(
            "document.querySelector('#code').value = '{code}'; document.querySelector('form[action=\"/operator/code\"] button').click()"
        ))
        .await;
    settled(&mut browser, "the recovery codes", "document.querySelector('h1').textContent === '복구 코드'").await;
    look(&mut browser, "recovery").await;
    for (name, path) in [
        ("now", "/operator".to_owned()),
        ("find", format!("/operator/find?q={}", customer.email)),
        ("payment", format!("/operator/payments/{payment}")),
        ("cancel", format!("/operator/do/cancel?about={payment}")),
        ("discrepancies", "/operator/discrepancies".to_owned()),
        ("undecided", "/operator/undecided".to_owned()),
        ("work", "/operator/work".to_owned()),
        ("store", format!("/operator/stores/{}", shop.store_id)),
        ("customer", format!("/operator/customers/{}", customer.email)),
        ("team", "/operator/team".to_owned()),
        ("log", "/operator/log".to_owned()),
        ("settings", "/operator/settings".to_owned()),
    ] {
        goto(&mut browser, &path).await;
        look(&mut browser, name).await;
    }
    goto(&mut browser, &format!("/operator/do/cancel?about={payment}")).await;
    browser.evaluate("document.querySelector('#reason').value = '고객 요청'; document.querySelector('main form button').click()").await;
    let said = settled(&mut browser, "the outcome", "document.querySelector('[role=status]').textContent").await;
    assert_eq!(said, "주문을 취소했습니다. 환불되었습니다.");
    assert_eq!(app.api.cancelled(&payment).await, 7_000);
}
