//! `with-servers [--durable] COMMAND…`: private servers for one run. Without `--durable` PostgreSQL does not wait for the disk
//! and a MongoDB-wire server runs: right for tests, wrong for measurements.

use std::{
    net::TcpListener,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use cheapbob_adapters_embedded::fakes::postgres::ManagedPostgres;

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
    let mut settings = vec!["max_connections=1000", "shared_buffers=256MB"];
    if !durable {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
    }
    let tcp = free_port()?;
    let postgres = ManagedPostgres::start_with(folder.path(), Some(tcp), &settings)?;
    template(&postgres)?;
    let redis_port = free_port()?;
    let redis = redis(folder.path(), redis_port)?;
    let mut command = Command::new(program);
    command.args(arguments).env("CHEAPBOB_TEST_POSTGRES_PORT", tcp.to_string()).env("CHEAPBOB_TEST_REDIS_PORT", redis_port.to_string());
    let mongo_port = free_port()?;
    let mongo = if durable { None } else { Some(mongo(folder.path(), mongo_port)?) };
    command.env("CHEAPBOB_TEST_MONGODB_PORT", mongo_port.to_string());
    let status = command.status()?;
    drop((mongo, redis, postgres));
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
        cheapbob_test_support::sql(&postgres.url("postgres"), "CREATE DATABASE cheapbob_template").await?;
        let url = postgres.url("cheapbob_template");
        let address = cheapbob_wiring::Address::parse(&url)?;
        cheapbob_adapters_postgres::migrate(&address).await.map_err(|e| anyhow::anyhow!(e))?;
        cheapbob_adapters_embedded::fakes::migrate(&cheapbob_wiring::connect(&address)).await.map_err(|e| anyhow::anyhow!(e))
    })
}

fn redis(folder: &Path, port: u16) -> Result<Server> {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]).arg(folder);
    serve(command, port, "redis-server is missing; ./test gets it")
}

/// SecantusDB speaks MongoDB's protocol; the virtual environment is `./test`'s.
fn mongo(folder: &Path, port: u16) -> Result<Server> {
    let program = Path::new("target/venv/bin/secantusd-py").canonicalize().context("secantusd-py is missing; ./test gets it")?;
    let mut command = Command::new(program);
    // As a replica set it would tell the driver its own address, past the proxies that the tests cut.
    command.args(["--standalone", "--port", &port.to_string(), "--storage-path"]).arg(folder.join("mongo"));
    serve(command, port, "secantusd-py cannot be started")
}

#[expect(unsafe_code, reason = "a child that the kernel ends with us, also after kill -9")]
fn serve(mut command: Command, port: u16, missing: &'static str) -> Result<Server> {
    #[cfg(target_os = "linux")]
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    let server = Server(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().context(missing)?);
    let end = Instant::now() + Duration::from_secs(30);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > end {
            bail!("{command:?} does not answer");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(server)
}
