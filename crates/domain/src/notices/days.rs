//! Random days: whatever happens, nobody is told too much, at night, or what is not so.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration as RealDuration,
};

use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use futures::{FutureExt, future::BoxFuture};
use proptest::prelude::*;

use super::{
    NoticeParts, NoticeService,
    model::{
        batch::{NoticeBatch, NoticeFanOut},
        choices::Choices,
        message::PushMessage,
        occasion::{Kind, Occasion, StoreNow},
        subscription::Subscription,
        testing::{occasion, store_now},
        times::{MORNING, is_night},
    },
    ports::{Candidate, Happenings, MockNoticeChoices, NoticeBook, Page, PageOf, PushService, Pushed, Recipient, Stretch, Told},
};
use crate::shared::{Clock, Email, ProductId, Result, Rule, StoreId, Timer, kst, mail::MockMailer, testing::Counter};

/// A place.
#[derive(Debug, Clone)]
struct Row {
    customer: String,
    store: StoreId,
    day: NaiveDate,
    occasion: String,
    batch: String,
    told: bool,
}

#[derive(Debug, Clone)]
enum Task {
    FanOut(NoticeFanOut),
    Batch(NoticeBatch),
}

/// What was shown, to whom, when.
type Shown = (String, StoreId, DateTime<Utc>);

#[derive(Default)]
struct State {
    now: DateTime<Utc>,
    people: BTreeMap<String, Choices>,
    rows: Vec<Row>,
    tasks: BTreeMap<String, (DateTime<Utc>, Task)>,
    /// Ids of tasks that were written once.
    known: BTreeSet<String>,
    /// From when to when each store's occasion is so.
    so: BTreeMap<StoreId, Vec<Range<DateTime<Utc>>>>,
    shown: Vec<Shown>,
    /// Answers of the push service, in turn.
    answers: Vec<Pushed>,
}

/// Every port, in memory.
struct Town(Mutex<State>);

impl Town {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn write(&mut self, id: String, at: DateTime<Utc>, task: Task) {
        if self.known.insert(id.clone()) {
            self.tasks.insert(id, (at, task));
        }
    }

    fn is_so(&self, store: &StoreId, at: DateTime<Utc>) -> bool {
        self.so.get(store).is_some_and(|spans| spans.iter().any(|span| span.contains(&at)))
    }
}

impl Clock for Town {
    fn now(&self) -> DateTime<Utc> {
        self.state().now
    }
}

impl Timer for Town {
    fn sleep(&self, _: RealDuration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

#[async_trait]
impl Happenings for Town {
    async fn looked_until(&self) -> Result<Option<DateTime<Utc>>> {
        Ok(None)
    }
    async fn found(&self, _: &[Occasion], _: DateTime<Utc>) -> Result<()> {
        Ok(())
    }
    async fn by_clock(&self, _: Stretch) -> Result<Vec<Candidate>> {
        Ok(Vec::new())
    }
    async fn by_sellers(&self, _: DateTime<Utc>, _: DateTime<Utc>) -> Result<Vec<Candidate>> {
        Ok(Vec::new())
    }
    /// A store sells around the clock, and has something left while it is so.
    async fn now(&self, asked: &[(StoreId, Option<ProductId>)], weekday: i16) -> Result<Vec<Option<StoreNow>>> {
        let state = self.state();
        let one = |(store, _): &(StoreId, Option<ProductId>)| {
            let mut now = store_now();
            now.calendar.today.day_of_week = weekday;
            now.calendar.today.open_time = chrono::NaiveTime::MIN;
            let midnight = chrono::NaiveTime::from_hms_opt(23, 59, 59).unwrap();
            (now.calendar.today.close_time, now.calendar.today.pickup_end_time) = (midnight, midnight);
            now.product = now.product.map(|product| super::ProductNow { left: i32::from(state.is_so(store, state.now)), ..product });
            Some(now)
        };
        Ok(asked.iter().map(one).collect())
    }
}

#[async_trait]
impl NoticeBook for Town {
    async fn claim<'a>(&self, page: PageOf<'a>) -> Result<Page> {
        let mut state = self.state();
        let PageOf { occasion, day, after, limit, at_night, most, batch, now } = page;
        let people: Vec<_> =
            state.people.iter().filter(|(email, _)| email.as_str() > after).take(limit as usize).map(|(e, c)| (e.clone(), *c)).collect();
        let last = people.last().map(|(email, _)| email.clone());
        let mut claimed = 0;
        for (customer, choices) in people {
            let of_day = |row: &&Row| row.customer == customer && row.day == day;
            let is_full = state.rows.iter().filter(of_day).count() >= most as usize;
            let is_told = state.rows.iter().any(|row| {
                row.customer == customer
                    && row.store == occasion.store
                    && (row.day == day || row.day == day.pred_opt().unwrap() && row.occasion == occasion.id())
            });
            if !is_full && !is_told && choices.wants(occasion.kind) && choices.by_push && (choices.at_night || !at_night) {
                claimed += 1;
                let (store, occasion, batch) = (occasion.store.clone(), occasion.id(), batch.to_owned());
                state.rows.push(Row { customer, store, day, occasion, batch, told: false });
            }
        }
        if claimed > 0 {
            let task = NoticeBatch { batch: batch.to_owned(), occasion: occasion.clone(), attempt: 0 };
            state.write(batch.to_owned(), now, Task::Batch(task));
        }
        Ok(Page { last, is_settled: true, claimed })
    }

    async fn recipients(&self, batch: &str) -> Result<Vec<Recipient>> {
        let state = self.state();
        let row = |row: &Row| Recipient {
            customer: Email::trusted(row.customer.clone()),
            day: row.day,
            choices: state.people[&row.customer],
            email_vouched: false,
            secret: String::new(),
            subscriptions: vec![("b".into(), Subscription { endpoint: row.customer.clone(), p256dh: String::new(), auth: String::new() })],
            reached: Vec::new(),
        };
        Ok(state.rows.iter().filter(|row| row.batch == batch && !row.told).map(row).collect())
    }

    async fn record(&self, batch: &str, told: &[Told], _: &[String], _: DateTime<Utc>) -> Result<()> {
        for row in self.state().rows.iter_mut().filter(|row| row.batch == batch) {
            row.told |= told.iter().any(|told| told.done && told.customer == row.customer);
        }
        Ok(())
    }

    async fn release(&self, batch: &str, customers: &[String], _: DateTime<Utc>) -> Result<()> {
        self.state().rows.retain(|row| row.batch != batch || row.told || !customers.contains(&row.customer));
        Ok(())
    }

    async fn again(&self, old: &str, new: &NoticeBatch, run_at: DateTime<Utc>) -> Result<()> {
        let mut state = self.state();
        for row in state.rows.iter_mut().filter(|row| row.batch == old && !row.told) {
            row.batch.clone_from(&new.batch);
        }
        state.write(new.batch.clone(), run_at, Task::Batch(new.clone()));
        Ok(())
    }

    async fn in_the_morning(&self, occasion: &Occasion, at: DateTime<Utc>) -> Result<()> {
        let id = format!("{}:morning:{}", occasion.id(), kst::hours_day(at));
        self.state().write(id, at, Task::FanOut(NoticeFanOut { occasion: occasion.clone() }));
        Ok(())
    }

    async fn prune(&self, _: NaiveDate) -> Result<u64> {
        Ok(0)
    }
}

#[async_trait]
impl PushService for Town {
    fn public_key(&self) -> &str {
        ""
    }
    fn check(&self, _: &Subscription) -> std::result::Result<(), (&'static str, Rule)> {
        Ok(())
    }
    async fn push(&self, subscription: &Subscription, message: &PushMessage) -> Result<Pushed> {
        let mut state = self.state();
        let answer = state.answers.pop().unwrap_or(Pushed::Taken);
        if answer == Pushed::Taken {
            let shown = (subscription.endpoint.clone(), message.content.data.store_id.clone(), state.now);
            state.shown.push(shown);
        }
        Ok(answer)
    }
}

/// 2026-11-24, a Tuesday, 06:00 KST.
fn dawn() -> DateTime<Utc> {
    "2026-11-24T06:00:00+09:00".parse().unwrap()
}

/// Store, kind, minute from dawn, for how many minutes it is so.
type Happens = (usize, usize, i64, i64);

fn town(people: &[(bool, bool)], happens: &[Happens], answers: Vec<Pushed>) -> (Arc<Town>, NoticeService) {
    let mut state = State { now: dawn(), answers, ..State::default() };
    for (place, (at_night, all)) in people.iter().enumerate() {
        let choices = Choices { price_drops: true, back_in_stock: *all, by_push: true, at_night: *at_night, ..Choices::default() };
        state.people.insert(format!("p{place:02}@x"), choices);
    }
    for (store, kind, minute, length) in happens {
        let (store, at) = (StoreId::trusted(format!("STR_{store}")), dawn() + Duration::minutes(*minute));
        let kind = [Kind::PriceDrops, Kind::BackInStock][*kind];
        let occasion = Occasion { store: store.clone(), at, ..occasion(kind) };
        state.so.entry(store).or_default().push(at..at + Duration::minutes(*length));
        state.write(occasion.id(), at, Task::FanOut(NoticeFanOut { occasion }));
    }
    let town = Arc::new(Town(Mutex::new(state)));
    let service = NoticeService::new(NoticeParts {
        choices: Arc::new(MockNoticeChoices::new()),
        happenings: town.clone(),
        book: town.clone(),
        push: town.clone(),
        mailer: Arc::new(MockMailer::new()),
        clock: town.clone(),
        timer: town.clone(),
        ids: Arc::new(Counter::default()),
        base: String::new(),
    });
    (town, service)
}

/// Does every task when it is due, each so many minutes late.
fn days(town: &Town, service: &NoticeService, late: &[i64]) {
    let mut late = late.iter().cycle();
    loop {
        let task = {
            let mut state = town.state();
            let Some((id, (at, _))) = state.tasks.iter().min_by_key(|(_, (at, _))| *at).map(|(id, task)| (id.clone(), task.clone())) else {
                return;
            };
            state.now = state.now.max(at + Duration::minutes(*late.next().unwrap_or(&0)));
            state.tasks.remove(&id).unwrap().1
        };
        match task {
            Task::FanOut(fan_out) => service.fan_out(&fan_out).now_or_never().unwrap().map(|_| ()),
            Task::Batch(batch) => service.deliver(&batch).now_or_never().unwrap().map(|_| ()),
        }
        .unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nobody_is_told_too_much_or_in_their_sleep_or_what_is_not_so(
        people in proptest::collection::vec(any::<(bool, bool)>(), 1..5),
        happens in proptest::collection::vec((0..8usize, 0..2usize, 0..3 * 1_440i64, 1..900i64), 1..40),
        late in proptest::collection::vec(prop_oneof![8 => 0..2i64, 1 => 0..600i64], 1..20),
        refusals in 0..20usize,
    ) {
        let (town, service) = town(&people, &happens, vec![Pushed::Later(None); refusals]);
        days(&town, &service, &late);
        let state = town.state();
        let mut of_store = BTreeMap::<_, i32>::new();
        let mut of_day = BTreeMap::<_, i32>::new();
        for (who, store, at) in &state.shown {
            let day = kst::business_day(*at);
            *of_store.entry((who, store, day)).or_default() += 1;
            *of_day.entry((who, day)).or_default() += 1;
            prop_assert!(state.people[who].at_night || !is_night(*at), "{who} was told at {at}");
            prop_assert!(state.is_so(store, *at), "{store} at {at}: not so any more");
        }
        prop_assert!(of_store.values().all(|number| *number == 1), "{of_store:?}");
        prop_assert!(of_day.values().all(|number| *number <= super::MOST_IN_A_DAY), "{of_day:?}");
        prop_assert!(state.rows.iter().all(|row| row.told), "{:?}", state.rows);
    }

    /// Where nothing is late or refused and there is little to tell, everybody hears of it: at once, or in the morning if it is still so.
    #[test]
    fn what_happens_at_night_is_told_in_the_morning_if_it_is_still_so(at_night in any::<bool>(), minute in 0..3 * 1_440i64, length in 1..1_440i64) {
        let (town, service) = town(&[(at_night, true)], &[(0, 0, minute, length)], Vec::new());
        days(&town, &service, &[0]);
        let state = town.state();
        let happened = dawn() + Duration::minutes(minute);
        let told = if at_night || !is_night(happened) {
            Some(happened)
        } else {
            let morning = kst::last(happened, MORNING) + Duration::days(1);
            (morning < happened + Duration::minutes(length)).then_some(morning)
        };
        prop_assert_eq!(state.shown.iter().map(|(.., at)| *at).collect::<Vec<_>>(), Vec::from_iter(told));
    }
}

/// A person has four places in a day; a fifth store's is not told, and not on the next day either.
#[test]
fn the_fifth_of_a_day_is_not_told() {
    let happens: Vec<_> = (0..6).map(|store| (store, 0, 180 + store as i64 * 61, 600)).collect();
    let (town, service) = town(&[(true, true)], &happens, Vec::new());
    days(&town, &service, &[0]);
    let stores: Vec<_> = town.state().shown.iter().map(|(_, store, _)| store.to_string()).collect();
    assert_eq!(stores, ["STR_0", "STR_1", "STR_2", "STR_3"]);
}

#[test]
fn whom_nobody_takes_is_not_tried_for_ever() {
    let (town, service) = town(&[(true, true)], &[(0, 0, 180, 10_000)], vec![Pushed::Later(None); 1_000]);
    days(&town, &service, &[0]);
    let state = town.state();
    assert!(state.shown.is_empty() && state.rows.is_empty(), "{:?}", state.rows);
    assert_eq!(1_000 - state.answers.len(), 10);
}

#[test]
fn a_choice_that_was_taken_back_counts_at_once() {
    let (town, service) = town(&[(true, true)], &[(0, 0, 180, 10_000)], vec![Pushed::Later(None)]);
    let fan_out = match town.state().tasks.values().next().unwrap() {
        (_, Task::FanOut(fan_out)) => fan_out.clone(),
        (_, Task::Batch(_)) => unreachable!(),
    };
    town.state().tasks.clear();
    town.state().now = fan_out.occasion.at;
    service.fan_out(&fan_out).now_or_never().unwrap().unwrap();
    town.state().people.values_mut().for_each(|choices| choices.price_drops = false);
    days(&town, &service, &[0]);
    assert!(town.state().shown.is_empty() && town.state().rows.is_empty());
}
