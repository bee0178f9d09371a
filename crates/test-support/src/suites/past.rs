//! `orders::ports::{SettledPayments, PaymentArchive}`: payments of the past, their way to the archive and back.

use cheapbob_domain::{
    orders::{
        Attempt, CanceledBy, Cancellation, Discrepancy, HoldEnd, PaymentRecords, RefundState,
        ports::{PaymentArchive, SettledPayments},
    },
    products::Product,
    shared::{Email, Ids, PaymentId, kst},
};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::world::{TestIds, World, actor, at, email, hold};

/// Later than every hold of these suites.
fn later() -> DateTime<Utc> {
    at(1_000)
}

async fn settled(settled: &dyn SettledPayments) -> Vec<PaymentId> {
    settled.begun_before(later(), None, 100).await.unwrap().into_iter().map(|records| records.payment_id).collect()
}

/// A hold that was released, and is watched no longer.
async fn released(world: &World, customer: &Email, product: &Product) -> PaymentId {
    let hold = hold(customer, product, 1);
    assert!(world.holds.hold(&hold).await.unwrap());
    assert!(world.holds.release(&hold.payment_id, HoldEnd::Failed, at(2), &actor()).await.unwrap());
    world.holds.watch(&hold.payment_id, None).await.unwrap();
    hold.payment_id
}

async fn canceled(world: &World, customer: &Email, product: &Product) -> PaymentId {
    let payment = world.ordered(customer, product, 1).await;
    let cancellation = Cancellation { by: CanceledBy::Store, reason: None, today: kst::business_day(at(0)), at: at(2), actor: actor() };
    world.cancellations.cancel(&payment, &cancellation).await.unwrap().unwrap();
    payment
}

async fn refunded(world: &World, payment: &PaymentId) {
    let attempt = Attempt { state: RefundState::Succeeded, next_at: at(200), new_key: false, answer: "ok".into(), amount: Some(7_000) };
    world.refunds.record(payment, &attempt, at(3), &actor()).await.unwrap();
}

/// Nothing leaves while somebody may still have to do something about it.
pub async fn settled_payments_are_those_of_which_nothing_is_left_to_do(world: &World) {
    let (customer, _, product) = world.five_pieces().await;
    let watched = hold(&world.customer().await, &product, 1);
    assert!(world.holds.hold(&watched).await.unwrap());
    assert_eq!(settled(&*world.settled).await, [], "a hold that is held");
    world.holds.release(&watched.payment_id, HoldEnd::Expired, at(301), &actor()).await.unwrap();
    world.holds.watch(&watched.payment_id, Some(at(900))).await.unwrap();
    assert_eq!(settled(&*world.settled).await, [], "a payment that is watched");
    world.holds.watch(&watched.payment_id, None).await.unwrap();
    assert_eq!(settled(&*world.settled).await, [watched.payment_id.clone()]);
    world.settled.forget(&world.settled.begun_before(later(), None, 100).await.unwrap()).await.unwrap();

    let order = canceled(world, &customer, &product).await;
    refunded(world, &order).await;
    assert_eq!(settled(&*world.settled).await, [], "an order that is not archived");
    world.ended.delete(std::slice::from_ref(&order)).await.unwrap();
    assert!(world.refunds.reopen(&order, at(4), &actor()).await.unwrap());
    assert_eq!(settled(&*world.settled).await, [], "a refund that is not done");
    refunded(world, &order).await;
    assert_eq!(settled(&*world.settled).await, [order.clone()]);
    world.audit.report(&product.store_id, &order, Discrepancy::PartlyRefunded, at(5), &actor()).await.unwrap();
    assert_eq!(settled(&*world.settled).await, [], "a discrepancy");
}

/// Page by page, those begun before the instant alone.
pub async fn settled_payments_come_in_pages_the_oldest_first(world: &World) {
    let (customer, _, product) = world.five_pieces().await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(released(world, &customer, &product).await);
    }
    all.sort();
    assert!(world.settled.begun_before(at(0), None, 10).await.unwrap().is_empty());
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = world.settled.begun_before(later(), after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.begun_at, last.payment_id.clone()));
        found.push(page.into_iter().map(|records| records.payment_id).collect::<Vec<_>>());
    }
    assert_eq!(found, [all[..2].to_vec(), all[2..].to_vec()]);
}

/// Hold, refund and audit log go together and come together; whoever comes twice comes once.
pub async fn forgotten_payment_comes_back_as_it_was(world: &World) {
    let (customer, store, product) = world.five_pieces().await;
    let (payment, stays) = (canceled(world, &customer, &product).await, released(world, &customer, &product).await);
    refunded(world, &payment).await;
    world.ended.delete(std::slice::from_ref(&payment)).await.unwrap();
    let look = async || {
        let (hold, reason) = (world.holds.find(&payment).await.unwrap(), world.refunds.reason(&payment).await.unwrap());
        let booked = world.books.find(std::slice::from_ref(&payment)).await.unwrap();
        format!("{hold:?} {reason:?} {booked:?} {:?}", world.audit.of_payment(&store, &payment).await.unwrap())
    };
    let before = look().await;
    let records: Vec<_> =
        world.settled.begun_before(later(), None, 10).await.unwrap().into_iter().filter(|records| records.payment_id == payment).collect();
    assert_eq!(records[0].people(), [customer.to_string()]);
    assert_eq!(world.settled.forget(&records).await.unwrap(), 1);
    assert_eq!(world.settled.forget(&records).await.unwrap(), 0);
    assert_eq!(look().await, "None None [] []");
    assert!(world.holds.find(&stays).await.unwrap().is_some());
    for _ in 0..2 {
        world.settled.bring_back(&records[0]).await.unwrap();
        assert_eq!(look().await, before);
    }
    assert_eq!(
        world.settled.begun_before(later(), None, 10).await.unwrap().into_iter().find(|r| r.payment_id == payment),
        records.first().cloned()
    );
    // A payment without a refund.
    let other = world.settled.begun_before(later(), None, 10).await.unwrap().into_iter().find(|r| r.payment_id == stays).unwrap();
    assert_eq!(world.settled.forget(std::slice::from_ref(&other)).await.unwrap(), 1);
    world.settled.bring_back(&other).await.unwrap();
    assert_eq!(world.refunds.reason(&stays).await.unwrap(), None);
    // What happens from now on stands after what has happened.
    assert!(world.refunds.reopen(&payment, at(9), &actor()).await.unwrap());
    assert_eq!(world.audit.of_payment(&store, &payment).await.unwrap().last().unwrap().event, "refund_reopened");
}

/// What was read is no longer so: it waits for the next run.
pub async fn payment_that_has_changed_is_not_forgotten(world: &World) {
    let (customer, store, product) = world.five_pieces().await;
    let (changed, same) = (released(world, &customer, &product).await, released(world, &customer, &product).await);
    let records = world.settled.begun_before(later(), None, 10).await.unwrap();
    assert_eq!(records.len(), 2);
    world.audit.report(&store, &changed, Discrepancy::PartlyRefunded, at(5), &actor()).await.unwrap();
    assert_eq!(world.settled.changed(&records).await.unwrap(), [changed.clone()]);
    assert_eq!(world.settled.forget(&records).await.unwrap(), 1);
    assert!(world.holds.find(&changed).await.unwrap().is_some() && world.holds.find(&same).await.unwrap().is_none());
    // What is not here has not changed.
    assert_eq!(world.settled.changed(&records).await.unwrap(), [changed.clone()]);
    assert_eq!(world.audit.of_payment(&store, &changed).await.unwrap().len(), 3);
}

/// Contract, Auth (withdrawal): a copy that the deletion has not reached yet does not bring the e-mail back.
pub async fn payment_of_somebody_being_deleted_does_not_come_back_yet(world: &World) {
    let (customer, _, product) = world.five_pieces().await;
    let payment = released(world, &customer, &product).await;
    let records = world.settled.begun_before(later(), None, 10).await.unwrap();
    world.settled.forget(&records).await.unwrap();
    let pseudonym = Email::trusted(format!("{}@withdrawn.invalid", TestIds.ulid().to_lowercase()));
    assert!(world.accounts.deactivate(&customer, at(3)).await.is_ok());
    world.accounts.erase(&customer, &pseudonym, kst::business_day(at(0)), at(4)).await.unwrap();
    world.settled.bring_back(&records[0]).await.unwrap_err();
    assert!(world.holds.find(&payment).await.unwrap().is_none());
    world.accounts.finish(&pseudonym).await.unwrap();
    world.settled.bring_back(&records[0].clone().without(&customer, &pseudonym)).await.unwrap();
    assert_eq!(world.holds.find(&payment).await.unwrap().unwrap().customer, pseudonym);
}

/// A payment's records, as PostgreSQL writes them.
fn records(customer: &Email, seller: &Email, begun_at: DateTime<Utc>) -> PaymentRecords {
    let payment = PaymentId::generate(&TestIds);
    PaymentRecords::of(json!({
        "hold": { "payment_id": payment, "created_at": begun_at, "customer_email": customer, "total_amount": 9_007_199_254_740_993_i64, "seen_prices": null },
        "refund": { "payment_id": payment, "last_answer": "말 \"그대로\"\n" },
        "audit_log": [{ "id": 7, "actor_role": "seller", "actor": seller }, { "id": 8, "actor_role": "job", "actor": "test" }],
    }))
    .unwrap()
}

/// What is there stays until it is removed, and only what is there like this is removed; what is not there is not found.
pub async fn archived_payments_are_those_written_first(archive: &dyn PaymentArchive) {
    let (a, b) = (records(&email(), &email(), at(0)), records(&email(), &email(), at(1)));
    archive.put(&[]).await.unwrap();
    archive.put(&[a.clone(), b.clone()]).await.unwrap();
    let mut other = a.clone();
    other.rows["refund"] = json!(null);
    archive.put(&[other.clone(), b.clone()]).await.unwrap();
    archive.remove(std::slice::from_ref(&other)).await.unwrap();
    assert_eq!(archive.find_all(std::slice::from_ref(&a.payment_id)).await.unwrap(), [a.clone()]);
    archive.remove(std::slice::from_ref(&a)).await.unwrap();
    assert_eq!(archive.find_all(std::slice::from_ref(&a.payment_id)).await.unwrap(), []);
    archive.put(std::slice::from_ref(&other)).await.unwrap();
    let a = other;
    let mut found = archive.find_all(&[a.payment_id.clone(), PaymentId::generate(&TestIds), b.payment_id.clone()]).await.unwrap();
    found.sort_by_key(|records| records.begun_at);
    assert_eq!(found, [a, b]);
    assert!(archive.find_all(&[]).await.unwrap().is_empty());
}

/// Contract, Auth (withdrawal): whoever is deleted stands nowhere; what was begun later is of somebody else with that e-mail.
pub async fn archived_payments_of_a_deleted_person_bear_a_pseudonym(archive: &dyn PaymentArchive) {
    let (person, other, nobody) = (email(), email(), email());
    let all =
        [records(&person, &other, at(0)), records(&other, &person, at(1)), records(&other, &other, at(2)), records(&person, &other, at(9))];
    archive.put(&all).await.unwrap();
    let mut theirs = archive.of_person(&person).await.unwrap();
    theirs.sort_by_key(|records| records.begun_at);
    assert_eq!(theirs, [all[0].clone(), all[1].clone(), all[3].clone()]);
    archive.pseudonymize(&person, &nobody, at(9)).await.unwrap();
    archive.pseudonymize(&person, &nobody, at(9)).await.unwrap();
    let ids: Vec<_> = all.iter().map(|records| records.payment_id.clone()).collect();
    let mut found = archive.find_all(&ids).await.unwrap();
    found.sort_by_key(|records| records.begun_at);
    let [a, b, c, d] = all;
    assert_eq!(found, [a.without(&person, &nobody), b.without(&person, &nobody), c, d]);
    assert_eq!((found[0].people().contains(&nobody.to_string()), found[1].people().contains(&person.to_string())), (true, false));
}
