//! `shared::RateLimits` and `users::ports::Streams`: how often somebody calls, and what they keep open. Both go by real time: intervals are an hour
//! where none is to pass.

use std::time::Duration;

use cheapbob_domain::{
    shared::{Counted, Ids, Quota, RateLimits},
    users::ports::Streams,
};
use futures::future::join_all;

use super::world::{TestIds, email};
use crate::waiting::eventually;

const HOUR: Duration = Duration::from_secs(3_600);

fn quota(burst: u32, every: Duration) -> Quota {
    Quota { name: "tests", burst, every, counted: Counted::Together }
}

/// So many calls at once are let through; the next hears when one will be, and is then let through, and no second one.
pub async fn burst_is_let_through_and_then_one_each_interval(limits: &dyn RateLimits) {
    let (quota, who) = (quota(3, Duration::from_millis(500)), TestIds.secret());
    let call = async || limits.admit(&quota, &who).await.unwrap();
    let begun = std::time::Instant::now();
    assert_eq!((call().await, call().await, call().await), (None, None, None));
    let wait = call().await.unwrap_or_else(|| panic!("the fourth is too much, {:?} after the first", begun.elapsed()));
    assert!(wait <= quota.every, "{wait:?}");
    let refused = std::time::Instant::now();
    eventually("the next is let through", 5, || async { call().await.is_none().then_some(()) }).await;
    // Whoever goes on asking is not kept out for longer, nor let in before.
    assert!(refused.elapsed() + Duration::from_millis(50) >= wait, "{:?} of {wait:?}", refused.elapsed());
    assert!(begun.elapsed() < quota.every * 6, "{:?}", begun.elapsed());
}

/// A refused call hears how long it has to wait for one to be let through, however often it asks.
pub async fn refused_call_does_not_count(limits: &dyn RateLimits) {
    let (quota, who) = (quota(1, HOUR), TestIds.secret());
    assert_eq!(limits.admit(&quota, &who).await.unwrap(), None);
    for _ in 0..5 {
        let wait = limits.admit(&quota, &who).await.unwrap().unwrap();
        assert!(wait <= HOUR && wait > HOUR - Duration::from_secs(60), "{wait:?}");
    }
}

/// Each caller and each rule is counted for itself.
pub async fn callers_and_rules_are_counted_apart(limits: &dyn RateLimits) {
    let (one, other) = (TestIds.secret(), TestIds.secret());
    let (rule, another) = (quota(1, HOUR), Quota { name: "tests_too", ..quota(1, HOUR) });
    for (quota, who) in [(&rule, &one), (&rule, &other), (&another, &one)] {
        assert_eq!(limits.admit(quota, who).await.unwrap(), None);
        assert!(limits.admit(quota, who).await.unwrap().is_some());
    }
}

/// Of many calls at once as many are let through as the quota has.
pub async fn calls_at_once_get_no_more_than_the_quota(limits: &dyn RateLimits) {
    let (quota, who) = (quota(7, HOUR), TestIds.secret());
    let answers = join_all((0..40).map(|_| limits.admit(&quota, &who))).await;
    assert_eq!(answers.into_iter().filter(|answer| answer.as_ref().unwrap().is_none()).count(), 7);
}

/// What two processes count together is one count.
pub async fn processes_count_together(mine: &dyn RateLimits, other: &dyn RateLimits) {
    let (quota, who) = (quota(7, HOUR), TestIds.secret());
    let answers = join_all((0..40).map(|n| if n % 2 == 0 { mine } else { other }.admit(&quota, &who))).await;
    assert_eq!(answers.into_iter().filter(|answer| answer.as_ref().unwrap().is_none()).count(), 7);
}

/// An account gets as many places as it may have, also of many asked for at once; one that is given back is free, another account has its own.
pub async fn streams_of_an_account_have_so_many_places(streams: &dyn Streams) {
    let (account, other) = (email(), email());
    let ids: Vec<_> = (0..20).map(|n| format!("stream-{n}")).collect();
    let opened = join_all(ids.iter().map(|id| streams.open(&account, id, 10, HOUR))).await;
    let opened: Vec<_> = ids.iter().zip(opened).filter_map(|(id, opened)| opened.unwrap().then_some(id)).collect();
    assert_eq!(opened.len(), 10);
    assert!(streams.open(&other, "stream-0", 10, HOUR).await.unwrap());
    assert!(!streams.open(&account, "one more", 10, HOUR).await.unwrap());
    streams.close(&account, opened[3]).await.unwrap();
    // A place that is given back twice is one.
    streams.close(&account, opened[3]).await.unwrap();
    assert!(streams.open(&account, "one more", 10, HOUR).await.unwrap());
    assert!(!streams.open(&account, "another", 10, HOUR).await.unwrap());
}

/// A place whose process died is free when its lease is over.
pub async fn stream_that_nobody_closed_gives_its_place_back(streams: &dyn Streams) {
    let (account, lease) = (email(), Duration::from_secs(1));
    let begun = std::time::Instant::now();
    assert!(streams.open(&account, "died", 1, lease).await.unwrap());
    let next = async || streams.open(&account, "next", 1, lease).await.unwrap();
    eventually("its place is free", 10, || async { next().await.then_some(()) }).await;
    assert!(begun.elapsed() + Duration::from_millis(50) >= lease, "{:?}", begun.elapsed());
}

/// A place that is extended stays taken after its first lease, also where it was forgotten.
pub async fn stream_that_is_extended_keeps_its_place(streams: &dyn Streams) {
    let (account, lease) = (email(), Duration::from_secs(1));
    assert!(streams.open(&account, "short", 2, lease).await.unwrap() && streams.open(&account, "extended", 2, lease).await.unwrap());
    streams.extend(&account, "extended", HOUR).await.unwrap();
    eventually("the other one's place is free", 10, || async { streams.open(&account, "next", 2, HOUR).await.unwrap().then_some(()) })
        .await;
    assert!(!streams.open(&account, "one more", 2, HOUR).await.unwrap());
    streams.close(&account, "extended").await.unwrap();
    streams.extend(&account, "extended", HOUR).await.unwrap();
    assert!(!streams.open(&account, "one more", 2, HOUR).await.unwrap());
}
