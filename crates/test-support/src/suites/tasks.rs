//! `tasks::ports::{TaskQueue, RunLedger, Outbox}`: work that is done, once, by whichever worker (contract, Daily rollover and E-mail).

use cheapbob_domain::tasks::{Due, Task, TaskOutcome};
use futures::future::join_all;

use super::world::{World, at};

fn due(second: i64) -> Due {
    Due { from: at(second - 1), at: at(second), attempts: 3 }
}

async fn schedule(world: &World, job: &str, due: Due) -> bool {
    world.ledger.schedule(job, due, due.at).await.unwrap()
}

async fn claim(world: &World, worker: &str, second: i64) -> Vec<Task> {
    world.tasks.claim(worker, at(second), 10).await.unwrap()
}

/// Claims the only task that is due.
async fn claim_one(world: &World, second: i64) -> Task {
    let mut claimed = claim(world, "a", second).await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}

async fn finish(world: &World, task: &Task, outcome: TaskOutcome) {
    world.tasks.finish(&task.id, &outcome).await.unwrap();
}

fn retry(second: i64) -> TaskOutcome {
    TaskOutcome::Retry { error: "no".into(), at: at(second) }
}

/// Contract, Daily rollover: one run for each due instant, and one unfinished run for each job.
pub async fn run_is_scheduled_once_and_one_at_a_time(world: &World) {
    assert!(world.ledger.last_due().await.unwrap().is_empty());
    let scheduled = join_all((0..8).map(|_| schedule(world, "job", due(0)))).await;
    assert_eq!(scheduled.iter().filter(|s| **s).count(), 1);
    assert!(!schedule(world, "job", due(2)).await);
    assert!(schedule(world, "other", due(2)).await);
}

/// Contract, Daily rollover: the same instant is never run again; the ledger knows the last one of each job.
pub async fn run_that_has_ended_is_not_scheduled_again(world: &World) {
    assert!(schedule(world, "job", due(0)).await && schedule(world, "other", due(2)).await);
    finish(world, &claim_one(world, 0).await, TaskOutcome::Done).await;
    assert!(!schedule(world, "job", due(0)).await);
    assert!(schedule(world, "job", due(20)).await);
    let mut last = world.ledger.last_due().await.unwrap();
    last.sort();
    assert_eq!(last, [("job".to_owned(), at(20)), ("other".to_owned(), at(2))]);
}

/// A task is claimed when it is due and not before, by one worker only.
pub async fn task_is_claimed_by_one_worker_when_it_is_due(world: &World) {
    assert!(schedule(world, "job", due(0)).await && schedule(world, "other", due(2)).await);
    assert!(claim(world, "w", -1).await.is_empty());
    let claimed = join_all(["a", "b", "c", "d"].map(|worker| claim(world, worker, 0))).await;
    let claimed: Vec<_> = claimed.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 1);
    let task = &claimed[0];
    assert_eq!((task.attempts, task.payload["kind"].as_str(), task.payload["job"].as_str()), (0, Some("run"), Some("job")));
}

/// Given back, a task is due at once; a failed one at its next attempt, and the ledger says why.
pub async fn task_is_tried_again_when_it_is_due_again(world: &World) {
    assert!(schedule(world, "job", due(0)).await && schedule(world, "other", due(2)).await);
    let task = claim_one(world, 0).await;
    world.tasks.give_back(std::slice::from_ref(&task.id)).await.unwrap();
    let task = claim_one(world, 0).await;
    finish(world, &task, retry(10)).await;
    assert!(claim(world, "a", 1).await.is_empty());
    assert_eq!(world.tasks.claim("a", at(10), 1).await.unwrap().len(), 1, "the other job's run is due as well");
    let first = world.ledger.runs("job", 5).await.unwrap();
    assert_eq!(first[0].due_from, at(-1));
    assert_eq!((first.len(), first[0].due_at, first[0].attempts, first[0].last_error.as_deref()), (1, at(0), 1, Some("no")));
}

/// A worker that falls silent loses its tasks; its death is an attempt.
pub async fn silent_worker_loses_its_tasks(world: &World) {
    assert!(schedule(world, "job", due(0)).await && schedule(world, "other", due(2)).await);
    finish(world, &claim_one(world, 0).await, retry(10)).await;
    assert_eq!(world.tasks.claim("a", at(10), 1).await.unwrap().len(), 1);
    world.tasks.heartbeat("b", 3600).await.unwrap();
    claim(world, "b", 10).await;
    world.tasks.heartbeat("c", -1).await.unwrap();
    let taken_over = claim(world, "c", 10).await;
    assert_eq!(taken_over.len(), 2);
    for task in &taken_over {
        finish(world, task, TaskOutcome::Done).await;
    }
    let runs = world.ledger.runs("job", 5).await.unwrap();
    assert_eq!((runs[0].status.as_str(), runs[0].attempts, runs[0].finished_at.is_some()), ("done", 3, true));
}

/// Its attempts used up, a task is dead and nobody claims it.
pub async fn task_dies_after_its_attempts(world: &World) {
    assert!(schedule(world, "job", due(20)).await);
    for _ in 0..3 {
        let task = claim_one(world, 30).await;
        finish(world, &task, retry(30)).await;
    }
    assert!(claim(world, "a", 99).await.is_empty());
    assert_eq!(world.ledger.runs("job", 5).await.unwrap()[0].status, "dead");
}

/// The clock was moved back while a run waited: the job goes on, and that run's day is not rolled over before it has ended.
pub async fn run_that_the_clock_left_ahead_gives_way(world: &World) {
    assert!(schedule(world, "moved", due(5_000)).await);
    assert!(claim(world, "a", 40).await.is_empty());
    assert!(!schedule(world, "moved", due(40)).await);
    assert!(claim(world, "a", 40).await.is_empty());
    assert!(schedule(world, "moved", due(40)).await);
    claim_one(world, 40).await;
    assert_eq!(world.ledger.runs("moved", 5).await.unwrap().iter().map(|run| run.due_at).collect::<Vec<_>>(), [at(40)]);
}

/// A run that is late, or tried again, stays, whatever older instant an operator asks for.
pub async fn late_run_gives_way_to_no_older_one(world: &World) {
    assert!(schedule(world, "late", due(45)).await);
    assert!(!world.ledger.schedule("late", due(42), at(50)).await.unwrap());
    let late = claim_one(world, 50).await;
    assert_eq!(world.ledger.runs("late", 5).await.unwrap()[0].due_at, at(45));
    finish(world, &late, retry(9_999)).await;
    assert!(!world.ledger.schedule("late", due(42), at(50)).await.unwrap());
}

/// Done tasks go when their time has come, dead ones stay for the operator.
pub async fn outbox_forgets_what_is_done_and_keeps_what_is_dead(world: &World) {
    assert!(schedule(world, "job", due(0)).await && schedule(world, "other", due(0)).await);
    for task in claim(world, "a", 0).await {
        finish(world, &task, TaskOutcome::Done).await;
    }
    assert!(schedule(world, "job", due(20)).await);
    for _ in 0..3 {
        let task = claim_one(world, 30).await;
        finish(world, &task, retry(30)).await;
    }
    assert_eq!(world.outbox.prune(3600, 3600).await.unwrap(), 0);
    assert_eq!(world.outbox.prune(-1, 3600).await.unwrap(), 2);
    assert_eq!(world.ledger.runs("job", 5).await.unwrap().len(), 1);
}

/// Runs that are tried until they are done are kept for longer: by them a day's rollover is known to have been.
pub async fn outbox_keeps_daily_runs_for_longer(world: &World) {
    assert!(schedule(world, "daily", Due { attempts: i32::MAX, ..due(50) }).await);
    finish(world, &claim_one(world, 50).await, TaskOutcome::Done).await;
    assert_eq!(world.outbox.prune(-1, 3600).await.unwrap(), 0);
    assert_eq!(world.outbox.prune(3600, -1).await.unwrap(), 1);
}

/// What a server of others said goes into the row, whatever it is.
pub async fn words_of_others_are_stored_as_what_can_be(world: &World) {
    assert!(schedule(world, "remote", due(48)).await);
    let remote = claim_one(world, 50).await;
    finish(world, &remote, TaskOutcome::Retry { error: "550 a\0b\0".into(), at: at(9_999) }).await;
    assert_eq!(world.ledger.runs("remote", 5).await.unwrap()[0].last_error.as_deref(), Some("550 a\u{fffd}b\u{fffd}"));
}
