//! `cheapbob-jobs`: the job runner as a process of its own.

use std::process::ExitCode;

use anyhow::Result;
use cheapbob_jobs::Jobs;
use cheapbob_wiring::{Product, Settings, prepare_process, telemetry};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the one line for whoever started it; logging may not run yet")]
            {
                eprintln!("cheapbob-jobs: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    prepare_process();
    let settings = Settings::load()?;
    telemetry::init(settings.production);
    let (_postgres, url) = settings.start_postgres()?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let product = Product::connect(&settings, &url).await?;
        let stop = CancellationToken::new();
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let on_signal = stop.clone();
        tokio::spawn(async move {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            on_signal.cancel();
        });
        tracing::info!(twins = settings.twins().join(", "), "cheapbob-jobs runs");
        Jobs::new(product.services)?.run(stop).await
    })
}
