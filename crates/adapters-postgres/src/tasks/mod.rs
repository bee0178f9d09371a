//! The outbox and the ledger of scheduled runs.

use async_trait::async_trait;
use cheapbob_domain::shared::{
    Error, Result,
    tasks::{Due, JobRun, Task, TaskOutcome, TaskQueue, Work},
};
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::{dsl::max, prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, failed},
    schema::tasks,
    sql::prepared,
};

const CLAIM: &str = include_str!("sql/claim.sql");
const FINISH: &str = include_str!("sql/finish.sql");
const PRUNE: &str = include_str!("sql/prune.sql");
const REVIVE: &str = include_str!("sql/revive.sql");

#[derive(QueryableByName)]
#[diesel(table_name = tasks, check_for_backend(diesel::pg::Pg))]
struct TaskRow {
    id: String,
    payload: serde_json::Value,
    attempts: i32,
    max_attempts: i32,
}

#[async_trait]
impl TaskQueue for Postgres {
    async fn schedule(&self, job: &str, due: Due) -> Result<bool> {
        let due_at = due.at;
        let payload = serde_json::to_value(Work::Run { job: job.to_owned(), due_at }).map_err(Error::internal)?;
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
            ))
            .on_conflict_do_nothing()
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        if rows == 0 {
            let of_the_future = tasks::table
                .filter(tasks::job.eq(job).and(tasks::status.eq("pending")))
                .filter(tasks::due_at.gt(due_at).and(tasks::run_at.gt(due_at)));
            diesel::update(of_the_future).set(tasks::run_at.eq(due_at)).execute(&mut connection).await.map_err(failed)?;
        }
        Ok(rows == 1)
    }

    async fn last_due(&self) -> Result<Vec<(String, DateTime<Utc>)>> {
        let mut connection = self.connection().await?;
        let rows: Vec<(Option<String>, Option<DateTime<Utc>>)> = tasks::table
            .filter(tasks::job.is_not_null())
            .group_by(tasks::job)
            .select((tasks::job, max(tasks::due_at)))
            .load(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().filter_map(|(job, due)| job.zip(due)).collect())
    }

    async fn claim(&self, worker: &str, now: DateTime<Utc>, limit: i32) -> Result<Vec<Task>> {
        let mut connection = self.connection().await?;
        let query = sql_query(CLAIM).bind::<t::Text, _>(worker).bind::<t::Timestamptz, _>(now).bind::<t::Integer, _>(limit);
        let rows: Vec<TaskRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(|TaskRow { id, payload, attempts, max_attempts }| Task { id, payload, attempts, max_attempts }).collect())
    }

    async fn heartbeat(&self, worker: &str, dead_after: i32) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::update(tasks::table.filter(tasks::status.eq("running").and(tasks::locked_by.eq(worker))))
            .set(tasks::locked_at.eq(diesel::dsl::now))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        let query = sql_query(REVIVE).bind::<t::Integer, _>(dead_after);
        let revived = prepared(query).execute(&mut connection).await.map_err(failed)?;
        if revived > 0 {
            tracing::warn!(tasks = revived, "took over from a worker that died");
        }
        Ok(())
    }

    async fn give_back(&self, ids: &[String]) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::update(tasks::table.filter(tasks::id.eq_any(ids).and(tasks::status.eq("running"))))
            .set((tasks::status.eq("pending"), tasks::locked_by.eq(None::<String>)))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn finish(&self, id: &str, outcome: &TaskOutcome) -> Result<()> {
        let mut connection = self.connection().await?;
        let (status, error, at) = match outcome {
            TaskOutcome::Done => ("done", None, None),
            TaskOutcome::Dead { error } => ("dead", Some(error.as_str()), None),
            TaskOutcome::Retry { error, at } => ("pending", Some(error.as_str()), Some(*at)),
        };
        let query = sql_query(FINISH)
            .bind::<t::Text, _>(id)
            .bind::<t::Text, _>(status)
            .bind::<t::Nullable<t::Text>, _>(error)
            .bind::<t::Nullable<t::Timestamptz>, _>(at);
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn runs(&self, job: &str, limit: i64) -> Result<Vec<JobRun>> {
        type Row = (Option<DateTime<Utc>>, DateTime<Utc>, String, i32, Option<DateTime<Utc>>, Option<String>);
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = tasks::table
            .filter(tasks::job.eq(job))
            .order(tasks::due_at.desc())
            .limit(limit)
            .select((
                tasks::due_from,
                tasks::due_at.assume_not_null(),
                tasks::status,
                tasks::attempts,
                tasks::finished_at,
                tasks::last_error,
            ))
            .load(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows
            .into_iter()
            .map(|(due_from, due_at, status, attempts, finished_at, last_error)| JobRun {
                job: job.to_owned(),
                due_from: due_from.unwrap_or(due_at),
                due_at,
                status,
                attempts,
                finished_at,
                last_error,
            })
            .collect())
    }

    async fn prune(&self, seconds: i64, ledger_seconds: i64) -> Result<u64> {
        let mut connection = self.connection().await?;
        let old = sql_query(PRUNE)
            .bind::<t::Double, _>(seconds as f64)
            .bind::<t::Double, _>(ledger_seconds as f64)
            .bind::<t::Integer, _>(i32::MAX);
        prepared(old).execute(&mut connection).await.map(|n| n as u64).map_err(failed)
    }
}
