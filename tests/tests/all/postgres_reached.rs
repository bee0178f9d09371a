//! PostgreSQL as its users run it: over TLS, with standbys, behind a pooler, in Korean. Each time the product itself runs on it.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use cheapbob_adapters_postgres::{Address, Postgres, Waiting};
use cheapbob_domain::{
    orders::ports::Holds,
    shared::{Error, PaymentId},
};
use cheapbob_test_support::{
    Answer, Api, Held, Person, PrivatePostgres, Proxy, RealServer, TestApp, TestDatabase, Way, eventually, noon, sql,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures::future::join_all;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// Within so much of the new primary everything works again.
const HEALED: Duration = Duration::from_secs(5);

pub(crate) fn keys() -> (&'static str, String) {
    ("CHEAPBOB_SECRET_KEYS", "tests:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned())
}

/// The product on this PostgreSQL, its jobs in the same process.
async fn product(database_url: String, more: &[(&'static str, String)]) -> RealServer {
    let settings = [&[("DATABASE_URL", database_url), keys()], more].concat();
    let server = RealServer::http_with_jobs(RealServer::free_port(), &settings).await;
    server.api.set_clock(noon()).await;
    server
}

/// From the login to the pickup.
pub(crate) async fn purchase(api: &Api) {
    let (customer, shop) = (api.customer().await, api.shop(5).await);
    shop.connect_webhooks().await;
    let ordered = customer.order(&shop.product_id, 2).await;
    shop.accept(&ordered.payment_id).await.expect(200);
    let code = shop.code(&ordered.payment_id).await;
    assert_eq!(customer.scan(&ordered.payment_id, &code).await.expect(200)["status"], "complete");
    let canceled = customer.order(&shop.product_id, 1).await;
    assert_eq!(customer.cancel(&canceled.payment_id).await.expect(200)["refund_status"], "succeeded");
    // Of which only PortOne's message tells, and the jobs.
    let told = customer.hold(&shop.product_id, 1).await;
    api.pay(&told).await;
    eventually("the order", 30, || async {
        let orders = shop.seller.get("/api/v1/seller/store/orders/today").await.expect(200);
        orders["orders"].as_array().unwrap().iter().any(|order| order["payment_id"] == *told.payment_id).then_some(())
    })
    .await;
    assert_eq!(shop.stock().await, (2, 3));
    api.get("/health/ready").await.expect(200);
}

/// An authority of the test's own, and what it has signed.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate and its key, PEM.
    fn sign(&self, names: &[&str], common_name: &str) -> (String, String) {
        let mut parameters = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, common_name);
        let key = KeyPair::generate().unwrap();
        (parameters.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}

async fn refusal(url: &str) -> Option<String> {
    match Address::parse(url).unwrap().establish().await {
        Ok(_) => None,
        Err(e) => Some(e.to_string()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_where_only_tls_is_admitted() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let server = PrivatePostgres::start(&[]).await;
    let (certificate, key) = ours.sign(&["localhost"], "postgres");
    server.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'p%@:/'; ALTER DATABASE cheapbob OWNER TO app").await;
    server.sql("cheapbob", "ALTER SCHEMA public OWNER TO app").await;
    let files = [
        format!("ssl_cert_file = '{}'", server.file("server.pem", &certificate)),
        format!("ssl_key_file = '{}'", server.file("server.key", &key)),
        format!("ssl_ca_file = '{}'", server.file("ca.pem", &ours.0.pem())),
        "ssl = on".to_owned(),
    ];
    server.set(&files.each_ref().map(String::as_str)).await;
    server.admit("hostssl all app 127.0.0.1/32 scram-sha-256\nhostssl all app ::1/128 scram-sha-256").await;

    let (ca, other) = (server.file("trusted.pem", &ours.0.pem()), server.file("other.pem", &theirs.0.pem()));
    let url = |host: &str, words: &str| format!("postgres://app:p%25%40%3A%2F@{host}:{}/cheapbob?{words}", server.port);
    eventually("only TLS is admitted", 10, || async { refusal(&url("localhost", "sslmode=disable")).await }).await;
    for (host, words, expected) in [
        ("localhost", String::new(), None),
        ("localhost", "sslmode=require&channel_binding=require".to_owned(), None),
        ("localhost", format!("sslmode=verify-full&sslrootcert={ca}"), None),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={ca}"), None),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={ca}"), Some("not valid for name")),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={other}"), Some("UnknownIssuer")),
        ("localhost", format!("sslmode=require&sslrootcert={other}"), Some("UnknownIssuer")),
        ("localhost", "sslmode=verify-full".to_owned(), Some("UnknownIssuer")),
        ("localhost", "sslmode=disable".to_owned(), Some("28000")),
    ] {
        let refused = refusal(&url(host, &words)).await;
        match expected {
            None => assert_eq!(refused, None, "{host} {words}"),
            Some(reason) => assert!(refused.as_ref().is_some_and(|said| said.contains(reason)), "{host} {words}: {refused:?}"),
        }
        // The product's own way says the same.
        let pool =
            Postgres::new(&Address::parse(&url(host, &words)).unwrap(), 1, Waiting::Person, cheapbob_test_support::secret_keys()).unwrap();
        assert_eq!(pool.connection().await.is_ok(), expected.is_none(), "{host} {words}");
    }

    let product = product(url("localhost", &format!("sslmode=verify-full&sslrootcert={ca}")), &[]).await;
    purchase(&product.api).await;
    server
        .sql(
            "postgres",
            "DO $$ BEGIN ASSERT (SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'app'); END $$",
        )
        .await;
    drop(product);

    // A certificate of ours, in place of a password.
    server.admit("hostssl all app all cert").await;
    let (certificate, key) = ours.sign(&["app"], "app");
    let (certificate, key) = (server.file("app.pem", &certificate), server.file("app.key", &key));
    let words = format!("sslmode=verify-full&sslrootcert={ca}&sslcert={certificate}&sslkey={key}");
    eventually("the certificate is taken", 10, || async { refusal(&url("localhost", &words)).await.is_none().then_some(()) }).await;
    let without = refusal(&url("localhost", &format!("sslmode=verify-full&sslrootcert={ca}"))).await.unwrap();
    assert!(without.contains("28000"), "{without}");
}

/// A certificate that has signed itself, as tutorials make it, and as its own authority.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_vouch_for_itself() {
    let itself = Authority::new("localhost");
    let server = PrivatePostgres::start(&[]).await;
    let files = [
        format!("ssl_cert_file = '{}'", server.file("server.pem", &itself.0.pem())),
        format!("ssl_key_file = '{}'", server.file("server.key", &itself.0.key().serialize_pem())),
        "ssl = on".to_owned(),
    ];
    server.set(&files.each_ref().map(String::as_str)).await;
    let ca = server.file("trusted.pem", &itself.0.pem());
    let url = |host: &str, mode: &str| format!("postgres://cheapbob@{host}:{}/cheapbob?sslmode={mode}&sslrootcert={ca}", server.port);
    eventually("it is trusted", 10, || async { refusal(&url("localhost", "verify-full")).await.is_none().then_some(()) }).await;
    assert_eq!(refusal(&url("127.0.0.1", "verify-ca")).await, None);
    let other_name = refusal(&url("127.0.0.1", "verify-full")).await.unwrap();
    assert!(other_name.contains("not valid for name"), "{other_name}");
    let unknown = format!("postgres://cheapbob@localhost:{}/cheapbob?sslmode=verify-full", server.port);
    assert!(refusal(&unknown).await.is_some_and(|said| said.starts_with("localhost:")));
}

/// A certificate of X.509 version 1 for `localhost`, as old instructions make one, and its key; of no other use.
const VERSION_1: &str = "-----BEGIN CERTIFICATE-----
MIIBJDCBywIUGBJ7/4mb7MA/y27mWmfXdB3vMTIwCgYIKoZIzj0EAwIwFDESMBAG
A1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODAxNDAwNloYDzIxMjYxMTA0MDE0MDA2
WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AARvBaJu1uCMdt55Ied3BwFEfXofDllhvucbgc1CvM4OEOJ2DwBHidvb+sPNWrex
vgqC1iUtauUB0WdMxWNuiOcfMAoGCCqGSM49BAMCA0gAMEUCIQD+u7osmWAR4gx4
Sbm8bvQQX6fe+/5DZtZXVhGI139jMwIgQhcOFizkTDv28inZdj6+O5Vn/esLLYsc
8vFlpqdtzZU=
-----END CERTIFICATE-----
";
const KEY_OF_VERSION_1: &str = "-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIBnUlBHMPcIUd3YL3OORrqWNCF/OnMq6M15PtT/28Qa7oAoGCCqGSM49
AwEHoUQDQgAEbwWibtbgjHbeeSHndwcBRH16Hw5ZYb7nG4HNQrzODhDidg8AR4nb
2/rDzVq3sb4KgtYlLWrlAdFnTMVjbojnHw==
-----END EC PRIVATE KEY-----
";

/// rustls reads none of version 1: who prefers TLS does without it, who wants it is told why there is none.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_version_1_is_as_good_as_none() {
    let server = PrivatePostgres::start(&[]).await;
    let files = [
        format!("ssl_cert_file = '{}'", server.file("server.pem", VERSION_1)),
        format!("ssl_key_file = '{}'", server.file("server.key", KEY_OF_VERSION_1)),
        "ssl = on".to_owned(),
    ];
    server.set(&files.each_ref().map(String::as_str)).await;
    eventually("TLS is refused for the certificate's sake", 10, || async {
        refusal(&server.url("sslmode=require")).await.filter(|said| said.contains("UnsupportedCertVersion"))
    })
    .await;
    assert_eq!(refusal(&server.url("sslmode=prefer")).await, None);
    let product = product(server.url("sslmode=prefer"), &[]).await;
    purchase(&product.api).await;
}

/// The first of two servers accepts, and says nothing: the other one serves, also at the start.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_keeps_nobody_from_the_other() {
    let database = TestDatabase::create().await;
    let silent = Proxy::to(database.port().parse().unwrap()).await;
    silent.set(Way::Frozen);
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", silent.port, database.port());
    let url = format!("postgres://cheapbob@{hosts}/{}?sslmode=disable", database.name());
    assert_eq!(refusal(&url).await, None);
    let address = Address::parse(&url).unwrap();
    let pool = Postgres::new(&address, 1, Waiting::Person, cheapbob_test_support::secret_keys()).unwrap();
    pool.ping().await.unwrap();
}

/// Somebody else has our server connection, and with it what we have prepared: an outage that names the setting, and the next
/// connection is as good as new.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_nobody_told_us_of_is_named() {
    let database = TestDatabase::create().await;
    let pool = Postgres::new(&database.address(), 1, Waiting::Person, cheapbob_test_support::secret_keys()).unwrap();
    let payment = PaymentId::trusted("PAY1".to_owned());
    let find = || Holds::find(&pool, &payment);
    find().await.unwrap();
    pool.connection().await.unwrap().batch_execute("DEALLOCATE ALL").await.unwrap();
    let refused = find().await.unwrap_err();
    assert!(matches!(&refused, Error::Unavailable { .. }) && refused.to_string().contains("DB_POOL_MODE=transaction"), "{refused}");
    find().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_or_database_is_said_with_what_to_do() {
    let server = PrivatePostgres::start(&[]).await;
    server.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'right'").await;
    server.admit("host all all all scram-sha-256").await;
    let url = |password: &str, database: &str| format!("postgres://app:{password}@127.0.0.1:{}/{database}", server.port);
    eventually("passwords are wanted", 10, || async { refusal(&url("wrong", "cheapbob")).await }).await;
    for (url, code, advice) in
        [(url("wrong", "cheapbob"), "28P01", "see DB_USER, DB_PASSWORD"), (url("right", "nothing"), "3D000", "see DB_NAME")]
    {
        let said = refusal(&url).await.unwrap();
        assert!(said.contains(code) && said.contains(advice) && !said.contains("wrong@"), "{said}");
        let run = RealServer::command("cheapbob-jobs", &[("DATABASE_URL", url), keys()]).arg("migrate").output().unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(!run.status.success() && said.contains(code) && said.contains(advice), "{said}");
    }
}

/// All that somebody who buys is told, until they can buy.
async fn until_it_sells(customer: &Person, product: &str, begun: Instant) {
    loop {
        let answer: Answer = customer.init(product, 1).await;
        match answer.status {
            200 => break,
            503 => assert!(begun.elapsed() < 2 * HEALED, "still unavailable after {:?}", begun.elapsed()),
            other => panic!("{other} {}", answer.body),
        }
    }
    assert!(begun.elapsed() < HEALED, "healed after {:?}", begun.elapsed());
}

/// Until the standby has a hold, and all from before.
async fn streamed(standby: &PrivatePostgres, held: &Held) {
    let there = format!("DO $$ BEGIN ASSERT EXISTS (SELECT 1 FROM holds WHERE payment_id = '{}'); END $$", held.payment_id);
    eventually("the standby has it all", 20, || async { sql(&standby.url(""), &there).await.ok() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_promoted_takes_over() {
    let first = PrivatePostgres::start(&[]).await;
    let second = first.standby().await;
    // The standby first: it takes no writes, so the other one serves.
    let url = format!("postgres://cheapbob@127.0.0.1:{},127.0.0.1:{}/cheapbob", second.port, first.port);
    let product = product(url, &[]).await;
    let (customer, shop) = (product.api.customer().await, product.api.shop(1_000).await);
    let held = customer.hold(&shop.product_id, 1).await;
    streamed(&second, &held).await;
    drop(first);
    assert_eq!(customer.init(&shop.product_id, 1).await.status, 503);
    product.api.get("/health/ready").await.expect(503);
    second.sql("postgres", "SELECT pg_promote()").await;
    until_it_sells(&customer, &shop.product_id, Instant::now()).await;
    purchase(&product.api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_moves_while_the_old_primary_lives_on_read_only() {
    let first = PrivatePostgres::start(&[]).await;
    let second = first.standby().await;
    let way = Proxy::to(first.port).await;
    let product = product(format!("postgres://cheapbob@127.0.0.1:{}/cheapbob", way.port), &[]).await;
    let (customer, shop) = (product.api.customer().await, product.api.shop(1_000).await);
    let held = customer.hold(&shop.product_id, 1).await;
    streamed(&second, &held).await;

    first.set(&["default_transaction_read_only = on"]).await;
    eventually("it takes no writes", 10, || async { (customer.init(&shop.product_id, 1).await.status == 503).then_some(()) }).await;
    assert_eq!(product.api.get("/health/ready").await.expect(503)["parts"]["postgres"]["status"], "down");
    second.sql("postgres", "SELECT pg_promote()").await;
    way.move_to(second.port);
    until_it_sells(&customer, &shop.product_id, Instant::now()).await;
    // Whatever connection it is given.
    for _ in 0..40 {
        customer.init(&shop.product_id, 1).await.expect(200);
        customer.get("/api/v1/customer/orders/today").await.expect(200);
    }
    product.api.get("/health/ready").await.expect(200);
}

/// A lock that is not had in time, a server that ends connections: 503 whatever language the server says it in.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_speaks_korean_is_understood() {
    let app = TestApp::start().await;
    let (customer, shop) = (app.api.customer().await, app.api.shop(10).await);
    let korean = format!("ALTER DATABASE {} SET lc_messages = 'ko_KR.UTF-8'", app.database.name());
    app.database.sql(&korean).await;
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    app.database.sql(ended).await;
    let mut somebody = AsyncPgConnection::establish(&app.database.url()).await.unwrap();
    let said = somebody.batch_execute("SELECT 1 FROM nothing").await.unwrap_err().to_string();
    assert!(!said.is_ascii(), "the server speaks no Korean: {said}");
    eventually("the product is back", 10, || async { (app.api.get("/health/ready").await.status == 200).then_some(()) }).await;

    somebody.batch_execute(&format!("BEGIN; SELECT 1 FROM products WHERE id = '{}' FOR UPDATE", shop.product_id)).await.unwrap();
    assert_eq!(customer.init(&shop.product_id, 1).await.status, 503);
    somebody.batch_execute("ROLLBACK; BEGIN; LOCK TABLE orders").await.unwrap();
    // Each of them is told to give up by the server, in the midst of a statement.
    let asked = join_all((0..4).map(|_| customer.get("/api/v1/customer/orders/today")));
    let end = async {
        let waiting = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        eventually("it waits", 10, || async { (app.database.count(waiting).await > 0).then_some(()) }).await;
        app.database
            .sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
            .await;
    };
    let (answers, ()) = tokio::join!(asked, end);
    assert!(answers.iter().all(|answer| answer.status == 503), "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
    somebody.batch_execute("ROLLBACK").await.unwrap();
    customer.init(&shop.product_id, 1).await.expect(200);
}

/// Somebody took a right away from our user: nobody's fault who calls, and `/health/ready` says it.
#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_an_outage() {
    let server = PrivatePostgres::start(&[]).await;
    server.sql("postgres", "CREATE ROLE app LOGIN; ALTER DATABASE cheapbob OWNER TO app").await;
    server.sql("cheapbob", "ALTER SCHEMA public OWNER TO app").await;
    let product = product(format!("postgres://app@127.0.0.1:{}/cheapbob", server.port), &[]).await;
    let (customer, shop) = (product.api.customer().await, product.api.shop(3).await);
    server.sql("cheapbob", "REVOKE INSERT ON holds FROM app").await;
    assert_eq!(customer.init(&shop.product_id, 1).await.status, 503);
    product.api.get("/health/ready").await.expect(503);
    server.sql("cheapbob", "GRANT INSERT ON holds TO app").await;
    customer.init(&shop.product_id, 1).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_hold_korean_is_refused_at_the_start() {
    let server = PrivatePostgres::start(&[]).await;
    server.sql("postgres", "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0").await;
    server.sql("postgres", "CREATE DATABASE plain ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0").await;
    let migrate = |database: &str| {
        let url = format!("postgres://cheapbob@127.0.0.1:{}/{database}", server.port);
        RealServer::command("cheapbob-jobs", &[("DATABASE_URL", url), keys()]).arg("migrate").output().unwrap()
    };
    let refused = migrate("ascii");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("encoding is SQL_ASCII"), "{said}");
    let warned = migrate("plain");
    let said = String::from_utf8_lossy(&warned.stderr);
    assert!(warned.status.success() && said.contains("LC_CTYPE"), "{said}");
}

/// Debian's, between us and PostgreSQL; it ends with this value.
struct Between {
    port: u16,
    child: Child,
    _files: tempfile::TempDir,
}

impl Between {
    /// PgBouncer in transaction mode.
    fn pgbouncer(postgres: u16) -> Self {
        let (files, port) = (tempfile::tempdir().unwrap(), RealServer::free_port());
        let (config, users) = (files.path().join("pgbouncer.ini"), files.path().join("users.txt"));
        std::fs::write(&users, "\"cheapbob\" \"\"\n").unwrap();
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={postgres}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 6\nmax_client_conn = 500\n",
            users.display()
        );
        std::fs::write(&config, text).unwrap();
        // It refuses to be root.
        Self::start("pgbouncer", &["-u", "nobody", config.to_str().unwrap()], port, files)
    }

    /// haproxy, which leads to the first as long as that answers, and then to the second.
    fn haproxy(first: u16, second: u16) -> Self {
        let (files, port) = (tempfile::tempdir().unwrap(), RealServer::free_port());
        let config = files.path().join("haproxy.cfg");
        let text = format!(
            "defaults\n  mode tcp\n  timeout connect 1s\n  timeout client 1h\n  timeout server 1h\n\
             listen postgres\n  bind 127.0.0.1:{port}\n  option pgsql-check user cheapbob\n\
             \x20 default-server inter 200ms fall 2 rise 2 on-marked-down shutdown-sessions\n\
             \x20 server first 127.0.0.1:{first} check\n  server second 127.0.0.1:{second} check backup\n"
        );
        std::fs::write(&config, text).unwrap();
        Self::start("haproxy", &["-db", "-f", config.to_str().unwrap()], port, files)
    }

    fn start(name: &str, arguments: &[&str], port: u16, files: tempfile::TempDir) -> Self {
        let there = Path::new("/usr/sbin").join(name);
        let program = if there.exists() { there } else { name.into() };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = command.spawn().unwrap_or_else(|e| panic!("{name}: {e}; ./test gets it"));
        Self { port, child, _files: files }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        // Fails where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_promoted_behind_haproxy_while_people_buy() {
    let first = PrivatePostgres::start(&[]).await;
    let second = first.standby().await;
    let balancer = Between::haproxy(first.port, second.port);
    let url = format!("postgres://cheapbob@127.0.0.1:{}/cheapbob", balancer.port);
    eventually("it leads to the primary", 10, || async { refusal(&url).await.is_none().then_some(()) }).await;
    let product = product(url, &[("RATE_LIMITS", "off".to_owned())]).await;
    purchase(&product.api).await;
    let (customer, shop) = (product.api.customer().await, product.api.shop(1_000).await);
    let held = customer.hold(&shop.product_id, 1).await;
    streamed(&second, &held).await;
    let over = Arc::new(AtomicBool::new(false));
    let buyers = join_all((0..4).map(|_| product.api.customer())).await.into_iter().map(|buyer| {
        let (over, product) = (Arc::clone(&over), shop.product_id.clone());
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                for status in [buyer.init(&product, 1).await.status, buyer.get("/api/v1/customer/orders/today").await.status] {
                    assert!(matches!(status, 200 | 503), "{status}");
                }
            }
        })
    });
    let buyers: Vec<_> = buyers.collect();

    drop(first);
    // The standby is found, and takes no writes.
    eventually("nobody can buy", 10, || async { (customer.init(&shop.product_id, 1).await.status == 503).then_some(()) }).await;
    second.sql("postgres", "SELECT pg_promote()").await;
    until_it_sells(&customer, &shop.product_id, Instant::now()).await;
    over.store(true, Ordering::Relaxed);
    for buyer in buyers {
        buyer.await.expect("nobody was told anything but yes or later");
    }
    purchase(&product.api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_behind_a_pooler_in_transaction_mode() {
    let database = TestDatabase::create().await;
    let pooler = Between::pgbouncer(database.port().parse().unwrap());
    let url = format!("postgres://cheapbob@127.0.0.1:{}/{}?sslmode=disable&pool_mode=transaction", pooler.port, database.name());
    eventually("the pooler answers", 10, || async { refusal(&url).await.is_none().then_some(()) }).await;
    let alone = RealServer::command("cheapbob-jobs", &[("DATABASE_URL", url.clone()), keys()]).arg("migrate").output().unwrap();
    assert!(String::from_utf8_lossy(&alone.stderr).contains("MIGRATION_DATABASE_URL"), "{alone:?}");

    let direct = [("MIGRATION_DATABASE_URL", database.url())];
    let (one, two) = (product(url.clone(), &direct).await, product(url.clone(), &direct).await);
    purchase(&one.api).await;
    // Many at once, of two processes, over six server connections: none finds another's statements.
    let shop = one.api.shop(60).await;
    let customers = join_all((0..8).map(|n| if n % 2 == 0 { one.api.customer() } else { two.api.customer() })).await;
    // Each checkout takes the place of the same customer's one before.
    let asked = customers.iter().map(|customer| async {
        for _ in 0..5 {
            customer.init(&shop.product_id, 1).await.expect(200);
        }
    });
    join_all(asked).await;
    assert_eq!(shop.stock().await.0, 60 - 8);

    // The limits of a statement are those of a transaction there.
    let pool = Postgres::new(&Address::parse(&url).unwrap(), 2, Waiting::Person, cheapbob_test_support::secret_keys()).unwrap();
    let mut locking = AsyncPgConnection::establish(&database.url()).await.unwrap();
    locking.batch_execute("BEGIN; LOCK TABLE holds").await.unwrap();
    let begun = Instant::now();
    let refused = Holds::find(&pool, &PaymentId::trusted("PAY1".to_owned())).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}
