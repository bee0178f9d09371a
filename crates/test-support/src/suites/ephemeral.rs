//! Ports of what may be forgotten or lies outside: sessions, pickup signals, mail, objects, search histories.

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
    users::{Account, AccountVersion, Look, PendingLogin, Provider, Role, ports::Sessions},
};
use futures::{FutureExt, StreamExt, future::join_all, stream::BoxStream};
use tokio::time::timeout;

use super::world::{TestIds, at, email};
use crate::{
    proxy::{Proxy, Way},
    waiting::eventually,
};

/// Contract, Authentication (logout): revoked, a session stays so, and no other one is.
pub async fn session_is_revoked_alone(sessions: &dyn Sessions) {
    let (id, whose) = (TestIds.secret(), email());
    let revoked = async |id: &str, now| sessions.look(id, &whose, now).await.unwrap() == Look::Revoked;
    assert!(!revoked(&id, at(0)).await);
    sessions.revoke(&id, at(0), at(3600)).await.unwrap();
    sessions.revoke(&id, at(0), at(7200)).await.unwrap();
    assert!(revoked(&id, at(1)).await);
    assert!(!revoked(&TestIds.secret(), at(1)).await);
}

/// Contract, Authentication (logout): hundreds of looks at once are each answered for their own session, also where askers go away.
pub async fn looks_at_once_are_told_apart(sessions: &dyn Sessions) {
    let looks: Vec<_> = (0..300).map(|n| (TestIds.secret(), email(), n % 3 == 0)).collect();
    join_all(looks.iter().filter(|(_, _, out)| *out).map(|(id, ..)| async { sessions.revoke(id, at(0), at(3600)).await.unwrap() })).await;
    let asked = join_all(looks.iter().enumerate().map(|(n, (id, whose, _))| async move {
        let mut look = sessions.look(id, whose, at(1));
        if n % 7 == 0 {
            // Asked, and dropped before the answer.
            drop((&mut look).now_or_never());
            drop(look);
            look = sessions.look(id, whose, at(1));
        }
        look.await.unwrap() == Look::Revoked
    }))
    .await;
    assert_eq!(asked, looks.iter().map(|(_, _, out)| *out).collect::<Vec<_>>());
}

/// Contract, Authentication (login): what was begun is taken up once, by its state.
pub async fn login_is_taken_once(sessions: &dyn Sessions) {
    let (state, other) = (TestIds.secret(), TestIds.secret());
    let login = PendingLogin {
        provider: Provider::Kakao,
        role: Role::Seller,
        browser: "b".into(),
        verifier: "v".into(),
        nonce: "n".into(),
        local: true,
        operator: false,
    };
    sessions.begin_login(&state, &login, at(0), at(600)).await.unwrap();
    assert_eq!(sessions.take_login(&other, at(1)).await.unwrap(), None);
    let taken = join_all((0..8).map(|_| async { sessions.take_login(&state, at(1)).await.unwrap() })).await;
    assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), [login]);
    assert_eq!(sessions.take_login(&state, at(1)).await.unwrap(), None);
}

/// An account whose session two processes may remember.
struct Remembered {
    account: Account,
    id: String,
}

impl Remembered {
    fn new() -> Self {
        let account = Account {
            is_active: false,
            generation: 3,
            kept_session: Some("kept".into()),
            ..Account::new(email(), Role::Seller, true, at(7))
        };
        Self { account, id: TestIds.secret() }
    }

    async fn look(&self, sessions: &dyn Sessions) -> Look {
        sessions.look(&self.id, &self.account.email, at(0)).await.unwrap()
    }

    async fn version(&self, sessions: &dyn Sessions) -> AccountVersion {
        match self.look(sessions).await {
            Look::Unknown(Some(version)) => version,
            unexpected => panic!("it is to be remembered, and is {unexpected:?}"),
        }
    }

    async fn remember(&self, sessions: &dyn Sessions) {
        sessions.remember(&self.account, self.version(sessions).await);
        assert_eq!(self.look(sessions).await, Look::Remembered(self.account.clone()));
    }

    async fn is_forgotten(&self, sessions: &dyn Sessions) -> bool {
        matches!(self.look(sessions).await, Look::Unknown(_))
    }
}

/// Contract, Authentication: what one process changes no other one remembers; what it reads makes nobody forget.
pub async fn changed_account_is_forgotten_everywhere(mine: &dyn Sessions, other: &dyn Sessions) {
    let it = Remembered::new();
    for (one, another) in [(mine, other), (other, mine)] {
        it.remember(one).await;
        it.remember(another).await;
        assert_eq!(it.look(one).await, Look::Remembered(it.account.clone()), "what another process reads makes nobody forget");
        one.forget(&it.account.email).await.unwrap();
        for sessions in [one, another] {
            assert!(it.is_forgotten(sessions).await, "forgotten everywhere");
        }
    }
}

/// Contract, Authentication: an account that changes while somebody asks for it is not remembered as it was, nor once somebody else has
/// asked after the change.
pub async fn account_read_before_a_change_is_not_remembered(mine: &dyn Sessions, other: &dyn Sessions) {
    let it = Remembered::new();
    for (one, another) in [(mine, other), (other, mine)] {
        let slow = it.version(another).await;
        one.forget(&it.account.email).await.unwrap();
        another.remember(&it.account, slow);
        assert!(it.is_forgotten(another).await, "what was asked for before a change is not remembered");
        it.remember(one).await;
        assert!(it.is_forgotten(another).await, "nor is it when the account is remembered anew");
        one.forget(&it.account.email).await.unwrap();
    }
}

/// Contract, Authentication (logout): a logout ends one session of an account in every process, and not the others.
pub async fn revoked_session_of_a_remembered_account_is_revoked_everywhere(mine: &dyn Sessions, other: &dyn Sessions) {
    let it = Remembered::new();
    it.remember(mine).await;
    it.remember(other).await;
    mine.revoke(&it.id, at(0), at(3600)).await.unwrap();
    for sessions in [mine, other] {
        assert_eq!(it.look(sessions).await, Look::Revoked);
    }
    for sessions in [mine, other] {
        assert_eq!(sessions.look(&TestIds.secret(), &it.account.email, at(0)).await.unwrap(), Look::Remembered(it.account.clone()));
    }
}

const SOON: Duration = Duration::from_secs(5);

/// What a screen hears next.
async fn next(screen: &mut BoxStream<'static, ()>) -> Option<()> {
    timeout(SOON, screen.next()).await.unwrap()
}

async fn subscription(signals: &dyn PickupSignals, payment: &PaymentId) -> BoxStream<'static, ()> {
    eventually("a subscription", 10, || async { signals.subscribe(payment).await.ok() }).await
}

/// Contract, Seller (qr/callback): every screen of a payment hears of its pickup, in whichever process it is; the screens of others do
/// not, and one that closes ends none of them.
pub async fn pickup_reaches_every_screen_of_its_payment(mine: &dyn PickupSignals, other: &dyn PickupSignals) {
    let (payment, unrelated) = (PaymentId::generate(&TestIds), PaymentId::generate(&TestIds));
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(subscription(mine, &payment).await);
    }
    let mut foreign = mine.subscribe(&unrelated).await.unwrap();
    drop(streams.pop());
    other.publish(&payment).await.unwrap();
    for stream in &mut streams {
        assert_eq!(next(stream).await, Some(()));
    }
    assert_eq!(foreign.next().now_or_never(), None);
    other.publish(&unrelated).await.unwrap();
    assert_eq!(next(&mut foreign).await, Some(()));
    for stream in &mut streams {
        assert_eq!(stream.next().now_or_never(), None);
    }
}

/// Contract, Seller (qr/callback): a lost feed ends every stream, so that who waits looks for himself, until it is back. `mine` listens
/// over `way`.
pub async fn pickup_signals_end_with_the_connection(mine: &dyn PickupSignals, other: &dyn PickupSignals, way: &Proxy) {
    let (payment, unrelated) = (PaymentId::generate(&TestIds), PaymentId::generate(&TestIds));
    let mut streams = [subscription(mine, &payment).await, subscription(mine, &payment).await, subscription(mine, &unrelated).await];
    way.set(Way::Refused);
    for stream in &mut streams {
        assert_eq!(next(stream).await, None);
    }
    assert!(mine.subscribe(&payment).await.is_err());
    way.set(Way::Open);
    let mut again = subscription(mine, &payment).await;
    other.publish(&payment).await.unwrap();
    assert_eq!(next(&mut again).await, Some(()));
}

/// Contract, E-mail: the other side keeps each event once; `count` tells how many came.
pub async fn mail_of_an_event_is_kept_once<F: Future<Output = i64>>(mailer: &dyn Mailer, count: impl Fn() -> F) {
    let mail = Mail { to: "a@b.example".into(), subject: "s".into(), text: "t".into(), html: "<p>h".into(), unsubscribe: None };
    mailer.send("event-1", &mail).await.unwrap();
    mailer.send("event-1", &mail).await.unwrap();
    mailer.send("event-2", &mail).await.unwrap();
    assert_eq!(count().await, 2);
}

/// Contract, Shared shapes (Image): an object is what was put last under its key, until it is deleted; to delete it again is nothing.
pub async fn object_is_what_was_put_last(storage: &dyn ObjectStorage) {
    let key = format!("stores/{}/한 글.jpg", TestIds.ulid());
    assert_eq!(storage.get(&key).await.unwrap(), None);
    storage.put(&key, "image/jpeg", b"one".to_vec()).await.unwrap();
    storage.put(&key, "image/jpeg", b"two".to_vec()).await.unwrap();
    assert_eq!(storage.get(&key).await.unwrap(), Some(("image/jpeg".to_owned(), b"two".to_vec())));
    assert!(storage.public_url(&key).starts_with("http"));
    storage.delete(&key).await.unwrap();
    storage.delete(&key).await.unwrap();
    assert_eq!(storage.get(&key).await.unwrap(), None);
}

/// Objects are listed by key with their age, from behind any key on.
pub async fn objects_are_listed_by_key(storage: &dyn ObjectStorage) {
    let folder = format!("stores/{}", TestIds.ulid());
    let key = format!("{folder}/한 글.jpg");
    storage.put(&key, "image/jpeg", b"two".to_vec()).await.unwrap();
    for (name, others) in [("a.jpg", 0), ("b.jpg", 1)] {
        storage.put(&format!("{folder}/{name}"), "image/jpeg", b"x".to_vec()).await.unwrap();
        let [first, .., last] = &storage.list(&format!("{folder}/"), None, 10).await.unwrap()[..] else { panic!("two at least") };
        assert_eq!((first.key.as_str(), last.key.as_str()), (format!("{folder}/a.jpg").as_str(), key.as_str()));
        assert!(last.age.as_secs() < 3600, "{last:?}");
        let next = storage.list(&format!("{folder}/"), Some(first.key.clone()), 1).await.unwrap();
        assert_eq!(next[0].key == key, others == 0, "{next:?}");
    }
    assert_eq!(storage.list(&format!("{folder}/"), Some(key.clone()), 10).await.unwrap(), []);
}

/// Contract, Public (media): a key that leads out of the folder leads nowhere.
pub async fn object_outside_of_the_folder_is_not_there(storage: &dyn ObjectStorage) {
    for outside in ["../secret", "/etc/passwd", ""] {
        assert_eq!(storage.get(outside).await.unwrap(), None);
        storage.delete(outside).await.unwrap();
        assert!(storage.put(outside, "image/jpeg", b"x".to_vec()).await.is_err());
    }
}

/// Contract, Customer (history/search): newest first, each text once; of two at one instant the later call is the newer.
pub async fn search_history_begins_with_the_newest(history: &dyn SearchHistory) {
    let (mine, other) = (email(), email());
    let list = async |now| history.list(&mine, at(now)).await.unwrap();
    assert!(list(0).await.is_empty());
    assert!(!history.forget(&mine, "김밥", at(0)).await.unwrap());
    for (second, text) in [(0, "김밥"), (1, "a/b"), (2, "김밥"), (2, "같은 때")] {
        history.remember(&mine, text, at(second)).await.unwrap();
    }
    assert_eq!(list(3).await, ["같은 때", "김밥", "a/b"]);
    assert!(history.list(&other, at(3)).await.unwrap().is_empty());
    assert!(history.forget(&mine, "a/b", at(3)).await.unwrap());
    assert!(!history.forget(&mine, "a/b", at(3)).await.unwrap());
}

/// Contract, Customer (history/search): many at once leave the newest few, each once.
pub async fn search_history_keeps_the_newest_few(history: &dyn SearchHistory) {
    let mine = email();
    let texts: Vec<_> = (0..24).map(|n| format!("검색 {}", n % 12)).collect();
    join_all(texts.iter().map(|text| async { history.remember(&mine, text, at(10)).await.unwrap() })).await;
    let kept = history.list(&mine, at(10)).await.unwrap();
    assert_eq!(kept.len(), KEPT, "{kept:?}");
    assert_eq!(kept.iter().collect::<std::collections::HashSet<_>>().len(), KEPT, "{kept:?}");
    assert!(kept.iter().all(|text| texts.contains(text)), "{kept:?}");
}

/// Contract, Customer (history/search): a text is kept for seven days, each for itself, or until the customer clears them.
pub async fn search_history_keeps_a_text_for_a_week(history: &dyn SearchHistory) {
    let mine = email();
    let list = async |now| history.list(&mine, at(now)).await.unwrap();
    history.remember(&mine, "오래된", at(10)).await.unwrap();
    history.remember(&mine, "새로운", at(3_600)).await.unwrap();
    let week = KEPT_FOR.num_seconds();
    assert_eq!(list(week + 1_800).await, ["새로운"]);
    assert!(!history.forget(&mine, "오래된", at(week + 1_800)).await.unwrap());
    assert!(list(week + 3_601).await.is_empty());
    history.remember(&mine, "또", at(week + 3_700)).await.unwrap();
    history.forget_before(&mine, at(week + 3_700)).await.unwrap();
    assert_eq!(list(week + 3_701).await, ["또"]);
    history.clear(&mine).await.unwrap();
    history.clear(&mine).await.unwrap();
    assert!(list(week + 3_700).await.is_empty());
}
