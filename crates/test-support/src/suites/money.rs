//! `orders::ports::{AuditLog, Inbox, IdempotencyKeys, Books}`: what the books about money rest on (contract, Payment rules).

use cheapbob_domain::{
    orders::{
        Actor, ActorKind, Attempt, Booked, CanceledBy, Cancellation, Claim, Discrepancy, Expected, HoldEnd, KeyedCall, Message, MessagePut,
        OrderOutcome, RefundReason, RefundState, StoredAnswer,
    },
    products::Product,
    shared::{Email, PaymentId, StoreId, kst},
    tasks::{Claiming, Lane, Task, TaskEnd, TaskOutcome},
};
use futures::future::join_all;

use super::world::{TestIds, World, actor, at, email, hold, paid, portone};

fn attempt(state: RefundState) -> Attempt {
    let amount = (state == RefundState::Succeeded).then_some(7_000);
    Attempt { state, next_at: at(200), new_key: false, answer: "no".into(), amount }
}

async fn held(world: &World, customer: &Email, product: &Product) -> PaymentId {
    let hold = hold(customer, product, 1);
    assert!(world.holds.hold(&hold).await.unwrap());
    hold.payment_id
}

async fn ordered(world: &World, customer: &Email, product: &Product) -> PaymentId {
    let payment = held(world, customer, product).await;
    assert_eq!(world.holds.order(&payment, &paid(1), at(1), &actor()).await.unwrap(), OrderOutcome::Made);
    payment
}

/// What the audit log says of a payment: event and detail, oldest first.
async fn events(world: &World, store: &StoreId, payment: &PaymentId) -> Vec<String> {
    let entries = world.audit.of_payment(store, payment).await.unwrap();
    entries.into_iter().map(|e| e.detail.map_or(e.event.clone(), |detail| format!("{} {detail}", e.event))).collect()
}

/// A customer, a store and nine pieces.
async fn nine_pieces(world: &World) -> (Email, StoreId, Product) {
    let (customer, (_, store)) = (world.customer().await, world.store("가게").await);
    let product = world.product(&store, 9).await;
    (customer, store, product)
}

/// Contract, Seller (history): each step of an order once, with who took it, when, and for which request; to its own store only.
pub async fn audit_log_tells_who_took_each_step_of_an_order(world: &World) {
    let (customer, store, product) = nine_pieces(world).await;
    let done = ordered(world, &customer, &product).await;
    world.orders.accept(&done, at(2), &Actor::person(cheapbob_domain::users::Role::Seller, email(), "r2".into())).await.unwrap();
    world.orders.complete(&done, at(3), &Actor { kind: ActorKind::Customer(customer.clone()), request_id: None }).await.unwrap();
    assert_eq!(events(world, &store, &done).await, ["held", "ordered", "accepted", "completed"]);
    let entries = world.audit.of_payment(&store, &done).await.unwrap();
    assert_eq!((entries[0].actor_role.as_str(), entries[0].actor.as_deref()), ("customer", Some(customer.as_str())));
    assert_eq!((entries[0].at, entries[0].request_id.as_deref()), (at(0), Some("r0")));
    assert_eq!(
        (entries[1].actor_role.as_str(), entries[1].actor.as_deref(), entries[1].request_id.as_deref()),
        ("job", Some("test"), Some("r1"))
    );
    assert_eq!((entries[2].at, entries[2].actor_role.as_str(), entries[2].request_id.as_deref()), (at(2), "seller", Some("r2")));
    // Nobody else's, and nothing twice.
    assert!(world.audit.of_payment(&StoreId::generate(&TestIds), &done).await.unwrap().is_empty());
    assert_eq!(world.orders.complete(&done, at(4), &actor()).await.unwrap(), None);
    assert_eq!(events(world, &store, &done).await.len(), 4);
}

/// Contract, Payment rules (refunds): each turn of a refund from its request on; what is done does not fail later.
pub async fn audit_log_tells_each_turn_of_a_refund(world: &World) {
    let (customer, store, product) = nine_pieces(world).await;
    let canceled = ordered(world, &customer, &product).await;
    let cancellation = Cancellation { by: CanceledBy::Store, reason: None, today: kst::business_day(at(0)), at: at(2), actor: actor() };
    world.cancellations.cancel(&canceled, &cancellation).await.unwrap().unwrap();
    for (second, state) in [(3, RefundState::Unknown), (4, RefundState::Failed), (5, RefundState::Succeeded), (6, RefundState::Failed)] {
        world.refunds.record(&canceled, &attempt(state), at(second), &actor()).await.unwrap();
    }
    let refund = ["refund_unknown", "refund_failed", "refund_succeeded 7000"];
    let begin = ["held", "ordered", "canceled canceled_by_store", "refund_requested canceled_by_store"];
    assert_eq!(events(world, &store, &canceled).await, [&begin[..], &refund[..]].concat());
    assert!(world.refunds.reopen(&canceled, at(7), &actor()).await.unwrap());
    assert_eq!(events(world, &store, &canceled).await.last().unwrap(), "refund_reopened");
}

/// Contract, Payment rules: a payment that never became an order has a history too.
pub async fn audit_log_tells_why_a_hold_was_released(world: &World) {
    let (customer, store, product) = nine_pieces(world).await;
    let released = held(world, &customer, &product).await;
    world.holds.release(&released, HoldEnd::Abandoned, at(2), &actor()).await.unwrap();
    world.holds.refund(&released, RefundReason::Late, at(3), &actor()).await.unwrap();
    assert_eq!(events(world, &store, &released).await, ["held", "released abandoned", "refund_requested late"]);
}

/// Contract, Payment rules (reconciliation): a discrepancy is said once, until something else was said.
pub async fn discrepancy_is_reported_once_until_it_changes(world: &World) {
    let (customer, store, product) = nine_pieces(world).await;
    let done = ordered(world, &customer, &product).await;
    let report = async |discrepancy| world.audit.report(&store, &done, discrepancy, at(9), &actor()).await.unwrap();
    assert!(report(Discrepancy::OrderWithoutMoney).await);
    assert!(!report(Discrepancy::OrderWithoutMoney).await);
    assert!(report(Discrepancy::PartlyRefunded).await);
    assert_eq!(world.audit.discrepancies().await.unwrap(), 2);
    assert_eq!(events(world, &store, &done).await[2..], ["discrepancy order_without_money", "discrepancy partly_refunded"]);
}

fn message(payment: &PaymentId, id: &str) -> Message {
    Message { id: id.to_owned(), kind: "Transaction.Paid".into(), payment: Some(payment.clone()) }
}

/// Claims what is to be done for messages.
async fn webhooks(world: &World, second: i64) -> Vec<Task> {
    let claiming = Claiming { lane: Lane::Webhooks, worker: "w", now: at(second), since: None, limit: 10 };
    world.tasks.claim(&claiming).await.unwrap()
}

/// Any number of messages about a payment make one waiting task, which is due at once, and one that comes while it is under way makes it
/// wait once more.
pub async fn webhooks_of_a_payment_make_one_task(world: &World) {
    let (store, payment) = (StoreId::generate(&TestIds), PaymentId::generate(&TestIds));
    let put = async |id: &str, second| {
        assert_eq!(world.inbox.put(&store, &message(&payment, id), true, "request-1", at(second)).await.unwrap(), MessagePut::Kept);
    };
    join_all((0..50).map(|n| {
        let put = &put;
        async move { put(&format!("before-{n}"), 0).await }
    }))
    .await;
    let first = webhooks(world, 0).await;
    assert_eq!(first.len(), 1);
    // Under way: two more lead to one more.
    put("during-1", 1).await;
    put("during-2", 1).await;
    assert!(webhooks(world, 2).await.is_empty());
    assert_eq!(world.tasks.finish(&first[0].claim, &TaskOutcome::Done, at(2)).await.unwrap(), TaskEnd::Written);
    let second = webhooks(world, 2).await;
    assert_eq!((second.len(), second[0].attempts), (1, 0));
    // It waits for its next attempt, and what comes now is looked at now.
    let later = TaskOutcome::Retry { error: "no answer".into(), at: at(3600) };
    world.tasks.finish(&second[0].claim, &later, at(2)).await.unwrap();
    assert!(webhooks(world, 3).await.is_empty());
    put("after", 4).await;
    let third = webhooks(world, 4).await;
    assert_eq!(third.len(), 1);
    // Done, it waits for nobody; the next message finds it.
    world.tasks.finish(&third[0].claim, &TaskOutcome::Done, at(4)).await.unwrap();
    assert!(webhooks(world, 5).await.is_empty());
    put("again", 6).await;
    assert_eq!(webhooks(world, 6).await.len(), 1);
}

/// Contract, Payment rules (webhooks): kept once, however often it comes at once, and its task with it.
pub async fn webhook_is_kept_once_with_its_task(world: &World) {
    let (store, payment) = (StoreId::generate(&TestIds), PaymentId::generate(&TestIds));
    let message = message(&payment, "a");
    let put = join_all((0..8).map(|_| async { world.inbox.put(&store, &message, true, "request-1", at(0)).await.unwrap() })).await;
    assert_eq!(put.iter().filter(|p| **p == MessagePut::Kept).count(), 1);
    let claimed = webhooks(world, 0).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].payload, serde_json::json!({ "kind": "webhook", "webhook_id": "a", "payment_id": payment }));
}

/// Contract, Payment rules (webhooks): PortOne's ids are a store's own; another store's message of the same id is another one.
pub async fn webhook_of_another_store_is_another_one(world: &World) {
    let message = message(&PaymentId::generate(&TestIds), "a");
    for second in [0, 10] {
        let put = world.inbox.put(&StoreId::generate(&TestIds), &message, true, "request-1", at(second)).await.unwrap();
        assert_eq!(put, MessagePut::Kept);
        assert_eq!(webhooks(world, second).await.len(), 1);
    }
}

/// Contract, Payment rules (webhooks): what changes nothing is kept and gives nobody work, also when it comes again.
pub async fn webhook_that_does_not_matter_is_only_kept(world: &World) {
    let (store, message) = (StoreId::generate(&TestIds), message(&PaymentId::generate(&TestIds), "b"));
    assert_eq!(world.inbox.put(&store, &message, false, "request-1", at(10)).await.unwrap(), MessagePut::Kept);
    assert_eq!(world.inbox.put(&store, &message, true, "request-1", at(10)).await.unwrap(), MessagePut::WasThere);
    assert!(webhooks(world, 10).await.is_empty());
}

/// Contract, Payment rules (webhooks): forgotten, a message is new; what came at the limit or later is not forgotten.
pub async fn forgotten_webhook_is_new(world: &World) {
    let (store, payment) = (StoreId::generate(&TestIds), PaymentId::generate(&TestIds));
    let put = async |id: &str, second| world.inbox.put(&store, &message(&payment, id), false, "request-1", at(second)).await.unwrap();
    assert_eq!((put("a", 0).await, put("b", 10).await), (MessagePut::Kept, MessagePut::Kept));
    assert_eq!(world.inbox.prune(at(10)).await.unwrap(), 1);
    assert_eq!((put("a", 20).await, put("b", 20).await), (MessagePut::Kept, MessagePut::WasThere));
}

/// A store has no say about another's payment: what it signs of one is not kept and gives nobody work.
pub async fn webhook_about_another_stores_payment_is_not_kept(world: &World) {
    let (customer, store, product) = nine_pieces(world).await;
    let payment = held(world, &customer, &product).await;
    let put = async |store: &StoreId| world.inbox.put(store, &message(&payment, "a"), true, "request-1", at(0)).await.unwrap();
    assert_eq!(put(&StoreId::generate(&TestIds)).await, MessagePut::OfAnotherStore);
    assert!(webhooks(world, 0).await.is_empty());
    assert_eq!(put(&store).await, MessagePut::Kept);
    assert_eq!(webhooks(world, 0).await.len(), 1);
}

/// Calls under one key of one account.
struct Calls<'a> {
    world: &'a World,
    account: Email,
}

impl<'a> Calls<'a> {
    fn new(world: &'a World) -> Self {
        Self { world, account: email() }
    }

    async fn claim(&self, request: &str, payment: &PaymentId, now: i64, lease: i64) -> Claim {
        self.world.keys.claim(&self.account, "k", request, payment, at(now), at(lease)).await.unwrap()
    }

    async fn answer(&self, answer: Option<&StoredAnswer>, second: i64) {
        self.world.keys.answer(&self.account, "k", answer, at(second)).await.unwrap();
    }
}

fn to_do(payment: &PaymentId, resumed: bool) -> Claim {
    Claim::Do(KeyedCall { payment_id: payment.clone(), resumed })
}

fn answered() -> StoredAnswer {
    StoredAnswer { status: 200, body: r#"{"a":1}"#.into() }
}

/// Contract, Conventions (Idempotency-Key): of many calls at once one is done, the others hear that it is under way.
pub async fn idempotent_call_is_done_by_one_at_a_time(world: &World) {
    let (calls, first) = (Calls::new(world), PaymentId::generate(&TestIds));
    let claims = join_all((0..8).map(|_| calls.claim("r", &first, 0, 60))).await;
    assert_eq!(claims.iter().filter(|c| **c == to_do(&first, false)).count(), 1, "{claims:?}");
    assert_eq!(claims.iter().filter(|c| **c == Claim::InUse).count(), 7, "{claims:?}");
}

/// Contract, Conventions (Idempotency-Key): another request under the same key is refused; another account's same key is another key.
pub async fn idempotency_key_is_for_one_request_of_one_account(world: &World) {
    let (calls, [first, second]) = (Calls::new(world), [(); 2].map(|()| PaymentId::generate(&TestIds)));
    assert_eq!(calls.claim("r", &first, 0, 60).await, to_do(&first, false));
    assert_eq!(calls.claim("other", &second, 1, 61).await, Claim::Reused);
    assert!(matches!(Calls::new(world).claim("other", &second, 1, 61).await, Claim::Do(_)));
    // Also once the lease has ended.
    assert_eq!(calls.claim("other", &second, 60, 120).await, Claim::Reused);
}

/// Contract, Conventions (Idempotency-Key): where the lease ends, or the call failed, the next one goes on with the first one's payment.
pub async fn idempotent_call_goes_on_with_its_payment(world: &World) {
    let (calls, [first, second]) = (Calls::new(world), [(); 2].map(|()| PaymentId::generate(&TestIds)));
    assert_eq!(calls.claim("r", &first, 0, 60).await, to_do(&first, false));
    assert_eq!(calls.claim("r", &second, 59, 100).await, Claim::InUse);
    assert_eq!(calls.claim("r", &second, 60, 120).await, to_do(&first, true));
    // It failed: at once the next.
    calls.answer(None, 61).await;
    assert_eq!(calls.claim("r", &second, 61, 121).await, to_do(&first, true));
}

/// Contract, Conventions (Idempotency-Key): answered for good; a late second answer changes nothing.
pub async fn idempotent_call_keeps_its_first_answer(world: &World) {
    let (calls, [first, second]) = (Calls::new(world), [(); 2].map(|()| PaymentId::generate(&TestIds)));
    assert_eq!(calls.claim("r", &first, 0, 60).await, to_do(&first, false));
    calls.answer(Some(&answered()), 62).await;
    calls.answer(Some(&StoredAnswer { status: 400, body: "{}".into() }), 63).await;
    assert_eq!(calls.claim("r", &second, 9_999, 10_000).await, Claim::Answered(answered()));
    assert_eq!(calls.claim("other", &second, 9_999, 10_000).await, Claim::Reused);
}

/// Contract, Conventions (Idempotency-Key): forgotten, a key is new.
pub async fn forgotten_idempotency_key_is_new(world: &World) {
    let (calls, [first, second]) = (Calls::new(world), [(); 2].map(|()| PaymentId::generate(&TestIds)));
    assert_eq!(calls.claim("r", &first, 0, 60).await, to_do(&first, false));
    calls.answer(Some(&answered()), 62).await;
    assert_eq!(world.keys.prune(at(1)).await.unwrap(), 1);
    assert_eq!(calls.claim("other", &second, 9_999, 10_000).await, to_do(&second, false));
}

/// What the books say of one of a store's payments.
fn booked(store: &StoreId, payment: &PaymentId, expected: Expected) -> Booked {
    Booked { payment_id: payment.clone(), store_id: store.clone(), portone_store_id: portone().ids.store_id, expected }
}

/// Contract, Payment rules (reconciliation): an order's money, none once it went back; what is only held is not ours to miss.
pub async fn books_expect_what_became_of_each_payment_of_a_store(world: &World) {
    let (customer, store, product) = nine_pieces(world).await;
    let (_, other) = world.store("나게").await;
    let elsewhere = world.product(&other, 9).await;
    let _open = held(world, &world.customer().await, &product).await;
    let order = ordered(world, &customer, &product).await;
    let refunded = held(world, &customer, &product).await;
    world.holds.refund(&refunded, RefundReason::Late, at(2), &actor()).await.unwrap();
    let _foreign = ordered(world, &customer, &elsewhere).await;
    let of_store = async |from, until| {
        let mut found = world.books.of_store(&store, at(from), at(until)).await.unwrap();
        found.sort_by(|a, b| a.payment_id.cmp(&b.payment_id));
        found
    };
    assert_eq!(of_store(0, 1).await, [booked(&store, &order, Expected::Money(7_000)), booked(&store, &refunded, Expected::Open)]);
    assert!(of_store(1, 2).await.is_empty() && of_store(-1, 0).await.is_empty());
    world.refunds.record(&refunded, &attempt(RefundState::Succeeded), at(3), &actor()).await.unwrap();
    assert_eq!(of_store(0, 1).await[1], booked(&store, &refunded, Expected::Nothing));
}

/// Contract, Payment rules (reconciliation): payments by their ids, whichever store's, as far as they are ours.
pub async fn books_find_payments_of_any_store(world: &World) {
    let (customer, store, product) = nine_pieces(world).await;
    let (_, other) = world.store("나게").await;
    let elsewhere = world.product(&other, 9).await;
    let (open, foreign) = (held(world, &customer, &product).await, ordered(world, &customer, &elsewhere).await);
    let found = world.books.find(&[open.clone(), PaymentId::generate(&TestIds)]).await.unwrap();
    assert_eq!(found, [booked(&store, &open, Expected::Open)]);
    assert!(world.books.find(&[]).await.unwrap().is_empty());
    assert_eq!(world.books.find(std::slice::from_ref(&foreign)).await.unwrap()[0].store_id, other);
}

/// Contract, Payment rules (reconciliation): the stores that had payments under way, in pages.
pub async fn books_list_stores_with_payments_in_pages(world: &World) {
    let (customer, store, product) = nine_pieces(world).await;
    let (_, other) = world.store("나게").await;
    let elsewhere = world.product(&other, 9).await;
    for product in [&product, &elsewhere] {
        ordered(world, &customer, product).await;
    }
    let stores = async |after: Option<&(StoreId, String)>, limit| world.books.stores(at(0), at(1), after.cloned(), limit).await.unwrap();
    let both: Vec<_> = [&store, &other].into_iter().map(|s| (s.clone(), portone().ids.store_id)).collect();
    assert_eq!(stores(None, 10).await, both);
    assert_eq!(stores(None, 1).await, both[..1]);
    assert_eq!(stores(Some(&both[0]), 10).await, both[1..]);
    assert!(stores(Some(&both[1]), 10).await.is_empty());
    assert!(world.books.stores(at(1), at(2), None, 10).await.unwrap().is_empty());
}
