//! What may be forgotten, and what leaves: sessions, pickup signals, mails, objects, search histories.

use std::time::Duration;

use cheapbob_domain::{
    orders::ports::PickupSignals,
    shared::{
        Ids, PaymentId,
        mail::{Mail, Mailer},
    },
    stores::{
        KEPT, KEPT_FOR,
        ports::{ObjectStorage, SearchHistory},
    },
    users::{Account, Look, PendingLogin, Provider, Role, ports::Sessions},
};
use futures::{StreamExt, future::join_all};
use tokio::time::timeout;

use super::world::{TestIds, at, email};
use crate::{
    proxy::{Proxy, Way},
    waiting::eventually,
};

/// `users::ports::Sessions`
pub async fn sessions(sessions: &dyn Sessions) {
    let id = TestIds.secret();
    let whose = email();
    let revoked = async |id: &str, now| sessions.look(id, &whose, now).await.unwrap() == Look::Revoked;
    assert!(!revoked(&id, at(0)).await);
    sessions.revoke(&id, at(0), at(3600)).await.unwrap();
    sessions.revoke(&id, at(0), at(7200)).await.unwrap();
    assert!(revoked(&id, at(1)).await);
    assert!(!revoked(&TestIds.secret(), at(1)).await);

    let (state, other) = (TestIds.secret(), TestIds.secret());
    let login = PendingLogin {
        provider: Provider::Kakao,
        role: Role::Seller,
        browser: "b".into(),
        verifier: "v".into(),
        nonce: "n".into(),
        local: true,
    };
    sessions.begin_login(&state, &login, at(0), at(600)).await.unwrap();
    assert_eq!(sessions.take_login(&other, at(1)).await.unwrap(), None);
    let taken = join_all((0..8).map(|_| async { sessions.take_login(&state, at(1)).await.unwrap() })).await;
    assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), [login]);
    assert_eq!(sessions.take_login(&state, at(1)).await.unwrap(), None);
}

/// `users::ports::Sessions` of two processes, that remember accounts: what one changes the other does not remember.
pub async fn remembered_sessions(mine: &dyn Sessions, other: &dyn Sessions) {
    let (account, id) =
        (Account { email: email(), role: Role::Seller, is_active: false, email_vouched: true, created_at: at(7) }, TestIds.secret());
    let look = async |sessions: &dyn Sessions| sessions.look(&id, &account.email, at(0)).await.unwrap();
    let version = async |sessions: &dyn Sessions| match look(sessions).await {
        Look::Unknown(Some(version)) => version,
        unexpected => panic!("it is to be remembered, and is {unexpected:?}"),
    };
    let remember = async |sessions: &dyn Sessions| {
        sessions.remember(&account, version(sessions).await);
        assert_eq!(look(sessions).await, Look::Remembered(account.clone()));
    };
    for (one, another) in [(mine, other), (other, mine)] {
        remember(one).await;
        remember(another).await;
        assert_eq!(look(one).await, Look::Remembered(account.clone()), "what another process reads makes nobody forget");
        one.forget(&account.email).await.unwrap();
        for sessions in [one, another] {
            assert!(matches!(look(sessions).await, Look::Unknown(_)), "forgotten everywhere");
        }
        // It changes while somebody asks: what was asked for before is not believed.
        let slow = version(another).await;
        one.forget(&account.email).await.unwrap();
        another.remember(&account, slow);
        assert!(matches!(look(another).await, Look::Unknown(_)), "what was asked for before a change is not remembered");
        // Nor once somebody else has asked after it.
        remember(one).await;
        assert!(matches!(look(another).await, Look::Unknown(_)), "nor is it when the account is remembered anew");
        one.forget(&account.email).await.unwrap();
    }
    remember(mine).await;
    remember(other).await;
    mine.revoke(&id, at(0), at(3600)).await.unwrap();
    for sessions in [mine, other] {
        assert_eq!(look(sessions).await, Look::Revoked);
    }
    // A logout ends one session of an account, not the others.
    for sessions in [mine, other] {
        assert_eq!(sessions.look(&TestIds.secret(), &account.email, at(0)).await.unwrap(), Look::Remembered(account.clone()));
    }
}

/// `orders::ports::PickupSignals`; `mine` listens over `way`, `other` is the same port in another process.
pub async fn signals(mine: &dyn PickupSignals, other: &dyn PickupSignals, way: &Proxy) {
    const SOON: Duration = Duration::from_secs(5);
    let (payment, unrelated) = (PaymentId::generate(&TestIds), PaymentId::generate(&TestIds));
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(eventually("a subscription", 10, || async { mine.subscribe(&payment).await.ok() }).await);
    }
    let mut foreign = mine.subscribe(&unrelated).await.unwrap();
    // One screen that closes ends none of the others.
    drop(streams.pop());
    other.publish(&payment).await.unwrap();
    for stream in &mut streams {
        assert_eq!(timeout(SOON, stream.next()).await.unwrap(), Some(()));
    }
    other.publish(&unrelated).await.unwrap();
    assert_eq!(timeout(SOON, foreign.next()).await.unwrap(), Some(()));

    // A lost feed ends every stream, so that who waits knows to look for himself; there is none until the feed is back.
    way.set(Way::Refused);
    for stream in streams.iter_mut().chain([&mut foreign]) {
        assert_eq!(timeout(SOON, stream.next()).await.unwrap(), None);
    }
    assert!(mine.subscribe(&payment).await.is_err());
    way.set(Way::Open);
    let mut again = eventually("a subscription again", 10, || async { mine.subscribe(&payment).await.ok() }).await;
    other.publish(&payment).await.unwrap();
    assert_eq!(timeout(SOON, again.next()).await.unwrap(), Some(()));
}

/// `orders::ports::Mailer`, whose other side keeps each event once; `count` tells how many came.
pub async fn mailer<F: Future<Output = i64>>(mailer: &dyn Mailer, count: impl Fn() -> F) {
    let mail = Mail { to: "a@b.example".into(), subject: "s".into(), text: "t".into(), html: "<p>h".into() };
    mailer.send("event-1", &mail).await.unwrap();
    mailer.send("event-1", &mail).await.unwrap();
    mailer.send("event-2", &mail).await.unwrap();
    assert_eq!(count().await, 2);
}

/// `stores::ports::ObjectStorage`
pub async fn storage(storage: &dyn ObjectStorage) {
    let key = format!("stores/{}/한 글.jpg", TestIds.ulid());
    assert_eq!(storage.get(&key).await.unwrap(), None);
    storage.put(&key, "image/jpeg", b"one".to_vec()).await.unwrap();
    storage.put(&key, "image/jpeg", b"two".to_vec()).await.unwrap();
    assert_eq!(storage.get(&key).await.unwrap(), Some(("image/jpeg".to_owned(), b"two".to_vec())));
    assert!(storage.public_url(&key).starts_with("http"));
    let folder = key.rsplit_once('/').unwrap().0;
    for (name, others) in [("a.jpg", 0), ("b.jpg", 1)] {
        storage.put(&format!("{folder}/{name}"), "image/jpeg", b"x".to_vec()).await.unwrap();
        let [first, .., last] = &storage.list(&format!("{folder}/"), None, 10).await.unwrap()[..] else { panic!("two at least") };
        assert_eq!((first.key.as_str(), last.key.as_str()), (format!("{folder}/a.jpg").as_str(), key.as_str()));
        assert!(last.age.as_secs() < 3600, "{last:?}");
        let next = storage.list(&format!("{folder}/"), Some(first.key.clone()), 1).await.unwrap();
        assert_eq!(next[0].key == key, others == 0, "{next:?}");
    }
    assert_eq!(storage.list(&format!("{folder}/"), Some(key.clone()), 10).await.unwrap(), []);
    storage.delete(&key).await.unwrap();
    storage.delete(&key).await.unwrap();
    assert_eq!(storage.get(&key).await.unwrap(), None);
    for outside in ["../secret", "/etc/passwd", ""] {
        assert_eq!(storage.get(outside).await.unwrap(), None);
        storage.delete(outside).await.unwrap();
        assert!(storage.put(outside, "image/jpeg", b"x".to_vec()).await.is_err());
    }
}

/// `stores::ports::SearchHistory`
pub async fn history(history: &dyn SearchHistory) {
    let (mine, other) = (email(), email());
    let list = async |now| history.list(&mine, at(now)).await.unwrap();
    assert!(list(0).await.is_empty());
    assert!(!history.forget(&mine, "김밥", at(0)).await.unwrap());
    for (second, text) in [(0, "김밥"), (1, "a/b"), (2, "김밥"), (2, "같은 때")] {
        history.remember(&mine, text, at(second)).await.unwrap();
    }
    // Newest first, each once; of two at one instant the later call is the newer.
    assert_eq!(list(3).await, ["같은 때", "김밥", "a/b"]);
    assert!(history.list(&other, at(3)).await.unwrap().is_empty());
    assert!(history.forget(&mine, "a/b", at(3)).await.unwrap());
    assert!(!history.forget(&mine, "a/b", at(3)).await.unwrap());

    // Many at once leave the newest few, each once.
    let texts: Vec<_> = (0..24).map(|n| format!("검색 {}", n % 12)).collect();
    join_all(texts.iter().map(|text| async { history.remember(&mine, text, at(10)).await.unwrap() })).await;
    let kept = list(10).await;
    assert_eq!(kept.len(), KEPT, "{kept:?}");
    assert_eq!(kept.iter().collect::<std::collections::HashSet<_>>().len(), KEPT, "{kept:?}");
    assert!(kept.iter().all(|text| texts.contains(text)), "{kept:?}");

    // Seven days, each for itself.
    history.remember(&mine, "새로운", at(3_600)).await.unwrap();
    let week = KEPT_FOR.num_seconds();
    assert_eq!(list(week + 1_800).await, ["새로운"]);
    assert!(!history.forget(&mine, &kept[0], at(week + 1_800)).await.unwrap());
    assert!(list(week + 3_601).await.is_empty());
    history.remember(&mine, "또", at(week + 3_700)).await.unwrap();
    history.clear(&mine).await.unwrap();
    history.clear(&mine).await.unwrap();
    assert!(list(week + 3_700).await.is_empty());
}
