//! The program `cheapbob-http`: its command line, and what starts and ends with it.

use std::{net::TcpListener, process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use cheapbob_jobs::Jobs;
use cheapbob_wiring::{Ports, PostgresAt, Product, Settings, health, metrics, prepare_process, stop_on_signals, telemetry};
use clap::{Parser, Subcommand};

use crate::{server::serve, stores::picture_process};

/// The command line.
#[derive(Debug, PartialEq, Eq, Parser)]
#[command(
    name = "cheapbob-http",
    version,
    about = "CheapBob's API: serves until SIGTERM or Ctrl-C",
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Run the jobs in this process too: the default where PostgreSQL is a child of this process
    #[arg(long, conflicts_with = "no_jobs")]
    jobs: bool,
    /// Leave the jobs to cheapbob-jobs: the default where PostgreSQL is a server
    #[arg(long)]
    no_jobs: bool,
}

#[derive(Debug, PartialEq, Eq, Subcommand)]
enum Command {
    /// Seal the stores' secrets with the first of CHEAPBOB_SECRET_KEYS
    RotateSecrets,
    /// Ask the server on this machine's PORT whether it lives
    Health,
    /// Try every part that the settings name, and say what is wrong and what to do
    Check,
    /// What a server has its child do with a picture
    #[command(hide = true)]
    LookAtPicture,
}

/// Reads the command line and does what it says: 0 where that ended well, 1 where it did not, 2 where there is no such command.
/// `decorate` is for tests, which come between the use cases and their ports; the product gives them back as they are.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the lines for whoever started it; everything later is logged")]
pub fn main(decorate: fn(Ports) -> Ports) -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::LookAtPicture) = arguments.command {
        return picture_process::run();
    }
    match run(&arguments, decorate, |line| println!("{line}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cheapbob-http: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments, decorate: fn(Ports) -> Ports, say: impl Fn(&str)) -> Result<()> {
    prepare_process();
    let settings = Settings::load()?;
    let _telemetry = telemetry::init(&settings)?;
    match arguments.command {
        Some(Command::Health) => return health::check(settings.port),
        Some(Command::RotateSecrets) => return rotate_secrets(&settings, say),
        Some(Command::Check) => return check(&settings, say),
        Some(Command::LookAtPicture) | None => {}
    }
    // First of all: a port in use must not cost a start of PostgreSQL.
    let listener = TcpListener::bind((settings.host.as_str(), settings.port))
        .with_context(|| format!("port {} on {} cannot be used; set PORT to another one", settings.port, settings.host))?;
    // On the main thread, and dropped after everything else: the child ends with the thread that made it.
    let (_postgres, url) = settings.start_postgres()?;
    let embedded = matches!(settings.postgres, PostgresAt::Child(_));
    let with_jobs = if embedded { !arguments.no_jobs } else { arguments.jobs };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let product = Product::connect_through(&settings, &url, decorate).await?;
        product.seed().await?;
        let stop = stop_on_signals()?;
        let jobs = Jobs::new(product.services.clone())?;
        let runner = with_jobs.then(|| tokio::spawn(jobs.run(stop.clone())));
        let metrics = metrics::serve(&settings, product.services.clone(), stop.clone())?;
        for line in first_lines(&settings, with_jobs) {
            say(&line);
        }
        serve(Arc::new(product), |services| Jobs::unscheduled(services), listener, stop.clone()).await?;
        stop.cancel();
        if let Some(runner) = runner {
            runner.await??;
        }
        metrics.ended().await;
        Ok(())
    })
}

/// Tries every part.
fn check(settings: &Settings, say: impl Fn(&str)) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    anyhow::ensure!(runtime.block_on(cheapbob_wiring::check(settings, say))?, "not every part does what we need of it");
    Ok(())
}

/// Seals every secret with the current key. Others may serve meanwhile, with the old key among theirs.
fn rotate_secrets(settings: &Settings, say: impl Fn(&str)) -> Result<()> {
    let (_postgres, url) = settings.start_postgres()?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(async {
        let rotated =
            Product::connect(settings, &url).await?.connections.postgres.rotate_secrets().await.map_err(|e| anyhow::anyhow!("{e}"))?;
        say(&format!("{} secrets sealed with the current key, {} were", rotated.sealed, rotated.current));
        Ok(())
    })
}

fn first_lines(settings: &Settings, with_jobs: bool) -> Vec<String> {
    let here = format!("http://localhost:{}", settings.port);
    let mut lines = vec![format!("CheapBob serves {here}")];
    lines.push(format!("  docs      {here}/docs/"));
    if settings.sandbox() {
        lines.push(format!("  sandbox   {here}/sandbox"));
    }
    lines.push(format!("  jobs      {}", if with_jobs { "in this process" } else { "not in this process: run cheapbob-jobs" }));
    if !settings.production {
        lines.push(format!("  fakes     {}", settings.fakes().join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(std::iter::once("cheapbob-http").chain(line.split_whitespace()))
    }

    #[test]
    fn commands_are_read_or_refused() {
        let plain = || Arguments { command: None, jobs: false, no_jobs: false };
        assert_eq!(parse("").unwrap(), plain());
        assert_eq!(parse("--jobs").unwrap(), Arguments { jobs: true, ..plain() });
        assert_eq!(parse("--no-jobs").unwrap(), Arguments { no_jobs: true, ..plain() });
        assert_eq!(parse("check").unwrap(), Arguments { command: Some(Command::Check), ..plain() });
        assert_eq!(parse("health").unwrap(), Arguments { command: Some(Command::Health), ..plain() });
        assert_eq!(parse("rotate-secrets").unwrap(), Arguments { command: Some(Command::RotateSecrets), ..plain() });
        assert_eq!(parse(picture_process::COMMAND).unwrap(), Arguments { command: Some(Command::LookAtPicture), ..plain() });
        for wrong in ["dance", "--dance", "--jobs --no-jobs", "--jobs health", "health now"] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong}");
        }
        for asked in ["--help", "--version", "help", "rotate-secrets --help"] {
            assert_eq!(parse(asked).unwrap_err().exit_code(), 0, "{asked}");
        }
    }
}
