//! The deployed topology from the binaries: two http processes behind nginx, two runners, and all the servers they need.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{
    api::Api,
    database::{TestDatabase, mongo_settings, port},
    outside::{MailSink, S3Server, SinkTls},
    proxy::Proxy,
    real::RealServer,
    waiting::eventually,
};

/// A running cluster; all of it ends with this value.
pub struct Cluster {
    /// Through nginx.
    pub api: Api,
    /// The mails that were sent.
    pub mails: MailSink,
    /// The object storage.
    pub storage: S3Server,
    /// For looking into it.
    pub database: TestDatabase,
    /// The way to PostgreSQL.
    pub postgres: Proxy,
    /// The way to Redis.
    pub redis: Proxy,
    /// The way to MongoDB.
    pub mongodb: Proxy,
    /// The way to the object storage.
    pub s3: Proxy,
    /// The way to the mail server.
    pub smtp: Proxy,
    /// The way to PortOne, which is the sandbox behind nginx.
    pub portone: Proxy,
    /// The way from our processes to the OAuth providers, which are the same sandbox.
    pub oauth: Proxy,
    settings: Vec<(&'static str, String)>,
    ports: [u16; 2],
    http: [Option<RealServer>; 2],
    jobs: [Option<RealServer>; 2],
    _nginx: Nginx,
}

/// nginx on `config/nginx.conf`; it ends with this value.
pub struct Nginx(Child, #[expect(dead_code, reason = "its files, as long as it runs")] tempfile::TempDir);

impl Drop for Nginx {
    fn drop(&mut self) {
        // Fails where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Nginx {
    /// On `config/nginx.conf`, with the addresses of this run in place of compose's.
    pub fn start(listen: u16, http: [u16; 2]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/nginx.conf")).unwrap();
        let mut local = config.replace("/tmp/", &format!("{}/", folder.path().display()));
        for (theirs, ours) in [("listen 8080", listen), ("http-1:3000", http[0]), ("http-2:3000", http[1])] {
            assert!(local.contains(theirs), "{theirs}");
            let keyword = if theirs.starts_with("listen") { "listen " } else { "" };
            local = local.replace(theirs, &format!("{keyword}127.0.0.1:{ours}"));
        }
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, local).unwrap();
        // One process: killed, it leaves no worker behind.
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&file).args(["-e", "stderr", "-g", "daemon off; master_process off;"]).stdin(Stdio::null());
        Self(command.spawn().expect("nginx is missing; ./test gets it"), folder)
    }
}

impl Cluster {
    /// Starts everything on free ports; gives it when nginx passes requests on.
    pub async fn start() -> Self {
        let (database, storage, mails) = (TestDatabase::create().await, S3Server::start().await, MailSink::start(SinkTls::None).await);
        let (front, ports) = (RealServer::free_port(), [RealServer::free_port(), RealServer::free_port()]);
        let (mongo, bucket) = (mongo_settings(), storage.settings());
        let number = |port: String| port.parse().unwrap();
        let postgres = Proxy::to(number(database.port())).await;
        let redis = Proxy::to(number(port("CHEAPBOB_TEST_REDIS_PORT"))).await;
        let mongodb = Proxy::to(number(port("CHEAPBOB_TEST_MONGODB_PORT"))).await;
        let s3 = Proxy::to(bucket.endpoint.as_ref().and_then(url::Url::port).unwrap()).await;
        let smtp = Proxy::to(mails.port).await;
        let (portone, oauth) = (Proxy::to(front).await, Proxy::to(front).await);
        let settings = vec![
            ("DB_HOST", "127.0.0.1".to_owned()),
            ("DB_PORT", postgres.port.to_string()),
            ("DB_USER", "cheapbob".to_owned()),
            ("DB_NAME", database.name().to_owned()),
            ("REDIS_HOST", "127.0.0.1".to_owned()),
            ("REDIS_PORT", redis.port.to_string()),
            ("MONGODB_HOST", "127.0.0.1".to_owned()),
            ("MONGODB_PORT", mongodb.port.to_string()),
            ("MONGODB_NAME", mongo.database.unwrap()),
            ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY.to_owned()),
            ("AWS_REGION", bucket.region),
            ("AWS_S3_BUCKET_NAME", bucket.bucket),
            ("AWS_S3_ENDPOINT_URL", format!("http://127.0.0.1:{}", s3.port)),
            ("SUPER_ADMIN_SMTP_HOST", "127.0.0.1".to_owned()),
            ("SUPER_ADMIN_SMTP_PORT", smtp.port.to_string()),
            ("SUPER_ADMIN_SMTP_USER", "u".to_owned()),
            ("SUPER_ADMIN_SMTP_PASSWORD", "p".to_owned()),
            ("SUPER_ADMIN_SMTP_EMAIL", "no-reply@cheapbob.example".to_owned()),
            ("SUPER_ADMIN_SMTP_TLS", "none".to_owned()),
            ("OAUTH_REDIRECT_BASE_URL", format!("http://localhost:{front}")),
            ("PORTONE_API_BASE_URL", format!("http://127.0.0.1:{}/sandbox/portone", portone.port)),
            ("SANDBOX_BASE_URL", format!("http://127.0.0.1:{}", oauth.port)),
            // One person stands for everybody who calls.
            ("RATE_LIMITS", "off".to_owned()),
            ("CHEAPBOB_SECRET_KEYS", "tests:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()),
        ];
        let mut cluster = Self {
            api: Api::new(&format!("http://localhost:{front}")),
            mails,
            storage,
            database,
            postgres,
            redis,
            mongodb,
            s3,
            smtp,
            portone,
            oauth,
            settings,
            ports,
            http: [None, None],
            jobs: [None, None],
            _nginx: Nginx::start(front, ports),
        };
        for n in 0..2 {
            cluster.start_http(n).await;
            cluster.start_jobs(n);
        }
        eventually("nginx passes requests on", 20, || async {
            cluster.api.try_call(reqwest::Method::GET, "/health", None, None).await.ok().filter(|a| a.status == 200)
        })
        .await;
        cluster
    }

    async fn start_http(&mut self, n: usize) {
        self.http[n] = Some(RealServer::http(self.ports[n], &self.settings).await);
    }

    /// Starts a runner that was stopped.
    pub fn start_jobs(&mut self, n: usize) {
        self.jobs[n] = Some(RealServer::spawn("cheapbob-jobs", self.ports[n], &self.settings));
    }

    /// Stops an http process as a roll-out does, and starts it again.
    pub async fn restart_http(&mut self, n: usize) {
        stop(self.http[n].take()).await;
        self.start_http(n).await;
    }

    /// Stops a runner as a roll-out does, and starts it again.
    pub async fn restart_jobs(&mut self, n: usize) {
        self.stop_jobs(n).await;
        self.start_jobs(n);
    }

    /// Stops a runner as a roll-out does.
    pub async fn stop_jobs(&mut self, n: usize) {
        stop(self.jobs[n].take()).await;
    }

    /// A runner that runs.
    pub fn runner(&self, n: usize) -> &RealServer {
        self.jobs[n].as_ref().expect("the runner was stopped")
    }

    /// `kill -9` for a runner, and another one in its place.
    pub fn kill_jobs(&mut self, n: usize) {
        if let Some(runner) = self.jobs[n].take() {
            runner.kill();
        }
        self.start_jobs(n);
    }
}

async fn stop(server: Option<RealServer>) {
    let Some(server) = server else { return };
    let status = tokio::task::spawn_blocking(move || server.interrupt()).await.unwrap();
    assert!(status.success(), "{status}");
}
