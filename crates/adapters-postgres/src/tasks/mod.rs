//! The outbox and the ledger of scheduled runs.

use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Error, Result, remote::storable},
    tasks::{
        Backlog, Claiming, Due, JobRun, OutboxDepth, OutboxTask, Task, TaskClaim, TaskEnd, TaskOutcome, TaskPayload,
        ports::{Outbox, RunLedger, TaskQueue},
    },
};
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, bad_row, failed},
    schema::tasks,
    sql::{BATCH, in_batches, prepared},
};

const CLAIM: &str = include_str!("sql/claim.sql");
const FINISH: &str = include_str!("sql/finish.sql");
const PRUNE: &str = include_str!("sql/prune.sql");
const DEPTH: &str = include_str!("sql/depth.sql");
const HEARTBEAT: &str = include_str!("sql/heartbeat.sql");
const GIVE_BACK: &str = include_str!("sql/give_back.sql");
const LAST_DUE: &str = include_str!("sql/last_due.sql");
const BACKLOG: &str = include_str!("sql/backlog.sql");

#[derive(QueryableByName)]
#[diesel(table_name = tasks, check_for_backend(diesel::pg::Pg))]
struct TaskRow {
    id: String,
    #[diesel(sql_type = t::Text)]
    claim: String,
    payload: serde_json::Value,
    attempts: i32,
    max_attempts: i32,
    request_id: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tasks, check_for_backend(diesel::pg::Pg))]
struct RunRow {
    id: String,
    #[diesel(select_expression = tasks::job.assume_not_null())]
    job: String,
    due_from: Option<DateTime<Utc>>,
    #[diesel(select_expression = tasks::due_at.assume_not_null())]
    due_at: DateTime<Utc>,
    status: String,
    attempts: i32,
    finished_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
}

impl From<RunRow> for JobRun {
    fn from(RunRow { id, job, due_from, due_at, status, attempts, finished_at, last_error }: RunRow) -> Self {
        Self { id, job, due_from: due_from.unwrap_or(due_at), due_at, status, attempts, finished_at, last_error }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tasks, check_for_backend(diesel::pg::Pg))]
struct OutboxRow {
    id: String,
    status: String,
    attempts: i32,
    created_at: DateTime<Utc>,
    run_at: DateTime<Utc>,
    request_id: Option<String>,
    last_error: Option<String>,
}

#[derive(QueryableByName)]
struct DepthRow {
    #[diesel(sql_type = t::BigInt)]
    waiting: i64,
    #[diesel(sql_type = t::BigInt)]
    oldest_seconds: i64,
    #[diesel(sql_type = t::BigInt)]
    dead: i64,
}

#[derive(QueryableByName)]
struct WrittenRow {
    #[diesel(sql_type = t::Bool)]
    written: bool,
}

#[derive(QueryableByName)]
struct LastDueRow {
    #[diesel(sql_type = t::Text)]
    job: String,
    #[diesel(sql_type = t::Timestamptz)]
    due_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct BacklogRow {
    #[diesel(sql_type = t::Text)]
    lane: String,
    #[diesel(sql_type = t::BigInt)]
    waiting: i64,
    #[diesel(sql_type = t::BigInt)]
    oldest_seconds: i64,
}

fn tokens(claims: &[TaskClaim]) -> Vec<&str> {
    claims.iter().map(|claim| claim.token.as_str()).collect()
}

#[async_trait]
impl TaskQueue for Postgres {
    async fn claim(&self, &Claiming { lane, worker, now, since, limit }: &Claiming<'_>) -> Result<Vec<Task>> {
        let mut connection = self.connection().await?;
        let query = sql_query(CLAIM)
            .bind::<t::Text, _>(worker)
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Integer, _>(limit)
            .bind::<t::Text, _>(lane.as_str())
            .bind::<t::Nullable<t::Timestamptz>, _>(since);
        let rows: Vec<TaskRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        let task = |TaskRow { id, claim, payload, attempts, max_attempts, request_id }| Task {
            claim: TaskClaim { id, token: claim },
            payload,
            attempts,
            max_attempts,
            request_id,
        };
        Ok(rows.into_iter().map(task).collect())
    }

    async fn heartbeat(&self, claims: &[TaskClaim], dead_after: i32, now: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let query = sql_query(HEARTBEAT)
            .bind::<t::Array<t::Text>, _>(tokens(claims))
            .bind::<t::Integer, _>(dead_after)
            .bind::<t::Timestamptz, _>(now);
        let revived = prepared(query).execute(&mut connection).await.map_err(failed)?;
        if revived > 0 {
            tracing::warn!(tasks = revived, "tasks taken over from a dead worker");
        }
        Ok(())
    }

    async fn give_back(&self, claims: &[TaskClaim], now: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let ids: Vec<_> = claims.iter().map(|claim| claim.id.as_str()).collect();
        let query = sql_query(GIVE_BACK)
            .bind::<t::Array<t::Text>, _>(ids)
            .bind::<t::Array<t::Text>, _>(tokens(claims))
            .bind::<t::Timestamptz, _>(now);
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn finish(&self, claim: &TaskClaim, outcome: &TaskOutcome, now: DateTime<Utc>) -> Result<TaskEnd> {
        let mut connection = self.connection().await?;
        let (status, error, at) = match outcome {
            TaskOutcome::Done => ("done", None, None),
            TaskOutcome::Dead { error } => ("dead", Some(error.as_str()), None),
            TaskOutcome::Retry { error, at } => ("pending", Some(error.as_str()), Some(*at)),
        };
        let query = sql_query(FINISH)
            .bind::<t::Text, _>(&claim.id)
            .bind::<t::Text, _>(status)
            .bind::<t::Nullable<t::Text>, _>(error.map(storable))
            .bind::<t::Nullable<t::Timestamptz>, _>(at)
            .bind::<t::Text, _>(&claim.token)
            .bind::<t::Timestamptz, _>(now);
        let WrittenRow { written } = prepared(query).get_result(&mut connection).await.map_err(failed)?;
        Ok(if written { TaskEnd::Written } else { TaskEnd::TakenOver })
    }
}

#[async_trait]
impl RunLedger for Postgres {
    async fn schedule(&self, job: &str, due: Due, now: DateTime<Utc>) -> Result<bool> {
        let due_at = due.at;
        let payload = serde_json::to_value(TaskPayload::Run { job: job.to_owned(), due_at }).map_err(Error::internal)?;
        let mut connection = self.connection().await?;
        let rows = diesel::insert_into(tasks::table)
            .values((
                tasks::id.eq(format!("run:{job}:{}", due_at.to_rfc3339_opts(SecondsFormat::Millis, true))),
                tasks::job.eq(job),
                tasks::due_at.eq(due_at),
                tasks::payload.eq(payload),
                tasks::due_from.eq(due.from),
                tasks::max_attempts.eq(due.attempts),
                tasks::run_at.eq(due_at),
                // Claims do not look at what is long past.
                tasks::turn.eq(due_at.max(now)),
            ))
            .on_conflict_do_nothing()
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        if rows == 0 {
            let of_the_future = tasks::table.filter(tasks::job.eq(job).and(tasks::status.eq("pending"))).filter(tasks::due_at.gt(now));
            diesel::delete(of_the_future).execute(&mut connection).await.map_err(failed)?;
        }
        Ok(rows == 1)
    }

    async fn last_due(&self, jobs: &[&str]) -> Result<Vec<(String, DateTime<Utc>)>> {
        let mut connection = self.connection().await?;
        let query = sql_query(LAST_DUE).bind::<t::Array<t::Text>, _>(jobs);
        let rows: Vec<LastDueRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(|LastDueRow { job, due_at }| (job, due_at)).collect())
    }

    async fn runs(&self, job: &str, limit: i64) -> Result<Vec<JobRun>> {
        let mut connection = self.connection().await?;
        let latest = tasks::table.filter(tasks::job.eq(job)).order(tasks::due_at.desc()).limit(limit);
        let rows: Vec<RunRow> = latest.select(RunRow::as_select()).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(JobRun::from).collect())
    }

    async fn run_due(&self, job: &str, due_at: DateTime<Utc>) -> Result<Option<JobRun>> {
        let mut connection = self.connection().await?;
        let due = tasks::table.filter(tasks::job.eq(job).and(tasks::due_at.eq(due_at)));
        let row: Option<RunRow> = due.select(RunRow::as_select()).first(&mut connection).await.optional().map_err(failed)?;
        Ok(row.map(JobRun::from))
    }
}

#[async_trait]
impl Outbox for Postgres {
    async fn list(&self, limit: i64) -> Result<Vec<OutboxTask>> {
        let mut connection = self.connection().await?;
        let open = tasks::table.filter(tasks::job.is_null().and(tasks::status.ne("done"))).order(tasks::created_at).limit(limit);
        let rows: Vec<OutboxRow> = open.select(OutboxRow::as_select()).load(&mut connection).await.map_err(failed)?;
        let task = |OutboxRow { id, status, attempts, created_at, run_at, request_id, last_error }| OutboxTask {
            id,
            status,
            attempts,
            created_at,
            run_at,
            request_id,
            last_error,
        };
        Ok(rows.into_iter().map(task).collect())
    }

    async fn depth(&self) -> Result<OutboxDepth> {
        let mut connection = self.connection().await?;
        let DepthRow { waiting, oldest_seconds, dead } = prepared(sql_query(DEPTH)).get_result(&mut connection).await.map_err(failed)?;
        Ok(OutboxDepth { waiting, oldest_seconds, dead })
    }

    async fn backlog(&self, now: DateTime<Utc>) -> Result<Vec<Backlog>> {
        let mut connection = self.connection().await?;
        let query = sql_query(BACKLOG).bind::<t::Timestamptz, _>(now);
        let rows: Vec<BacklogRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        rows.into_iter()
            .map(|BacklogRow { lane, waiting, oldest_seconds }| {
                let lane = lane.parse().map_err(|_| bad_row(&format!("a task in the lane {lane}")))?;
                Ok(Backlog { lane, waiting, oldest_seconds })
            })
            .collect()
    }

    async fn retry(&self, id: &str, now: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let rows = diesel::update(tasks::table.filter(tasks::id.eq(id).and(tasks::status.eq_any(["pending", "dead"]))))
            .set((
                tasks::status.eq("pending"),
                tasks::attempts.eq(0),
                tasks::run_at.eq(now),
                tasks::turn.eq(now),
                tasks::finished_at.eq(None::<DateTime<Utc>>),
            ))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows == 1)
    }

    async fn repeat(&self, id: &str, now: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let rows = diesel::update(tasks::table.filter(tasks::id.eq(id).and(tasks::status.eq("done").and(tasks::job.is_null()))))
            .set((
                tasks::status.eq("pending"),
                tasks::attempts.eq(0),
                tasks::run_at.eq(now),
                tasks::turn.eq(now),
                tasks::finished_at.eq(None::<DateTime<Utc>>),
            ))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows == 1)
    }

    async fn drop_task(&self, id: &str, reason: &str) -> Result<bool> {
        let mut connection = self.connection().await?;
        let open = tasks::id.eq(id).and(tasks::status.eq_any(["pending", "dead"])).and(tasks::job.is_null());
        let rows = diesel::update(tasks::table.filter(open))
            .set((
                tasks::status.eq("done"),
                tasks::finished_at.eq(diesel::dsl::sql::<t::Nullable<t::Timestamptz>>("now()")),
                tasks::last_error.eq(format!("dropped: {reason}")),
            ))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows == 1)
    }

    async fn prune(&self, seconds: i64, ledger_seconds: i64) -> Result<u64> {
        let mut connection = self.connection().await?;
        let old = || {
            let query = sql_query(PRUNE)
                .bind::<t::Double, _>(seconds as f64)
                .bind::<t::Double, _>(ledger_seconds as f64)
                .bind::<t::Integer, _>(i32::MAX)
                .bind::<t::BigInt, _>(BATCH);
            prepared(query)
        };
        in_batches(&mut connection, old).await
    }
}
