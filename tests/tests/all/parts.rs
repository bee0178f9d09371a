//! The parts as people run them: with passwords, rights and TLS; and what becomes of us when one refuses, forgets or is full.

use std::{path::Path, sync::Arc, time::Duration};

use cheapbob_adapters_mongo::{Mongo, MongoSettings};
use cheapbob_adapters_redis::{Redis, RedisServers, RedisSessions, RedisSettings};
use cheapbob_adapters_s3::{S3, S3Keys, S3Settings, S3Style};
use cheapbob_domain::{
    orders::ports::OrderArchive,
    shared::{Email, Error, ErrorKind},
    stores::ports::ObjectStorage,
    users::{Look, ports::Sessions},
};
use cheapbob_test_support::{Person, PrivateServer, TestApp, TestDatabase, eventually, mongo_settings, noon, redis_at};
use reqwest::Method;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use crate::past::{keeping_a_week, payments_of_the_past_leave_and_are_found};

pub(crate) const ROLE: &str = "/api/v1/user/role";

/// A purchase with all that it asks of Redis: logins, sessions, a search, a pickup's signal, a logout.
async fn buys(app: &TestApp) {
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    let bought = customer.order(&shop.product_id, 1).await;
    shop.accept(&bought.payment_id).await.expect(200);
    let code = shop.code(&bought.payment_id).await;
    customer.scan(&bought.payment_id, &code).await.expect(200);
    for path in ["search/stores/by-name?search_name=x", "history/search"] {
        customer.get(&format!("/api/v1/customer/{path}")).await.expect(200);
    }
    customer.delete("/api/v1/customer/history/search/x").await.expect(204);
    customer.delete("/api/v1/customer/history/search").await.expect(204);
    log_out(&customer).await;
    assert_eq!(customer.get(ROLE).await.refused(401), "unauthenticated");
}

pub(crate) async fn log_out(person: &Person) {
    person.call(Method::POST, "/api/v1/auth/logout", None).await.expect(200);
}

/// What README tells the administrator of a Redis to do.
pub(crate) fn acl(password: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let (_, rest) = readme.split_once("ACL SETUSER cheapbob ").unwrap();
    let (rights, _) = rest.split_once("```").unwrap();
    rights.split_whitespace().filter(|word| *word != "\\").map(|word| word.replace(">PASSWORD", &format!(">{password}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_over_tls_with_a_user_who_may_do_what_readme_says() {
    let redis = PrivateServer::redis_over_tls(&[]).await;
    let rights = acl("p@ss/w:rd");
    let words: Vec<_> = ["ACL", "SETUSER", "cheapbob"].into_iter().chain(rights.iter().map(String::as_str)).collect();
    assert_eq!(redis.cli(&words), "OK");
    let place = |root_certificate| RedisSettings {
        url: format!("rediss://cheapbob:p%40ss%2Fw%3Ard@localhost:{}/0", redis.port).into(),
        root_certificate,
        servers: RedisServers::One,
    };
    let ours = place(Some(std::fs::read(redis.certificate()).unwrap()));
    let app = TestApp::with(|settings| settings.redis = Some(ours)).await;
    buys(&app).await;
    let refused = redis.cli(&["ACL", "LOG"]);
    assert!(refused.is_empty(), "{refused}");
    // A certificate that nobody has vouched for.
    let error = Redis::new(&place(None), 1).unwrap().ping().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(!format!("{error:?} {error}").contains("p@ss"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_refuses_us_says_why_and_is_used_again_when_it_does_not() {
    let server = PrivateServer::redis(&[]).await;
    let redis = |login: &str| Redis::new(&redis_at(&format!("redis://{login}127.0.0.1:{}/0", server.port)), 2).unwrap();
    let said = |error: Error| {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        format!("{error:?}")
    };
    let database = TestDatabase::create().await;
    let (plain, truth) = (redis(""), Arc::new(database.postgres()));
    plain.ping().await.unwrap();
    let sessions = RedisSessions::new(plain.clone(), truth);
    let until = noon() + chrono::Duration::hours(1);
    let login = cheapbob_domain::users::PendingLogin {
        provider: cheapbob_domain::users::Provider::Kakao,
        role: cheapbob_domain::users::Role::Customer,
        browser: "b".into(),
        verifier: "v".into(),
        nonce: "n".into(),
        local: false,
        operator: false,
    };
    let write = async || sessions.begin_login("state", &login, noon(), until).await;
    write().await.unwrap();

    server.cli(&["CONFIG", "SET", "requirepass", "s3cret"]);
    let cli = |words: &[&str]| server.cli(&[&["-a", "s3cret", "--no-auth-warning"], words].concat());
    cli(&["CLIENT", "KILL", "TYPE", "normal"]);
    let error = said(plain.ping().await.unwrap_err());
    assert!(error.contains("wants a password: set REDIS_PASSWORD"), "{error}");
    let error = said(redis(":wrong@").ping().await.unwrap_err());
    assert!(error.contains("refuses REDIS_USER and REDIS_PASSWORD") && !error.contains("wrong@"), "{error}");
    redis(":s3cret@").ping().await.unwrap();
    cli(&["CONFIG", "SET", "requirepass", ""]);
    write().await.unwrap();

    server.cli(&["ACL", "SETUSER", "default", "-set"]);
    let error = said(write().await.unwrap_err());
    assert!(error.contains("REDIS_USER may not do what README's ACL allows"), "{error}");
    server.cli(&["ACL", "SETUSER", "default", "+set"]);
    write().await.unwrap();

    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    let error = said(write().await.unwrap_err());
    assert!(error.contains("Redis is full"), "{error}");
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    write().await.unwrap();

    server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    let error = said(write().await.unwrap_err());
    assert!(error.contains("this Redis is a replica"), "{error}");
    server.cli(&["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    let error = said(sessions.take_login("state", noon()).await.unwrap_err());
    assert!(error.contains("replica"), "{error}");
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    write().await.unwrap();
}

/// Whatever Redis forgets: who has logged out stays out, and who has not stays in.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_logged_out_stays_out_when_redis_forgets_or_is_full() {
    let redis = PrivateServer::redis(&[]).await;
    let place = redis_at(&format!("redis://127.0.0.1:{}/0", redis.port));
    let app = TestApp::with(|settings| settings.redis = Some(place)).await;
    let (out, stays) = (app.api.customer().await, app.api.customer().await);
    let in_redis = || redis.cli(&["ZSCORE", "sessions:revoked", ""]) == "inf";
    let whole = async |what: &str| {
        eventually(what, 20, || async {
            // Each look repairs what is missing.
            assert_eq!(out.get(ROLE).await.refused(401), "unauthenticated", "{what}");
            stays.get(ROLE).await.expect(200);
            in_redis().then_some(())
        })
        .await;
    };
    log_out(&out).await;
    whole("at first").await;

    redis.cli(&["FLUSHALL"]);
    assert_eq!(out.get(ROLE).await.refused(401), "unauthenticated");
    whole("emptied").await;

    // It comes back with an older memory, which says of itself that nobody is missing.
    redis.cli(&["SAVE"]);
    let later = app.api.customer().await;
    log_out(&later).await;
    redis.kill();
    redis.start_redis(&[]).await;
    assert!(in_redis(), "it has its older memory");
    eventually("it answers again", 20, || async { (later.get(ROLE).await.status == 401).then_some(()) }).await;
    whole("with an older memory").await;

    // Full, and it evicts nothing: the logout is true all the same.
    let full = app.api.customer().await;
    redis.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(full.get(ROLE).await.status, 200);
    log_out(&full).await;
    assert_eq!(full.get(ROLE).await.refused(401), "unauthenticated");
    stays.get(ROLE).await.expect(200);
    redis.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    whole("with room again").await;
    assert_eq!(full.get(ROLE).await.refused(401), "unauthenticated");
}

/// A second process hears of a logout that the first one could not tell Redis.
#[tokio::test(flavor = "multi_thread")]
async fn a_logout_that_redis_cannot_be_told_counts_in_every_process() {
    let server = PrivateServer::redis(&[]).await;
    let (database, whose) = (TestDatabase::create().await, Email::trusted("a@test.example".to_owned()));
    let process = || {
        let redis = Redis::new(&redis_at(&format!("redis://127.0.0.1:{}/0", server.port)), 2).unwrap();
        RedisSessions::new(redis, Arc::new(database.postgres()))
    };
    let (mine, other) = (process(), process());
    let revoked = async |sessions: &RedisSessions, id: &str| sessions.look(id, &whose, noon()).await.unwrap() == Look::Revoked;
    for sessions in [&mine, &other] {
        eventually("the memory is whole", 20, || async {
            assert!(!revoked(sessions, "one").await);
            (server.cli(&["ZSCORE", "sessions:revoked", ""]) == "inf").then_some(())
        })
        .await;
    }
    // It takes neither the script with which it is told, nor what tells the version before.
    server.cli(&["ACL", "SETUSER", "default", "-eval", "-set"]);
    mine.revoke("one", noon(), noon() + chrono::Duration::hours(1)).await.unwrap();
    assert!(revoked(&other, "one").await && revoked(&mine, "one").await);
    assert!(!revoked(&other, "two").await);
}

fn bucket(server: &MockServer, style: S3Style) -> S3Settings {
    S3Settings {
        keys: Some(S3Keys { id: "id".into(), secret: "s3cret".into(), session_token: Some("lent".into()) }),
        region: "ap-northeast-2".into(),
        bucket: "media".into(),
        endpoint: Some(server.uri().parse().unwrap()),
        public_base: None,
        style,
    }
}

fn refusal(code: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code>\n<Message>No</Message><RequestId>R1</RequestId></Error>")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_put_get_and_delete_alone_uploads() {
    cheapbob_wiring::prepare_process();
    // As S3 answers who may not list.
    let server = MockServer::start().await;
    Mock::given(method("HEAD")).respond_with(ResponseTemplate::new(403)).mount(&server).await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(403).set_body_string(refusal("AccessDenied"))).mount(&server).await;
    Mock::given(method("PUT")).and(path("/media/a.jpg")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let s3 = S3::new(&bucket(&server, S3Style::Path)).unwrap();
    s3.put("a.jpg", "image/jpeg", vec![1; 1000]).await.unwrap();
    s3.ping().await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.iter().map(|r| r.method.as_str()).collect::<Vec<_>>(), ["PUT", "GET"]);
    assert_eq!(requests[0].headers["x-amz-security-token"], "lent");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_s3_refuses_is_said_in_one_line() {
    cheapbob_wiring::prepare_process();
    for (code, status) in [("InvalidAccessKeyId", 403), ("SignatureDoesNotMatch", 403), ("NoSuchBucket", 404)] {
        let server = MockServer::start().await;
        Mock::given(wiremock::matchers::any())
            .respond_with(ResponseTemplate::new(status).set_body_string(refusal(code)))
            .mount(&server)
            .await;
        let s3 = S3::new(&bucket(&server, S3Style::Path)).unwrap();
        for error in
            [s3.ping().await.unwrap_err(), s3.put("a.jpg", "image/jpeg", vec![1]).await.unwrap_err(), s3.get("a").await.unwrap_err()]
        {
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert!(format!("{error:?}").contains(&format!("S3 answers {status} {code}, No, request R1")), "{error:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_is_silent_is_given_up_soon() {
    cheapbob_wiring::prepare_process();
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(20));
    Mock::given(method("PUT")).respond_with(slow).mount(&server).await;
    let s3 = S3::new(&bucket(&server, S3Style::Path)).unwrap();
    let begin = std::time::Instant::now();
    assert_eq!(s3.put("a.jpg", "image/jpeg", vec![1; 500_000]).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_addressed_in_either_style() {
    cheapbob_wiring::prepare_process();
    let at_aws = |style| S3Settings {
        keys: None,
        region: "ap-northeast-2".into(),
        bucket: "media".into(),
        endpoint: None,
        public_base: None,
        style,
    };
    // Keys of the Python service have whatever a store's name has; what S3 would read otherwise is encoded.
    let odd = S3::new(&at_aws(S3Style::Path)).unwrap().public_url("치킨+맥주 100% #1?/a.jpg");
    let encoded = "%EC%B9%98%ED%82%A8%2B%EB%A7%A5%EC%A3%BC%20100%25%20%231%3F/a.jpg";
    assert_eq!(odd, format!("https://s3-ap-northeast-2.amazonaws.com/media/{encoded}"));
    let url = |style| S3::new(&at_aws(style)).unwrap().public_url("a/b.jpg");
    assert_eq!(url(S3Style::Virtual), "https://media.s3-ap-northeast-2.amazonaws.com/a/b.jpg");
    assert_eq!(url(S3Style::Path), "https://s3-ap-northeast-2.amazonaws.com/media/a/b.jpg");
}

#[tokio::test(flavor = "multi_thread")]
async fn mongodb_over_tls_with_a_user_and_with_a_wrong_password() {
    cheapbob_wiring::prepare_process();
    let server = PrivateServer::mongo("cheapbob", "p@ss/w:rd").await;
    let place = |password: &str| MongoSettings {
        uri: format!(
            "mongodb://cheapbob:{password}@localhost:{}/?authSource=admin&tls=true&tlsCAFile={}",
            server.port,
            server.certificate().display()
        )
        .into(),
        ..mongo_settings()
    };
    let app = keeping_a_week(|settings| settings.mongodb = Some(place("p%40ss%2Fw%3Ard"))).await;
    // Purchases, and what becomes of them in the archive.
    payments_of_the_past_leave_and_are_found(app).await;

    const ALL: &str = "/api/v1/customer/orders";
    let wrong = Mongo::new(&place("wrong")).unwrap();
    for _ in 0..3 {
        let error = wrong.find_all(&[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        let said = format!("{error:?}");
        assert!(said.contains("MongoDB refuses the user or the password") && !said.contains("wrong@"), "{said}");
    }
    let app = TestApp::with(|settings| settings.mongodb = Some(place("wrong"))).await;
    let customer = app.api.customer().await;
    assert_eq!(customer.get(ALL).await.status, 500);
}
