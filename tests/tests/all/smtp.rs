//! The mail adapter against a mail server in process.

use cheapbob_adapters_smtp::{Smtp, SmtpSettings};
use cheapbob_domain::{
    shared::{
        ErrorKind,
        mail::{Delivery, Mail, Mailer},
    },
    tasks::{Claiming, Lane, TaskClaim, TaskOutcome, ports::TaskQueue},
};
use cheapbob_test_support::{MailSink, SinkTls, TestApp, TestDatabase, eventually, noon, text};
use serde_json::json;

fn mail(to: &str) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: "[CheapBob] 주문이 접수되었습니다".into(),
        text: "안녕하세요\n.점\n".into(),
        html: "<p>안녕하세요".into(),
        unsubscribe: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_whole_however_the_line_is_kept_private() {
    for tls in [SinkTls::StartTls, SinkTls::Implicit, SinkTls::None, SinkTls::Relay] {
        let sink = MailSink::start(tls).await;
        let smtp = Smtp::new(&sink.settings(tls)).unwrap();
        smtp.send("placed-PAY1", &mail("a@test.example")).await.unwrap();
        let [mail] = &sink.mails()[..] else { panic!("one mail with {tls:?}") };
        for part in [
            "Message-ID: <placed-PAY1@cheapbob.example>",
            "From: CheapBob <no-reply@cheapbob.example>",
            "To: a@test.example",
            "Auto-Submitted: auto-generated",
            "Subject: [CheapBob] =?utf-8?b?",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
        ] {
            assert!(mail.contains(part), "{part} with {tls:?} in {mail}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_refuses_is_final_and_what_it_puts_off_is_not() {
    let sink = MailSink::start(SinkTls::None).await;
    let smtp = Smtp::new(&sink.settings(SinkTls::None)).unwrap();
    let refused = async |to: &str| match smtp.send("m", &mail(to)).await.unwrap() {
        Delivery::Refused(reason) => reason,
        other => panic!("{other:?}"),
    };
    let reason = refused("reject@test.example").await;
    assert!(reason.starts_with("550: ") && reason.contains("the mailbox is gone or refuses us"), "{reason}");
    assert!(refused("no address").await.ends_with("nothing to do"));
    let kind = async |to: &str| smtp.send("m", &mail(to)).await.unwrap_err().kind();
    assert_eq!(kind("later@test.example").await, ErrorKind::Unavailable);
    assert!(sink.mails().is_empty());
    drop(sink);
    // Its pooled connection is gone as well.
    assert_eq!(kind("a@test.example").await, ErrorKind::Unavailable);
}

/// The whole way: what is refused for good waits for an operator at once, what is put off is tried again.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_refused_for_good_is_tried_once() {
    let sink = MailSink::start(SinkTls::None).await;
    let smtp = sink.settings(SinkTls::None);
    let app = TestApp::with(|settings| settings.smtp = Some(smtp)).await;
    let shop = app.api.shop(9).await;
    let ordered = async |email: &str| {
        let customer = app.api.person("customer", email).await;
        customer.post("/api/v1/customer/register", &json!({ "nickname": "길동", "phone_number": "01012345678" })).await.expect(201);
        customer.order(&shop.product_id, 1).await.payment_id
    };
    let task = |id: String, wanted: &str| {
        let query = format!("SELECT count(*) AS n FROM tasks WHERE id = 'mail:placed:{id}' AND {wanted}");
        let database = &app.database;
        async move { (database.number(&query).await == 1).then_some(()) }
    };
    let (gone, later) = (ordered("reject@test.example").await, ordered("later@test.example").await);
    eventually("one is refused", 20, || task(gone.clone(), "status = 'dead' AND attempts = 1 AND last_error LIKE '%550%'")).await;
    eventually("one is put off", 20, || task(later.clone(), "status = 'pending' AND attempts > 0")).await;
}

/// A placed order that was accepted before its first mail got out: the retry has nothing to say any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_out_of_date_is_not_sent() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    let id = customer.order(&shop.product_id, 1).await.payment_id;
    let done = async |event: &str| {
        let query = format!("SELECT count(*) AS n FROM tasks WHERE id = 'mail:{event}:{id}' AND status = 'done'");
        eventually("the mail's task is done", 20, || async { (app.database.number(&query).await == 1).then_some(()) }).await;
    };
    done("placed").await;
    let placed = app.api.mails().await.remove(0);
    let (body, html) = (text(&placed, "text"), text(&placed, "html"));
    for part in [
        "픽업 시간: 2",
        " 00:00–23:59\n",
        "매장 주소: 서울 마포구 서교동 1 1층\n",
        "지도: https://map.kakao.com/link/search/%EC%84%9C%EC%9A%B8%20",
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
    assert!(html.contains("href=\"https://map.kakao.com/link/search/%EC") && html.contains("word-break:break-word"), "{html}");
    shop.accept(&id).await.expect(200);
    done("accepted").await;
    app.database
        .sql(&format!(
            "DELETE FROM embedded.mails; UPDATE tasks SET status = 'pending', finished_at = NULL, attempts = 0 WHERE id = 'mail:placed:{id}'"
        ))
        .await;
    done("placed").await;
    assert!(app.api.mails().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_orders_mails_go_in_order() {
    let database = TestDatabase::create().await;
    let (postgres, now) = (database.postgres(), noon());
    let mail = |event: &str, name: &str, second: i64| {
        format!(
            "INSERT INTO tasks (id, payload, max_attempts, run_at) VALUES ('mail:{name}:PAY1', \
             '{{\"kind\": \"order_mail\", \"event\": \"{event}\", \"payment_id\": \"PAY1\"}}', 20, '{}')",
            now + chrono::Duration::seconds(second)
        )
    };
    for (event, name, second) in [("canceled_by_store", "canceled", -3), ("accepted", "accepted", -2), ("placed", "placed", -1)] {
        database.sql(&mail(event, name, second)).await;
    }
    let claimed = async |seconds| {
        let now = now + chrono::Duration::seconds(seconds);
        let claiming = Claiming { lane: Lane::Mail, worker: "w", now, since: None, limit: 10 };
        postgres.claim(&claiming).await.unwrap().into_iter().map(|task| task.claim).collect::<Vec<_>>()
    };
    let ids = |claims: &[TaskClaim]| claims.iter().map(|claim| claim.id.clone()).collect::<Vec<_>>();
    let placed = claimed(0).await;
    assert_eq!(ids(&placed), ["mail:placed:PAY1"]);
    assert!(claimed(0).await.is_empty());
    // Put off: it holds up nobody, and the accepted one is next.
    let later = TaskOutcome::Retry { error: "451".into(), at: now + chrono::Duration::seconds(60) };
    postgres.finish(&placed[0], &later, now).await.unwrap();
    let accepted = claimed(1).await;
    assert_eq!(ids(&accepted), ["mail:accepted:PAY1"]);
    assert!(claimed(1).await.is_empty());
    postgres.finish(&accepted[0], &TaskOutcome::Done, now).await.unwrap();
    assert_eq!(ids(&claimed(1).await), ["mail:canceled:PAY1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_prove_its_name_gets_no_password() {
    for tls in [SinkTls::StartTls, SinkTls::Implicit] {
        let sink = MailSink::start(tls).await;
        let untrusted = SmtpSettings { root_certificate: None, ..sink.settings(tls) };
        let error = Smtp::new(&untrusted).unwrap().send("m", &mail("a@test.example")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{tls:?}: {error}");
        let other_name = SmtpSettings { host: "127.0.0.1".into(), ..sink.settings(tls) };
        assert!(Smtp::new(&other_name).unwrap().send("m", &mail("a@test.example")).await.is_err());
        assert!(sink.mails().is_empty());
    }
    // A server without STARTTLS where it is required.
    let plain = MailSink::start(SinkTls::None).await;
    let required = plain.settings(SinkTls::StartTls);
    assert!(Smtp::new(&required).unwrap().send("m", &mail("a@test.example")).await.is_err());
    assert!(plain.mails().is_empty());
}
