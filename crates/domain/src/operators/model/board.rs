//! What an operator sees of the whole: what is wrong, what waits, what came.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::payment::TaskView;
use crate::shared::{PaymentId, StoreId};

/// A discrepancy between our books and PortOne's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DiscrepancyView {
    /// The entry of the audit log, which names it.
    pub entry: i64,
    /// Which payment.
    pub payment_id: PaymentId,
    /// Whose.
    pub store_id: StoreId,
    /// When it was reported.
    pub at: DateTime<Utc>,
    /// Which kind.
    pub detail: Option<String>,
    /// Who is at it.
    pub assigned_to: Option<String>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// By whom.
    pub closed_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What waits in a lane of the queue.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LaneView {
    /// Its name.
    pub lane: String,
    /// Tasks that are due or under way.
    pub waiting: i64,
    /// For how many seconds the oldest of them has been due.
    pub oldest_seconds: i64,
}

/// A run of a job.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RunView {
    /// Its row.
    pub id: String,
    /// Which job.
    pub job: String,
    /// When it was due.
    pub due_at: DateTime<Utc>,
    /// `pending`, `running`, `done`, `dead`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Real time of the end.
    pub finished_at: Option<DateTime<Utc>>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// Jobs and tasks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WorkView {
    /// Lanes in which something is due.
    pub lanes: Vec<LaneView>,
    /// Tasks that wait for a person, the oldest first.
    pub dead: Vec<TaskView>,
    /// Tasks that were tried in vain and are tried again, the oldest first.
    pub failing: Vec<TaskView>,
    /// The latest run of each job.
    pub runs: Vec<RunView>,
}

/// What happened in a span of time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Span {
    /// When it began.
    pub at: DateTime<Utc>,
    /// Payments that became orders.
    pub orders: i64,
    /// Their money, in won.
    pub won: i64,
    /// Holds that came to nothing.
    pub ended: i64,
}

/// Refunds of a state.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RefundsView {
    /// Which state; done ones are left out.
    pub state: String,
    /// How many.
    pub number: i64,
    /// Since when the oldest of them is owed.
    pub since: DateTime<Utc>,
}

/// The whole at a glance.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Overview {
    /// The last 24 hours, hour by hour, the oldest first.
    pub day: Vec<Span>,
    /// The last seven days, by the calendar in Seoul, the oldest first.
    pub week: Vec<Span>,
    /// Refunds that are not done.
    pub refunds: Vec<RefundsView>,
    /// Lanes in which something is due.
    pub lanes: Vec<LaneView>,
    /// Tasks that wait for a person.
    pub dead: i64,
    /// Runs whose last attempt failed, and that are not done.
    pub failed_runs: i64,
    /// Discrepancies that nobody has closed.
    pub discrepancies: i64,
    /// Stores that wait to be approved.
    pub approvals: i64,
    /// Disputes that the store has answered or had its time for, and that nobody has decided.
    pub disputes: i64,
    /// Reviews that were reported and are shown.
    pub reported: i64,
}

/// So long the oldest task of a lane may be due before that is worth a word, in seconds.
const LANE_LATE: i64 = 300;

impl Overview {
    /// What is wrong now, each in one sentence for a person, the worst first.
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.discrepancies > 0 {
            wrong.push(format!("결제사와 장부가 다른 결제가 {}건 열려 있습니다.", self.discrepancies));
        }
        for refunds in &self.refunds {
            match refunds.state.as_str() {
                "failed" => wrong.push(format!("결제사가 거절한 환불이 {}건 있습니다.", refunds.number)),
                "unknown" => wrong.push(format!("결제사의 답이 없는 환불이 {}건 있습니다.", refunds.number)),
                _ => {}
            }
        }
        if self.dead > 0 {
            wrong.push(format!("사람을 기다리는 할 일이 {}건 있습니다.", self.dead));
        }
        if self.failed_runs > 0 {
            wrong.push(format!("실패한 작업이 {}건 있습니다.", self.failed_runs));
        }
        for lane in self.lanes.iter().filter(|lane| lane.oldest_seconds > LANE_LATE) {
            wrong.push(format!("‘{}’ 줄이 {}분째 밀려 있습니다 ({}건).", lane.lane, lane.oldest_seconds / 60, lane.waiting));
        }
        if self.disputes > 0 {
            wrong.push(format!("결정을 기다리는 분쟁이 {}건 있습니다.", self.disputes));
        }
        if self.approvals > 0 {
            wrong.push(format!("승인을 기다리는 매장이 {}곳 있습니다.", self.approvals));
        }
        if self.reported > 0 {
            wrong.push(format!("신고된 리뷰가 {}건 있습니다.", self.reported));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_and_what_is_well_is_not() {
        let well = Overview {
            day: vec![],
            week: vec![],
            refunds: vec![],
            lanes: vec![LaneView { lane: "mail".into(), waiting: 3, oldest_seconds: LANE_LATE }],
            dead: 0,
            failed_runs: 0,
            discrepancies: 0,
            approvals: 0,
            disputes: 0,
            reported: 0,
        };
        assert_eq!(well.wrong(), [""; 0]);
        let refund = |state: &str| RefundsView { state: state.into(), number: 2, since: DateTime::UNIX_EPOCH };
        let bad = Overview {
            refunds: vec![refund("failed"), refund("requested"), refund("unknown")],
            lanes: vec![LaneView { lane: "mail".into(), waiting: 3, oldest_seconds: 600 }],
            dead: 1,
            failed_runs: 1,
            discrepancies: 4,
            approvals: 1,
            disputes: 1,
            reported: 1,
            ..well
        };
        let said = bad.wrong();
        assert_eq!((said.len(), said[0].as_str()), (9, "결제사와 장부가 다른 결제가 4건 열려 있습니다."));
        assert!(said.contains(&"‘mail’ 줄이 10분째 밀려 있습니다 (3건).".to_owned()));
    }
}
