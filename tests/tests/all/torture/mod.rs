//! No won is lost: random schedules on a real PostgreSQL, with PortOne's bad days, and tasks that die at any place.
//!
//! `just torture` for more; `just replay SEED` plays one again (what happens at once in a step may happen in another order).
#![allow(clippy::print_stdout, reason = "what was searched, for whoever searches")]

mod check;
mod fake;
mod points;
mod portone;
mod real;
mod schedule;
mod world;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cheapbob_test_support::noon;
use futures::future::join_all;

use crate::budget::{Budget, number};
use schedule::Schedule;
use world::World;

/// Worlds at once, each with a database, a clock and a PortOne of its own.
const WORLDS: usize = 4;

/// Plays one schedule; what went wrong, if anything.
async fn play(world: &World, seed: u64, week: i32) -> Option<String> {
    // Tuesday after Tuesday: no schedule sees what another has left.
    let mut schedule = Schedule::new(world, seed, noon() + chrono::Duration::weeks(week.into())).await;
    schedule.run().await;
    let mut wrong: Vec<_> = schedule.rest().await.err().into_iter().collect();
    wrong.extend(schedule.wrong().await);
    if wrong.is_empty() {
        return None;
    }
    Some(format!("{}\n\nwhat happened:\n  {}\n\nplay it again: just replay {seed}", wrong.join("\n"), schedule.log.join("\n  ")))
}

/// What payments came to in all schedules: `complete`, `late`, … A search that meets only the easy ones is worth little.
type Tally = Mutex<BTreeMap<String, i64>>;

async fn count(world: &World, tally: &Tally) {
    let fates =
        "SELECT status FROM orders UNION ALL SELECT 'refunded ' || reason FROM refunds UNION ALL SELECT 'released ' || ended_because
                 FROM holds WHERE state = 'released' UNION ALL SELECT event || ' by ' || actor_role FROM audit_log";
    for fate in world.database.texts(fates).await {
        *tally.lock().unwrap().entry(fate).or_default() += 1;
    }
}

/// Plays schedules from `seed` on until one goes wrong or enough are played; gives how many were, and what went wrong.
async fn play_all(budget: &Budget, seed: u64, sabotage: Option<&str>, tally: &Tally) -> (u64, Option<String>) {
    let (next, played) = (AtomicU64::new(0), AtomicU64::new(0));
    let found = AtomicBool::new(false);
    let failed = join_all((0..WORLDS).map(|_| async {
        let world = World::new().await;
        if let Some(sql) = sabotage {
            world.database.sql(sql).await;
        }
        for week in 0.. {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if found.load(Ordering::Relaxed) || !budget.allows(number) {
                break;
            }
            let wrong = play(&world, seed.wrapping_add(number), week).await;
            played.fetch_add(1, Ordering::Relaxed);
            if wrong.is_some() {
                // The others stop, too.
                found.store(true, Ordering::Relaxed);
                return wrong;
            }
        }
        count(&world, tally).await;
        None
    }))
    .await;
    (played.into_inner(), failed.into_iter().flatten().next())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn schedules_in_process() {
    const ENOUGH: u64 = 300;
    const MORE: u64 = 100;
    const LONGER: u32 = 5;
    let budget = Budget::new("CHEAPBOB_SCHEDULES", ENOUGH, 2_000, Duration::from_secs(120));
    let seed = number("CHEAPBOB_SEED").unwrap_or_else(rand::random);
    let tally = Tally::default();
    let (mut schedules, mut wrong) = play_all(&budget, seed, None, &tally).await;
    // Rare fates are waited for: by chance the first hundreds may miss one. Fewer are a replay.
    for _ in 0..LONGER {
        if wrong.is_some() || schedules < ENOUGH || never(&tally).is_empty() {
            break;
        }
        let (more, found) = play_all(&Budget::exactly(MORE), seed.wrapping_add(schedules), None, &tally).await;
        (schedules, wrong) = (schedules + more, found);
    }
    if let Some(wrong) = wrong {
        panic!("{wrong}");
    }
    println!("{schedules} schedules from seed {seed}: {:?}", tally.lock().unwrap());
    if schedules >= ENOUGH {
        assert_eq!(never(&tally), [""; 0], "never happened");
    }
}

/// The fates that no schedule has met.
fn never(tally: &Tally) -> Vec<&'static str> {
    const FATES: [&str; 18] = [
        "refunded late",
        "refunded mismatch",
        "refunded store_closed",
        "refunded canceled_by_customer",
        "refunded canceled_by_store",
        "refunded store_closing",
        "refunded pickup_over",
        "refunded day_over",
        "refunded canceled_at_provider",
        "complete",
        "cancel",
        "released expired",
        "released abandoned",
        "released failed",
        "ordered by customer",
        "ordered by job",
        "ordered by webhook",
        "discrepancy by job",
    ];
    let tally = tally.lock().unwrap();
    FATES.into_iter().filter(|fate| !tally.contains_key(*fate)).collect()
}

/// Bugs as the statements could have them, put into the database: each must be found, else the search is worth nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn planted_bugs_are_found() {
    let trigger = |when: &str, body: &str| {
        format!(
            "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$; CREATE TRIGGER bug {when} EXECUTE FUNCTION bug()"
        )
    };
    for (bug, sabotage, finds) in [
        (
            "stock of a hold that ran out is not given back",
            trigger(
                "AFTER UPDATE ON holds FOR EACH ROW WHEN (OLD.state = 'held' AND NEW.state = 'released')",
                "UPDATE products SET held = held + NEW.quantity WHERE id = NEW.product_id AND initial_stock + adjustment - sold - held >= NEW.quantity; RETURN NULL;",
            ),
            "stock",
        ),
        (
            "a refund without an answer counts as done",
            trigger(
                "BEFORE UPDATE ON refunds FOR EACH ROW WHEN (NEW.state = 'unknown')",
                "NEW.state := 'succeeded'; NEW.next_attempt_at := NULL; NEW.amount := 7000; RETURN NEW;",
            ),
            "won are in PortOne's books",
        ),
        (
            "a cancellation forgets its mail",
            trigger("BEFORE INSERT ON tasks FOR EACH ROW WHEN (NEW.id LIKE 'mail:canceled:%')", "RETURN NULL;"),
            "mails",
        ),
        (
            "money that came too late is kept",
            trigger(
                "AFTER INSERT ON refunds FOR EACH ROW WHEN (NEW.reason = 'late')",
                "DELETE FROM refunds WHERE payment_id = NEW.payment_id; RETURN NULL;",
            ),
            "",
        ),
    ] {
        let (played, found) = play_all(&Budget::exactly(150), 1, Some(&sabotage), &Tally::default()).await;
        let found = found.unwrap_or_else(|| panic!("not found in {played} schedules: {bug}"));
        assert!(found.contains(finds), "{bug}: {found}");
    }
}
