//! Servers of one test: with rights, passwords and TLS, to be filled, emptied and restarted.

use std::{
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
};

use crate::{real::RealServer, waiting::eventually};

/// A server for `localhost` and 127.0.0.1 with a certificate of its own, or of its family's; it ends with this value.
pub struct PrivateServer {
    /// On 127.0.0.1.
    pub port: u16,
    tls: bool,
    folder: tempfile::TempDir,
    child: Mutex<Option<Child>>,
}

impl PrivateServer {
    fn new(tls: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        std::fs::write(folder.path().join("cert.pem"), identity.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), identity.signing_key.serialize_pem()).unwrap();
        Self { port: RealServer::free_port(), tls, folder, child: Mutex::new(None) }
    }

    /// Not started yet: over TLS where this one is, and with the same certificate, so that they trust each other.
    fn beside(&self) -> Self {
        let other = Self::new(self.tls);
        for file in ["cert.pem", "key.pem"] {
            std::fs::copy(self.file(file), other.file(file)).unwrap();
        }
        other
    }

    /// Redis without TLS, which keeps nothing on its disk.
    pub async fn redis(arguments: &[&str]) -> Self {
        let server = Self::new(false);
        server.start_redis(arguments).await;
        server
    }

    /// Redis over TLS alone.
    pub async fn redis_over_tls(arguments: &[&str]) -> Self {
        let server = Self::new(true);
        server.start_redis(arguments).await;
        server
    }

    /// Another Redis of this one's kind.
    pub async fn redis_beside(&self, arguments: &[&str]) -> Self {
        let server = self.beside();
        server.start_redis(arguments).await;
        server
    }

    /// Starts Redis, which begins with what it saved.
    pub async fn start_redis(&self, arguments: &[&str]) {
        let mut command = Command::new("redis-server");
        command.args(self.redis_settings().iter().flat_map(|(name, value)| [format!("--{name}"), value.clone()]));
        command.args(["--save", ""]).args(arguments);
        self.run(command).await;
    }

    /// Where Redis and Sentinel listen, and how they speak to others of their kind.
    fn redis_settings(&self) -> Vec<(&'static str, String)> {
        let (port, path) = (self.port.to_string(), |name: &str| self.file(name).display().to_string());
        let mut settings = vec![("bind", "127.0.0.1".to_owned()), ("dir", self.folder.path().display().to_string())];
        if self.tls {
            settings.extend([("port", "0".to_owned()), ("tls-port", port), ("tls-auth-clients", "no".to_owned())]);
            settings.extend([("tls-replication", "yes".to_owned()), ("tls-cluster", "yes".to_owned())]);
            settings.extend([
                ("tls-cert-file", path("cert.pem")),
                ("tls-key-file", path("key.pem")),
                ("tls-ca-cert-file", path("cert.pem")),
            ]);
        } else {
            settings.push(("port", port));
        }
        settings
    }

    /// A Sentinel of the service `shop`, whose primary wants this password; it wants the same one. It gives the primary up after a
    /// second, and two have to agree.
    pub async fn sentinel(primary: &Self, password: &str) -> Self {
        let (server, watched) = (primary.beside(), primary.port);
        let mut settings: Vec<_> = server.redis_settings().iter().map(|(name, value)| format!("{name} {value}")).collect();
        settings.extend([
            format!("requirepass {password}\nsentinel monitor shop 127.0.0.1 {watched} 2\nsentinel auth-pass shop {password}"),
            "sentinel down-after-milliseconds shop 1000\nsentinel failover-timeout shop 3000\n".to_owned(),
        ]);
        let file = server.file("sentinel.conf");
        std::fs::write(&file, settings.join("\n")).unwrap();
        let mut command = Command::new("redis-server");
        command.arg(file).arg("--sentinel");
        server.run(command).await;
        server
    }

    /// Nodes for a Cluster, which have not met yet.
    pub async fn redis_nodes(number: usize, tls: bool) -> Vec<Self> {
        let first = Self::new(tls);
        let mut nodes: Vec<_> = (1..number).map(|_| first.beside()).collect();
        nodes.insert(0, first);
        for node in &nodes {
            let bus = RealServer::free_port().to_string();
            node.start_redis(&["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", "2000"]).await;
        }
        nodes
    }

    /// This node and the other belong to one Cluster from now on.
    pub fn meet(&self, other: &Self) {
        let bus = other.cli(&["CONFIG", "GET", "cluster-port"]);
        let bus = bus.lines().next_back().unwrap();
        assert_eq!(self.cli(&["CLUSTER", "MEET", "127.0.0.1", &other.port.to_string(), bus]), "OK");
    }

    /// A MongoDB-wire server that knows one user, over TLS alone.
    pub async fn mongo(user: &str, password: &str) -> Self {
        let server = Self::new(true);
        let start = async |arguments: &[&str]| {
            let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv/bin/secantusd-py"));
            command.args(["--standalone", "--port", &server.port.to_string(), "--storage-path"]).arg(server.file("mongo"));
            server
                .run({
                    command.args(arguments);
                    command
                })
                .await;
        };
        start(&[]).await;
        let client = mongodb::Client::with_uri_str(format!("mongodb://127.0.0.1:{}", server.port)).await.unwrap();
        let create =
            mongodb::bson::doc! { "createUser": user, "pwd": password, "roles": [{ "role": "readWriteAnyDatabase", "db": "admin" }] };
        client.database("admin").run_command(create).await.unwrap();
        server.terminate();
        let (certificate, key) = (server.certificate(), server.file("key.pem"));
        start(&["--auth", "--tls-cert-file", certificate.to_str().unwrap(), "--tls-key-file", key.to_str().unwrap()]).await;
        server
    }

    /// The path of its certificate, PEM.
    pub fn certificate(&self) -> PathBuf {
        self.file("cert.pem")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn run(&self, mut command: Command) {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        *self.child.lock().unwrap() = Some(child);
        eventually("the server listens", 20, || async { TcpStream::connect(("127.0.0.1", self.port)).ok().map(|_| ()) }).await;
    }

    /// SIGTERM, and waits for its end.
    pub fn terminate(&self) {
        let Some(mut child) = self.child.lock().unwrap().take() else { return };
        let id = child.id().to_string();
        Command::new("kill").arg(&id).status().unwrap();
        child.wait().unwrap();
    }

    /// `kill -9`.
    pub fn kill(&self) {
        let Some(mut child) = self.child.lock().unwrap().take() else { return };
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// What redis-cli says to a command of Redis' administrator.
    pub fn cli(&self, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-h", "localhost", "-p", &self.port.to_string()]);
        if self.tls {
            command.arg("--tls").arg("--cacert").arg(self.certificate());
        }
        String::from_utf8(command.args(words).output().unwrap().stdout).unwrap().trim().to_owned()
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        self.kill();
    }
}
