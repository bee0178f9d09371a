//! Servers of one test: with rights, passwords and TLS, to be filled, emptied and restarted.

use std::{
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{real::RealServer, waiting::eventually};

/// A server for `localhost` with a certificate of its own; it ends with this value.
pub struct PrivateServer {
    /// On 127.0.0.1.
    pub port: u16,
    tls: AtomicBool,
    folder: tempfile::TempDir,
    child: Mutex<Option<Child>>,
}

impl PrivateServer {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("cert.pem"), identity.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), identity.signing_key.serialize_pem()).unwrap();
        Self { port: RealServer::free_port(), tls: AtomicBool::new(false), folder, child: Mutex::new(None) }
    }

    /// Redis without TLS, which keeps nothing on its disk.
    pub async fn redis(arguments: &[&str]) -> Self {
        let server = Self::new().await;
        server.start_redis(arguments).await;
        server
    }

    /// Starts Redis, which begins with what it saved.
    pub async fn start_redis(&self, arguments: &[&str]) {
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(self.folder.path()).args(arguments);
        self.run(command).await;
    }

    /// Redis over TLS alone.
    pub async fn redis_over_tls() -> Self {
        let server = Self::new().await;
        let port = server.port.to_string();
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--tls-port", &port, "--bind", "127.0.0.1", "--save", "", "--tls-auth-clients", "no"]);
        command.arg("--tls-cert-file").arg(server.certificate()).arg("--tls-key-file").arg(server.file("key.pem"));
        command.arg("--tls-ca-cert-file").arg(server.certificate()).arg("--dir").arg(server.folder.path());
        server.tls.store(true, Ordering::Relaxed);
        server.run(command).await;
        server
    }

    /// A Sentinel of the service `shop`, whose primary wants this password; it wants the same one. It gives the primary up after a
    /// second, and two have to agree.
    pub async fn sentinel(primary: &Self, password: &str) -> Self {
        let server = Self::new().await;
        let (port, folder, watched) = (server.port, server.folder.path().display(), primary.port);
        let settings = [
            format!("port {port}\nbind 127.0.0.1\ndir {folder}\nrequirepass {password}"),
            format!("sentinel monitor shop 127.0.0.1 {watched} 2\nsentinel auth-pass shop {password}"),
            "sentinel down-after-milliseconds shop 1000\nsentinel failover-timeout shop 3000\n".to_owned(),
        ];
        let file = server.file("sentinel.conf");
        std::fs::write(&file, settings.join("\n")).unwrap();
        let mut command = Command::new("redis-server");
        command.arg(file).arg("--sentinel");
        server.run(command).await;
        server
    }

    /// A node for a Cluster, which it has not met yet.
    pub async fn redis_node() -> Self {
        let bus = RealServer::free_port().to_string();
        Self::redis(&["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", "2000"]).await
    }

    /// This node and the other belong to one Cluster from now on.
    pub fn meet(&self, other: &Self) {
        let bus = other.cli(&["CONFIG", "GET", "cluster-port"]);
        let bus = bus.lines().next_back().unwrap();
        assert_eq!(self.cli(&["CLUSTER", "MEET", "127.0.0.1", &other.port.to_string(), bus]), "OK");
    }

    /// A MongoDB-wire server that knows one user, over TLS alone.
    pub async fn mongo(user: &str, password: &str) -> Self {
        let server = Self::new().await;
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
        if self.tls.load(Ordering::Relaxed) {
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
