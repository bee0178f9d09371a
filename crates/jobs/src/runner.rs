//! Workers, and runs on demand.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, anyhow};
use apalis::prelude::*;
use async_trait::async_trait;
use cheapbob_domain::{
    orders::Actor,
    shared::{Error, mail::Delivery},
    tasks::{Due, JobRun, TaskPayload, ports::JobRunner},
};
use cheapbob_wiring::{Services, traces};
use chrono::{DateTime, SubsecRound, Utc};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::{
    backend::{Queued, Shared, TaskBackend},
    job::Job,
    lanes::{LANES, Workers},
    orders, scheduler,
};

/// How long running tasks may take to end after a stop was asked for.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// The job runner of a process.
pub struct Jobs {
    services: Services,
    /// Every job by name, for runs on demand.
    jobs: &'static [Job],
    /// The jobs that run by themselves.
    schedules: Vec<scheduler::Scheduled>,
}

impl Jobs {
    pub(crate) fn over(services: Services, jobs: &'static [Job], schedules: Vec<scheduler::Scheduled>) -> Arc<Self> {
        Arc::new(Self { services, jobs, schedules })
    }

    /// Schedules and works until `stop`; then running tasks end and claimed ones go back.
    ///
    /// # Errors
    /// Where the workers cannot be kept alive.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) -> Result<()> {
        // Unique for each process and restart: a worker's name is its lease.
        let name = format!("worker-{}", self.services.ids.ulid());
        let queue = Shared::new(Arc::clone(&self.services.tasks), Arc::clone(&self.services.clock));
        let monitor = LANES
            .into_iter()
            .fold(Monitor::new(), |monitor, workers| {
                let (jobs, name) = (Arc::clone(&self), format!("{name}-{}", workers.lane.as_str()));
                let backend = TaskBackend::new(Arc::clone(&queue), workers);
                monitor.register(move |restart| {
                    let jobs = Arc::clone(&jobs);
                    WorkerBuilder::new(format!("{name}-{restart}"))
                        .backend(backend.clone())
                        .concurrency(workers.at_once)
                        .catch_panic()
                        .build(move |queued: Queued| Arc::clone(&jobs).work(queued, workers))
                })
            })
            .should_restart(|_, error| {
                tracing::error!(%error, "a worker stopped; it is started again");
                true
            })
            .shutdown_timeout(STOP_PATIENCE);
        let stopped = {
            let stop = stop.clone();
            async move {
                stop.cancelled().await;
                Ok(())
            }
        };
        let over = CancellationToken::new();
        let work = async {
            let worked = monitor.run_with_signal(stopped).await;
            over.cancel();
            worked
        };
        let (worked, (), ()) = tokio::join!(work, queue.live(&over), scheduler::run(&self.services, &self.schedules, &stop));
        worked.map_err(|e| anyhow!("the job workers ended: {e:?}"))
    }

    /// A claimed task, within its lane's time limit.
    async fn work(self: Arc<Self>, queued: Queued, Workers { lane, limit, .. }: Workers) -> std::result::Result<(), BoxDynError> {
        // One id from the app's request through its answer to what was done for it later.
        let span = tracing::info_span!("task", request_id = queued.request_id);
        let traced = traces::work(queued.payload.as_ref().map_or("unknown", label), queued.request_id.as_deref());
        async move {
            match &queued.payload {
                Ok(task) => match tokio::time::timeout(limit, self.perform(task)).await {
                    Ok(done) => done,
                    Err(_) => {
                        self.measure(task, false);
                        tracing::error!(?task, lane = lane.as_str(), ?limit, "a task took too long; it was ended and is tried again");
                        Err(format!("ended after {limit:?}").into())
                    }
                },
                Err(why) => {
                    tracing::error!(error = why, "a task is dead; this version does not know its payload");
                    Err(AbortError::new(why.clone()).into())
                }
            }
        }
        .instrument(traced)
        .instrument(span)
        .await
    }

    /// One task, as the workers do it.
    ///
    /// # Errors
    /// What went wrong; an `AbortError` where trying again is useless.
    pub async fn perform(&self, task: &TaskPayload) -> std::result::Result<(), BoxDynError> {
        let done = match task {
            TaskPayload::OrderMail(mail) => orders::send_mail::run(&self.services, mail).await.map(refused),
            TaskPayload::Webhook { webhook_id, payment_id } => {
                orders::process_webhook::run(&self.services, webhook_id, payment_id).await.map(|()| None)
            }
            TaskPayload::DeleteObject { key } => self.services.storage.delete(key).await.map(|()| None),
            TaskPayload::Unlink(link) => self.services.unlink.cut(link.provider, &link.user_id).await.map(|()| None),
            TaskPayload::TakeoverMail(mail) => self.services.takeovers.deliver(mail).await.map(refused),
            TaskPayload::ExportMail(mail) => self.services.exports.deliver(mail).await.map(refused),
            TaskPayload::ApprovalMail(mail) => self.services.approvals.deliver(mail).await.map(refused),
            TaskPayload::DisputeMail(mail) => self.services.disputes.deliver(mail).await.map(refused),
            TaskPayload::NoticeFanOut(fan_out) => self.services.notices.fan_out(fan_out).await.map(|_| None),
            TaskPayload::NoticeBatch(batch) => self.services.notices.deliver(batch).await.map(|_| None),
            TaskPayload::Run { job, due_at } => match self.jobs.iter().find(|j| j.name == job) {
                Some(job) => (job.run)(&self.services, &Actor::job(job.name), *due_at).await.map(|()| None),
                None => Ok(Some(format!("this version has no job {job}"))),
            },
        };
        self.measure(task, matches!(done, Ok(None)));
        match done {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => {
                traces::failed(&Span::current());
                tracing::error!(task = label(task), reason, "a task is refused for good; it is not tried again");
                Err(AbortError::new(reason).into())
            }
            Err(error) => {
                traces::failed(&Span::current());
                tracing::error!(?task, %error, "a task failed; it is tried again");
                Err(error.into())
            }
        }
    }
}

/// Why a mail can never be sent.
fn refused(delivery: Delivery) -> Option<String> {
    match delivery {
        Delivery::Refused(reason) => Some(reason),
        Delivery::Sent | Delivery::OutOfDate => None,
    }
}

/// What metrics and traces call a task.
fn label(task: &TaskPayload) -> &str {
    match task {
        TaskPayload::OrderMail(_) => "order_mail",
        TaskPayload::Webhook { .. } => "webhook",
        TaskPayload::DeleteObject { .. } => "delete_object",
        TaskPayload::Unlink(_) => "unlink",
        TaskPayload::TakeoverMail(_) => "takeover_mail",
        TaskPayload::ExportMail(_) => "export_mail",
        TaskPayload::ApprovalMail(_) => "approval_mail",
        TaskPayload::DisputeMail(_) => "dispute_mail",
        TaskPayload::NoticeFanOut(_) => "notice_fan_out",
        TaskPayload::NoticeBatch(_) => "notice_batch",
        TaskPayload::Run { job, .. } => job,
    }
}

impl Jobs {
    fn measure(&self, task: &TaskPayload, done: bool) {
        let outcome = if done { "done" } else { "failed" };
        let TaskPayload::Run { job, due_at } = task else {
            return metrics::counter!("cheapbob_tasks_total", "kind" => label(task).to_owned(), "outcome" => outcome).increment(1);
        };
        // A name that no job has would be a series of its own, whatever the row says.
        let job = self.jobs.iter().find(|known| known.name == job).map_or("other", |known| known.name);
        metrics::counter!("cheapbob_job_runs_total", "job" => job, "outcome" => outcome).increment(1);
        let late = (self.services.clock.now() - *due_at).to_std().unwrap_or_default();
        metrics::histogram!("cheapbob_job_lateness_seconds", "job" => job).record(late);
    }

    /// The first instant after the last run in the ledger, if it has passed: a run on demand makes up for it.
    async fn missed(&self, job: &Job) -> cheapbob_domain::shared::Result<Option<DateTime<Utc>>> {
        let last = self.services.ledger.runs(job.name, 1).await?.first().map(|run| run.due_at);
        Ok(last.and_then(|last| scheduler::missed(job, last, self.services.clock.now())))
    }

    async fn dead_run(&self, job: &str, due_at: Option<DateTime<Utc>>) -> cheapbob_domain::shared::Result<Option<JobRun>> {
        let Some(due_at) = due_at else { return Ok(None) };
        Ok(self.services.ledger.run_due(job, due_at).await?.filter(|run| run.status == "dead"))
    }
}

#[async_trait]
impl JobRunner for Jobs {
    fn jobs(&self) -> Vec<(&'static str, &'static str)> {
        self.jobs.iter().map(|job| (job.name, job.schedule)).collect()
    }

    async fn run_once(&self, job: &str, due_at: Option<DateTime<Utc>>) -> cheapbob_domain::shared::Result<Option<JobRun>> {
        const LOOK: Duration = Duration::from_millis(20);
        const LOOKS: usize = 3_000;
        let Some(job) = self.jobs.iter().find(|j| j.name == job) else { return Ok(None) };
        let attempts = job.catch_up.attempts();
        if let Some(dead) = self.dead_run(job.name, due_at).await? {
            self.services.outbox.retry(&dead.id, self.services.clock.now()).await?;
        }
        // A scheduled run may be under way: then ours comes after it, since it may have begun before what the caller did.
        let mut scheduled = None;
        for _ in 0..LOOKS {
            let now = self.services.clock.now();
            let due = scheduled.or(due_at).unwrap_or_else(|| now.trunc_subsecs(3));
            match self.services.ledger.run_due(job.name, due).await? {
                Some(run) if run.finished_at.is_some() => return Ok(Some(run)),
                Some(_) => scheduled = Some(due),
                None => {
                    let from = self.missed(job).await?.filter(|from| *from < due).unwrap_or(due);
                    if self.services.ledger.schedule(job.name, Due { from, at: due, attempts }, now).await? {
                        scheduled = Some(due);
                    }
                }
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(Error::unavailable("jobs", "no runner ended the job within a minute; does cheapbob-jobs run?"))
    }

    async fn last_runs(&self, job: &str) -> cheapbob_domain::shared::Result<Vec<JobRun>> {
        self.services.ledger.runs(job, 10).await
    }
}
