//! Notices of favourites (additions): who is told what, where, and when; and that nobody is told twice or left out.

use std::collections::{BTreeMap, BTreeSet};

use cheapbob_adapters_webpush::{WebPush, WebPushSettings};
use cheapbob_domain::notices::{
    NoticeFanOut, Subscription,
    ports::{PushService, Pushed},
};
use cheapbob_test_support::{
    Answer, Browser, Chromium, MailSink, Person, PushRequest, PushServer, RealServer, Shop, SinkTls, TestApp, VAPID_KEY, eventually,
    normalized, text,
};
use chrono::{DateTime, Duration, Utc};
use futures::{StreamExt, future::join_all};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::operator::beside;

const NOTICES: &str = "/api/v1/customer/notices";
const SUBSCRIPTIONS: &str = "/api/v1/customer/notices/subscriptions";

fn settings() -> WebPushSettings {
    WebPushSettings { private_key: SecretString::from(VAPID_KEY), subject: "mailto:admin@cheapbob.example".into(), own_machine: true }
}

async fn app() -> TestApp {
    TestApp::with(|settings| settings.web_push = Some(self::settings())).await
}

/// Everything is on, but what `other` says.
pub(crate) async fn choose(customer: &Person, other: Value) -> Answer {
    let mut choices = json!({
        "opens": true, "price_drops": true, "back_in_stock": true, "by_mail": false, "by_push": true, "at_night": false,
    });
    choices.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    customer.put(NOTICES, &choices).await
}

/// The store is a favourite.
pub(crate) async fn like(customer: &Person, shop: &Shop) {
    customer.post(&format!("/api/v1/customer/search/stores/{}/favorites", shop.store_id), &json!({})).await.expect(200);
}

async fn subscribe(customer: &Person, browser: &Browser) {
    customer.post(SUBSCRIPTIONS, &browser.subscription()).await.expect(204);
}

/// Somebody whose favourite the store is, with a browser.
async fn fan(app: &TestApp, shop: &Shop, push: &PushServer, other: Value) -> (Person, Browser) {
    let (customer, browser) = (app.api.customer().await, push.browser());
    like(&customer, shop).await;
    choose(&customer, other).await.expect(200);
    subscribe(&customer, &browser).await;
    (customer, browser)
}

async fn sale(shop: &Shop, percent: i64) {
    shop.seller.put(&format!("/api/v1/seller/store/products/{}", shop.product_id), &json!({ "sale": percent })).await.expect(200);
}

/// Nothing of notices waits that is due.
pub(crate) async fn told(app: &TestApp) {
    app.api.run_job("find_occasions").await;
    eventually("the notices are sent", 30, || async {
        let now = app.api.now().await;
        let due = format!("SELECT count(*) AS n FROM tasks WHERE lane = 'notices' AND status <> 'done' AND run_at <= '{now}'");
        (app.database.number(&due).await == 0).then_some(())
    })
    .await;
}

/// Without what a store's random id makes of the tag.
fn seen(shown: &[Value]) -> Value {
    let mut shown = json!(shown);
    for one in shown.as_array_mut().unwrap() {
        one["tag"] = "[tag]".into();
    }
    normalized(&shown)
}

fn kst(text: &str) -> DateTime<Utc> {
    format!("2026-11-{text}+09:00").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_until_somebody_says_so() {
    let app = app().await;
    let (customer, push) = (app.api.customer().await, PushServer::start().await);
    insta::assert_json_snapshot!("nothing chosen", normalized(&customer.get(NOTICES).await.expect(200)));
    let chosen = choose(&customer, json!({ "by_mail": true })).await.expect(200);
    insta::assert_json_snapshot!("chosen", normalized(&chosen));
    assert_eq!(customer.get(NOTICES).await.expect(200), chosen);
    assert_eq!(customer.put(NOTICES, &json!({ "opens": true })).await.refused(422), "validation_failed");
    choose(&customer, json!({ "opens": false })).await.expect(200);
    // What was said, when and to which words stays, each time.
    let said = "SELECT wording || ' ' || (said ->> 'opens') || ' ' || (said ->> 'by_mail') FROM notice_consents ORDER BY id";
    assert_eq!(app.database.texts(said).await, ["2026-11-28 true true", "2026-11-28 false false"]);
    // An e-mail that nobody vouched for may be a stranger's.
    let other = app.api.log_in("naver", "customer", "undefined", &[("email", "naver@example.com")]).await;
    let token = cheapbob_test_support::session(&other).unwrap();
    let body = json!({ "opens": true, "price_drops": true, "back_in_stock": true, "by_mail": true, "by_push": true, "at_night": false });
    assert_eq!(app.api.call(Method::PUT, NOTICES, Some(&token), Some(&body)).await.refused(400), "email_not_vouched");

    // A person's browsers: ten, the oldest go; one that is added again is one; another account's is taken over.
    let browsers: Vec<_> = (0..12).map(|_| push.browser()).collect();
    for browser in browsers.iter().chain(&browsers[10..]) {
        subscribe(&customer, browser).await;
    }
    let endpoints = "SELECT endpoint FROM push_subscriptions ORDER BY id";
    assert_eq!(app.database.texts(endpoints).await, browsers[2..].iter().map(|b| b.endpoint.clone()).collect::<Vec<_>>());
    let second = app.api.customer().await;
    subscribe(&second, &browsers[11]).await;
    assert_eq!(customer.delete_with(SUBSCRIPTIONS, &browsers[11].subscription()).await.refused(404), "subscription_not_found");
    second.delete_with(SUBSCRIPTIONS, &browsers[11].subscription()).await.expect(204);
    assert_eq!(app.database.count("push_subscriptions").await, 9);
    let key = text(&app.api.get("/api/v1/common/push-key").await.expect(200), "public_key");
    assert_eq!(key.len(), 87, "an uncompressed point");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_ours_is_no_push_service() {
    let app = app().await;
    let (customer, push) = (app.api.customer().await, PushServer::start().await);
    let good = push.browser().subscription();
    let with = |field: &str, value: &str| {
        let mut subscription = good.clone();
        *subscription.pointer_mut(field).unwrap() = value.into();
        subscription
    };
    for (field, value, said) in [
        ("/endpoint", "http://push.example/x", "endpoint"),
        ("/endpoint", "http://10.0.0.1/x", "endpoint"),
        ("/endpoint", "https://169.254.169.254/latest/meta-data", "endpoint"),
        ("/endpoint", "https://[fd00::1]/x", "endpoint"),
        ("/endpoint", "https://push.example:6379/x", "endpoint"),
        ("/endpoint", "", "endpoint"),
        ("/keys/p256dh", "AAAA", "keys.p256dh"),
        ("/keys/p256dh", &"B".repeat(87), "keys.p256dh"),
        ("/keys/auth", "AAAA", "keys.auth"),
    ] {
        let answer = customer.post(SUBSCRIPTIONS, &with(field, value)).await;
        assert_eq!(answer.body["errors"][0]["field"], said, "{value}: {:?}", answer.body);
        assert_eq!(answer.refused(422), "validation_failed");
    }
    // In production not this machine's either; what was stored is asked again, and a name that leads here leads nowhere.
    let strict = WebPush::new(&WebPushSettings { own_machine: false, ..settings() }).unwrap();
    let browser = push.browser().subscription();
    let subscription = |endpoint: &str| Subscription {
        endpoint: endpoint.into(),
        p256dh: text(&browser["keys"], "p256dh"),
        auth: text(&browser["keys"], "auth"),
    };
    assert_eq!(strict.check(&subscription(&text(&browser, "endpoint"))).unwrap_err().0, "endpoint");
    let message = cheapbob_domain::notices::PushMessage {
        content: serde_json::from_value(
            json!({ "title": "t", "body": "b", "tag": "g", "data": { "kind": "opens", "store_id": "STR_1", "product_id": null } }),
        )
        .unwrap(),
        topic: "t".into(),
        life: Duration::hours(1),
    };
    assert_eq!(strict.push(&subscription(&text(&browser, "endpoint")), &message).await.unwrap(), Pushed::Gone);
    assert_eq!(strict.push(&subscription("https://localhost.localdomain/x"), &message).await.unwrap(), Pushed::Later(None));
    assert_eq!(push.count(), 0);
}

/// What the token of a message says (RFC 8292), once its signature is verified with the key that stands beside it.
fn vapid(request: &PushRequest) -> (Value, String) {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let (token, key) = request.headers["authorization"].strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    let point = URL_SAFE_NO_PAD.decode(key).unwrap();
    let claims = cheapbob_test_support::verified_es256(token, &point);
    (claims, key.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_and_a_mailbox_hear_of_what_happens() {
    let mailbox = MailSink::start(SinkTls::None).await;
    let smtp = mailbox.settings(SinkTls::None);
    let app = TestApp::with(|settings| {
        settings.web_push = Some(self::settings());
        settings.smtp = Some(smtp);
    })
    .await;
    let (push, shop) = (PushServer::start().await, app.api.shop(50).await);
    let (customer, browser) = fan(&app, &shop, &push, json!({ "by_mail": true })).await;
    let (_, deaf) = fan(&app, &shop, &push, json!({ "price_drops": false })).await;
    let stranger = push.browser();
    let other = app.api.customer().await;
    choose(&other, json!({})).await.expect(200);
    subscribe(&other, &stranger).await;

    sale(&shop, 50).await;
    told(&app).await;
    let shown = push.shown(&browser);
    insta::assert_json_snapshot!("a price falls", seen(&shown));
    assert!(push.shown(&deaf).is_empty() && push.shown(&stranger).is_empty(), "not theirs to hear");
    let request = &push.received()[0];
    assert_eq!((&*request.headers["ttl"], &*request.headers["urgency"]), ("3600", "normal"));
    assert_eq!(json!(request.headers["topic"]), shown[0]["tag"]);
    let (claims, key) = vapid(request);
    assert_eq!(claims["aud"], format!("http://127.0.0.1:{}", push.port));
    assert_eq!(claims["sub"], "mailto:admin@cheapbob.example");
    assert_eq!(json!(key), app.api.get("/api/v1/common/push-key").await.expect(200)["public_key"]);

    let mails = mailbox.mails();
    let mail = mails.iter().find(|mail| mail.contains("List-Unsubscribe")).unwrap_or_else(|| panic!("{mails:?}"));
    assert!(mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{mail}");
    let link = mail.split("List-Unsubscribe: <").nth(1).unwrap().split('>').next().unwrap();
    let link = link.strip_prefix(&app.api.base).unwrap_or_else(|| panic!("whole and on one line: {link}"));
    // The link asks, whoever follows it; one click of a mail program, without a login, is the end of it. Again it is the same.
    let asked = app.api.get_with(link, &[("accept", "text/html")]).await;
    assert!(asked.status == 200 && asked.body.as_str().is_some_and(|page| page.contains("<form method=\"post\">")), "{}", asked.body);
    assert_eq!(customer.get(NOTICES).await.expect(200)["by_mail"], true);
    for _ in 0..2 {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        app.api.send(Method::POST, link, &form, "List-Unsubscribe=One-Click").await.expect(200);
    }
    let now = customer.get(NOTICES).await.expect(200);
    assert_eq!((&now["by_mail"], &now["by_push"]), (&json!(false), &json!(true)));
    let foreign = app.api.send(Method::POST, "/api/v1/notices/unsubscribe?token=x", &[], "").await;
    assert_eq!(foreign.refused(404), "unsubscribe_not_found");

    // The same day says no more of this store; the next one does, in the browser alone.
    app.api.advance(Duration::hours(2)).await;
    sale(&shop, 60).await;
    told(&app).await;
    assert_eq!(push.shown(&browser).len(), 1);
    app.api.set_clock(kst("25T12:00:00")).await;
    sale(&shop, 70).await;
    told(&app).await;
    assert_eq!((push.shown(&browser).len(), mailbox.mails().iter().filter(|mail| mail.contains("List-Unsubscribe:")).count()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_opens_a_step_is_reached_and_something_is_back() {
    let app = app().await;
    let push = PushServer::start().await;
    let (opening, stepping, empty) = (app.api.shop(5).await, app.api.shop(5).await, app.api.shop(1).await);
    let customers = [
        fan(&app, &opening, &push, json!({})).await,
        fan(&app, &stepping, &push, json!({})).await,
        fan(&app, &empty, &push, json!({})).await,
    ];
    let hours =
        "UPDATE operation_times SET open_time = '13:00', pickup_start_time = '13:00', pickup_end_time = '20:00', close_time = '21:00'";
    app.database.sql(&format!("{hours} WHERE store_id = '{}'", opening.store_id)).await;
    app.database.sql(&format!("{} WHERE store_id = '{}'", hours.replace("13:00", "09:00"), stepping.store_id)).await;
    let steps = json!({ "steps": [{ "minutes_before_pickup_end": 420, "sale": 60 }] });
    stepping.seller.put(&format!("/api/v1/seller/store/products/{}/price-steps", stepping.product_id), &steps).await.expect(200);
    let stock = |way: &str| format!("/api/v1/seller/store/products/{}/stock/{way}", empty.product_id);
    empty.seller.patch(&stock("up")).await.expect(200);
    told(&app).await;
    assert_eq!(push.count(), 0, "one more of what is there is no news");
    for _ in 0..2 {
        empty.seller.patch(&stock("down")).await.expect(200);
    }
    empty.seller.patch(&stock("up")).await.expect(200);
    told(&app).await;
    app.api.set_clock(kst("24T13:00:10")).await;
    told(&app).await;
    let said: Vec<_> = customers.iter().flat_map(|(_, browser)| push.shown(browser)).collect();
    insta::assert_json_snapshot!("three notices", seen(&said));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_gone_goes_and_one_that_is_busy_is_told_later() {
    let app = app().await;
    let (push, shop) = (PushServer::start().await, app.api.shop(50).await);
    let (customer, first) = fan(&app, &shop, &push, json!({})).await;
    let (second, third, fourth) = (push.browser(), push.browser(), push.browser());
    for browser in [&second, &third, &fourth] {
        subscribe(&customer, browser).await;
    }
    push.refuse(&first, 404, 0);
    push.refuse(&second, 410, 0);
    push.refuse(&third, 429, 900);
    sale(&shop, 50).await;
    told(&app).await;
    let left = app.database.texts("SELECT endpoint FROM push_subscriptions ORDER BY id").await;
    assert_eq!(left, [third.endpoint.clone(), fourth.endpoint.clone()]);
    assert_eq!((push.shown(&third).len(), push.shown(&fourth).len()), (0, 1));
    let waits = "SELECT count(*) AS n FROM tasks WHERE lane = 'notices' AND status = 'pending'";
    assert_eq!(app.database.number(waits).await, 1);
    app.api.advance(Duration::seconds(890)).await;
    told(&app).await;
    assert_eq!(push.shown(&third).len(), 0, "it has asked for 900 seconds");
    app.api.advance(Duration::seconds(30)).await;
    told(&app).await;
    assert_eq!((push.shown(&third).len(), push.shown(&fourth).len()), (1, 1), "who was told is not told again");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM notices WHERE told_at IS NULL").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sleeps_hears_of_it_in_the_morning_if_it_is_still_so() {
    let app = app().await;
    let push = PushServer::start().await;
    let (stays, goes) = (app.api.shop(5).await, app.api.shop(5).await);
    let (_, awake) = fan(&app, &stays, &push, json!({ "at_night": true })).await;
    let (_, asleep) = fan(&app, &stays, &push, json!({})).await;
    let (_, unlucky) = fan(&app, &goes, &push, json!({})).await;
    app.api.set_clock(kst("24T22:30:00")).await;
    sale(&stays, 50).await;
    sale(&goes, 50).await;
    told(&app).await;
    assert_eq!((push.shown(&awake).len(), push.shown(&asleep).len(), push.shown(&unlucky).len()), (1, 0, 0));
    sale(&goes, 10).await;
    app.api.set_clock(kst("25T08:00:01")).await;
    told(&app).await;
    assert_eq!((push.shown(&awake).len(), push.shown(&asleep).len(), push.shown(&unlucky).len()), (1, 1, 0));
}

/// Whatever is asked at once: of a store one, in a day four.
#[tokio::test(flavor = "multi_thread")]
async fn places_are_taken_once_whoever_asks_at_once() {
    let app = app().await;
    let push = PushServer::start().await;
    let customers = join_all((0..4).map(|_| async { (app.api.customer().await, push.browser()) })).await;
    let shops = join_all((0..7).map(|_| app.api.shop(5))).await;
    for (customer, browser) in &customers {
        choose(customer, json!({})).await.expect(200);
        subscribe(customer, browser).await;
        for shop in &shops {
            like(customer, shop).await;
        }
    }
    let fan_outs = shops.iter().flat_map(|shop| {
        ["price_drops", "opens", "back_in_stock"].map(|kind| {
            let occasion =
                json!({ "store": shop.store_id, "kind": kind, "product": shop.product_id, "price": 7000, "at": kst("24T12:00:00") });
            serde_json::from_value(json!({ "occasion": occasion })).unwrap()
        })
    });
    let fan_outs: Vec<NoticeFanOut> = fan_outs.collect();
    let asked = futures::stream::iter(&fan_outs).map(async |fan_out| app.services.notices.fan_out(fan_out).await.unwrap());
    let claimed: i64 = asked.buffer_unordered(6).collect::<Vec<_>>().await.into_iter().sum();
    assert_eq!(claimed, 16, "four of each of four people");
    told(&app).await;
    for (_, browser) in &customers {
        let stores: BTreeSet<_> = push.shown(browser).iter().map(|shown| shown["data"]["store_id"].to_string()).collect();
        assert_eq!((stores.len(), push.shown(browser).len()), (4, 4));
    }
}

/// What is kept goes to the person, and with the account; and a takeover ends what somebody else has said.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_goes_with_the_account() {
    let app = app().await;
    let (push, shop) = (PushServer::start().await, app.api.shop(50).await);
    let (customer, _) = fan(&app, &shop, &push, json!({})).await;
    sale(&shop, 50).await;
    told(&app).await;
    customer.get("/api/v1/customer/export").await.expect(202);
    let link = eventually("the mail is there", 20, || async {
        let mails = app.api.mails().await;
        let text = mails.iter().find_map(|mail| mail["text"].as_str()?.split("/api/v1/export?token=").nth(1).map(str::to_owned));
        text.map(|rest| rest.split('\n').next().unwrap().to_owned())
    });
    let file = app.api.get(&format!("/api/v1/export?token={}", link.await)).await.expect(200);
    assert_eq!((&file["notice_choices"]["opens"], &file["notices"][0]["store_id"]), (&json!(true), &json!(shop.store_id)));
    assert_eq!((file["notice_consents"].as_array().unwrap().len(), file["push_subscriptions"].as_array().unwrap().len()), (1, 1));
    for secret in ["secret", "auth", "p256dh"] {
        assert!(file["push_subscriptions"][0].get(secret).is_none() && file["notice_choices"].get(secret).is_none(), "{file}");
    }
    app.database.sql(&format!("DELETE FROM accounts WHERE email = '{}'", customer.email)).await;
    for table in ["notice_choices", "notice_consents", "push_subscriptions", "notices"] {
        assert_eq!(app.database.count(table).await, 0, "{table}");
    }
}

/// Processes that work on a store with many favourites are killed, again and again, at random instants; others go on.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_twice_or_left_out_whoever_dies() {
    const PEOPLE: usize = 600;
    let app = app().await;
    let (push, shop) = (PushServer::start().await, app.api.shop(5).await);
    let browser = push.browser().subscription();
    let (p256dh, auth) = (text(&browser["keys"], "p256dh"), text(&browser["keys"], "auth"));
    app.database
        .sql(&format!(
            "INSERT INTO accounts (email, role, email_vouched, created_at) SELECT 'p' || n || '@x.example', 'customer', true, now() FROM generate_series(1, {PEOPLE}) n;
             INSERT INTO favorites (customer_email, store_id, created_at) SELECT email, '{store}', now() FROM accounts WHERE email LIKE '%@x.example';
             INSERT INTO notice_choices (customer_email, opens, price_drops, back_in_stock, by_mail, by_push, at_night, consented_at, secret)
             SELECT email, true, true, true, false, true, true, now(), email FROM accounts WHERE email LIKE '%@x.example';
             INSERT INTO push_subscriptions (id, customer_email, endpoint, p256dh, auth, created_at)
             SELECT email, email, 'http://127.0.0.1:{port}/push/' || email, '{p256dh}', '{auth}', now() FROM accounts WHERE email LIKE '%@x.example'",
            store = shop.store_id,
            port = push.port,
        ))
        .await;
    // This process' own workers stand aside; the mortal ones are to do it.
    let settings = [beside(&app), vec![("VAPID_PRIVATE_KEY", VAPID_KEY.to_owned())]].concat();
    app.stop();
    let occasion =
        json!({ "store": shop.store_id, "kind": "price_drops", "product": shop.product_id, "price": 7000, "at": kst("24T12:00:00") });
    let payload = json!({ "kind": "notice_fan_out", "occasion": occasion });
    let enqueue = format!(
        "INSERT INTO tasks (id, store_id, payload, max_attempts, run_at) VALUES ('notices:test', '{}', '{payload}', 20, '2026-11-24T12:00:00+09:00')",
        shop.store_id
    );
    app.database.sql(&enqueue).await;
    let mut deaths = 0;
    let end = std::time::Instant::now() + std::time::Duration::from_secs(45);
    loop {
        let jobs = RealServer::spawn("cheapbob-jobs", RealServer::free_port(), &settings);
        let (before, more) = (push.count(), 20 + usize::from(rand::random::<u8>()) / 2);
        let done = eventually("somebody is told", 30, || async {
            let left = app.database.number("SELECT count(*) AS n FROM tasks WHERE lane = 'notices' AND status <> 'done'").await;
            (left == 0).then_some(true).or_else(|| (push.count() >= before + more).then_some(false))
        })
        .await;
        jobs.kill();
        if done {
            break;
        }
        deaths += 1;
        assert!(std::time::Instant::now() < end, "{deaths} deaths, {} told", push.count());
        // A worker is dead after thirty seconds of silence; nobody waits for that here.
        app.database
            .sql("UPDATE tasks SET locked_at = locked_at - interval '1 minute' WHERE lane = 'notices' AND status = 'running'")
            .await;
    }
    assert!(deaths > 1, "{deaths}");
    let mut topics = BTreeMap::<_, BTreeSet<_>>::new();
    for request in push.received() {
        topics.entry(request.path).or_default().insert(request.headers["topic"].clone());
    }
    // A death may come between a message and its row. Browser and push service show the last of a topic.
    assert_eq!(topics.len(), PEOPLE, "left out");
    assert!(topics.values().all(|topics| topics.len() == 1), "told twice");
    let again = push.count() - PEOPLE;
    assert!(again <= deaths * 3 * 20, "{again} messages were sent again after {deaths} deaths");
    let rows = "SELECT count(*) AS n FROM notices WHERE told_at IS NOT NULL";
    assert_eq!(app.database.number(rows).await, PEOPLE as i64);
}

/// What our server sends is what a browser shows. (No push service of the internet is reached here: the tests' own gets the message, and
/// hands it to the service worker through the DevTools protocol, as the browser's would.)
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_seen_in_a_browser() {
    let mut chromium = Chromium::start().await.expect("Chromium is missing; ./test gets it");
    let app = app().await;
    let (push, shop) = (PushServer::start().await, app.api.shop(50).await);
    let (_, browser) = fan(&app, &shop, &push, json!({})).await;
    sale(&shop, 50).await;
    told(&app).await;
    let shown = push.shown(&browser).remove(0);

    let origin = format!("http://127.0.0.1:{}", push.port);
    chromium.call("Browser.grantPermissions", json!({ "origin": origin, "permissions": ["notifications"] })).await;
    chromium.call("Page.enable", json!({})).await;
    chromium.call("ServiceWorker.enable", json!({})).await;
    chromium.call("Page.navigate", json!({ "url": format!("{origin}/") })).await;
    chromium.event("Page.loadEventFired", |_| Some(())).await;
    chromium
        .evaluate("navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready).then((it) => it.scope)")
        .await;
    let registration = chromium
        .event("ServiceWorker.workerRegistrationUpdated", |event| event["registrations"][0]["registrationId"].as_str().map(str::to_owned))
        .await;
    // Twice, as after a death: the second takes the place of the first.
    for _ in 0..2 {
        let message = json!({ "origin": origin, "registrationId": registration, "data": shown.to_string() });
        chromium.call("ServiceWorker.deliverPushMessage", message).await;
    }
    let notifications = "navigator.serviceWorker.ready.then((it) => it.getNotifications())
        .then((all) => all.map(({ title, body, tag, data }) => ({ title, body, tag, data })))";
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let seen = loop {
        let seen = chromium.evaluate(notifications).await;
        if seen.as_array().is_some_and(|seen| !seen.is_empty()) || std::time::Instant::now() > end {
            break seen;
        }
    };
    assert_eq!(seen, json!([shown]));
}
