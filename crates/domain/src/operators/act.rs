//! What operators do: once for each form that asks for it, with a reason, and written down before and after.

use std::sync::Arc;

use super::{
    error,
    model::log::{By, OperatorLogEntry},
    ports::{DiscrepancyCases, OperatorLog},
};
use crate::{
    disputes::{Decision, DisputeService},
    orders::{Actor, CancelCommand, CancelService, ReconcileService, RefundService, RefundState},
    reviews::ReviewService,
    shared::{Clock, Email, Error, PaymentId, Result, ReviewId, StoreId},
    stores::ApprovalService,
    tasks::{
        Due,
        ports::{Outbox, RunLedger},
    },
    users::SessionService,
};

/// What a form asks for.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// Who.
    pub by: By<'a>,
    /// Names the form, made when it was shown: however often it is sent, the action is done once.
    pub form: String,
    /// Why, as it was typed and parsed.
    pub reason: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    /// It was done just now, and came to this.
    Now(String),
    /// The same form was sent before; what came of it, where that is known.
    Before(Option<String>),
}

/// What [`ActionService`] stands on.
pub struct ActionParts {
    /// What operators did.
    pub log: Arc<dyn OperatorLog>,
    /// Cancelling.
    pub cancel: Arc<CancelService>,
    /// Refunds.
    pub refunds: Arc<RefundService>,
    /// Our books against PortOne's.
    pub reconcile: Arc<ReconcileService>,
    /// Tasks.
    pub outbox: Arc<dyn Outbox>,
    /// Runs of jobs.
    pub ledger: Arc<dyn RunLedger>,
    /// Discrepancies.
    pub cases: Arc<dyn DiscrepancyCases>,
    /// Reviews.
    pub reviews: Arc<ReviewService>,
    /// Stores that wait to be approved.
    pub approvals: Arc<ApprovalService>,
    /// Disputes.
    pub disputes: Arc<DisputeService>,
    /// Sessions of customers and sellers.
    pub sessions: Arc<SessionService>,
    /// The product's clock.
    pub clock: Arc<dyn Clock>,
}

/// Use cases of acting.
pub struct ActionService(ActionParts);

impl ActionService {
    /// Builds the use cases on their ports.
    pub fn new(parts: ActionParts) -> Self {
        Self(parts)
    }

    /// Asks PortOne about a payment, and makes ours agree.
    ///
    /// # Errors
    /// Unavailable: PortOne or our database does not answer.
    pub async fn reconcile(&self, ask: &Ask<'_>, payment: &PaymentId) -> Result<Acted> {
        let actor = actor(&ask.by);
        let work = async || {
            self.0.reconcile.payment(payment, &actor).await?;
            Ok("결제사에 물어 장부를 맞췄습니다.".to_owned())
        };
        self.once(ask, "reconcile", payment.as_str(), work).await
    }

    /// Cancels an open order: its stock is free again, its money goes back, its customer is told.
    ///
    /// # Errors
    /// `order_not_found`, `order_canceled`, `order_complete`.
    pub async fn cancel(&self, ask: &Ask<'_>, payment: &PaymentId) -> Result<Acted> {
        let actor = actor(&ask.by);
        let work = async || {
            let command = CancelCommand { reason: Some(ask.reason.clone()), actor: &actor };
            let canceled = self.0.cancel.by_operator(payment, command).await?;
            let refunded = if canceled.refunded { "환불되었습니다." } else { "환불은 자동으로 이어집니다." };
            Ok(format!("주문을 취소했습니다. {refunded}"))
        };
        self.once(ask, "cancel", payment.as_str(), work).await
    }

    /// One more attempt at a refund that is not done, now.
    ///
    /// # Errors
    /// `nothing_to_do`: it is done, or there is none.
    pub async fn expedite(&self, ask: &Ask<'_>, payment: &PaymentId) -> Result<Acted> {
        let actor = actor(&ask.by);
        let work = async || {
            if !self.0.refunds.expedite(payment).await? {
                return Err(error::NOTHING_TO_DO.into());
            }
            Ok(match self.0.refunds.attempt(payment, &actor).await? {
                Some(RefundState::Succeeded) => "환불되었습니다.".to_owned(),
                Some(RefundState::Processing) => "결제사가 접수했고 결과를 기다립니다.".to_owned(),
                Some(state) => format!("아직 환불되지 않았습니다 ({}).", state.as_str()),
                None => "다른 곳에서 지금 처리하고 있습니다.".to_owned(),
            })
        };
        self.once(ask, "expedite", payment.as_str(), work).await
    }

    /// Sends a mail about an order again, where no later one has overtaken it. `task` is the row of its sending, `mail:EVENT:PAYMENT`.
    ///
    /// # Errors
    /// `nothing_to_do`: no such mail was sent, or it is under way.
    pub async fn resend(&self, ask: &Ask<'_>, task: &str) -> Result<Acted> {
        let payment = task.strip_prefix("mail:").and_then(|mail| mail.split_once(':')).and_then(|(_, payment)| PaymentId::parse(payment));
        let payment = payment.ok_or(error::NOTHING_THERE)?;
        let work = async || {
            if !self.0.outbox.repeat(task, self.0.clock.now()).await? {
                return Err(error::NOTHING_TO_DO.into());
            }
            Ok("메일을 다시 보냅니다.".to_owned())
        };
        self.once(ask, "resend", payment.as_str(), work).await
    }

    /// All attempts of a task, or of a scheduled run, again from now on.
    ///
    /// # Errors
    /// `nothing_to_do`: it neither waits nor is dead.
    pub async fn retry_task(&self, ask: &Ask<'_>, task: &str) -> Result<Acted> {
        let work = async || {
            let retried = self.0.outbox.retry(task, self.0.clock.now()).await?;
            if retried { Ok("지금부터 다시 시도합니다.".to_owned()) } else { Err(error::NOTHING_TO_DO.into()) }
        };
        self.once(ask, "retry_task", task, work).await
    }

    /// A task is never done.
    ///
    /// # Errors
    /// `nothing_to_do`: it neither waits nor is dead.
    pub async fn drop_task(&self, ask: &Ask<'_>, task: &str) -> Result<Acted> {
        let work = async || {
            let dropped = self.0.outbox.drop_task(task, &ask.reason).await?;
            if dropped { Ok("하지 않기로 했습니다.".to_owned()) } else { Err(error::NOTHING_TO_DO.into()) }
        };
        self.once(ask, "drop_task", task, work).await
    }

    /// A run of a job, now, by whoever runs the jobs. `attempts`: as its schedule gives.
    ///
    /// # Errors
    /// `nothing_to_do`: a run of it waits or is under way.
    pub async fn run_job(&self, ask: &Ask<'_>, job: &str, attempts: i32) -> Result<Acted> {
        let work = async || {
            let now = self.0.clock.now();
            let scheduled = self.0.ledger.schedule(job, Due { from: now, at: now, attempts }, now).await?;
            if scheduled {
                Ok("작업을 시작합니다. 곧 결과가 보입니다.".to_owned())
            } else {
                Err(error::NOTHING_TO_DO.into())
            }
        };
        self.once(ask, "run_job", job, work).await
    }

    /// The operator is at a discrepancy.
    ///
    /// # Errors
    /// `nothing_to_do`: there is none such, or it is closed.
    pub async fn assign(&self, ask: &Ask<'_>, entry: i64) -> Result<Acted> {
        let work = async || {
            let assigned = self.0.cases.assign(entry, &ask.by.operator.email).await?;
            if assigned { Ok("맡았습니다.".to_owned()) } else { Err(error::NOTHING_TO_DO.into()) }
        };
        self.once(ask, "assign", &entry.to_string(), work).await
    }

    /// A discrepancy needs nobody any more.
    ///
    /// # Errors
    /// `nothing_to_do`: there is none such, or it is closed.
    pub async fn close(&self, ask: &Ask<'_>, entry: i64) -> Result<Acted> {
        let work = async || {
            let closed = self.0.cases.close(entry, &ask.by.operator.email, &ask.reason, self.0.clock.now()).await?;
            if closed { Ok("닫았습니다.".to_owned()) } else { Err(error::NOTHING_TO_DO.into()) }
        };
        self.once(ask, "close", &entry.to_string(), work).await
    }

    /// Hides a review, or shows it again.
    ///
    /// # Errors
    /// `review_not_found`.
    pub async fn hide_review(&self, ask: &Ask<'_>, review: &ReviewId, hidden: bool) -> Result<Acted> {
        let work = async || {
            self.0.reviews.hide(review, hidden).await?;
            Ok(if hidden { "리뷰를 숨겼습니다." } else { "리뷰를 다시 보입니다." }.to_owned())
        };
        self.once(ask, if hidden { "hide_review" } else { "show_review" }, review.as_str(), work).await
    }

    /// Lets a store sell, or refuses it for the form's reason; its seller is told.
    ///
    /// # Errors
    /// `store_not_found`, `approval_not_waiting`.
    pub async fn decide_approval(&self, ask: &Ask<'_>, store: &StoreId, approved: bool) -> Result<Acted> {
        let work = async || {
            let refused = (!approved).then_some(ask.reason.as_str());
            self.0.approvals.decide(store, refused, ask.by.operator.email.as_str()).await?;
            Ok(if approved { "매장을 승인했습니다." } else { "매장을 승인하지 않았습니다." }.to_owned())
        };
        self.once(ask, if approved { "approve_store" } else { "refuse_store" }, store.as_str(), work).await
    }

    /// Decides a dispute; both sides are told the form's reason.
    ///
    /// # Errors
    /// `dispute_not_found`, `dispute_decided`, `dispute_waits`.
    pub async fn decide_dispute(&self, ask: &Ask<'_>, payment: &PaymentId, decision: Decision) -> Result<Acted> {
        let actor = actor(&ask.by);
        let (event, said) = match decision {
            Decision::Refund => ("refund_dispute", "전액 환불하기로 했습니다. 환불은 끝날 때까지 자동으로 이어집니다."),
            Decision::Nothing => ("dismiss_dispute", "환불하지 않기로 했습니다."),
        };
        let work = async || {
            self.0.disputes.decide(payment, decision, ask.reason.clone(), &actor).await?;
            Ok(said.to_owned())
        };
        self.once(ask, event, payment.as_str(), work).await
    }

    /// Ends all sessions of a customer or seller.
    ///
    /// # Errors
    /// Unavailable: they may go on.
    pub async fn end_sessions(&self, ask: &Ask<'_>, email: &Email) -> Result<Acted> {
        let work = async || {
            self.0.sessions.end_all_of(email).await?;
            Ok("모든 기기에서 로그아웃했습니다.".to_owned())
        };
        self.once(ask, "end_sessions", email.as_str(), work).await
    }

    /// Does it unless this form has been sent before; what came of it is written as well. Whoever dies in between leaves a beginning without
    /// an outcome: every action can be asked for again by another form.
    async fn once<F>(&self, ask: &Ask<'_>, event: &str, about: &str, work: impl Fn() -> F) -> Result<Acted>
    where
        F: Future<Output = Result<String>>,
    {
        let entry = OperatorLogEntry {
            reason: Some(ask.reason.clone()),
            form: Some(ask.form.clone()),
            ..OperatorLogEntry::of(&ask.by, event, Some(about), self.0.clock.now())
        };
        if !self.0.log.write(&entry).await? {
            return Ok(Acted::Before(self.0.log.outcome(&ask.form).await?));
        }
        let worked = work().await;
        let outcome = match &worked {
            Ok(said) => said.clone(),
            Err(Error::Refused(refusal) | Error::TooMany { refusal, .. }) => refusal.detail.to_owned(),
            Err(_) => "응답이 없어 끝났는지 알 수 없습니다. 지금 상태를 확인해 주세요.".to_owned(),
        };
        self.0.log.write(&OperatorLogEntry { at: self.0.clock.now(), outcome: Some(outcome), ..entry }).await?;
        worked.map(Acted::Now)
    }
}

fn actor(by: &By<'_>) -> Actor {
    Actor::console(by.operator.email.clone(), by.request_id.clone())
}
