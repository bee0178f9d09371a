//! `just bench-queue`: what a round of eight tasks costs the queue when it is fresh, beside a transaction that stays open, and with a
//! million tasks done. Needs the servers of `with-servers`.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use cheapbob_adapters_postgres::Postgres;
use cheapbob_domain::tasks::{
    Claiming, Lane, Mark, TaskOutcome,
    ports::{RunLedger, TaskQueue},
};
use cheapbob_test_support::TestDatabase;
use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};

/// Tasks of a round: each of a store of its own.
const TASKS: i32 = 8;

/// Stores that take turns.
const STORES: i64 = 500;

/// How long a figure is taken for.
const SPAN: Duration = Duration::from_secs(4);

/// What is done in the end: two thirds of the rows are tasks, the others runs of [`JOBS`].
const DONE: i64 = 1_000_000;

/// Jobs of the ledger, as many as there are.
const JOBS: usize = 20;

/// Nothing may take longer than so many times what it takes when the queue is fresh.
const LIMIT: f64 = 2.0;

/// A look for the last run of a job may not take longer.
const PROBE: Duration = Duration::from_micros(200);

#[expect(clippy::disallowed_methods, reason = "the queue's own clock is what is measured")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A worker and what causes its tasks.
struct Lanes {
    queue: Postgres,
    cause: AsyncPgConnection,
    mark: Mark,
    made: i64,
}

/// What the parts of a round took: insert, claim, finish.
type Round = [Duration; 3];

impl Lanes {
    async fn round(&mut self) -> Result<Round> {
        let (from, at) = (self.made + 1, now());
        self.made += i64::from(TASKS);
        let insert = format!(
            "INSERT INTO tasks (id, payload, max_attempts, run_at, store_id)
             SELECT 'webhook:' || n, jsonb_build_object('kind', 'webhook', 'webhook_id', n, 'payment_id', n), 20, '{}', 'STR_' || n % {STORES}
             FROM generate_series({from}, {}) n",
            at.to_rfc3339(),
            self.made
        );
        let begin = Instant::now();
        self.cause.batch_execute(&insert).await?;
        let inserted = Instant::now();
        let look = self.mark.next(now(), inserted);
        let claiming = Claiming { lane: Lane::Webhooks, worker: "bench", now: look.now, since: look.since, limit: TASKS };
        let claimed = self.queue.claim(&claiming).await?;
        let claim = Instant::now();
        // Workers find their lane empty whenever they have done what there was.
        self.mark.looked(look, claim, true);
        ensure!(claimed.len() == TASKS as usize, "{} of {TASKS} claimed", claimed.len());
        for task in &claimed {
            self.queue.finish(&task.claim, &TaskOutcome::Done, now()).await?;
        }
        Ok([inserted - begin, claim - inserted, claim.elapsed()])
    }

    async fn rounds(&mut self, span: Duration) -> Result<Vec<Round>> {
        let (begin, mut rounds) = (Instant::now(), Vec::new());
        while begin.elapsed() < span {
            rounds.push(self.round().await?);
        }
        Ok(rounds)
    }
}

/// Milliseconds of which so many hundredths of the values are shorter.
fn percentile(mut values: Vec<Duration>, hundredths: usize) -> f64 {
    values.sort();
    values.get(values.len() * hundredths / 100).copied().unwrap_or_default().as_secs_f64() * 1_000.0
}

/// Medians of what rounds took, in milliseconds: insert, claim, finish, all of it.
type Medians = [f64; 4];

/// Prints what rounds took, and how many times what they took when the queue was fresh.
#[expect(clippy::print_stdout, reason = "a program for the terminal")]
fn show(what: &str, rounds: &[Round], fresh: Option<Medians>) -> Medians {
    let part = |n: usize| percentile(rounds.iter().map(|round| round[n]).collect(), 50);
    let whole = || rounds.iter().map(|round| round.iter().sum()).collect();
    let medians = [part(0), part(1), part(2), percentile(whole(), 50)];
    print!("{what:<30}");
    for (median, fresh) in medians.iter().zip(fresh.unwrap_or(medians)) {
        print!(" {median:>7.2} {:>5.2}×", median / fresh);
    }
    println!(" {:>8.2}", percentile(whole(), 99));
    medians
}

#[expect(clippy::print_stdout, reason = "a program for the terminal")]
async fn measure(open: Duration) -> Result<()> {
    let database = TestDatabase::create().await;
    let cause = AsyncPgConnection::establish(&database.url()).await?;
    let mut lanes = Lanes { queue: database.postgres(), cause, mark: Mark::default(), made: 0 };
    println!("{:<30} {:>14} {:>14} {:>14} {:>14} {:>8}", "ms for 8 tasks, medians", "insert", "claim", "finish", "all of it", "99 %");
    lanes.rounds(Duration::from_secs(1)).await?;
    let fresh = show("fresh", &lanes.rounds(SPAN).await?, None);
    let mut shown = Vec::new();

    let mut reader = AsyncPgConnection::establish(&database.url()).await?;
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM tasks").await?;
    let begin = Instant::now();
    for quarter in 1..=4 {
        lanes.rounds((open * quarter / 4).saturating_sub(begin.elapsed() + SPAN)).await?;
        let rounds = lanes.rounds(SPAN).await?;
        let what = format!("a transaction open for {} s", begin.elapsed().as_secs());
        shown.push(show(&what, &rounds, Some(fresh)));
    }
    reader.batch_execute("COMMIT").await?;
    println!("({} tasks were done meanwhile)", lanes.made);

    database
        .sql(&format!(
            "INSERT INTO tasks (id, job, due_at, payload, status, attempts, max_attempts, run_at, finished_at, store_id)
             SELECT 'done:' || n, job, at, jsonb_build_object('kind', 'run', 'n', n), 'done', 1, 20, at, at, CASE WHEN job IS NULL THEN 'STR_' || n % {STORES} END
             FROM generate_series(1, {DONE}) n
             CROSS JOIN LATERAL (SELECT CASE WHEN n % 3 = 0 THEN 'job' || n / 3 % {JOBS} END AS job, now() - n * interval '1 second' AS at) t"
        ))
        .await;
    database.sql("VACUUM ANALYZE tasks").await;
    lanes.rounds(Duration::from_secs(1)).await?;
    shown.push(show("a million tasks done", &lanes.rounds(SPAN).await?, Some(fresh)));

    let names: Vec<_> = (0..JOBS).map(|n| format!("job{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut probes = Vec::new();
    for _ in 0..200 {
        let begin = Instant::now();
        ensure!(lanes.queue.last_due(&names).await?.len() == JOBS, "every job has run");
        probes.push(begin.elapsed());
    }
    let probe = percentile(probes, 50) / JOBS as f64;
    println!("the last run of a job: {probe:.3} ms, {JOBS} at once");
    let slow = shown.iter().flat_map(|medians| medians.iter().zip(fresh)).any(|(median, fresh)| *median > LIMIT * fresh);
    ensure!(!slow && probe < PROBE.as_secs_f64() * 1_000.0, "that is too long: {LIMIT}× and {PROBE:?} are allowed");
    Ok(())
}

fn main() -> Result<()> {
    let open = std::env::args().nth(1).map_or(Ok(60), |n| n.parse())?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(measure(Duration::from_secs(open)))
}
