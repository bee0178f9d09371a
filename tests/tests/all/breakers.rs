//! Parts that accept and say nothing: they are asked a few times, left alone then, and asked once from time to time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cheapbob_adapters_mongo::{Mongo, MongoSettings};
use cheapbob_adapters_oauth::{OAuth, ProviderSettings};
use cheapbob_adapters_portone::PortOne;
use cheapbob_adapters_s3::{S3, S3Settings};
use cheapbob_adapters_smtp::{Smtp, SmtpSettings};
use cheapbob_domain::{
    orders::ports::{OrderArchive, Payments},
    shared::{
        Clock, PaymentId, Result,
        mail::{Mail, Mailer},
    },
    stores::{PortOneAccount, PortOneIds, ports::ObjectStorage},
    users::{Provider, ports::ProviderUnlink},
};
use cheapbob_test_support::{MailSink, Proxy, RealServer, S3Server, SinkTls, TestDatabase, Way, eventually, mongo_settings};
use chrono::{DateTime, Utc};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use secrecy::{ExposeSecret, SecretString};

/// Tasks that want something of a part, and how many of them are at it at once.
const TASKS: usize = 40;
const AT_ONCE: usize = 4;

struct Now;

impl Clock for Now {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }
}

type Call = Box<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

fn call<F: Future<Output = Result<()>> + Send + 'static>(call: impl Fn() -> F + Send + Sync + 'static) -> Call {
    Box::new(move || call().boxed())
}

fn account() -> PortOneAccount {
    PortOneAccount { ids: PortOneIds { store_id: "store-1".into(), channel_id: "c".into() }, secret: SecretString::from("secret-1") }
}

fn payment() -> PaymentId {
    PaymentId::parse("PAY1").unwrap()
}

fn mail() -> Mail {
    Mail { to: "a@test.example".into(), subject: "s".into(), text: "t".into(), html: "h".into(), unsubscribe: None }
}

fn provider(provider: Provider, port: u16) -> ProviderSettings {
    let real = ProviderSettings::real(provider, "client-1".to_owned(), SecretString::from("secret-1")).unwrap();
    ProviderSettings { unlink_url: format!("http://127.0.0.1:{port}/unlink").parse().unwrap(), ..real }
}

/// Each part by name, what asks it through this way, and how many connections it may see: some calls need two.
async fn parts() -> Vec<(&'static str, Proxy, Call, usize)> {
    cheapbob_wiring::prepare_process();
    let (storage, sink) = (S3Server::start().await, MailSink::start(SinkTls::None).await);
    let mut parts = Vec::new();

    let way = Proxy::to(storage.settings().endpoint.unwrap().port().unwrap()).await;
    let endpoint = format!("http://127.0.0.1:{}", way.port).parse().ok();
    let s3 = Arc::new(S3::new(&S3Settings { endpoint, ..storage.settings() }).unwrap());
    parts.push((
        "s3",
        way,
        call(move || {
            let s3 = Arc::clone(&s3);
            async move { s3.delete("a").await }
        }),
        2 * AT_ONCE,
    ));

    let way = Proxy::to(RealServer::free_port()).await;
    let portone = Arc::new(PortOne::new(format!("http://127.0.0.1:{}", way.port).parse().unwrap(), false).unwrap());
    let get = move || {
        let portone = Arc::clone(&portone);
        async move { portone.get(&account(), &payment(), Duration::from_millis(2_500)).await.map(|_| ()) }
    };
    parts.push(("portone", way, call(get), AT_ONCE));

    let settings = mongo_settings();
    let way = Proxy::to(url::Url::parse(settings.uri.expose_secret()).unwrap().port().unwrap()).await;
    let uri = format!("mongodb://127.0.0.1:{}", way.port).into();
    let mongo = Mongo::new(&MongoSettings { uri, ..settings }).unwrap();
    let find = move || {
        let mongo = mongo.clone();
        async move { OrderArchive::find(&mongo, &payment()).await.map(|_| ()) }
    };
    // The driver's own heartbeat comes through there as well.
    parts.push(("mongodb", way, call(find), usize::MAX));

    let way = Proxy::to(RealServer::free_port()).await;
    let settings = Provider::ALL.map(|one| provider(one, way.port));
    let oauth = OAuth::new(settings, "https://api.example", Arc::new(Now)).unwrap();
    let oauth = Arc::new(oauth.with_kakao_admin_key(Some(SecretString::from("admin-key"))));
    let cut = move || {
        let oauth = Arc::clone(&oauth);
        async move { oauth.cut(Provider::Kakao, "7", None).await }
    };
    parts.push(("kakao", way, call(cut), AT_ONCE));

    let way = Proxy::to(sink.port).await;
    let smtp = Arc::new(Smtp::new(&SmtpSettings { host: "127.0.0.1".to_owned(), port: way.port, ..sink.settings(SinkTls::None) }).unwrap());
    let send = move || {
        let smtp = Arc::clone(&smtp);
        async move { smtp.send("m", &mail()).await.map(|_| ()) }
    };
    parts.push(("smtp", way, call(send), AT_ONCE));
    parts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_says_nothing_is_asked_a_few_times_and_not_by_each_task() {
    let one = async |(part, way, call, most): (&'static str, Proxy, Call, usize)| {
        way.set(Way::Frozen);
        let begun = Instant::now();
        let mut asked = Vec::new();
        for _ in 0..TASKS / AT_ONCE {
            asked.extend(join_all((0..AT_ONCE).map(|_| call())).await);
        }
        let took = begun.elapsed();
        assert!(asked.iter().all(Result::is_err), "{part}");
        assert!(way.connections() <= most, "{part} was asked {} times", way.connections());
        // One round or two waited for it, of ten.
        assert!(took < Duration::from_secs(20), "{part}: {took:?}");
        let left_alone = asked.iter().filter(|outcome| outcome.as_ref().unwrap_err().to_string().contains("left alone")).count();
        assert!(left_alone >= TASKS - 2 * AT_ONCE, "{part} was left alone by {left_alone} of {TASKS}");
    };
    join_all(parts().await.into_iter().map(one)).await;
}

/// What a customer, an alarm and the log see of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_portone_is_one_line_and_a_metric_and_refuses_at_once() {
    let (database, log) = (TestDatabase::create().await, tempfile::NamedTempFile::new().unwrap());
    let (port, metrics_port) = (RealServer::free_port(), RealServer::free_port());
    let way = Proxy::to(port).await;
    let settings = [
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("PORTONE_API_BASE_URL", format!("http://127.0.0.1:{}/sandbox/portone", way.port)),
        ("METRICS_PORT", metrics_port.to_string()),
    ];
    let server = RealServer::http_logging_to(log.reopen().unwrap(), port, &settings).await;
    database.jobs_of_the_start().await;
    let api = &server.api;
    let (shop, customer) = (api.shop(9).await, api.customer().await);
    let held = customer.hold(&shop.product_id, 1).await;
    api.pay(&held).await;
    let metric = async |value: u8| {
        eventually("the metric tells of it", 10, || async {
            let text = reqwest::get(format!("http://127.0.0.1:{metrics_port}/metrics")).await.ok()?.text().await.ok()?;
            text.contains(&format!("cheapbob_part_open{{part=\"portone\"}} {value}\n")).then_some(())
        })
        .await;
    };
    metric(0).await;
    way.set(Way::Frozen);
    let before = way.connections();
    let mut answers = join_all((0..3).map(|_| customer.confirm(&held.payment_id))).await;
    let begun = Instant::now();
    for _ in 0..10 {
        answers.push(customer.confirm(&held.payment_id).await);
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let same = |answer: &cheapbob_test_support::Answer| {
        let mut body = answer.body.clone();
        body["request_id"].take();
        (answer.status, body)
    };
    for answer in &answers {
        assert_eq!(same(answer), same(&answers[0]), "asked or not, it is the same answer");
    }
    assert_eq!((answers[0].status, answers[0].body["code"].as_str()), (503, Some("unavailable")));
    assert!(way.connections() - before <= 6, "{} connections", way.connections() - before);
    metric(1).await;
    assert_eq!(database.count("holds WHERE state = 'held'").await, 1, "the hold stays");
    way.set(Way::Open);
    eventually("it is an order", 20, || async { (customer.confirm(&held.payment_id).await.status == 200).then_some(()) }).await;
    metric(0).await;
    assert!(server.interrupt().success());
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert_eq!(log.matches("a part does not answer; it is left alone for a while").count(), 1, "{log}");
    assert_eq!(log.matches("a part that was left alone answers again").count(), 1, "{log}");
}
