//! The real router, in process.

use std::{net::TcpListener, path::PathBuf, sync::Arc, time::Duration};

use cheapbob_http::serve;
use cheapbob_jobs::Jobs;
use cheapbob_wiring::{PostgresAt, Product, Services, Settings, prepare_process};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::{
    api::Api,
    database::{TestDatabase, mongo_settings, redis_at, redis_url, secret_keys},
    real::RealServer,
    waiting::{eventually, noon},
};

/// A server of its own on a database of its own, with the sandbox and the jobs.
pub struct TestApp {
    /// Over HTTP.
    pub api: Api,
    /// Its use cases, for what no endpoint shows.
    pub services: Services,
    stop: CancellationToken,
    _media: tempfile::TempDir,
    /// Last: dropped when nothing uses it any more.
    pub database: TestDatabase,
}

impl TestApp {
    /// With fakes.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With Redis.
    pub async fn start_with_redis() -> Self {
        Self::with(|settings| settings.redis = Some(redis_at(&redis_url()))).await
    }

    /// With Redis and MongoDB.
    pub async fn start_on_servers() -> Self {
        Self::with(|settings| {
            settings.redis = Some(redis_at(&redis_url()));
            settings.mongodb = Some(mongo_settings());
        })
        .await
    }

    /// With other settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        prepare_process();
        let database = TestDatabase::create().await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let media = tempfile::tempdir().unwrap();
        let mut settings = test_settings(listener.local_addr().unwrap().port(), &database, media.path().into());
        change(&mut settings);
        // Before the jobs begin: what is due today would be worked off while the test's own day has begun.
        let noon = noon();
        database
            .sql(&format!("UPDATE embedded.clock SET offset_ms = (extract(epoch FROM '{noon}'::timestamptz - now()) * 1000)::bigint"))
            .await;
        let product = Product::connect(&settings, &database.address()).await.unwrap();
        let (services, stop) = (product.services.clone(), CancellationToken::new());
        let jobs = Jobs::without(services.clone(), &["reconcile", "reconcile_nightly"]).unwrap();
        tokio::spawn(jobs.run(stop.clone()));
        let product = Arc::new(product);
        // actix keeps its workers in threads of their own; the server itself is not Send.
        let server_stop = stop.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(product, |services| Jobs::unscheduled(services), listener, server_stop)).unwrap();
        });
        let api = Api::new(&format!("http://127.0.0.1:{}", settings.port));
        eventually("the server answers", 10, || async { api.try_call(reqwest::Method::GET, "/health", None, None).await.ok() }).await;
        api.set_clock(noon).await;
        Self { api, services, stop, _media: media, database }
    }
}

impl TestApp {
    /// Ends its jobs and its server: what comes after is other processes'.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Settings of a product on a test's database, with fakes for everything else.
pub fn test_settings(port: u16, database: &TestDatabase, data_dir: PathBuf) -> Settings {
    Settings {
        kakao_admin_key: None,
        production: false,
        debug: false,
        host: "127.0.0.1".to_owned(),
        port,
        keep_alive: Duration::from_secs(75),
        program: RealServer::binary("cheapbob-http"),
        trusted_proxies: Arc::new(["127.0.0.0/8".parse().unwrap()]),
        rate_limits: true,
        store_approval: false,
        data_dir,
        metrics_port: None,
        api_docs: true,
        otlp_endpoint: None,
        operator_emails: std::collections::BTreeSet::new(),
        frontend_url: None,
        frontend_local_url: None,
        postgres: PostgresAt::Server(database.address()),
        postgres_replica: None,
        db_pool_size: 10,
        redis: None,
        keep_payments: chrono::Duration::days(90),
        redis_pool_size: 8,
        oauth: [None, None, None],
        public_base: format!("http://127.0.0.1:{port}"),
        jwt_secret: SecretString::from("a secret of the tests"),
        jwt_secret_previous: None,
        legacy_tokens_until: None,
        jwt_algorithm: jsonwebtoken::Algorithm::HS256,
        jwt_life: chrono::Duration::days(7),
        secret_keys: secret_keys(),
        portone: None,
        sandbox_base: format!("http://127.0.0.1:{port}"),
        mongodb: None,
        s3: None,
        smtp: None,
        web_push: None,
        warnings: Vec::new(),
    }
}
