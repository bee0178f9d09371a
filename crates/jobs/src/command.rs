//! What an operator can do at a terminal.

use anyhow::{Context, Result, bail};
use cheapbob_domain::{
    orders::{Actor, RefundState},
    shared::{PaymentId, kst},
    tasks::{JobRun, ports::JobRunner},
};
use cheapbob_wiring::Services;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::{JOBS, Jobs, scheduler};

/// A command line, read.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Schedule and work until told to stop.
    Run,
    /// Bring the database up to date, and no more.
    Migrate,
    /// Ask the runner on this machine whether it lives.
    Health,
    /// Every job with its last run and its next.
    List,
    /// A run of a job, now or for a due instant.
    Once(String, Option<DateTime<Utc>>),
    /// Tasks of the outbox that are not done.
    ListOutbox,
    /// All attempts of a task again, from now on.
    RetryTask(String),
    /// Refunds that are not done.
    ListRefunds,
    /// One more attempt at a refund, now.
    RetryRefund(PaymentId),
}

/// What there is.
pub const USAGE: &str = "cheapbob-jobs [run | migrate | health | list | once JOB [--at INSTANT] | outbox list | outbox retry TASK | refunds list | refunds retry PAYMENT]";

impl Command {
    /// Reads the arguments.
    ///
    /// # Errors
    /// With the usage, where there is no such command.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let words: Vec<_> = arguments.iter().map(String::as_str).collect();
        match words[..] {
            [] | ["run"] => Ok(Self::Run),
            ["migrate"] => Ok(Self::Migrate),
            ["health"] => Ok(Self::Health),
            ["list"] => Ok(Self::List),
            ["once", job] => Ok(Self::Once(job.to_owned(), None)),
            ["once", job, "--at", instant] => {
                let instant = DateTime::parse_from_rfc3339(instant)
                    .with_context(|| format!("{instant} is no instant such as 2026-11-26T04:10:00+09:00"))?;
                Ok(Self::Once(job.to_owned(), Some(instant.to_utc())))
            }
            ["outbox", "list"] => Ok(Self::ListOutbox),
            ["outbox", "retry", task] => Ok(Self::RetryTask(task.to_owned())),
            ["refunds", "list"] => Ok(Self::ListRefunds),
            ["refunds", "retry", payment] => {
                Ok(Self::RetryRefund(PaymentId::parse(payment).with_context(|| format!("{payment} is no payment id (PAY…)"))?))
            }
            _ => bail!("unknown command {words:?}; usage: {USAGE}"),
        }
    }
}

/// Rows listed at once.
const LONGEST: i64 = 10_000;

fn time(at: DateTime<Utc>) -> String {
    kst::local(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A table of the jobs, times in KST.
///
/// # Errors
/// Where the database does not answer.
pub async fn list(services: &Services) -> Result<Vec<String>> {
    let row = |[job, schedule, last, outcome, next]: [&str; 5]| format!("{job:<20} {schedule:<16} {last:<19}  {outcome:<9} {next}");
    let mut lines = vec![row(["JOB", "SCHEDULE (KST)", "LAST RUN OF", "OUTCOME", "NEXT RUN"])];
    for (job, schedule) in scheduler::schedules(&JOBS)? {
        let runs = services.ledger.runs(job.name, 1).await?;
        let next = schedule.after(&kst::local(services.clock.now())).next().map_or_else(|| "-".to_owned(), |at| time(at.to_utc()));
        let last = runs.first().map_or_else(|| "-".to_owned(), |run| time(run.due_at));
        let outcome = runs.first().map_or("never ran", |run| run.status.as_str());
        lines.push(row([job.name, job.schedule, &last, outcome, &next]));
        // What an operator came for.
        if let Some(error) = runs.first().and_then(|run| run.last_error.as_deref().filter(|_| run.status != "done")) {
            lines.push(format!("    {error}"));
        }
    }
    Ok(lines)
}

/// Runs a job in this process, unless another one takes the run first, and says how it ended.
///
/// # Errors
/// No such job, an instant to come, or the run is not done.
pub async fn once(services: &Services, job: &str, at: Option<DateTime<Utc>>) -> Result<String> {
    if let Some(at) = at.filter(|at| *at > services.clock.now()) {
        bail!("{} (KST) is not there yet", time(at));
    }
    let jobs = Jobs::unscheduled(services.clone());
    let stop = CancellationToken::new();
    let work = async {
        let ran = jobs.run_once(job, at).await;
        stop.cancel();
        ran
    };
    let (worked, ran) = tokio::join!(std::sync::Arc::clone(&jobs).run(stop.clone()), work);
    worked?;
    match ran? {
        None => bail!("there is no job {job}; see `list`"),
        Some(JobRun { status, due_at, .. }) if status == "done" => Ok(format!("{job} of {} is done", time(due_at))),
        Some(run) => bail!("{job} of {} is {}: {}", time(run.due_at), run.status, run.last_error.unwrap_or_default()),
    }
}

/// A table of what the outbox owes: the oldest first, times in KST.
///
/// # Errors
/// Where the database does not answer.
pub async fn list_outbox(services: &Services) -> Result<Vec<String>> {
    let owed = services.outbox.list(LONGEST).await?;
    let row = |[task, state, attempts, since, next, request, error]: [&str; 7]| {
        format!("{task:<50} {state:<8} {attempts:>8}  {since:<19}  {next:<19}  {request:<26}  {error}")
    };
    let mut lines = vec![row(["TASK", "STATE", "ATTEMPTS", "OWED SINCE", "NEXT ATTEMPT", "REQUEST", "LAST ERROR"])];
    lines.extend(owed.iter().map(|task| {
        row([
            &task.id,
            &task.status,
            &task.attempts.to_string(),
            &time(task.created_at),
            &if task.status == "dead" { "-".to_owned() } else { time(task.run_at) },
            task.request_id.as_deref().unwrap_or("-"),
            task.last_error.as_deref().unwrap_or("-"),
        ])
    }));
    lines.push(format!("{} tasks are not done", owed.len()));
    Ok(lines)
}

/// All attempts of a task again, by whoever runs the jobs.
///
/// # Errors
/// Where no such task waits or is dead.
pub async fn retry_task(services: &Services, task: &str) -> Result<String> {
    if !services.outbox.retry(task, services.clock.now()).await? {
        bail!("no task {task} waits or is dead; see `outbox list`");
    }
    Ok(format!("{task} is due now"))
}

/// A table of the refunds that are not done: the oldest first, times in KST.
///
/// # Errors
/// Where the database does not answer.
pub async fn list_refunds(services: &Services) -> Result<Vec<String>> {
    let open = services.refunds.open(LONGEST).await?;
    let row = |cells: [&str; 8]| {
        let [payment, store, state, reason, attempts, since, next, answer] = cells;
        format!("{payment:<30} {store:<30} {state:<10} {reason:<20} {attempts:>8}  {since:<19}  {next:<19}  {answer}")
    };
    let mut lines = vec![row(["PAYMENT", "STORE", "STATE", "REASON", "ATTEMPTS", "OWED SINCE", "NEXT ATTEMPT", "LAST ANSWER"])];
    lines.extend(open.iter().map(|refund| {
        row([
            refund.payment_id.as_str(),
            refund.store_id.as_str(),
            refund.state.as_str(),
            refund.reason.as_str(),
            &refund.attempts.to_string(),
            &time(refund.requested_at),
            &refund.next_attempt_at.map_or_else(|| "-".to_owned(), time),
            refund.last_answer.as_deref().unwrap_or("-"),
        ])
    }));
    lines.push(format!("{} refunds are not done", open.len()));
    Ok(lines)
}

/// One more attempt at a refund; says what it came to.
///
/// # Errors
/// Where there is nothing to do, or it was tried and is not done.
pub async fn retry_refund(services: &Services, payment: &PaymentId) -> Result<String> {
    if !services.refunds.expedite(payment).await? {
        bail!("{payment} has no refund that is not done");
    }
    match services.refunds.attempt(payment, &Actor::operator()).await? {
        Some(RefundState::Succeeded) => Ok(format!("{payment} is refunded")),
        Some(RefundState::Processing) => Ok(format!("{payment} is taken by the provider, who decides later")),
        Some(state) => bail!("{payment} is not refunded: {}; see `refunds list` for the answer", state.as_str()),
        None => Ok(format!("somebody else is at {payment} just now; see `refunds list`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_or_refused() {
        let parse = |line: &str| Command::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(parse("").unwrap(), Command::Run);
        assert_eq!(parse("run").unwrap(), Command::Run);
        assert_eq!(parse("refunds list").unwrap(), Command::ListRefunds);
        assert_eq!(parse("refunds retry PAY1").unwrap(), Command::RetryRefund(PaymentId::parse("PAY1").unwrap()));
        assert_eq!((parse("migrate").unwrap(), parse("health").unwrap()), (Command::Migrate, Command::Health));
        assert_eq!(parse("list").unwrap(), Command::List);
        assert_eq!(parse("once rollover_stock").unwrap(), Command::Once("rollover_stock".into(), None));
        let due = "2026-11-25T19:10:00Z".parse().unwrap();
        assert_eq!(parse("once rollover_stock --at 2026-11-26T04:10:00+09:00").unwrap(), Command::Once("rollover_stock".into(), Some(due)));
        assert_eq!(parse("outbox list").unwrap(), Command::ListOutbox);
        assert_eq!(parse("outbox retry mail:placed:PAY1").unwrap(), Command::RetryTask("mail:placed:PAY1".into()));
        for wrong in ["once", "once rollover_stock --at noon", "outbox", "refunds", "refunds retry", "refunds retry x", "list x", "--help"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
