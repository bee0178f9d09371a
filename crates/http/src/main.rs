//! `cheapbob-http`: the API; in the embedded default with the jobs in the same process.

use std::{net::TcpListener, process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use cheapbob_http::serve;
use cheapbob_jobs::Jobs;
use cheapbob_wiring::{PostgresAt, Product, Settings, health, metrics, prepare_process, telemetry};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the lines for whoever started it; everything later is logged")]
fn main() -> ExitCode {
    match run(|line| println!("{line}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cheapbob-http: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(say: impl Fn(&str)) -> Result<()> {
    let flags: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = flags.iter().find(|f| !matches!(f.as_str(), "--jobs" | "--no-jobs" | "rotate-secrets" | "health")) {
        anyhow::bail!(
            "unknown argument {unknown}; known are --jobs and --no-jobs (run the jobs in this process or not), rotate-secrets (seal the stores' secrets with the first of CHEAPBOB_SECRET_KEYS), and health (ask the server on this machine's PORT whether it lives)"
        );
    }
    prepare_process();
    let settings = Settings::load()?;
    let _telemetry = telemetry::init(&settings)?;
    if flags.iter().any(|f| f == "health") {
        return health::check(settings.port);
    }
    if flags.iter().any(|f| f == "rotate-secrets") {
        return rotate_secrets(&settings, say);
    }
    // First of all: a port in use must not cost a start of PostgreSQL.
    let listener = TcpListener::bind((settings.host.as_str(), settings.port))
        .with_context(|| format!("port {} on {} cannot be used; set PORT to another one", settings.port, settings.host))?;
    // On the main thread, and dropped after everything else: the child ends with the thread that made it.
    let (_postgres, url) = settings.start_postgres()?;
    let embedded = matches!(settings.postgres, PostgresAt::Child(_));
    let with_jobs = if embedded { !flags.iter().any(|f| f == "--no-jobs") } else { flags.iter().any(|f| f == "--jobs") };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let product = Product::connect(&settings, &url).await?;
        let stop = CancellationToken::new();
        stop_on_signals(stop.clone())?;
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

/// Seals every secret with the current key. Others may serve meanwhile, with the old key among theirs.
fn rotate_secrets(settings: &Settings, say: impl Fn(&str)) -> Result<()> {
    let (_postgres, url) = settings.start_postgres()?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(async {
        let rotated =
            Product::connect(settings, &url).await?.backing.postgres.rotate_secrets().await.map_err(|e| anyhow::anyhow!("{e}"))?;
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

fn stop_on_signals(stop: CancellationToken) -> Result<()> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        tracing::info!("stopping");
        stop.cancel();
    });
    Ok(())
}
