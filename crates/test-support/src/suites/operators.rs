//! `operators::ports`: who runs the service, how they get in, what they did.

use cheapbob_domain::{
    operators::{OperatorLogEntry, OperatorRole},
    shared::{Email, Ids},
};
use futures::future::join_all;
use secrecy::{ExposeSecret, SecretString};

use super::world::{TestIds, World, at};
use crate::fresh_email;

async fn operator(world: &World) -> Email {
    let email = Email::parse(&fresh_email()).unwrap();
    world.operators.put(&email, OperatorRole::Support, None, false, at(0)).await.unwrap();
    email
}

fn secret() -> SecretString {
    SecretString::from("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
}

/// An operator is made, given another role and removed with all that is theirs.
pub async fn operators_come_change_and_go(world: &World) {
    let email = operator(world).await;
    let found = world.operators.find(&email).await.unwrap().unwrap();
    assert_eq!((found.role, found.is_enrolled, found.invited_by.is_none()), (OperatorRole::Support, false, true));
    world.factors.begin(&email, &secret()).await.unwrap();
    assert!(world.factors.enrol(&email, 1, &["hash".into()]).await.unwrap());
    world.operators.put(&email, OperatorRole::Admin, Some(email.clone()), false, at(1)).await.unwrap();
    let changed = world.operators.find(&email).await.unwrap().unwrap();
    assert_eq!((changed.role, changed.is_enrolled, changed.created_at), (OperatorRole::Admin, true, at(0)));
    assert!(world.operators.list().await.unwrap().contains(&changed));
    let session = TestIds.secret();
    world.operator_sessions.begin(&session, &email, at(0), at(60)).await.unwrap();
    assert!(world.operators.remove(&email).await.unwrap());
    assert!(!world.operators.remove(&email).await.unwrap());
    assert_eq!(world.operator_sessions.find(&session, at(1)).await.unwrap(), None);
    // Whoever comes back begins anew.
    world.operators.put(&email, OperatorRole::Viewer, None, false, at(2)).await.unwrap();
    assert!(world.factors.secret(&email).await.unwrap().is_none());
    assert!(!world.factors.use_recovery_code(&email, "hash").await.unwrap());
}

/// One app is enrolled, and each code is used once.
pub async fn codes_are_used_once(world: &World) {
    let email = operator(world).await;
    assert!(!world.factors.enrol(&email, 1, &[]).await.unwrap(), "there is no secret");
    assert!(world.factors.begin(&email, &SecretString::from("AAAA")).await.unwrap());
    assert!(world.factors.begin(&email, &secret()).await.unwrap());
    assert!(!world.factors.use_step(&email, 5).await.unwrap(), "none is enrolled");
    let hashes = ["one".to_owned(), "two".to_owned()];
    let enrolled = join_all((0..4).map(|_| async { world.factors.enrol(&email, 5, &hashes).await.unwrap() })).await;
    assert_eq!(enrolled.into_iter().filter(|enrolled| *enrolled).count(), 1);
    assert!(!world.factors.begin(&email, &SecretString::from("AAAA")).await.unwrap());
    assert_eq!(world.factors.secret(&email).await.unwrap().unwrap().expose_secret(), secret().expose_secret());
    for used in [4, 5] {
        assert!(!world.factors.use_step(&email, used).await.unwrap(), "{used}");
    }
    let steps = join_all((0..8).map(|_| async { world.factors.use_step(&email, 6).await.unwrap() })).await;
    assert_eq!(steps.into_iter().filter(|used| *used).count(), 1);
    let codes = join_all((0..8).map(|_| async { world.factors.use_recovery_code(&email, "one").await.unwrap() })).await;
    assert_eq!(codes.into_iter().filter(|used| *used).count(), 1);
    assert!(!world.factors.use_recovery_code(&operator(world).await, "two").await.unwrap(), "another's");
    assert!(world.factors.use_recovery_code(&email, "two").await.unwrap());
}

/// A session is confirmed under another hash, and ends by its time or by hand.
pub async fn operators_sessions_end(world: &World) {
    let (email, [first, second]) = (operator(world).await, [TestIds.secret(), TestIds.secret()]);
    let sessions = &world.operator_sessions;
    sessions.begin(&first, &email, at(0), at(60)).await.unwrap();
    let found = sessions.find(&first, at(59)).await.unwrap().unwrap();
    assert_eq!((found.operator.email, found.is_confirmed, found.expires_at), (email.clone(), false, at(60)));
    assert_eq!(sessions.find(&first, at(60)).await.unwrap(), None);
    assert!(!sessions.confirm(&first, &second, at(60), at(90)).await.unwrap());
    assert!(sessions.confirm(&first, &second, at(59), at(90)).await.unwrap());
    assert_eq!(sessions.find(&first, at(59)).await.unwrap(), None);
    assert!(sessions.find(&second, at(89)).await.unwrap().unwrap().is_confirmed);
    world.operators.put(&email, OperatorRole::Viewer, None, false, at(60)).await.unwrap();
    assert_eq!(sessions.find(&second, at(61)).await.unwrap().unwrap().operator.role, OperatorRole::Viewer);
    sessions.end(&second).await.unwrap();
    assert_eq!(sessions.find(&second, at(61)).await.unwrap(), None);
}

/// An action is begun once for each form; what came of it is written beside it.
pub async fn a_form_begins_one_action(world: &World) {
    let (form, about) = (TestIds.secret(), TestIds.secret());
    let begun = OperatorLogEntry {
        at: at(0),
        operator: Some(Email::parse("a@b").unwrap()),
        event: "cancel".into(),
        about: Some(about.clone()),
        detail: None,
        reason: Some("사유".into()),
        form: Some(form.clone()),
        outcome: None,
        request_id: Some("r1".into()),
    };
    let log = &world.operator_log;
    let written = join_all((0..8).map(|_| async { log.write(&begun).await.unwrap() })).await;
    assert_eq!(written.into_iter().filter(|written| *written).count(), 1);
    assert_eq!(log.outcome(&form).await.unwrap(), None);
    let ended = OperatorLogEntry { outcome: Some("done".into()), ..begun.clone() };
    assert!(log.write(&ended).await.unwrap());
    assert_eq!(log.outcome(&form).await.unwrap().as_deref(), Some("done"));
    let look = OperatorLogEntry { form: None, event: "looked".into(), reason: None, ..begun.clone() };
    assert!(log.write(&look).await.unwrap() && log.write(&look).await.unwrap(), "looks are written each time");
    assert_eq!(log.newest(Some(about), 3).await.unwrap(), [look.clone(), look, ended]);
}

/// Somebody is at a discrepancy until it is closed.
pub async fn a_discrepancy_is_closed_once(world: &World) {
    let email = Email::parse("a@b").unwrap();
    assert!(!world.cases.assign(i64::MAX, &email).await.unwrap() && !world.cases.close(i64::MAX, &email, "r", at(0)).await.unwrap());
    let (store, payment) = (cheapbob_domain::shared::StoreId::generate(&TestIds), cheapbob_domain::shared::PaymentId::generate(&TestIds));
    let actor = cheapbob_domain::orders::Actor::job("reconcile");
    assert!(world.audit.report(&store, &payment, cheapbob_domain::orders::Discrepancy::OtherAmount, at(0), &actor).await.unwrap());
    let found = world.console.discrepancies(100).await.unwrap();
    let entry = found.iter().find(|found| found.payment_id == payment).unwrap().entry;
    assert!(world.cases.assign(entry, &email).await.unwrap() && world.cases.assign(entry, &email).await.unwrap());
    let closed = join_all((0..4).map(|_| async { world.cases.close(entry, &email, "why", at(1)).await.unwrap() })).await;
    assert_eq!(closed.into_iter().filter(|closed| *closed).count(), 1);
    assert!(!world.cases.assign(entry, &email).await.unwrap());
    let found = world.console.discrepancies(100).await.unwrap();
    let closed = found.iter().find(|found| found.entry == entry).unwrap();
    assert_eq!((closed.closed_at, closed.reason.as_deref()), (Some(at(1)), Some("why")));
}
