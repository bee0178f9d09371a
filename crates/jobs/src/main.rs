//! `cheapbob-jobs`: the job runner as a process of its own, and the operator's commands.

use std::process::ExitCode;

use anyhow::{Context, Result};
use cheapbob_jobs::{
    Jobs,
    command::{
        self, ApprovalsCommand, Arguments, Command, DisputesCommand, OperatorsCommand, OutboxCommand, RefundsCommand, ReviewsCommand,
    },
    imports,
};
use cheapbob_wiring::{Product, Settings, health, metrics, prepare_process, stop_on_signals, telemetry};
use clap::Parser;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the lines for whoever started it; logging may not run yet")]
fn main() -> ExitCode {
    match run(Arguments::parse(), |line| println!("{line}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cheapbob-jobs: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(Arguments { command }: Arguments, say: impl Fn(&str)) -> Result<()> {
    let command = command.unwrap_or(Command::Run);
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
            Command::Once { job, at } => Some(vec![command::once(services, &job, at).await?]),
            Command::Outbox(OutboxCommand::List) => Some(command::list_outbox(services).await?),
            Command::Outbox(OutboxCommand::Retry { task }) => Some(vec![command::retry_task(services, &task).await?]),
            Command::Refunds(RefundsCommand::List) => Some(command::list_refunds(services).await?),
            Command::Approvals(ApprovalsCommand::List) => Some(command::list_approvals(services).await?),
            Command::Approvals(ApprovalsCommand::Approve { store }) => Some(vec![command::decide_approval(services, &store, None).await?]),
            Command::Approvals(ApprovalsCommand::Refuse { store, reason }) => {
                Some(vec![command::decide_approval(services, &store, Some(&reason)).await?])
            }
            Command::Disputes(DisputesCommand::List) => Some(command::list_disputes(services).await?),
            Command::Disputes(DisputesCommand::Decide { payment, decision, reason }) => {
                Some(vec![command::decide_dispute(services, &payment, decision, reason).await?])
            }
            Command::Reviews(ReviewsCommand::List) => Some(command::list_reviews(services).await?),
            Command::Reviews(ReviewsCommand::Hide { review }) => Some(vec![command::hide_review(services, &review, true).await?]),
            Command::Reviews(ReviewsCommand::Show { review }) => Some(vec![command::hide_review(services, &review, false).await?]),
            Command::Operators(OperatorsCommand::List) => Some(command::list_operators(services).await?),
            Command::Operators(OperatorsCommand::Add { email, role }) => Some(vec![command::add_operator(services, &email, role).await?]),
            Command::Operators(OperatorsCommand::Reset { email }) => Some(vec![command::reset_operator(services, &email).await?]),
            Command::Operators(OperatorsCommand::Remove { email }) => Some(vec![command::remove_operator(services, &email).await?]),
            Command::Import(arguments) => Some(imports::import(services, arguments).await?),
            Command::GiveBack(arguments) => Some(imports::give_back(services, &arguments).await?),
            Command::Refunds(RefundsCommand::Retry { payment }) => Some(vec![command::retry_refund(services, &payment).await?]),
        };
        if let Some(lines) = lines {
            lines.iter().for_each(|line| say(line));
            return Ok(());
        }
        let stop = stop_on_signals()?;
        let metrics = metrics::serve(&settings, product.services.clone(), stop.clone())?;
        tracing::info!(fakes = settings.fakes().join(", "), "cheapbob-jobs runs");
        Jobs::new(product.services)?.run(stop).await?;
        metrics.ended().await;
        Ok(())
    })
}
