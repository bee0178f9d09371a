//! Money's ports beside holds and refunds: audit log, inbox, Idempotency-Keys, our side of PortOne's books.

use cheapbob_domain::{
    orders::{
        Actor, ActorKind, Attempt, Booked, CanceledBy, Cancellation, Claim, Discrepancy, Expected, HoldEnd, KeyedCall, Message,
        OrderOutcome, RefundReason, RefundState, StoredAnswer,
    },
    products::Product,
    shared::{Email, PaymentId, StoreId, kst},
};
use futures::future::join_all;

use super::world::{TestIds, World, actor, at, email, hold, portone};

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
    assert_eq!(world.holds.order(&payment, at(1), &actor()).await.unwrap(), OrderOutcome::Made);
    payment
}

/// `orders::ports::AuditLog`, and that every change of order and money is in it.
pub async fn audit_log(world: &World) {
    let (customer, (_, store)) = (world.customer().await, world.store("가게").await);
    let product = world.product(&store, 9).await;
    let events = async |payment: &PaymentId| {
        let entries = world.audit.of_payment(&store, payment).await.unwrap();
        entries.into_iter().map(|e| e.detail.map_or(e.event.clone(), |detail| format!("{} {detail}", e.event))).collect::<Vec<_>>()
    };

    let done = ordered(world, &customer, &product).await;
    world.orders.accept(&done, at(2), &Actor::person(cheapbob_domain::users::Role::Seller, email(), "r2".into())).await.unwrap();
    world.orders.complete(&done, at(3), &Actor { kind: ActorKind::Customer(customer.clone()), request_id: None }).await.unwrap();
    assert_eq!(events(&done).await, ["held", "ordered", "accepted", "completed"]);
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
    assert_eq!(events(&done).await.len(), 4);

    let canceled = ordered(world, &customer, &product).await;
    let cancellation = Cancellation { by: CanceledBy::Store, reason: None, today: kst::business_day(at(0)), at: at(2), actor: actor() };
    world.cancellations.cancel(&canceled, &cancellation).await.unwrap().unwrap();
    for (second, state) in [(3, RefundState::Unknown), (4, RefundState::Failed), (5, RefundState::Succeeded), (6, RefundState::Failed)] {
        world.refunds.record(&canceled, &attempt(state), at(second), &actor()).await.unwrap();
    }
    let refund = ["refund_unknown", "refund_failed", "refund_succeeded 7000"];
    let begin = ["held", "ordered", "canceled canceled_by_store", "refund_requested canceled_by_store"];
    assert_eq!(events(&canceled).await, [&begin[..], &refund[..]].concat());
    assert!(world.refunds.reopen(&canceled, at(7), &actor()).await.unwrap());
    assert_eq!(events(&canceled).await.last().unwrap(), "refund_reopened");

    let released = held(world, &customer, &product).await;
    world.holds.release(&released, HoldEnd::Abandoned, at(2), &actor()).await.unwrap();
    world.holds.refund(&released, RefundReason::Late, at(3), &actor()).await.unwrap();
    assert_eq!(events(&released).await, ["held", "released abandoned", "refund_requested late"]);

    // A discrepancy is said once, until something else was said.
    let report = async |discrepancy| world.audit.report(&store, &done, discrepancy, at(9), &actor()).await.unwrap();
    assert!(report(Discrepancy::OrderWithoutMoney).await);
    assert!(!report(Discrepancy::OrderWithoutMoney).await);
    assert!(report(Discrepancy::PartlyRefunded).await);
    assert_eq!(world.audit.discrepancies().await.unwrap(), 2);
    assert_eq!(events(&done).await[4..], ["discrepancy order_without_money", "discrepancy partly_refunded"]);
}

/// `orders::ports::Inbox`
pub async fn inbox(world: &World) {
    let store = StoreId::generate(&TestIds);
    let payment = PaymentId::generate(&TestIds);
    let message =
        |id: &str| Message { id: id.to_owned(), kind: "Transaction.Paid".into(), payment: Some(payment.clone()), body: "{}".into() };
    // Once, however often at once; its task with it.
    let put = join_all((0..8).map(|_| async { world.inbox.put(&store, &message("a"), true, "request-1", at(0)).await.unwrap() })).await;
    assert_eq!(put.iter().filter(|p| **p).count(), 1);
    let tasks = async || world.tasks.claim("w", at(0), 10).await.unwrap();
    let claimed = tasks().await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].payload, serde_json::json!({ "kind": "webhook", "webhook_id": "a", "payment_id": payment }));
    // Another store's message of the same id is another one; one that does not matter is only kept.
    assert!(world.inbox.put(&StoreId::generate(&TestIds), &message("a"), true, "request-1", at(10)).await.unwrap());
    assert_eq!(world.tasks.claim("w", at(10), 10).await.unwrap().len(), 1);
    assert!(world.inbox.put(&store, &message("b"), false, "request-1", at(10)).await.unwrap());
    assert!(!world.inbox.put(&store, &message("b"), true, "request-1", at(10)).await.unwrap());
    assert!(world.tasks.claim("w", at(10), 10).await.unwrap().is_empty());
    // Forgotten, it is new.
    assert_eq!(world.inbox.prune(at(10)).await.unwrap(), 1);
    assert!(world.inbox.put(&store, &message("a"), false, "request-1", at(20)).await.unwrap());
    assert!(!world.inbox.put(&store, &message("b"), false, "request-1", at(20)).await.unwrap());
}

/// `orders::ports::IdempotencyKeys`
pub async fn idempotency(world: &World) {
    let keys = &world.keys;
    let account = email();
    let first = PaymentId::generate(&TestIds);
    let claim = async |request: &str, payment: &PaymentId, now, lease| {
        keys.claim(&account, "k", request, payment, at(now), at(lease)).await.unwrap()
    };
    // One of many at once.
    let claims = join_all((0..8).map(|_| claim("r", &first, 0, 60))).await;
    let fresh = Claim::Do(KeyedCall { payment_id: first.clone(), resumed: false });
    assert_eq!(claims.iter().filter(|c| **c == fresh).count(), 1, "{claims:?}");
    assert_eq!(claims.iter().filter(|c| **c == Claim::InUse).count(), 7, "{claims:?}");
    // Another request under the same key; the same key of another account.
    let second = PaymentId::generate(&TestIds);
    assert_eq!(claim("other", &second, 1, 61).await, Claim::Reused);
    assert!(matches!(keys.claim(&email(), "k", "other", &second, at(1), at(61)).await.unwrap(), Claim::Do(_)));
    // The lease ends: the next has it, with the first one's payment id.
    assert_eq!(claim("r", &second, 59, 100).await, Claim::InUse);
    let resumed = Claim::Do(KeyedCall { payment_id: first.clone(), resumed: true });
    assert_eq!(claim("other", &second, 60, 120).await, Claim::Reused);
    assert_eq!(claim("r", &second, 60, 120).await, resumed);
    // It failed: at once the next.
    keys.answer(&account, "k", None, at(61)).await.unwrap();
    assert_eq!(claim("r", &second, 61, 121).await, resumed);
    // Answered, for good; a late second answer changes nothing.
    let answer = StoredAnswer { status: 200, body: r#"{"a":1}"#.into() };
    keys.answer(&account, "k", Some(&answer), at(62)).await.unwrap();
    keys.answer(&account, "k", Some(&StoredAnswer { status: 400, body: "{}".into() }), at(63)).await.unwrap();
    assert_eq!(claim("r", &second, 9_999, 10_000).await, Claim::Answered(answer));
    assert_eq!(claim("other", &second, 9_999, 10_000).await, Claim::Reused);
    // Forgotten, it is new.
    assert_eq!(keys.prune(at(1)).await.unwrap(), 1);
    assert_eq!(claim("other", &second, 9_999, 10_000).await, Claim::Do(KeyedCall { payment_id: second.clone(), resumed: false }));
}

/// `orders::ports::Books`
pub async fn books(world: &World) {
    let (customer, (_, store), (_, other)) = (world.customer().await, world.store("가게").await, world.store("나게").await);
    let (product, elsewhere) = (world.product(&store, 9).await, world.product(&other, 9).await);
    let open = held(world, &customer, &product).await;
    let order = ordered(world, &customer, &product).await;
    let refunded = held(world, &customer, &product).await;
    world.holds.refund(&refunded, RefundReason::Late, at(2), &actor()).await.unwrap();
    let foreign = ordered(world, &customer, &elsewhere).await;
    let booked = |payment: &PaymentId, expected| Booked {
        payment_id: payment.clone(),
        store_id: store.clone(),
        portone_store_id: portone().ids.store_id,
        expected,
    };
    let of_store = async |from, until| {
        let mut found = world.books.of_store(&store, at(from), at(until)).await.unwrap();
        found.sort_by(|a, b| a.payment_id.cmp(&b.payment_id));
        found
    };
    // What is only held is not ours to miss.
    assert_eq!(of_store(0, 1).await, [booked(&order, Expected::Money(7_000)), booked(&refunded, Expected::Open)]);
    assert!(of_store(1, 2).await.is_empty() && of_store(-1, 0).await.is_empty());
    world.refunds.record(&refunded, &attempt(RefundState::Succeeded), at(3), &actor()).await.unwrap();
    assert_eq!(of_store(0, 1).await[1], booked(&refunded, Expected::Nothing));
    let found = world.books.find(&[open.clone(), PaymentId::generate(&TestIds)]).await.unwrap();
    assert_eq!(found, [booked(&open, Expected::Open)]);
    assert!(world.books.find(&[]).await.unwrap().is_empty());
    assert_eq!(world.books.find(std::slice::from_ref(&foreign)).await.unwrap()[0].store_id, other);

    // Stores with payments under way, in pages.
    let stores = async |after: Option<&(StoreId, String)>, limit| world.books.stores(at(0), at(1), after.cloned(), limit).await.unwrap();
    let both: Vec<_> = [&store, &other].into_iter().map(|s| (s.clone(), portone().ids.store_id)).collect();
    assert_eq!(stores(None, 10).await, both);
    assert_eq!(stores(None, 1).await, both[..1]);
    assert_eq!(stores(Some(&both[0]), 10).await, both[1..]);
    assert!(stores(Some(&both[1]), 10).await.is_empty());
    assert!(world.books.stores(at(1), at(2), None, 10).await.unwrap().is_empty());
}
