//! `tasks::ports::{TaskQueue, RunLedger, Outbox}`: work that is done, once, by whichever worker (contract, Daily rollover and E-mail).

use cheapbob_domain::{
    orders::{Message, MessagePut},
    shared::{Ids, PaymentId, StoreId},
    tasks::{Backlog, Claiming, Due, Lane, Task, TaskEnd, TaskOutcome},
};
use futures::future::join_all;

use super::world::{TestIds, World, at};

fn due(second: i64) -> Due {
    Due { from: at(second - 1), at: at(second), attempts: 3 }
}

async fn schedule(world: &World, job: &str, due: Due) -> bool {
    world.ledger.schedule(job, due, due.at).await.unwrap()
}

async fn claim_of(world: &World, lane: Lane, worker: &str, second: i64, limit: i32) -> Vec<Task> {
    world.tasks.claim(&Claiming { lane, worker, now: at(second), since: None, limit }).await.unwrap()
}

/// Runs of jobs.
async fn claim(world: &World, worker: &str, second: i64) -> Vec<Task> {
    claim_of(world, Lane::Schedules, worker, second, 10).await
}

/// Claims the only task that is due.
async fn claim_one(world: &World, second: i64) -> Task {
    let mut claimed = claim(world, "a", second).await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}

async fn finish(world: &World, task: &Task, outcome: TaskOutcome) {
    assert_eq!(world.tasks.finish(&task.claim, &outcome, at(0)).await.unwrap(), TaskEnd::Written);
}

fn retry(second: i64) -> TaskOutcome {
    TaskOutcome::Retry { error: "no".into(), at: at(second) }
}

/// Contract, Daily rollover: one run for each due instant, and one unfinished run for each job.
pub async fn run_is_scheduled_once_and_one_at_a_time(world: &World) {
    assert!(world.ledger.last_due(&["job", "other"]).await.unwrap().is_empty());
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
    let mut last = world.ledger.last_due(&["job", "never", "other"]).await.unwrap();
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
    world.tasks.give_back(std::slice::from_ref(&task.claim), at(0)).await.unwrap();
    let task = claim_one(world, 0).await;
    finish(world, &task, retry(10)).await;
    assert!(claim(world, "a", 1).await.is_empty());
    assert_eq!(claim_of(world, Lane::Schedules, "a", 10, 1).await.len(), 1, "the other job's run is due as well");
    let first = world.ledger.runs("job", 5).await.unwrap();
    assert_eq!(first[0].due_from, at(-1));
    assert_eq!((first.len(), first[0].due_at, first[0].attempts, first[0].last_error.as_deref()), (1, at(0), 1, Some("no")));
}

/// A worker that falls silent loses its tasks; its death is an attempt.
pub async fn silent_worker_loses_its_tasks(world: &World) {
    assert!(schedule(world, "job", due(0)).await && schedule(world, "other", due(2)).await);
    finish(world, &claim_one(world, 0).await, retry(10)).await;
    assert_eq!(claim_of(world, Lane::Schedules, "a", 10, 1).await.len(), 1);
    world.tasks.heartbeat(&[], 3600, at(0)).await.unwrap();
    claim(world, "b", 10).await;
    world.tasks.heartbeat(&[], -1, at(0)).await.unwrap();
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

/// A worker that was taken for dead, and lives: what it says of the task changes nothing any more.
pub async fn worker_taken_for_dead_changes_nothing(world: &World) {
    assert!(schedule(world, "job", due(0)).await);
    let frozen = claim_one(world, 0).await;
    world.tasks.heartbeat(&[], -1, at(0)).await.unwrap();
    let taken_over = claim_one(world, 0).await;
    assert_eq!((&frozen.claim.id, taken_over.attempts), (&taken_over.claim.id, 1));
    // Thawed: it extends, gives back and ends.
    world.tasks.heartbeat(std::slice::from_ref(&frozen.claim), 3600, at(0)).await.unwrap();
    world.tasks.give_back(std::slice::from_ref(&frozen.claim), at(0)).await.unwrap();
    for outcome in [TaskOutcome::Done, retry(10), TaskOutcome::Dead { error: "no".into() }] {
        assert_eq!(world.tasks.finish(&frozen.claim, &outcome, at(0)).await.unwrap(), TaskEnd::TakenOver);
    }
    let run = world.ledger.runs("job", 1).await.unwrap().remove(0);
    assert_eq!((run.status.as_str(), run.attempts, run.finished_at), ("running", 1, None));
    finish(world, &taken_over, TaskOutcome::Done).await;
    assert_eq!(world.ledger.runs("job", 1).await.unwrap()[0].status, "done");
}

/// A claim lives by its own token: whoever extends others loses it.
pub async fn claim_is_extended_by_its_own_token(world: &World) {
    assert!(schedule(world, "job", due(0)).await && schedule(world, "other", due(0)).await);
    let claimed = claim(world, "a", 0).await;
    let [kept, lost] = &claimed[..] else { panic!("{claimed:?}") };
    // Both are as old as can be; one is extended by the very call that takes over the other.
    let mut forged = lost.claim.clone();
    forged.token = kept.claim.token.clone();
    world.tasks.heartbeat(&[kept.claim.clone(), forged], 0, at(0)).await.unwrap();
    assert_eq!(world.tasks.finish(&lost.claim, &TaskOutcome::Done, at(0)).await.unwrap(), TaskEnd::TakenOver);
    finish(world, kept, TaskOutcome::Done).await;
}

/// The answer to an end may be lost: said again, it is written, and the task is not done twice for it.
pub async fn end_of_a_task_is_written_once(world: &World) {
    assert!(schedule(world, "job", due(0)).await);
    let task = claim_one(world, 0).await;
    finish(world, &task, retry(10)).await;
    finish(world, &task, retry(10)).await;
    assert_eq!(world.ledger.runs("job", 1).await.unwrap()[0].attempts, 1);
    let again = claim_one(world, 10).await;
    assert_eq!(world.tasks.finish(&task.claim, &TaskOutcome::Done, at(0)).await.unwrap(), TaskEnd::TakenOver);
    finish(world, &again, TaskOutcome::Done).await;
    finish(world, &again, TaskOutcome::Done).await;
    assert_eq!(world.ledger.runs("job", 1).await.unwrap()[0].attempts, 2);
}

/// A task for a message about a new payment of a store.
async fn message_of(world: &World, store: &StoreId, second: i64) {
    let payment = PaymentId::generate(&TestIds);
    let message = Message { id: TestIds.secret(), kind: "Transaction.Paid".into(), payment: Some(payment) };
    assert_eq!(world.inbox.put(store, &message, true, "request-1", at(second)).await.unwrap(), MessagePut::Kept);
}

/// Nothing in one lane is claimed in another, and each lane says what is due in it.
pub async fn lanes_are_apart(world: &World) {
    assert!(schedule(world, "job", due(0)).await && schedule(world, "resolve_holds", due(5)).await);
    message_of(world, &StoreId::generate(&TestIds), 10).await;
    let backlog = world.outbox.backlog(at(20)).await.unwrap();
    let of = |lane| backlog.iter().find(|b| b.lane == lane).copied();
    for (lane, oldest_seconds) in [(Lane::Schedules, 20), (Lane::Money, 15), (Lane::Webhooks, 10)] {
        assert_eq!(of(lane), Some(Backlog { lane, waiting: 1, oldest_seconds }));
    }
    assert_eq!((of(Lane::Mail), of(Lane::CleanUp)), (None, None));
    for lane in Lane::all() {
        let claimed = claim_of(world, lane, "a", 20, 10).await;
        assert_eq!(claimed.len(), usize::from(of(lane).is_some()), "{lane:?}: {claimed:?}");
    }
}

/// However many tasks of one store wait: a task of another comes before all but the first, and all are done as long as nobody else waits.
pub async fn stores_of_a_lane_take_turns(world: &World) {
    let (loud, quiet) = (StoreId::generate(&TestIds), StoreId::generate(&TestIds));
    for _ in 0..30 {
        message_of(world, &loud, 0).await;
    }
    let whose = |tasks: &[Task]| tasks.iter().filter(|task| task.claim.id.contains(quiet.as_str())).count();
    let first = claim_of(world, Lane::Webhooks, "a", 0, 5).await;
    assert_eq!((first.len(), whose(&first)), (5, 0), "ahead of their turn, since nobody else waits");
    message_of(world, &quiet, 1).await;
    let next = claim_of(world, Lane::Webhooks, "a", 1, 2).await;
    assert_eq!((next.len(), whose(&next)), (2, 1), "{next:?}");
    assert_eq!(claim_of(world, Lane::Webhooks, "a", 1, 100).await.len(), 24);
}

/// Looked at from an instant on, what had its turn before is left for the look from the beginning.
pub async fn claim_begins_where_it_is_told(world: &World) {
    assert!(schedule(world, "job", due(0)).await);
    let since = |second| Claiming { lane: Lane::Schedules, worker: "a", now: at(50), since: Some(at(second)), limit: 10 };
    assert!(world.tasks.claim(&since(1)).await.unwrap().is_empty());
    assert_eq!(world.tasks.claim(&since(0)).await.unwrap().len(), 1);
}

/// What comes into the queue late or comes back into it has its turn then, and not where claims look no more.
pub async fn what_comes_late_or_comes_back_has_its_turn_now(world: &World) {
    let looked_from = async |second: i64| {
        let claiming = Claiming { lane: Lane::Schedules, worker: "a", now: at(second), since: Some(at(second)), limit: 10 };
        world.tasks.claim(&claiming).await.unwrap()
    };
    assert!(world.ledger.schedule("job", due(0), at(100)).await.unwrap(), "made up");
    let late = looked_from(100).await;
    assert_eq!(late.len(), 1);
    world.tasks.give_back(&[late[0].claim.clone()], at(200)).await.unwrap();
    assert_eq!(looked_from(200).await.len(), 1, "given back");
    world.tasks.heartbeat(&[], -1, at(300)).await.unwrap();
    let taken_over = looked_from(300).await;
    assert_eq!(taken_over.len(), 1, "of a worker that died");
    assert_eq!(world.tasks.finish(&taken_over[0].claim, &retry(350), at(400)).await.unwrap(), TaskEnd::Written);
    assert_eq!(looked_from(400).await.len(), 1, "whose end was written after its next attempt was due");
    assert_eq!(world.ledger.runs("job", 1).await.unwrap()[0].due_at, at(0));
}
