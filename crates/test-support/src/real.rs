//! The real binaries.

use std::{
    net::TcpListener,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::Mutex,
};

use crate::{api::Api, waiting::eventually};

/// A process of `cheapbob-http` or `cheapbob-jobs`, killed at the end.
pub struct RealServer {
    child: Mutex<Child>,
    /// Over HTTP.
    pub api: Api,
}

/// Settings of this machine that must not reach the product under test.
const FOREIGN: [&str; 17] = [
    "ENVIRONMENT",
    "RATE_LIMITS",
    "DATABASE_URL",
    "MIGRATION_DATABASE_URL",
    "DATABASE_REPLICA_URL",
    "DB_HOST",
    "REDIS_HOST",
    "REDIS_URL",
    "MONGODB_URI",
    "PORT",
    "FRONTEND_URL",
    "JWT_SECRET",
    "MONGODB_HOST",
    "AWS_ACCESS_KEY_ID",
    "AWS_REGION",
    "SUPER_ADMIN_SMTP_HOST",
    "VAPID_PRIVATE_KEY",
];

impl RealServer {
    /// The built binary: beside the tests'.
    pub fn binary(name: &str) -> PathBuf {
        let tests = std::env::current_exe().unwrap();
        let binary = tests.ancestors().map(|a| a.join(name)).find(|b| b.is_file());
        binary.unwrap_or_else(|| panic!("{name} is not built: run ./test, or cargo build --workspace"))
    }

    /// A port that is free now, and that no connection is given while its server is dead: those have ports from 32768 on.
    pub fn free_port() -> u16 {
        let port = || 20_000 + u16::try_from(ulid::Ulid::r#gen().random() % 12_000).unwrap();
        std::iter::repeat_with(port).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
    }

    /// The command of a binary with these settings and no others.
    pub fn command(name: &str, settings: &[(&str, String)]) -> Command {
        let mut command = Command::new(Self::binary(name));
        for foreign in FOREIGN {
            command.env_remove(foreign);
        }
        // What tells tests what to do is no setting; where PostgreSQL's programs are, both have to know.
        let of_tests = |name: &str| name.starts_with("CHEAPBOB_") && name != "CHEAPBOB_PG_BIN";
        for (name, _) in std::env::vars().filter(|(name, _)| of_tests(name)) {
            command.env_remove(name);
        }
        // The tests' servers are no child of the product's, and it means it.
        command.env("ALLOW_EXPOSED_DEVELOPMENT", "true");
        // The tests are the proxy in front: each of their people has an address.
        command.env("TRUSTED_PROXIES", "127.0.0.0/8,::1");
        command.envs(settings.iter().map(|(k, v)| (*k, v))).current_dir(std::env::temp_dir()).stdin(Stdio::null());
        command
    }

    /// Starts `cheapbob-http` on a port and waits until it serves.
    pub async fn http(port: u16, settings: &[(&str, String)]) -> Self {
        Self::spawn("cheapbob-http", port, settings).serving().await.expect("cheapbob-http ended instead of serving")
    }

    /// Starts `cheapbob-http` with the jobs in the same process, over ports that die where `CHEAPBOB_CRASH_AT` says (see
    /// [`crate::crash`]), and waits until it serves. `None`: it has died before.
    pub async fn mortal(port: u16, settings: &[(&str, String)]) -> Option<Self> {
        Self::spawn_with("mortal-http", &["--jobs"], port, settings, Stdio::inherit()).serving().await
    }

    /// Starts `cheapbob-http` with the jobs in the same process, and waits until it serves.
    pub async fn http_with_jobs(port: u16, settings: &[(&str, String)]) -> Self {
        let server = Self::spawn_with("cheapbob-http", &["--jobs"], port, settings, Stdio::inherit());
        server.serving().await.expect("cheapbob-http ended instead of serving")
    }

    /// Starts `cheapbob-http` with the jobs in the same process, its log into a file.
    pub async fn http_logging_to(log: std::fs::File, port: u16, settings: &[(&str, String)]) -> Self {
        Self::spawn_with("cheapbob-http", &["--jobs"], port, settings, log.into()).serving().await.expect("cheapbob-http serves")
    }

    async fn serving(self) -> Option<Self> {
        let serves = eventually("cheapbob-http serves", 60, || async {
            if self.has_ended() {
                return Some(false);
            }
            self.api.try_call(reqwest::Method::GET, "/health", None, None).await.ok().map(|_| true)
        });
        serves.await.then_some(self)
    }

    /// Starts a binary; `port` is where its sandbox is.
    pub fn spawn(name: &str, port: u16, settings: &[(&str, String)]) -> Self {
        Self::spawn_with(name, &[], port, settings, Stdio::inherit())
    }

    fn spawn_with(name: &str, arguments: &[&str], port: u16, settings: &[(&str, String)], log: Stdio) -> Self {
        let mut settings = settings.to_vec();
        settings.push(("PORT", port.to_string()));
        if !settings.iter().any(|(name, _)| matches!(*name, "JWT_SECRET" | "JWT_SECRET_FILE" | "ENVIRONMENT")) {
            // Of several processes, and of one that starts again, as a deployment has it.
            settings.push(("JWT_SECRET", "a secret of the tests, of no other use".to_owned()));
        }
        let mut command = Self::command(name, &settings);
        // The test's own thread waits for it; a group of its own, so that a signal to it reaches nothing else.
        let child = command.args(arguments).stdout(Stdio::null()).stderr(log).process_group(0).spawn().unwrap();
        Self { child: Mutex::new(child), api: Api::new(&format!("http://localhost:{port}")) }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.child.lock().unwrap().try_wait().unwrap().is_some()
    }

    /// `kill -9`.
    pub fn kill(self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Ctrl-C.
    pub fn interrupt(self) -> ExitStatus {
        self.signal(libc::SIGINT);
        self.child.lock().unwrap().wait().unwrap()
    }

    /// It stands still, and its connections stay, until it is thawed.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
    }

    /// It goes on where it stood.
    pub fn thaw(&self) {
        self.signal(libc::SIGCONT);
    }

    #[expect(unsafe_code, reason = "kill(2)")]
    fn signal(&self, signal: libc::c_int) {
        unsafe { libc::kill(libc::pid_t::try_from(self.pid()).unwrap(), signal) };
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        // Fails where it has ended already.
        let child = self.child.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}
