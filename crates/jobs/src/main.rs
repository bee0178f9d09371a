//! `cheapbob-jobs`: the job runner as a process of its own.

use std::process::ExitCode;

use anyhow::{Context, Result};
use cheapbob_jobs::{
    Jobs,
    command::{self, Command},
};
use cheapbob_wiring::{Product, Settings, health, metrics, prepare_process, telemetry};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the lines for whoever started it; logging may not run yet")]
fn main() -> ExitCode {
    match run(|line| println!("{line}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cheapbob-jobs: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(say: impl Fn(&str)) -> Result<()> {
    let command = Command::parse(&std::env::args().skip(1).collect::<Vec<_>>())?;
    prepare_process();
    let settings = Settings::load()?;
    let _telemetry = telemetry::init(&settings)?;
    if command == Command::Health {
        return health::check(settings.metrics_port.context("set METRICS_PORT: the runner answers there")?);
    }
    let (_postgres, url) = settings.start_postgres()?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let product = Product::connect(&settings, &url).await?;
        let services = &product.services;
        let lines = match command {
            Command::Run | Command::Health => None,
            Command::Migrate => Some(vec!["the database is up to date".to_owned()]),
            Command::List => Some(command::list(services).await?),
            Command::Once(job, at) => Some(vec![command::once(services, &job, at).await?]),
            Command::ListOutbox => Some(command::list_outbox(services).await?),
            Command::RetryTask(task) => Some(vec![command::retry_task(services, &task).await?]),
            Command::ListRefunds => Some(command::list_refunds(services).await?),
            Command::RetryRefund(payment) => Some(vec![command::retry_refund(services, &payment).await?]),
        };
        if let Some(lines) = lines {
            lines.iter().for_each(|line| say(line));
            return Ok(());
        }
        let stop = CancellationToken::new();
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let on_signal = stop.clone();
        tokio::spawn(async move {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            on_signal.cancel();
        });
        let metrics = metrics::serve(&settings, product.services.clone(), stop.clone())?;
        tracing::info!(fakes = settings.fakes().join(", "), "cheapbob-jobs runs");
        Jobs::new(product.services)?.run(stop).await?;
        metrics.ended().await;
        Ok(())
    })
}
