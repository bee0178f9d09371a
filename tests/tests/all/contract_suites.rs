//! Every implementation of a port through the port's suite.

use std::sync::Arc;

use cheapbob_adapters_embedded::fakes::{Embedded, Feed, Folder, SandboxClock};
use cheapbob_adapters_mongo::{Mongo, MongoSettings};
use cheapbob_adapters_redis::{Redis, RedisSessions, RedisSignals};
use cheapbob_adapters_s3::S3;
use cheapbob_test_support::{
    Proxy, S3Server, TestDatabase, mongo_settings, redis_url,
    suites::{self, World},
};

async fn on_postgres<F: AsyncFnOnce(&World)>(suite: F) {
    let database = TestDatabase::create().await;
    let postgres = Arc::new(database.postgres());
    let world = World {
        accounts: postgres.clone(),
        takeovers: postgres.clone(),
        unlink_tokens: postgres.clone(),
        customers: postgres.clone(),
        stores: postgres.clone(),
        search: postgres.clone(),
        hours: postgres.clone(),
        images: postgres.clone(),
        products: postgres.clone(),
        holds: postgres.clone(),
        orders: postgres.clone(),
        cancellations: postgres.clone(),
        refunds: postgres.clone(),
        audit: postgres.clone(),
        inbox: postgres.clone(),
        keys: postgres.clone(),
        books: postgres.clone(),
        tasks: postgres.clone(),
        ledger: postgres.clone(),
        outbox: postgres,
    };
    suite(&world).await;
}

macro_rules! postgres {
    ($($suite:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $suite() {
                on_postgres(async |world| suites::$suite(world).await).await;
            }
        )*
    };
}

mod postgres {
    use super::*;

    postgres! { accounts customers deactivation erasure takeovers unlink_tokens stores hours images search naming products nutrition stock_rollover holds orders cancellations refunds audit_log inbox idempotency books tasks }
}

/// Ports that are implemented twice, by suites that need nothing but the port.
macro_rules! ports {
    ($make:expr, $($suite:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $suite() {
                let (port, _keep) = $make.await;
                suites::$suite(&port).await;
            }
        )*
    };
}

mod embedded {
    use super::*;

    async fn embedded() -> (Embedded, TestDatabase) {
        let database = TestDatabase::create().await;
        (Embedded::new(&database.url(), 4).unwrap(), database)
    }

    ports! { embedded(), sessions history archive stock_reservations withdrawals }

    #[tokio::test(flavor = "multi_thread")]
    async fn signals() {
        let database = TestDatabase::create().await;
        let way = Proxy::to(database.port().parse().unwrap()).await;
        let listening = |url: &str| Feed::start(url, Embedded::new(&database.url(), 4).unwrap(), Arc::new(SandboxClock::default()));
        let mine = listening(&database.url().replace(&format!(":{}", database.port()), &format!(":{}", way.port)));
        suites::signals(&mine, &listening(&database.url()), &way).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn mailer() {
        let database = TestDatabase::create().await;
        let embedded = Embedded::new(&database.url(), 4).unwrap();
        suites::mailer(&embedded, || database.number("SELECT count(*) AS n FROM embedded.mails")).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn storage() {
        let folder = tempfile::tempdir().unwrap();
        suites::storage(&Folder::new(folder.path().into(), "http://localhost")).await;
    }
}

mod redis {
    use super::*;

    ports! { async { (Redis::new(&redis_url(), 8).unwrap(), ()) }, history }

    #[tokio::test(flavor = "multi_thread")]
    async fn signals() {
        let mut url = url::Url::parse(&redis_url()).unwrap();
        let way = Proxy::to(url.port().unwrap()).await;
        url.set_port(Some(way.port)).unwrap();
        let listening = |url: &str| RedisSignals::start(Redis::new(&redis_url(), 8).unwrap(), url).unwrap();
        suites::signals(&listening(url.as_str()), &listening(&redis_url()), &way).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sessions() {
        let [mine, other] = [(); 2].map(|()| RedisSessions::new(Redis::new(&redis_url(), 8).unwrap()));
        suites::sessions(&mine).await;
        suites::remembered_sessions(&mine, &other).await;
    }
}

mod mongo {
    use super::*;

    async fn mongo() -> (Mongo, ()) {
        let mongo = Mongo::new(&mongo_settings()).unwrap();
        // Any number of processes may make the indexes at once.
        for prepared in futures::future::join_all((0..4).map(|_| mongo.prepare())).await {
            prepared.unwrap();
        }
        mongo.ping().await.unwrap();
        (mongo, ())
    }

    ports! { mongo(), archive stock_reservations withdrawals }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_does_not_answer_is_unavailable_within_three_seconds() {
        let settings = MongoSettings { port: 1, ..mongo_settings() };
        let begin = std::time::Instant::now();
        let error = Mongo::new(&settings).unwrap().ping().await.unwrap_err();
        assert_eq!(error.kind(), cheapbob_domain::shared::ErrorKind::Unavailable);
        assert!(begin.elapsed() < std::time::Duration::from_secs(4), "{:?}", begin.elapsed());
    }
}

mod s3 {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn storage() {
        let server = S3Server::start().await;
        let s3 = S3::new(&server.settings()).unwrap();
        s3.ping().await.unwrap();
        suites::storage(&s3).await;
    }
}
