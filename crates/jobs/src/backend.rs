//! The port `TaskQueue` as an apalis backend.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use apalis::prelude::*;
use apalis_codec::json::JsonCodec;
use apalis_core::backend::{
    BackendConfig, TaskResult, WireFormatBackend,
    finalize::Durable,
    persistence::{Persisted, Persistence, TaskEvent, TaskPersistLayer},
};
use cheapbob_domain::shared::{
    Clock, Error,
    tasks::{TaskOutcome, TaskQueue, Work},
};
use futures::Sink;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How often a worker says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// After so many seconds of silence a worker is dead.
const DEAD_AFTER_SECONDS: i32 = 30;

/// Tasks taken at once.
const BATCH: i32 = 8;

/// What a worker gets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Queued {
    /// The HTTP request that caused it.
    pub(crate) request_id: Option<String>,
    /// What to do.
    pub(crate) work: Work,
}

/// The queue as apalis' persistence.
#[derive(Clone)]
pub(crate) struct Queue {
    tasks: Arc<dyn TaskQueue>,
    clock: Arc<dyn Clock>,
}

impl Persistence for Queue {
    type Compact = Vec<u8>;
    type Response = Value;
    type Error = Error;

    async fn register(&mut self, _worker: &WorkerContext) -> Result<(), Error> {
        Ok(())
    }

    async fn heartbeat(&mut self, worker: &WorkerContext) -> Result<(), Error> {
        self.tasks.heartbeat(worker.name(), DEAD_AFTER_SECONDS).await
    }

    async fn fetch_next(&mut self, worker: &WorkerContext) -> Result<Vec<Task<Vec<u8>>>, Error> {
        let claimed = self.tasks.claim(worker.name(), self.clock.now(), BATCH).await?;
        claimed
            .into_iter()
            .map(|task| {
                let queued = json!({ "request_id": task.request_id, "work": task.payload });
                let payload = serde_json::to_vec(&queued).map_err(Error::internal)?;
                let count = |n: i32| usize::try_from(n).unwrap_or_default();
                Ok(TaskBuilder::new(payload)
                    .task_id(TaskId::from_string(task.id))
                    .attempt(count(task.attempts))
                    .max_attempts(count(task.max_attempts))
                    .build())
            })
            .collect()
    }

    async fn reenqueue_abandoned(&mut self, tasks: Vec<Task<Vec<u8>>>, _worker: &WorkerContext) -> Result<u64, Error> {
        let ids: Vec<_> = tasks.iter().filter_map(|t| t.task_id().map(ToString::to_string)).collect();
        self.tasks.give_back(&ids).await?;
        Ok(ids.len() as u64)
    }

    async fn handle_events(&mut self, events: Vec<TaskEvent<Value>>, _worker: &WorkerContext) -> Result<(), Error> {
        for event in events {
            if let TaskEvent::Complete(result) = event {
                let outcome = self.outcome(&result);
                self.tasks.finish(&result.task_id.to_string(), &outcome).await?;
            }
        }
        Ok(())
    }

    /// Tasks are enqueued by the statement that causes them, never through apalis.
    async fn push_tasks(&mut self, _tasks: Vec<Task<Vec<u8>>>) -> Result<(), Error> {
        Err(Error::internal("tasks are enqueued in the transaction of their cause"))
    }
}

impl Queue {
    fn outcome(&self, result: &TaskResult<Value>) -> TaskOutcome {
        match &result.result {
            Ok(_) => TaskOutcome::Done,
            Err(error) if error.starts_with("AbortError") => TaskOutcome::Dead { error: error.clone() },
            Err(error) => {
                // 1 s, 2 s, 4 s … about four hours; a scheduled run, which many wait for, about a minute.
                let most = if result.task_id.to_string().starts_with("run:") { 6 } else { 14 };
                let exponent = u32::try_from(result.attempt).unwrap_or(u32::MAX).saturating_sub(1).min(most);
                let at = self.clock.now() + chrono::Duration::seconds(1 << exponent);
                TaskOutcome::Retry { error: error.clone(), at }
            }
        }
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
    codec: JsonCodec,
}

impl Clone for TaskBackend {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), settings: self.settings.clone(), codec: JsonCodec::default() }
    }
}

impl TaskBackend {
    pub(crate) fn new(tasks: Arc<dyn TaskQueue>, clock: Arc<dyn Clock>) -> Self {
        Self { queue: Persisted::new(Queue { tasks, clock }), settings: Settings { heartbeat: HEARTBEAT }, codec: JsonCodec::default() }
    }
}

impl Backend for TaskBackend {
    type Task = Task<Vec<u8>>;
    type Error = Error;

    fn poll_ready(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Error>> {
        self.queue.poll_ready(cx, worker, self.settings.heartbeat)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Option<Result<Self::Task, Error>>> {
        self.queue.poll_next(cx, worker)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Error>> {
        self.queue.poll_close(cx, worker)
    }
}

impl BackendConfig for TaskBackend {
    type Args = Queued;
    type Id = ulid::Ulid;
    type Kind = Durable;
    type Config = Settings;
    type Layer = TaskPersistLayer<JsonCodec<Value>, Value>;

    fn config(&self) -> &Settings {
        &self.settings
    }

    fn middleware(&mut self, _worker: &mut WorkerContext) -> Self::Layer {
        self.queue.layer(JsonCodec::<Value>::default(), BATCH as usize).persist_results(true).lock_tasks(false)
    }
}

impl WireFormatBackend for TaskBackend {
    type Codec = JsonCodec;
    type Compact = Vec<u8>;

    fn codec(&self) -> &JsonCodec {
        &self.codec
    }
}

impl Sink<Task<Vec<u8>>> for TaskBackend {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Sink::poll_ready(Pin::new(&mut self.get_mut().queue), cx)
    }

    fn start_send(self: Pin<&mut Self>, task: Task<Vec<u8>>) -> Result<(), Error> {
        Sink::start_send(Pin::new(&mut self.get_mut().queue), task)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Sink::poll_flush(Pin::new(&mut self.get_mut().queue), cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Sink::poll_close(Pin::new(&mut self.get_mut().queue), cx)
    }
}
