//! `tasks::ports`: the queue, the ledger of runs, the outbox.

use cheapbob_domain::tasks::{Due, TaskOutcome};
use futures::future::join_all;

use super::world::{World, at};

fn due(second: i64) -> Due {
    Due { from: at(second - 1), at: at(second), attempts: 3 }
}

/// A task is claimed by one worker at a time, done once or tried again, and a due instant has one run.
pub async fn tasks(world: &World) {
    let (tasks, ledger, outbox) = (&world.tasks, &world.ledger, &world.outbox);
    let schedule = async |job: &str, due: Due| ledger.schedule(job, due, due.at).await.unwrap();
    assert!(ledger.last_due().await.unwrap().is_empty());
    // One run for each due instant, one unfinished run for each job.
    let scheduled = join_all((0..8).map(|_| async { schedule("job", due(0)).await })).await;
    assert_eq!(scheduled.iter().filter(|s| **s).count(), 1);
    assert!(!schedule("job", due(2)).await);
    assert!(schedule("other", due(2)).await);

    // Not before it is due, to one worker only.
    assert!(tasks.claim("w", at(-1), 10).await.unwrap().is_empty());
    let workers = ["a", "b", "c", "d"];
    let claimed = join_all(workers.iter().map(|w| async move { tasks.claim(w, at(0), 10).await.unwrap() })).await;
    let claimed: Vec<_> = claimed.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 1);
    let task = &claimed[0];
    assert_eq!((task.attempts, task.payload["kind"].as_str(), task.payload["job"].as_str()), (0, Some("run"), Some("job")));

    // Given back, tried again later, done.
    tasks.give_back(std::slice::from_ref(&task.id)).await.unwrap();
    assert_eq!(tasks.claim("a", at(0), 10).await.unwrap().len(), 1);
    tasks.finish(&task.id, &TaskOutcome::Retry { error: "no".into(), at: at(10) }).await.unwrap();
    assert!(tasks.claim("a", at(1), 10).await.unwrap().is_empty());
    assert_eq!(tasks.claim("a", at(10), 1).await.unwrap().len(), 1, "the other job's run is due as well");
    let first = ledger.runs("job", 5).await.unwrap();
    assert_eq!(first[0].due_from, at(-1));
    assert_eq!((first.len(), first[0].due_at, first[0].attempts, first[0].last_error.as_deref()), (1, at(0), 1, Some("no")));

    // A worker that falls silent loses its task; a death is an attempt.
    tasks.heartbeat("b", 3600).await.unwrap();
    tasks.claim("b", at(10), 10).await.unwrap();
    tasks.heartbeat("c", -1).await.unwrap();
    let taken_over = tasks.claim("c", at(10), 10).await.unwrap();
    assert_eq!(taken_over.len(), 2);
    for task in &taken_over {
        tasks.finish(&task.id, &TaskOutcome::Done).await.unwrap();
    }
    let runs = ledger.runs("job", 5).await.unwrap();
    assert_eq!((runs[0].status.as_str(), runs[0].attempts, runs[0].finished_at.is_some()), ("done", 3, true));

    // The same instant is never run again; the next one is, and dies after its attempts.
    assert!(!schedule("job", due(0)).await);
    assert!(schedule("job", due(20)).await);
    for _ in 0..3 {
        let [task] = &tasks.claim("a", at(30), 10).await.unwrap()[..] else { panic!("one task") };
        tasks.finish(&task.id, &TaskOutcome::Retry { error: "no".into(), at: at(30) }).await.unwrap();
    }
    assert!(tasks.claim("a", at(99), 10).await.unwrap().is_empty());
    assert_eq!(ledger.runs("job", 5).await.unwrap()[0].status, "dead");
    let mut last = ledger.last_due().await.unwrap();
    last.sort();
    assert_eq!(last, [("job".to_owned(), at(20)), ("other".to_owned(), at(2))]);

    // The clock was moved back while a run waited: the job goes on, and that run's day is not rolled over before it has ended.
    assert!(schedule("moved", due(5_000)).await);
    assert!(tasks.claim("a", at(40), 10).await.unwrap().is_empty());
    assert!(!schedule("moved", due(40)).await);
    assert!(tasks.claim("a", at(40), 10).await.unwrap().is_empty());
    assert!(schedule("moved", due(40)).await);
    let [moved] = &tasks.claim("a", at(40), 10).await.unwrap()[..] else { panic!("one task") };
    assert_eq!(ledger.runs("moved", 5).await.unwrap().iter().map(|run| run.due_at).collect::<Vec<_>>(), [at(40)]);
    tasks.finish(&moved.id, &TaskOutcome::Retry { error: "no".into(), at: at(9_999) }).await.unwrap();
    // One that is late, or tried again, stays, whatever older instant an operator asks for.
    assert!(schedule("late", due(45)).await);
    assert!(!ledger.schedule("late", due(42), at(50)).await.unwrap());
    let [late] = &tasks.claim("a", at(50), 10).await.unwrap()[..] else { panic!("one task") };
    assert_eq!(ledger.runs("late", 5).await.unwrap()[0].due_at, at(45));
    tasks.finish(&late.id, &TaskOutcome::Retry { error: "no".into(), at: at(9_999) }).await.unwrap();

    // Done ones go, dead ones stay for the operator.
    assert_eq!(outbox.prune(3600, 3600).await.unwrap(), 0);
    assert_eq!(outbox.prune(-1, 3600).await.unwrap(), 2);
    assert_eq!(ledger.runs("job", 5).await.unwrap().len(), 1);
    assert!(schedule("daily", Due { attempts: i32::MAX, ..due(50) }).await);
    let [daily] = &tasks.claim("a", at(50), 10).await.unwrap()[..] else { panic!("one task") };
    tasks.finish(&daily.id, &TaskOutcome::Done).await.unwrap();
    assert_eq!(outbox.prune(-1, 3600).await.unwrap(), 0);
    assert_eq!(outbox.prune(3600, -1).await.unwrap(), 1);
}
