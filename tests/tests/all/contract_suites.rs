//! Every implementation of a port through the port's suite.

use std::sync::Arc;

use cheapbob_adapters_embedded::{Embedded, clock::SandboxClock, feed::Feed, storage::Folder};
use cheapbob_adapters_redis::{Redis, RedisSignals};
use cheapbob_test_support::{
    TestDatabase, redis_url,
    suites::{self, World},
};

async fn on_postgres<F: AsyncFnOnce(&World)>(suite: F) {
    let database = TestDatabase::create().await;
    let postgres = Arc::new(database.postgres());
    let world = World {
        accounts: postgres.clone(),
        customers: postgres.clone(),
        stores: postgres.clone(),
        search: postgres.clone(),
        products: postgres.clone(),
        holds: postgres.clone(),
        orders: postgres.clone(),
        refunds: postgres.clone(),
        tasks: postgres,
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

    postgres! { accounts customers stores search products holds orders refunds tasks }
}

mod embedded {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn sessions() {
        let database = TestDatabase::create().await;
        suites::sessions(&Embedded::new(&database.url(), 4).unwrap()).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn signals() {
        let database = TestDatabase::create().await;
        let feed = || Feed::start(&database.url(), Embedded::new(&database.url(), 4).unwrap(), Arc::new(SandboxClock::default()));
        suites::signals(&feed(), &feed()).await;
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

    #[tokio::test(flavor = "multi_thread")]
    async fn sessions() {
        suites::sessions(&Redis::new(&redis_url(), 8).unwrap()).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn signals() {
        let signals = || RedisSignals::start(Redis::new(&redis_url(), 8).unwrap(), &redis_url()).unwrap();
        suites::signals(&signals(), &signals()).await;
    }
}
