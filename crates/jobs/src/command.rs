//! What an operator can do at a terminal.

use anyhow::{Context, Result, bail};
use cheapbob_domain::{
    orders::{Cause, RefundState},
    shared::{PaymentId, kst},
};
use cheapbob_wiring::Services;

/// A command line, read.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Schedule and work until told to stop.
    Run,
    /// Refunds that are not done.
    ListRefunds,
    /// One more attempt at a refund, now.
    RetryRefund(PaymentId),
}

/// What there is.
pub const USAGE: &str = "cheapbob-jobs [run | refunds list | refunds retry PAYMENT]";

impl Command {
    /// Reads the arguments.
    ///
    /// # Errors
    /// With the usage, where there is no such command.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let words: Vec<_> = arguments.iter().map(String::as_str).collect();
        match words[..] {
            [] | ["run"] => Ok(Self::Run),
            ["refunds", "list"] => Ok(Self::ListRefunds),
            ["refunds", "retry", payment] => {
                Ok(Self::RetryRefund(PaymentId::parse(payment).with_context(|| format!("{payment} is no payment id (PAY…)"))?))
            }
            _ => bail!("unknown command {words:?}; usage: {USAGE}"),
        }
    }
}

/// Refunds listed at once.
const LONGEST: i64 = 10_000;

/// A table of the refunds that are not done: the oldest first, times in KST.
///
/// # Errors
/// Where the database does not answer.
pub async fn list_refunds(services: &Services) -> Result<Vec<String>> {
    let open = services.refunds.open(LONGEST).await?;
    let time = |at| kst::local(at).format("%Y-%m-%d %H:%M:%S").to_string();
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
    if !services.refunds.hasten(payment).await? {
        bail!("{payment} has no refund that is not done");
    }
    match services.refunds.attempt(payment, &Cause::operator()).await? {
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
        for wrong in ["refunds", "refunds retry", "refunds retry x", "list x", "--help"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
