//! Workers, and runs on demand.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, anyhow};
use apalis::prelude::*;
use async_trait::async_trait;
use cheapbob_domain::shared::{
    Error,
    tasks::{Due, JobRun, JobRunner, Work},
};
use cheapbob_wiring::Services;
use chrono::SubsecRound;
use tokio_util::sync::CancellationToken;

use crate::{COALESCED_ATTEMPTS, JOBS, backend::TaskBackend, orders, scheduler};

/// How often a worker without work looks for some.
const POLL: Duration = Duration::from_millis(250);

/// Tasks of one worker at once.
const CONCURRENCY: usize = 4;

/// How long running tasks may take to end after a stop was asked for.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// The job runner of a process.
pub struct Jobs {
    services: Services,
    schedules: Vec<scheduler::Scheduled>,
}

impl Jobs {
    /// A runner over these services.
    ///
    /// # Errors
    /// Where a schedule does not parse.
    pub fn new(services: Services) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { services, schedules: scheduler::schedules()? }))
    }

    /// The same runner, but these jobs run on demand only: a test that plays with PortOne wants no other caller of it.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn on_demand(services: Services, jobs: &[&str]) -> Result<Arc<Self>> {
        let mut schedules = scheduler::schedules()?;
        schedules.retain(|(job, _)| !jobs.contains(&job.name));
        Ok(Arc::new(Self { services, schedules }))
    }

    /// Schedules and works until `stop`; then running tasks end and claimed ones go back.
    ///
    /// # Errors
    /// Where the workers cannot be kept alive.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) -> Result<()> {
        // Unique for each process and restart: a worker's name is its lease.
        let name = format!("worker-{}", self.services.ids.ulid());
        let backend = TaskBackend::new(Arc::clone(&self.services.tasks), Arc::clone(&self.services.clock));
        let jobs = Arc::clone(&self);
        let monitor = Monitor::new()
            .register(move |restart| {
                let jobs = Arc::clone(&jobs);
                WorkerBuilder::new(format!("{name}-{restart}"))
                    .backend(backend.clone().poll_with_interval(POLL))
                    .concurrency(CONCURRENCY)
                    .catch_panic()
                    .build(move |work: Work| {
                        let jobs = Arc::clone(&jobs);
                        async move { jobs.perform(&work).await }
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
        let (worked, ()) = tokio::join!(monitor.run_with_signal(stopped), scheduler::run(&self.services, &self.schedules, &stop));
        worked.map_err(|e| anyhow!("the job workers ended: {e:?}"))
    }

    /// One piece of work, as the workers do it.
    ///
    /// # Errors
    /// What went wrong; an `AbortError` where trying again is useless.
    pub async fn perform(&self, work: &Work) -> std::result::Result<(), BoxDynError> {
        let done = match work {
            Work::OrderMail(mail) => orders::send_mail::run(&self.services, mail).await,
            Work::Webhook { webhook_id, payment_id } => orders::work_webhook::run(&self.services, webhook_id, payment_id).await,
            Work::DeleteObject { key } => self.services.storage.delete(key).await,
            Work::Run { job, due_at } => match JOBS.iter().find(|j| j.name == job) {
                Some(job) => (job.run)(&self.services, *due_at).await,
                None => return Err(AbortError::new(format!("no job {job}")).into()),
            },
        };
        done.map_err(|error| {
            tracing::error!(?work, %error, "a task failed; it is tried again");
            error.into()
        })
    }
}

#[async_trait]
impl JobRunner for Jobs {
    fn jobs(&self) -> Vec<(&'static str, &'static str)> {
        JOBS.iter().map(|job| (job.name, job.schedule)).collect()
    }

    async fn run_now(&self, job: &str) -> cheapbob_domain::shared::Result<Option<JobRun>> {
        const LOOK: Duration = Duration::from_millis(20);
        const LOOKS: usize = 3_000;
        if !JOBS.iter().any(|j| j.name == job) {
            return Ok(None);
        }
        // A scheduled run may be under way: then ours comes after it, since it may have begun before what the caller did.
        let mut due_at = None;
        for _ in 0..LOOKS {
            match due_at {
                None => {
                    let now = self.services.clock.now().trunc_subsecs(3);
                    if self.services.tasks.schedule(job, Due { from: now, at: now, attempts: COALESCED_ATTEMPTS }).await? {
                        due_at = Some(now);
                    }
                }
                Some(due) => {
                    let ended = |run: &JobRun| run.due_at == due && run.finished_at.is_some();
                    if let Some(run) = self.last_runs(job).await?.into_iter().find(ended) {
                        return Ok(Some(run));
                    }
                }
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(Error::unavailable("jobs", "no runner took the job within a minute; does cheapbob-jobs run?"))
    }

    async fn last_runs(&self, job: &str) -> cheapbob_domain::shared::Result<Vec<JobRun>> {
        self.services.tasks.runs(job, 10).await
    }
}
