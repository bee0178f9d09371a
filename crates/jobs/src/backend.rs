//! The port `TaskQueue` as an apalis backend, for one lane.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use apalis::prelude::*;
use apalis_codec::json::JsonCodec;
use apalis_core::backend::{
    BackendConfig, TaskResult,
    finalize::Ephemeral,
    persistence::{Persisted, Persistence, TaskEvent, TaskPersistLayer},
};
use cheapbob_domain::{
    shared::{Clock, Error, ErrorKind},
    tasks::{Claiming, Mark, Task as ClaimedTask, TaskClaim, TaskEnd, TaskOutcome, TaskPayload, ports::TaskQueue},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Interval, interval};
use tokio_util::sync::CancellationToken;

use crate::lanes::Workers;

/// How often a process says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// After so many seconds of silence a process is dead.
const DEAD_AFTER_SECONDS: i32 = 30;

/// How often a worker without work looks for some.
const POLL: Duration = Duration::from_millis(250);

/// When a queue that could not be reached is tried again.
const LATER: Duration = Duration::from_millis(250);

/// How often a database may refuse every end of a task before the task is left as it is, until this process ends.
const MOST_REFUSALS: usize = 240;

/// What a worker gets.
#[derive(Debug)]
pub(crate) struct Queued {
    /// The HTTP request that caused it.
    pub(crate) request_id: Option<String>,
    /// What to do, or why the row says nothing that this version knows. (An error here and not of the claim: that would end the
    /// worker, and the next one, and keep the other tasks waiting.)
    pub(crate) payload: Result<TaskPayload, String>,
}

/// A claimed row as apalis passes it on, by its claim's token.
fn queued(ClaimedTask { claim, payload, attempts, max_attempts, request_id }: ClaimedTask) -> Task<Queued> {
    let count = |n: i32| usize::try_from(n).unwrap_or_default();
    let payload = TaskPayload::deserialize(&payload).map_err(|error| format!("the payload {payload} is unknown here: {error}"));
    TaskBuilder::new(Queued { request_id, payload })
        .task_id(TaskId::from_string(claim.token))
        .attempt(count(attempts))
        .max_attempts(count(max_attempts))
        .build()
}

/// What a process holds of the queue: shared by its lanes.
pub(crate) struct Shared {
    tasks: Arc<dyn TaskQueue>,
    clock: Arc<dyn Clock>,
    /// Whether the last call reached the queue.
    healthy: AtomicBool,
    /// The claims of tasks that are not ended, by their tokens: what the heartbeat extends.
    held: Mutex<HashMap<String, TaskClaim>>,
}

impl Shared {
    pub(crate) fn new(tasks: Arc<dyn TaskQueue>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { tasks, clock, healthy: AtomicBool::new(true), held: Mutex::default() })
    }

    /// Says that this process lives, until `stop`: beside the workers, since one of them may be busy writing an end.
    pub(crate) async fn live(&self, stop: &CancellationToken) {
        let mut beat = interval(HEARTBEAT);
        while stop.run_until_cancelled(beat.tick()).await.is_some() {
            let claims: Vec<_> = self.held().values().cloned().collect();
            let beaten = self.tasks.heartbeat(&claims, DEAD_AFTER_SECONDS, self.clock.now()).await;
            self.or_later(beaten);
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, TaskClaim>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until it is written: the heartbeat would keep a task that nobody works on from everybody else. An end that the database
    /// refuses, while it takes another one, is refused for good.
    async fn finish(&self, claim: &TaskClaim, outcome: &TaskOutcome) {
        let id = &claim.id;
        let dead = TaskOutcome::Dead { error: "the database refuses its end: see the log".to_owned() };
        let mut refusals = 0;
        while refusals < MOST_REFUSALS {
            match self.tasks.finish(claim, outcome, self.clock.now()).await {
                Err(error) if error.kind() != ErrorKind::Unavailable => {
                    refusals += 1;
                    if self.tasks.finish(claim, &dead, self.clock.now()).await.is_ok() {
                        self.held().remove(&claim.token);
                        return tracing::error!(task = id, %error, "the database refuses the end of a task; the task is dead");
                    }
                }
                answer => {
                    if let Some(end) = self.or_later(answer) {
                        self.held().remove(&claim.token);
                        if end == TaskEnd::TakenOver {
                            tracing::warn!(task = id, "this worker was taken for dead; what it did of a task is not written");
                        }
                        return;
                    }
                }
            }
            tokio::time::sleep(LATER).await;
        }
        tracing::error!(task = id, "the database refuses every end of a task; it counts as under way until this process ends");
    }

    /// What the queue gave; `None`: it cannot be reached, and is asked again soon. An error would end the worker, to be started again
    /// and end again as fast as the machine can. Said once for an outage.
    fn or_later<T>(&self, answer: Result<T, Error>) -> Option<T> {
        let was_healthy = self.healthy.swap(answer.is_ok(), Ordering::Relaxed);
        match answer {
            Ok(answer) => {
                if !was_healthy {
                    tracing::info!("the queue answers again");
                }
                Some(answer)
            }
            Err(error) => {
                if was_healthy {
                    tracing::error!(%error, "the queue cannot be reached; tried again until it can");
                }
                None
            }
        }
    }

    fn outcome(&self, id: &str, result: &TaskResult<Value>) -> TaskOutcome {
        match &result.result {
            Ok(_) => TaskOutcome::Done,
            Err(error) if error.starts_with("AbortError") => TaskOutcome::Dead { error: error.clone() },
            Err(error) => {
                // Pauses of 1 s, 2 s, 4 s … up to 4.5 h; of a scheduled run, which many wait for, up to a minute.
                let most = if id.starts_with("run:") { 6 } else { 14 };
                let exponent = u32::try_from(result.attempt).unwrap_or(u32::MAX).saturating_sub(1).min(most);
                let at = self.clock.now() + chrono::Duration::seconds(1 << exponent);
                TaskOutcome::Retry { error: error.clone(), at }
            }
        }
    }
}

/// A lane of the queue as apalis' persistence.
#[derive(Clone)]
pub(crate) struct Queue {
    shared: Arc<Shared>,
    workers: Workers,
    mark: Arc<Mutex<Mark>>,
}

impl Queue {
    fn mark(&self) -> MutexGuard<'_, Mark> {
        self.mark.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Persistence for Queue {
    type Compact = Queued;
    type Response = Value;
    type Error = Error;

    async fn register(&mut self, _worker: &WorkerContext) -> Result<(), Error> {
        Ok(())
    }

    /// [`Shared::live`] does it, for all lanes.
    async fn heartbeat(&mut self, _worker: &WorkerContext) -> Result<(), Error> {
        Ok(())
    }

    async fn fetch_next(&mut self, worker: &WorkerContext) -> Result<Vec<Task<Queued>>, Error> {
        let Workers { lane, batch, .. } = self.workers;
        let look = self.mark().next(self.shared.clock.now(), Instant::now());
        let claiming = Claiming { lane, worker: worker.name(), now: look.now, since: look.since, limit: batch };
        let claimed = self.shared.tasks.claim(&claiming).await;
        let Some(claimed) = self.shared.or_later(claimed) else { return Ok(Vec::new()) };
        self.mark().looked(look, Instant::now(), claimed.len() < batch as usize);
        self.shared.held().extend(claimed.iter().map(|task| (task.claim.token.clone(), task.claim.clone())));
        Ok(claimed.into_iter().map(queued).collect())
    }

    async fn reenqueue_abandoned(&mut self, tasks: Vec<Task<Queued>>, _worker: &WorkerContext) -> Result<u64, Error> {
        let claims: Vec<_> =
            tasks.iter().filter_map(|task| task.task_id().and_then(|token| self.shared.held().remove(&token.to_string()))).collect();
        self.shared.tasks.give_back(&claims, self.shared.clock.now()).await?;
        Ok(claims.len() as u64)
    }

    async fn handle_events(&mut self, events: Vec<TaskEvent<Value>>, _worker: &WorkerContext) -> Result<(), Error> {
        for event in events {
            if let TaskEvent::Complete(result) = event {
                let claim = self.shared.held().get(&result.task_id.to_string()).cloned();
                if let Some(claim) = claim {
                    self.shared.finish(&claim, &self.shared.outcome(&claim.id, &result)).await;
                }
            }
        }
        Ok(())
    }

    /// Tasks are enqueued by the statement that causes them, never through apalis.
    async fn push_tasks(&mut self, _tasks: Vec<Task<Queued>>) -> Result<(), Error> {
        Err(Error::internal("tasks are enqueued in the transaction of their cause"))
    }
}

/// How apalis sees the queue.
#[derive(Clone)]
pub(crate) struct Settings {
    heartbeat: Duration,
}

/// The backend.
pub(crate) struct TaskBackend {
    queue: Persisted<Queue>,
    settings: Settings,
    poll: Interval,
}

impl Clone for TaskBackend {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), settings: self.settings.clone(), poll: interval(POLL) }
    }
}

impl TaskBackend {
    pub(crate) fn new(shared: Arc<Shared>, workers: Workers) -> Self {
        Self {
            queue: Persisted::new(Queue { shared, workers, mark: Arc::default() }),
            settings: Settings { heartbeat: HEARTBEAT },
            poll: interval(POLL),
        }
    }
}

impl Backend for TaskBackend {
    type Task = Task<Queued>;
    type Error = Error;

    fn poll_ready(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Error>> {
        self.queue.poll_ready(cx, worker, self.settings.heartbeat)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Option<Result<Self::Task, Error>>> {
        // Not apalis' `poll_with_interval`: it renews its timer without asking to be woken by it, and after a fetch that took longer
        // than the interval (a database that was away for a moment) nobody wakes the worker ever again.
        while self.poll.poll_tick(cx).is_ready() {}
        self.queue.poll_next(cx, worker)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Error>> {
        self.queue.poll_close(cx, worker)
    }
}

impl BackendConfig for TaskBackend {
    type Args = Queued;
    type Id = ulid::Ulid;
    // apalis decodes nothing: a task comes as what it says.
    type Kind = Ephemeral;
    type Config = Settings;
    type Layer = TaskPersistLayer<JsonCodec<Value>, Value>;

    fn config(&self) -> &Settings {
        &self.settings
    }

    fn middleware(&mut self, _worker: &mut WorkerContext) -> Self::Layer {
        self.queue.layer(JsonCodec::<Value>::default(), self.queue.workers.at_once).persist_results(true).lock_tasks(false)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use chrono::{DateTime, Utc};

    use super::*;

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH
        }
    }

    /// A database that refuses some ends, and what it took.
    struct Picky {
        refuses: fn(&TaskOutcome) -> bool,
        asked: Mutex<Vec<TaskOutcome>>,
    }

    #[async_trait]
    impl TaskQueue for Picky {
        async fn claim(&self, _: &Claiming<'_>) -> Result<Vec<ClaimedTask>, Error> {
            Ok(Vec::new())
        }
        async fn heartbeat(&self, _: &[TaskClaim], _: i32, _: DateTime<Utc>) -> Result<(), Error> {
            Ok(())
        }
        async fn give_back(&self, _: &[TaskClaim], _: DateTime<Utc>) -> Result<(), Error> {
            Ok(())
        }
        async fn finish(&self, _: &TaskClaim, outcome: &TaskOutcome, _: DateTime<Utc>) -> Result<TaskEnd, Error> {
            let mut asked = self.asked.lock().unwrap();
            asked.push(outcome.clone());
            match asked.len() {
                1 => Err(Error::unavailable("postgres", "away for a moment")),
                _ if (self.refuses)(outcome) => Err(Error::internal("refused")),
                _ => Ok(TaskEnd::Written),
            }
        }
    }

    async fn finished(refuses: fn(&TaskOutcome) -> bool) -> Vec<TaskOutcome> {
        let picky = Arc::new(Picky { refuses, asked: Mutex::default() });
        let shared = Shared::new(picky.clone(), Arc::new(Noon));
        let claim = TaskClaim { id: "t".to_owned(), token: "w:1".to_owned() };
        shared.finish(&claim, &TaskOutcome::Retry { error: "remote".to_owned(), at: Noon.now() }).await;
        picky.asked.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn an_end_that_is_refused_for_good_ends_the_task_all_the_same() {
        assert_eq!(finished(|_| false).await.len(), 2, "after an outage it is written as it is");
        let asked = finished(|outcome| matches!(outcome, TaskOutcome::Retry { .. })).await;
        assert!(matches!(&asked[..], [TaskOutcome::Retry { .. }, TaskOutcome::Retry { .. }, TaskOutcome::Dead { .. }]), "{asked:?}");
    }
}
