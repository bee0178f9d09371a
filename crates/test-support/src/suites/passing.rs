use std::time::Duration;

use cheapbob_domain::{
    orders::{
        Mail,
        ports::{Mailer, PickupSignals},
    },
    shared::{Ids, PaymentId},
    stores::ports::ObjectStorage,
    users::{
        Provider, Role,
        ports::{PendingLogin, Sessions},
    },
};
use futures::{StreamExt, future::join_all};

use super::{TestIds, at};

/// `users::ports::Sessions`
pub async fn sessions(sessions: &dyn Sessions) {
    let id = TestIds.secret();
    assert!(!sessions.is_revoked(&id, at(0)).await.unwrap());
    sessions.revoke(&id, at(0), at(3600)).await.unwrap();
    sessions.revoke(&id, at(0), at(7200)).await.unwrap();
    assert!(sessions.is_revoked(&id, at(1)).await.unwrap());
    assert!(!sessions.is_revoked(&TestIds.secret(), at(1)).await.unwrap());

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

/// `orders::ports::PickupSignals`; `other` is the same port in another process.
pub async fn signals(mine: &dyn PickupSignals, other: &dyn PickupSignals) {
    let (payment, unrelated) = (PaymentId::generate(&TestIds), PaymentId::generate(&TestIds));
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(crate::eventually("a subscription", 10, || async { mine.subscribe(&payment).await.ok() }).await);
    }
    let mut foreign = mine.subscribe(&unrelated).await.unwrap();
    // One screen that closes ends none of the others.
    drop(streams.pop());
    other.publish(&payment).await.unwrap();
    for stream in &mut streams {
        let heard = tokio::time::timeout(Duration::from_secs(5), stream.next()).await;
        assert_eq!(heard.unwrap(), Some(()));
    }
    other.publish(&unrelated).await.unwrap();
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), foreign.next()).await.unwrap(), Some(()));
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
    storage.put(&key, "image/jpeg", b"one").await.unwrap();
    storage.put(&key, "image/jpeg", b"two").await.unwrap();
    assert_eq!(storage.get(&key).await.unwrap(), Some(("image/jpeg".to_owned(), b"two".to_vec())));
    assert!(storage.public_url(&key).starts_with("http"));
    for outside in ["../secret", "/etc/passwd", ""] {
        assert_eq!(storage.get(outside).await.unwrap(), None);
        assert!(storage.put(outside, "image/jpeg", b"x").await.is_err());
    }
}
