//! `stores::ports`: a seller's store, its hours and pictures, and what customers find (contract, Seller; Customer).

use cheapbob_domain::stores::{
    Added, Address, BnameFilter, DayInput, FavoriteAdded, Image, PaymentChange, PortOneIds, Removed, Sns, Store, StoreChange, StoreFilter,
    Week,
};
use futures::future::join_all;
use secrecy::{ExposeSecret, SecretString};

use super::world::{TestIds, World, at, new_product, new_store, portone};
use cheapbob_domain::{
    products::ProductChange,
    shared::{ProductId, StoreId, Validation},
    users::Role,
};

/// `stores::ports::Stores`
pub async fn stores(world: &World) {
    let (stores, seller) = (&world.stores, world.account(Role::Seller).await);
    assert_eq!(stores.id_of_seller(&seller).await.unwrap(), None);
    assert_eq!(stores.of_seller(&seller).await.unwrap(), None);

    // Of many at once exactly one.
    let registered = join_all((0..8).map(|_| async { stores.register(&seller, &new_store("가게"), at(0)).await.unwrap() })).await;
    assert_eq!(registered.iter().filter(|r| **r).count(), 1);
    let id = stores.id_of_seller(&seller).await.unwrap().unwrap();
    let store = stores.of_seller(&seller).await.unwrap().unwrap();
    assert_eq!((&store.id, store.name.as_str(), store.seller_email.clone()), (&id, "가게", seller.clone()));
    assert_eq!((store.address.walking_time, store.sns.x.as_deref()), (Some(3), Some("https://x.example")));
    let days: Vec<_> = store.operation_times.iter().map(|o| (o.hours.day_of_week, o.hours.is_open_enabled)).collect();
    assert_eq!(days, (0..7).map(|d| (d, d != 6)).collect::<Vec<_>>());
    assert!(store.products.is_empty() && store.images.is_empty() && !store.payment_ready);

    assert!(stores.payment(&id).await.unwrap().is_none());
    assert!(stores.set_payment(&id, &portone(), None, at(0)).await.unwrap());
    assert!(!stores.set_payment(&id, &portone(), None, at(0)).await.unwrap());
    let payment = stores.payment(&id).await.unwrap().unwrap();
    assert_eq!((payment.ids, payment.secret.expose_secret()), (portone().ids, portone().secret.expose_secret()));
    assert!(stores.of_seller(&seller).await.unwrap().unwrap().payment_ready);

    // The account's names change, its secret stays.
    let ids = PortOneIds { store_id: "store-2".into(), channel_id: "channel-2".into() };
    let change = PaymentChange { ids: Some(ids.clone()), ..PaymentChange::default() };
    assert!(stores.change_payment(&id, &change, at(1)).await.unwrap());
    let payment = stores.payment(&id).await.unwrap().unwrap();
    assert_eq!((payment.ids, payment.secret.expose_secret()), (ids.clone(), portone().secret.expose_secret()));
    assert!(!stores.change_payment(&StoreId::generate(&TestIds), &change, at(1)).await.unwrap());

    // Webhook secrets: none, one, and during a change the one before as well.
    let secret = |text: &str| SecretString::from(text.to_owned());
    let webhook = async |text: &str| {
        let change = PaymentChange { webhook_secret: Some(secret(text)), ..PaymentChange::default() };
        assert!(stores.change_payment(&id, &change, at(1)).await.unwrap());
        let secrets = stores.webhook_secrets(&id).await.unwrap();
        secrets.iter().map(|s| s.expose_secret().to_owned()).collect::<Vec<_>>()
    };
    assert!(stores.webhook_secrets(&id).await.unwrap().is_empty());
    assert_eq!(webhook("a").await, ["a"]);
    assert_eq!(webhook("b").await, ["b", "a"]);
    assert_eq!(webhook("b").await, ["b", "a"]);
    assert_eq!(webhook("c").await, ["c", "b"]);
    assert!(stores.webhook_secrets(&StoreId::generate(&TestIds)).await.unwrap().is_empty());
    let change = PaymentChange { secret: Some(secret("another")), ..PaymentChange::default() };
    assert!(stores.change_payment(&id, &change, at(1)).await.unwrap());
    let payment = stores.payment(&id).await.unwrap().unwrap();
    assert_eq!((payment.ids, payment.secret.expose_secret()), (ids, "another"));
    let (_, second) = world.store("웹훅").await;
    assert!(!stores.set_payment(&second, &portone(), Some(&secret("a")), at(0)).await.unwrap());
    assert!(stores.webhook_secrets(&second).await.unwrap().is_empty());

    // What is given changes, the rest stays.
    let before = stores.of_seller(&seller).await.unwrap().unwrap();
    let address =
        Address { detail_address: "2층".into(), walking_time: None, nearest_station: Some("역".into()), ..before.address.clone() };
    let change = StoreChange {
        name: Some("새 가게".into()),
        address: Some(address.clone()),
        x: Some(None),
        homepage: Some(Some("https://h.example".into())),
        ..StoreChange::default()
    };
    stores.change(&id, &change, at(2)).await.unwrap();
    let after = stores.of_seller(&seller).await.unwrap().unwrap();
    let sns = Sns { x: None, homepage: Some("https://h.example".into()), ..before.sns.clone() };
    assert_eq!(after, Store { name: "새 가게".into(), address, sns, ..before });
}

/// `stores::ports::Hours`
pub async fn hours(world: &World) {
    let hours = &world.hours;
    let ((seller, mine), (_, other)) = (world.store("내 가게").await, world.store("남의 가게").await);
    let current = hours.current(&mine).await.unwrap();
    assert_eq!(current, world.stores.of_seller(&seller).await.unwrap().unwrap().operation_times);
    assert_eq!(hours.reserved(&mine).await.unwrap(), None);
    hours.cancel(&mine).await.unwrap();
    for (second, close) in [(1, "22:00"), (2, "23:30:15")] {
        let week = week(close);
        hours.reserve(&mine, &week, at(second)).await.unwrap();
        assert_eq!(hours.reserved(&mine).await.unwrap(), Some((week, at(second))));
    }
    // Nothing takes effect before the daily rollover.
    assert_eq!(hours.current(&mine).await.unwrap(), current);
    assert_eq!(hours.reserved(&other).await.unwrap(), None);
    hours.cancel(&mine).await.unwrap();
    assert_eq!(hours.reserved(&mine).await.unwrap(), None);

    // At the rollover: what was reserved before it, once, and of that store only.
    let (early, late) = (week("22:00"), week("23:00"));
    hours.reserve(&mine, &early, at(10)).await.unwrap();
    hours.reserve(&other, &late, at(20)).await.unwrap();
    assert_eq!(hours.apply(at(20), at(30)).await.unwrap(), 1);
    assert_eq!(Week::of(&hours.current(&mine).await.unwrap()), Some(early));
    assert_eq!(Week::of(&hours.current(&other).await.unwrap()), Week::of(&current));
    assert_eq!((hours.reserved(&mine).await.unwrap(), hours.reserved(&other).await.unwrap()), (None, Some((late, at(20)))));
    assert_eq!(hours.apply(at(20), at(31)).await.unwrap(), 0);
}

fn week(close: &str) -> Week {
    let day = |day_of_week| DayInput {
        day_of_week,
        times: [Some("09:00"), Some(close), Some("18:00"), Some("20:00")],
        is_open_enabled: day_of_week != 2,
    };
    Week::parse("w", &(0..7).map(day).collect::<Vec<_>>(), &mut Validation::default()).unwrap()
}

/// `stores::ports::StoreImages`
pub async fn images(world: &World) {
    let images = &world.images;
    let ((_, mine), (_, other)) = (world.store("내 가게").await, world.store("남의 가게").await);
    let keys = |names: &[&str]| names.iter().map(|name| format!("stores/{mine}/{name}.jpg")).collect::<Vec<_>>();
    let key = |name: &str| keys(&[name]).remove(0);
    let shown = |list: &[Image]| -> Vec<String> {
        list.iter()
            .map(|i| format!("{} {}{}", i.key.rsplit('/').next().unwrap(), i.display_order, if i.is_main { " main" } else { "" }))
            .collect()
    };
    assert!(images.list(&mine).await.unwrap().is_empty());

    // The first ones: of two uploads at once one comes first and the other finds them there.
    let (a, b) = (keys(&["a1", "a2"]), keys(&["b1", "b2"]));
    let first = join_all([&a, &b].map(|keys| images.add(&mine, keys, true, 5))).await;
    let added: Vec<_> = first.into_iter().map(Result::unwrap).collect();
    assert_eq!(added.iter().filter(|a| **a == Added::Exist).count(), 1, "{added:?}");
    let list = images.list(&mine).await.unwrap();
    assert_eq!(shown(&list)[0].split_at(2).1, ".jpg 0 main");
    assert_eq!((list.len(), list[0].is_main, list[1].is_main), (2, true, false));
    let main = list[0].key.clone();

    // More, behind the others, up to the most; all or nothing.
    assert_eq!(images.add(&mine, &keys(&["c", "d", "e", "f"]), false, 5).await.unwrap(), Added::TooMany);
    let Added::Images(list) = images.add(&mine, &keys(&["c", "d"]), false, 5).await.unwrap() else { panic!("added") };
    assert_eq!(shown(&list[2..]), ["c.jpg 2", "d.jpg 3"]);
    let singles = ["x", "y", "z"].map(|name| keys(&[name]));
    let at_once = join_all(singles.iter().map(|keys| async { images.add(&mine, keys, false, 5).await.unwrap() })).await;
    assert_eq!(at_once.iter().filter(|a| **a == Added::TooMany).count(), 2);

    // Another store's pictures are not there; the main one stays.
    assert_eq!(images.remove(&other, &key("c")).await.unwrap(), Removed::NotThere);
    assert_eq!(images.set_main(&other, &key("c")).await.unwrap(), None);
    assert_eq!(images.remove(&mine, "stores/none.jpg").await.unwrap(), Removed::NotThere);
    assert_eq!(images.remove(&mine, &main).await.unwrap(), Removed::IsMain);
    assert_eq!(images.remove(&mine, &key("d")).await.unwrap(), Removed::Removed);
    assert_eq!(images.remove(&mine, &key("d")).await.unwrap(), Removed::NotThere);

    // One main picture, also after many at once.
    assert_eq!(images.set_main(&mine, &key("c")).await.unwrap(), Some(Image { key: key("c"), is_main: true, display_order: 2 }));
    let all: Vec<_> = images.list(&mine).await.unwrap().into_iter().map(|i| i.key).collect();
    assert_eq!(all[0], key("c"));
    join_all(all.iter().map(|key| async { images.set_main(&mine, key).await.unwrap().unwrap() })).await;
    let list = images.list(&mine).await.unwrap();
    assert_eq!(list.iter().filter(|i| i.is_main).count(), 1);
    assert_eq!(images.main_of(&[mine.clone(), other.clone()]).await.unwrap(), [(mine, list[0].key.clone())]);
    assert!(images.main_of(&[]).await.unwrap().is_empty());
}

/// `stores::ports::StoreSearch`: names that change, and many that come at once, are found as they are then.
pub async fn naming(world: &World) {
    let me = world.account(Role::Customer).await;
    let found = async |text: &str| -> usize {
        let named = StoreFilter { location: None, name: Some(text.to_owned()) };
        world.search.page(&me, &named, 0, 10).await.unwrap().len()
    };
    let (_, store) = world.store("아직 이름").await;
    assert_eq!(found("아직").await, 0, "no product yet");
    let names: Vec<_> = (0..8).map(|n| format!("동시에{n}")).collect();
    let products = join_all(names.iter().map(|name| async {
        world.products.register(&ProductId::generate(&TestIds), &store, &new_product(name, 1), at(0)).await.unwrap()
    }))
    .await;
    for text in names.iter().map(String::as_str).chain(["아직"]) {
        assert_eq!(found(text).await, 1, "{text}");
    }
    let change = ProductChange { name: Some("다른 음식".into()), ..ProductChange::default() };
    world.products.change(&store, &products[3].id, &change, at(1)).await.unwrap();
    world.stores.change(&store, &StoreChange { name: Some("새 이름".into()), ..StoreChange::default() }, at(1)).await.unwrap();
    for (text, count) in [("동시에3", 0), ("다른 음", 1), ("아직", 0), ("새 이", 1), ("동시에4", 1)] {
        assert_eq!(found(text).await, count, "{text}");
    }
}

/// `stores::ports::StoreSearch`
pub async fn search(world: &World) {
    let search = &world.search;
    let me = world.account(Role::Customer).await;
    let mut ids: Vec<StoreId> = Vec::new();
    for (name, product) in [("가 100% 김밥", "참치"), ("나_분식", "Tuna Sandwich"), ("다\\라", "연어"), ("마 국밥", "순대")]
    {
        let (_, store) = world.store(name).await;
        world.products.register(&ProductId::generate(&TestIds), &store, &new_product(product, 1), at(0)).await.unwrap();
        ids.push(store);
    }
    let (_, empty) = world.store("바 상품 없음").await;

    let found = async |filter: &StoreFilter, offset, limit| -> Vec<StoreId> {
        search.page(&me, filter, offset, limit).await.unwrap().into_iter().map(|s| s.store.id).collect()
    };
    let all = StoreFilter::default();
    // Newest first; the same instant: the later id first. A store without a product is in no list.
    let newest: Vec<_> = ids.iter().rev().cloned().collect();
    assert_eq!(found(&all, 0, 10).await, newest);
    assert_eq!(found(&all, 1, 2).await, newest[1..3]);
    assert_eq!(found(&all, 4, 2).await, []);

    let named = |text: &str| StoreFilter { location: None, name: Some(text.to_owned()) };
    for (text, expected) in [
        ("김밥", &ids[0..1]),
        ("tuna", &ids[1..2]),
        ("순대", &ids[3..4]),
        ("100%", &ids[0..1]),
        ("%", &ids[0..1]),
        ("_", &ids[1..2]),
        ("\\", &ids[2..3]),
        ("바", &[]),
        ("없는 것", &[]),
    ] {
        assert_eq!(found(&named(text), 0, 10).await, expected, "{text}");
    }
    // One character, capitals, no match across two names.
    for (text, expected) in [("밥", vec![0, 3]), ("SAND", vec![1]), ("밥순", vec![]), ("밥참", vec![])] {
        let expected: Vec<_> = expected.into_iter().map(|n: usize| ids[n].clone()).collect();
        assert_eq!(found(&named(text), 0, 10).await, expected, "{text}");
    }
    // A full page, and the rest.
    assert_eq!(found(&named("밥"), 0, 1).await, ids[0..1]);
    assert_eq!(found(&named("밥"), 1, 1).await, ids[3..4]);
    assert_eq!(found(&named("밥"), 1, 10).await, ids[3..4]);
    let place = |bnames: &[&str]| {
        let bnames = bnames.iter().map(|b| (*b).to_owned()).collect();
        Some(BnameFilter { sido: "서울".into(), sigungu: "마포구".into(), bnames })
    };
    // By name.
    assert_eq!(found(&StoreFilter { location: place(&["서교동", "합정동"]), name: None }, 0, 10).await, ids);
    assert_eq!(found(&StoreFilter { location: place(&["합정동"]), name: None }, 0, 10).await, []);
    assert_eq!(found(&StoreFilter { location: place(&["서교동"]), name: Some("국밥".into()) }, 0, 10).await, ids[3..4]);

    // Favourites.
    assert_eq!(search.add_favorite(&me, &StoreId::generate(&TestIds), at(0)).await.unwrap(), FavoriteAdded::NoStore);
    assert!(!search.remove_favorite(&me, &ids[0]).await.unwrap());
    for favorite in [&ids[3], &ids[0], &empty] {
        assert_eq!(search.add_favorite(&me, favorite, at(0)).await.unwrap(), FavoriteAdded::Added);
        assert_eq!(search.add_favorite(&me, favorite, at(0)).await.unwrap(), FavoriteAdded::WasThere);
    }
    let favorites = search.favorites(&me).await.unwrap();
    assert_eq!(
        favorites.iter().map(|f| (f.store.id.clone(), f.is_favorite)).collect::<Vec<_>>(),
        [(ids[0].clone(), true), (ids[3].clone(), true)]
    );
    let flags: Vec<_> = search.page(&me, &all, 0, 10).await.unwrap().into_iter().map(|s| s.is_favorite).collect();
    assert_eq!(flags, [true, false, false, true]);
    let other = world.account(Role::Customer).await;
    assert!(search.favorites(&other).await.unwrap().is_empty());
    assert!(search.remove_favorite(&me, &ids[0]).await.unwrap());
    assert!(!search.find(&me, &ids[0]).await.unwrap().unwrap().is_favorite);
    assert!(search.find(&me, &empty).await.unwrap().is_some());
    assert!(search.find(&me, &StoreId::generate(&TestIds)).await.unwrap().is_none());
}
