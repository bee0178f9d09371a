//! What an operator can do at a terminal.

use anyhow::{Result, bail};
use cheapbob_domain::{
    disputes::{Decision, Dispute, decision_reason},
    operators::OperatorRole,
    orders::{Actor, RefundState},
    reviews::Reported,
    shared::{Email, PaymentId, ReviewId, StoreId, kst},
    stores::{BusinessNumber, StoreApproval, TERMINAL, refusal_reason},
    tasks::{JobRun, ports::JobRunner},
};
use cheapbob_wiring::Services;
use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::{
    JOBS, Jobs,
    imports::{GiveBackArguments, ImportArguments},
    instant::instant,
    scheduler,
};

/// The command line.
#[derive(Debug, PartialEq, Eq, Parser)]
#[command(
    name = "cheapbob-jobs",
    version,
    about = "CheapBob's job runner, and what an operator can do at a terminal",
    after_help = "Times are shown in KST (UTC+9). Without a command it runs the jobs until SIGTERM or Ctrl-C."
)]
pub struct Arguments {
    /// `None`: run.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Arguments {
    /// Reads what follows the program's name.
    ///
    /// # Errors
    /// With the reason and the usage, where that is no command.
    pub fn read<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Self, clap::Error> {
        Self::try_parse_from(std::iter::once("cheapbob-jobs").chain(arguments))
    }
}

/// What there is to do.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Schedule and work until told to stop
    Run,
    /// Bring the database up to date, and no more
    Migrate,
    /// Ask the runner on this machine's METRICS_PORT whether it lives
    Health,
    /// Every job with its last run and its next
    List,
    /// Run a job, now or for a due instant (of that instant once, whoever asks)
    Once {
        /// Its name; see `list`
        job: String,
        /// The due instant, such as 2026-11-26T04:10:00+09:00
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        at: Option<DateTime<Utc>>,
    },
    /// Mails, webhooks and pictures that are still to be done
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Refunds that are still to be done
    #[command(subcommand)]
    Refunds(RefundsCommand),
    /// Stores that wait for an operator's approval
    #[command(subcommand)]
    Approvals(ApprovalsCommand),
    /// Disputes that wait for an operator's decision
    #[command(subcommand)]
    Disputes(DisputesCommand),
    /// What customers say of stores
    #[command(subcommand)]
    Reviews(ReviewsCommand),
    /// Who may use the console at /operator
    #[command(subcommand)]
    Operators(OperatorsCommand),
    /// Bring everything over from the databases of the Python service, or compare both sides
    Import(ImportArguments),
    /// Write what was taken here since the import, in the Python service's terms
    GiveBack(GiveBackArguments),
}

/// What there is to do with the outbox.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum OutboxCommand {
    /// Tasks that are not done, the oldest first
    List,
    /// All attempts of a task again, from now on
    Retry {
        /// Its id; see `outbox list`
        task: String,
    },
}

/// What there is to do with refunds.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum RefundsCommand {
    /// Refunds that are not done, the oldest first
    List,
    /// One more attempt at a refund, now
    Retry {
        /// The payment's id (PAY…); see `refunds list`
        #[arg(value_parser = payment)]
        payment: PaymentId,
    },
}

/// What there is to do with stores that wait.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum ApprovalsCommand {
    /// Stores that wait, the one that has waited longest first, with the address of the licence's picture
    List,
    /// Let a store sell; its seller is told
    Approve {
        /// Its id (STR_…); see `approvals list`
        #[arg(value_parser = store)]
        store: StoreId,
    },
    /// Say why a store may not sell; its seller is told
    Refuse {
        /// Its id (STR_…); see `approvals list`
        #[arg(value_parser = store)]
        store: StoreId,
        /// Why, in words for the seller
        #[arg(long, value_parser = refusal)]
        reason: String,
    },
}

/// What there is to do with disputes.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum DisputesCommand {
    /// Disputes that the store has answered, or had its time to, the oldest first
    List,
    /// Decide a dispute; both sides are told
    Decide {
        /// The payment's id (PAY…); see `disputes list`
        #[arg(value_parser = payment)]
        payment: PaymentId,
        /// nothing, or refund: all of the money goes back
        #[arg(value_parser = decision)]
        decision: Decision,
        /// Why, in words for both sides
        #[arg(long, value_parser = why)]
        reason: String,
    },
}

/// What there is to do with operators.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum OperatorsCommand {
    /// Invite somebody, or give them another role
    Add {
        /// Their e-mail, as a provider vouches for it
        #[arg(value_parser = email)]
        email: Email,
        /// viewer looks, support acts, admin also says who the operators are
        #[arg(long, default_value = "viewer", value_parser = operator_role)]
        role: OperatorRole,
    },
    /// Everybody who may log in
    List,
    /// Let somebody who has lost app and recovery codes enrol anew
    Reset {
        /// Their e-mail; see `operators list`
        #[arg(value_parser = email)]
        email: Email,
    },
    /// Remove somebody; their sessions end at once
    Remove {
        /// Their e-mail; see `operators list`
        #[arg(value_parser = email)]
        email: Email,
    },
}

fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|_| format!("{text} is no e-mail address"))
}

fn operator_role(text: &str) -> Result<OperatorRole, String> {
    OperatorRole::parse(text).ok_or_else(|| format!("{text} is no role: viewer, support or admin"))
}

/// What there is to do with reviews.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum ReviewsCommand {
    /// Reviews that were reported or are hidden, the most reported first
    List,
    /// Hide a review from everybody but its writer and the store; it does not count then
    Hide {
        /// Its id (RVW_…); see `reviews list`
        #[arg(value_parser = review)]
        review: ReviewId,
    },
    /// Show a hidden review again
    Show {
        /// Its id (RVW_…); see `reviews list`
        #[arg(value_parser = review)]
        review: ReviewId,
    },
}

fn store(text: &str) -> Result<StoreId, String> {
    StoreId::parse(text).ok_or_else(|| format!("{text} is no store's id (STR_…)"))
}

fn refusal(text: &str) -> Result<String, String> {
    refusal_reason(text).map_err(|rule| rule.message.to_owned())
}

fn decision(text: &str) -> Result<Decision, String> {
    text.parse().map_err(|_| format!("{text} is neither nothing nor refund"))
}

fn why(text: &str) -> Result<String, String> {
    decision_reason(text).map_err(|rule| rule.message.to_owned())
}

fn review(text: &str) -> Result<ReviewId, String> {
    ReviewId::parse(text).ok_or_else(|| format!("{text} is no review's id (RVW_…)"))
}

fn payment(text: &str) -> Result<PaymentId, String> {
    PaymentId::parse(text).ok_or_else(|| format!("{text} is no payment id (PAY…)"))
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

/// A list of the stores that wait for an operator, the one that has waited longest first, times in KST.
///
/// # Errors
/// Where the database does not answer.
pub async fn list_approvals(services: &Services) -> Result<Vec<String>> {
    let waiting = services.approvals.waiting(LONGEST).await?;
    let mut lines = Vec::new();
    for StoreApproval { store, store_name, seller, approval } in &waiting {
        let since = approval.asked_at.map_or_else(|| "-".to_owned(), time);
        let number = approval.business_number.as_ref().map_or("-", BusinessNumber::as_str);
        // What people have typed stays on its line, whatever it is.
        lines.push(format!("{store}  {since}  {number}  {seller}  {store_name:?}"));
        lines.extend(approval.licence.as_ref().map(|key| format!("    {}", services.storage.public_url(key))));
    }
    lines.push(format!("{} stores wait", waiting.len()));
    Ok(lines)
}

/// Approves a store, or refuses it for a reason.
///
/// # Errors
/// Where there is no such store, or it does not wait.
pub async fn decide_approval(services: &Services, store: &StoreId, refused: Option<&str>) -> Result<String> {
    let approval = services.approvals.decide(store, refused, TERMINAL).await?;
    Ok(format!("{store} is {}", approval.state.as_str()))
}

/// A list of the disputes that wait for an operator, the oldest first, times in KST.
///
/// # Errors
/// Where the database does not answer.
pub async fn list_disputes(services: &Services) -> Result<Vec<String>> {
    let undecided = services.disputes.undecided(LONGEST).await?;
    let mut lines = Vec::new();
    for Dispute { payment_id, store_id, order, says, opened_at, answer, .. } in &undecided {
        lines.push(format!("{payment_id}  {store_id}  {}  {}  {}", time(*opened_at), order.total_amount, says.reason.as_str()));
        // What people have typed stays on its line, whatever it is.
        lines.push(format!("    {:?}", says.text));
        lines.extend(says.pictures.iter().map(|key| format!("    {}", services.storage.public_url(key))));
        lines.extend(answer.iter().map(|answer| format!("    the store: {:?}", answer.text)));
    }
    lines.push(format!("{} disputes wait", undecided.len()));
    Ok(lines)
}

/// Decides a dispute.
///
/// # Errors
/// Where there is no such dispute, it is decided, or the store still has time to answer.
pub async fn decide_dispute(services: &Services, payment: &PaymentId, decision: Decision, reason: String) -> Result<String> {
    services.disputes.decide(payment, decision, reason, &Actor::operator()).await?;
    Ok(format!("{payment} is decided: {}", decision.as_str()))
}

/// A list of the reviews that an operator has to look at, the most reported first, times in KST.
///
/// # Errors
/// Where the database does not answer.
pub async fn list_reviews(services: &Services) -> Result<Vec<String>> {
    let reported = services.reviews.reported(LONGEST).await?;
    let mut lines = Vec::new();
    for Reported { review, reasons } in &reported {
        let state = if review.is_hidden { "hidden" } else { "shown" };
        let (stars, reports) = (review.says.stars.get(), reasons.len());
        lines.push(format!(
            "{}  {state:<6}  {reports} reports  {stars} stars  {}  {}",
            review.id,
            review.store_id,
            time(review.created_at)
        ));
        // What people have typed stays on its line, whatever it is.
        lines.push(format!("    {:?}", review.says.text.as_deref().unwrap_or_default()));
        lines.extend(reasons.iter().map(|reason| format!("    reported: {reason:?}")));
    }
    lines.push(format!("{} reviews were reported or are hidden", reported.len()));
    Ok(lines)
}

/// Hides a review, or shows it again.
///
/// # Errors
/// Where there is no such review.
pub async fn hide_review(services: &Services, review: &ReviewId, hidden: bool) -> Result<String> {
    services.reviews.hide(review, hidden).await?;
    Ok(format!("{review} is {}", if hidden { "hidden" } else { "shown" }))
}

/// Why, where it was done at a terminal: whoever is there has a shell's own log.
const AT_A_TERMINAL: &str = "cheapbob-jobs operators";

/// A table of the operators.
///
/// # Errors
/// Where the database does not answer.
pub async fn list_operators(services: &Services) -> Result<Vec<String>> {
    let row = |[email, role, app, invited_by]: [&str; 4]| format!("{email:<40} {role:<8} {app:<9} {invited_by}");
    let mut lines = vec![row(["E-MAIL", "ROLE", "APP", "INVITED BY"])];
    lines.extend(services.team.list().await?.iter().map(|operator| {
        let by = operator.invited_by.as_ref().map_or("a terminal", Email::as_str);
        row([
            operator.email.as_str(),
            operator.role.as_str(),
            if operator.is_enrolled { "enrolled" } else { "-" },
            if operator.by_setting { "OPERATOR_EMAILS" } else { by },
        ])
    }));
    Ok(lines)
}

/// Invites an operator.
///
/// # Errors
/// Where the setting says what they are.
pub async fn add_operator(services: &Services, email: &Email, role: OperatorRole) -> Result<String> {
    services.team.invite(email, role, AT_A_TERMINAL, None).await?;
    Ok(format!("{email} may log in at /operator as {}", role.as_str()))
}

/// Lets an operator enrol anew.
///
/// # Errors
/// Where they are no operator, or have never logged in.
pub async fn reset_operator(services: &Services, email: &Email) -> Result<String> {
    services.team.reset(email, AT_A_TERMINAL).await?;
    Ok(format!("{email} enrols anew at the next login"))
}

/// Removes an operator.
///
/// # Errors
/// Where there is none such, or the setting says what they are.
pub async fn remove_operator(services: &Services, email: &Email) -> Result<String> {
    services.team.remove(email, AT_A_TERMINAL, None).await?;
    Ok(format!("{email} is no operator any more"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Command>, clap::Error> {
        Arguments::read(line.split_whitespace()).map(|read| read.command)
    }

    #[test]
    fn commands_are_read() {
        let due = "2026-11-25T19:10:00Z".parse().unwrap();
        let once = |at| Command::Once { job: "rollover_stock".into(), at };
        for (line, command) in [
            ("run", Command::Run),
            ("migrate", Command::Migrate),
            ("health", Command::Health),
            ("list", Command::List),
            ("once rollover_stock", once(None)),
            ("once rollover_stock --at 2026-11-26T04:10:00+09:00", once(Some(due))),
            ("outbox list", Command::Outbox(OutboxCommand::List)),
            ("outbox retry mail:placed:PAY1", Command::Outbox(OutboxCommand::Retry { task: "mail:placed:PAY1".into() })),
            ("approvals list", Command::Approvals(ApprovalsCommand::List)),
            ("approvals approve STR_1", Command::Approvals(ApprovalsCommand::Approve { store: StoreId::parse("STR_1").unwrap() })),
            ("disputes list", Command::Disputes(DisputesCommand::List)),
            (
                "disputes decide PAY1 refund --reason x",
                Command::Disputes(DisputesCommand::Decide {
                    payment: PaymentId::parse("PAY1").unwrap(),
                    decision: Decision::Refund,
                    reason: "x".into(),
                }),
            ),
            ("reviews list", Command::Reviews(ReviewsCommand::List)),
            ("reviews hide RVW_1", Command::Reviews(ReviewsCommand::Hide { review: ReviewId::parse("RVW_1").unwrap() })),
            ("reviews show RVW_1", Command::Reviews(ReviewsCommand::Show { review: ReviewId::parse("RVW_1").unwrap() })),
            (
                "operators add A@b.example --role support",
                Command::Operators(OperatorsCommand::Add { email: Email::parse("a@b.example").unwrap(), role: OperatorRole::Support }),
            ),
            ("operators reset a@b.example", Command::Operators(OperatorsCommand::Reset { email: Email::parse("a@b.example").unwrap() })),
            ("operators list", Command::Operators(OperatorsCommand::List)),
            ("operators remove a@b.example", Command::Operators(OperatorsCommand::Remove { email: Email::parse("a@b.example").unwrap() })),
            ("refunds list", Command::Refunds(RefundsCommand::List)),
            (
                "give-back since --since 2026-11-26T04:10:00+09:00",
                Command::GiveBack(GiveBackArguments { folder: "since".into(), since: Some(due) }),
            ),
            ("refunds retry PAY1", Command::Refunds(RefundsCommand::Retry { payment: PaymentId::parse("PAY1").unwrap() })),
        ] {
            assert_eq!(parse(line).unwrap(), Some(command), "{line}");
        }
        assert_eq!(parse("").unwrap(), None);
    }

    #[test]
    fn what_is_no_command_is_refused_with_the_reason() {
        for (line, reason) in [
            ("dance", "unrecognized subcommand 'dance'"),
            ("once", "<JOB>"),
            ("once rollover_stock --at noon", "noon is no instant such as 2026-11-26T04:10:00+09:00"),
            ("outbox", "Usage: cheapbob-jobs outbox <COMMAND>"),
            ("refunds", "Usage: cheapbob-jobs refunds <COMMAND>"),
            ("refunds retry", "<PAYMENT>"),
            ("operators add x", "x is no e-mail address"),
            ("operators add a@b --role owner", "owner is no role: viewer, support or admin"),
            ("reviews hide PAY1", "PAY1 is no review's id (RVW_…)"),
            ("approvals approve PAY1", "PAY1 is no store's id (STR_…)"),
            ("approvals refuse STR_1", "--reason <REASON>"),
            ("disputes decide PAY1 half --reason x", "half is neither nothing nor refund"),
            ("import", "--from-postgres <URL>"),
            ("refunds retry x", "x is no payment id (PAY…)"),
            ("list x", "unexpected argument 'x'"),
        ] {
            let refused = parse(line).unwrap_err();
            assert!(refused.exit_code() == 2 && refused.to_string().contains(reason), "{line}: {refused}");
        }
    }
}
