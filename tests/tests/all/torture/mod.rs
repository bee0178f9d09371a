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
        atomic::{AtomicU64, Ordering},
    },
};

use cheapbob_test_support::noon;
use chrono::Duration;
use futures::future::join_all;

use schedule::Schedule;
use world::World;

/// Worlds at once, each with a database, a clock and a PortOne of its own.
const WORLDS: usize = 4;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

/// Plays one schedule; what went wrong, if anything.
async fn play(world: &World, seed: u64, week: i32) -> Option<String> {
    // Tuesday after Tuesday: no schedule sees what another has left.
    let mut schedule = Schedule::new(world, seed, noon() + Duration::weeks(week.into())).await;
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

/// Plays schedules from `seed` on until one goes wrong or all are played; gives what went wrong.
async fn play_all(schedules: u64, seed: u64, sabotage: Option<&str>, tally: &Tally) -> Option<String> {
    let next = AtomicU64::new(0);
    let failed = join_all((0..WORLDS).map(|_| async {
        let world = World::new().await;
        if let Some(sql) = sabotage {
            world.database.sql(sql).await;
        }
        for week in 0.. {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= schedules {
                break;
            }
            if let Some(wrong) = play(&world, seed.wrapping_add(number), week).await {
                // The others stop, too.
                next.store(schedules, Ordering::Relaxed);
                return Some(wrong);
            }
        }
        count(&world, tally).await;
        None
    }))
    .await;
    failed.into_iter().flatten().next()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn schedules_in_process() {
    let schedules = from_environment("CHEAPBOB_SCHEDULES").unwrap_or(2_000);
    let seed = from_environment("CHEAPBOB_SEED").unwrap_or_else(rand::random);
    let tally = Tally::default();
    if let Some(wrong) = play_all(schedules, seed, None, &tally).await {
        panic!("{wrong}");
    }
    let tally = tally.into_inner().unwrap();
    println!("{schedules} schedules from seed {seed}: {tally:#?}");
    if schedules >= 1_000 {
        let ways =
            ["late", "mismatch", "store_closed", "canceled_by_customer", "canceled_by_store", "store_closing", "pickup_over", "day_over"];
        let ways = ways.map(|way| format!("refunded {way}"));
        let more = ["refunded canceled_at_provider", "complete", "cancel", "released expired", "released abandoned", "released failed"];
        let actors = ["ordered by customer", "ordered by job", "ordered by webhook", "discrepancy by job"];
        for way in ways.iter().map(String::as_str).chain(more).chain(actors) {
            assert!(tally.get(way).is_some_and(|n| *n > 0), "{way} never happened: {tally:#?}");
        }
    }
}

/// Bugs as the statements could have them, put into the database: each must be found, else the search is worth nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn planted_bugs_are_found() {
    const ENOUGH: u64 = 150;
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
        let found = play_all(ENOUGH, 1, Some(&sabotage), &Tally::default()).await.unwrap_or_else(|| panic!("not found: {bug}"));
        assert!(found.contains(finds), "{bug}: {found}");
    }
}
