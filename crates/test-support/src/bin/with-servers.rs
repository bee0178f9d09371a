//! `with-servers [--durable] COMMAND…`: private servers for one run. Without `--durable` PostgreSQL does not wait for the disk:
//! right for tests, wrong for measurements.

use std::{
    net::TcpListener,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use cheapbob_adapters_embedded::postgres::ManagedPostgres;

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        #[expect(clippy::print_stderr, reason = "a program for the terminal")]
        Err(error) => {
            eprintln!("with-servers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<u8> {
    let mut arguments = std::env::args_os().skip(1).peekable();
    let durable = arguments.next_if(|a| a == "--durable").is_some();
    let program = arguments.next().context("usage: with-servers [--durable] COMMAND…")?;
    let folder = tempfile::Builder::new().prefix("cheapbob-test-").tempdir()?;
    let mut settings = vec!["max_connections=400", "shared_buffers=256MB"];
    if !durable {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
    }
    let tcp = free_port()?;
    let postgres = ManagedPostgres::start_with(folder.path(), Some(tcp), &settings)?;
    template(&postgres)?;
    let redis_port = free_port()?;
    let redis = Server(redis(folder.path(), redis_port)?);
    let status = Command::new(program)
        .args(arguments)
        .env("CHEAPBOB_TEST_POSTGRES_PORT", tcp.to_string())
        .env("CHEAPBOB_TEST_REDIS_PORT", redis_port.to_string())
        .status()?;
    drop((redis, postgres));
    Ok(status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(1))
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // Fails where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn template(postgres: &ManagedPostgres) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        cheapbob_test_support::suites::sql(&postgres.url("postgres"), "CREATE DATABASE cheapbob_template").await?;
        let url = postgres.url("cheapbob_template");
        cheapbob_adapters_postgres::migrate(&url).await.map_err(|e| anyhow::anyhow!(e))?;
        cheapbob_adapters_embedded::migrate(&url).await.map_err(|e| anyhow::anyhow!(e))
    })
}

#[expect(unsafe_code, reason = "a child that the kernel ends with us, also after kill -9")]
fn redis(folder: &Path, port: u16) -> Result<Child> {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]).arg(folder);
    #[cfg(target_os = "linux")]
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().context("redis-server is missing; ./test gets it")?;
    let end = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > end {
            bail!("redis-server does not answer");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(child)
}
