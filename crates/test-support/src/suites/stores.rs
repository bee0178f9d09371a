//! `stores::ports::{Stores, Hours, StoreImages, StoreSearch}`: stores, and how customers find them (contract, Seller and Customer).

use cheapbob_domain::stores::{
    Added, Address, BnameFilter, DayInput, FavoriteAdded, Image, PaymentChange, PortOneIds, Removed, Sns, Store, StoreChange, StoreFilter,
    Week,
};
use futures::future::join_all;
use secrecy::{ExposeSecret, SecretString};

use super::world::{TestIds, World, at, new_product, new_store, portone};
use cheapbob_domain::{
    products::ProductChange,
    shared::{Email, ProductId, StoreId, Validation},
    users::Role,
};

/// Contract, Seller (registration): a seller has one store, stored whole; of many at once exactly one comes to be.
pub async fn store_is_registered_once(world: &World) {
    let (stores, seller) = (&world.stores, world.account(Role::Seller).await);
    assert_eq!(stores.id_of_seller(&seller).await.unwrap(), None);
    assert_eq!(stores.of_seller(&seller).await.unwrap(), None);
    let registered = join_all((0..8).map(|_| async { stores.register(&seller, &new_store("가게"), at(0)).await.unwrap() })).await;
    assert_eq!(registered.iter().filter(|r| **r).count(), 1);
    let id = stores.id_of_seller(&seller).await.unwrap().unwrap();
    let store = stores.of_seller(&seller).await.unwrap().unwrap();
    assert_eq!((&store.id, store.name.as_str(), store.seller_email.clone()), (&id, "가게", seller.clone()));
    assert_eq!((store.address.walking_time, store.sns.x.as_deref()), (Some(3), Some("https://x.example")));
    let days: Vec<_> = store.operation_times.iter().map(|o| (o.hours.day_of_week, o.hours.is_open_enabled)).collect();
    assert_eq!(days, (0..7).map(|d| (d, d != 6)).collect::<Vec<_>>());
    assert!(store.products.is_empty() && store.images.is_empty() && !store.payment_ready);
}

/// A seller with a store that has no payment account yet.
async fn unpaid_store(world: &World) -> (Email, StoreId) {
    let seller = world.account(Role::Seller).await;
    assert!(world.stores.register(&seller, &new_store("가게"), at(0)).await.unwrap());
    let store = world.stores.id_of_seller(&seller).await.unwrap().unwrap();
    (seller, store)
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

/// Contract, Seller (register/payment): registered once; then the store can be paid.
pub async fn payment_account_is_registered_once(world: &World) {
    let (stores, (seller, id)) = (&world.stores, unpaid_store(world).await);
    assert!(stores.payment(&id).await.unwrap().is_none());
    assert!(stores.set_payment(&id, &portone(), None, at(0)).await.unwrap());
    assert!(!stores.set_payment(&id, &portone(), None, at(0)).await.unwrap());
    let payment = stores.payment(&id).await.unwrap().unwrap();
    assert_eq!((payment.ids, payment.secret.expose_secret()), (portone().ids, portone().secret.expose_secret()));
    assert!(stores.of_seller(&seller).await.unwrap().unwrap().payment_ready);
    // A second registration leaves no webhook secret either.
    assert!(!stores.set_payment(&id, &portone(), Some(&secret("a")), at(0)).await.unwrap());
    assert!(stores.webhook_secrets(&id).await.unwrap().is_empty());
}

/// Contract, Seller (settings/payment): names and secret change each for itself; without an account nothing does.
pub async fn payment_account_change_leaves_the_other_fields(world: &World) {
    let (stores, (_, id)) = (&world.stores, world.store("가게").await);
    let ids = PortOneIds { store_id: "store-2".into(), channel_id: "channel-2".into() };
    let change = PaymentChange { ids: Some(ids.clone()), ..PaymentChange::default() };
    assert!(stores.change_payment(&id, &change, at(1)).await.unwrap());
    let payment = stores.payment(&id).await.unwrap().unwrap();
    assert_eq!((payment.ids, payment.secret.expose_secret()), (ids.clone(), portone().secret.expose_secret()));
    assert!(!stores.change_payment(&StoreId::generate(&TestIds), &change, at(1)).await.unwrap());
    let change = PaymentChange { secret: Some(secret("another")), ..PaymentChange::default() };
    assert!(stores.change_payment(&id, &change, at(1)).await.unwrap());
    let payment = stores.payment(&id).await.unwrap().unwrap();
    assert_eq!((payment.ids, payment.secret.expose_secret()), (ids, "another"));
}

/// Contract, Payment rules (webhooks): no secret, one, and during a change the one before as well.
pub async fn webhook_secret_change_keeps_the_one_before(world: &World) {
    let (stores, (_, id)) = (&world.stores, world.store("웹훅").await);
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
}

/// Contract, Seller (profile, address, sns): what is given changes, the rest stays.
pub async fn store_change_leaves_the_other_fields(world: &World) {
    let (stores, (seller, id)) = (&world.stores, world.store("가게").await);
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

/// Contract, Seller (operation/reservation): the last planned hours count, of their own store, and only from the daily rollover on.
pub async fn planned_hours_are_replaced_and_canceled(world: &World) {
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
    assert_eq!(hours.current(&mine).await.unwrap(), current);
    assert_eq!(hours.reserved(&other).await.unwrap(), None);
    hours.cancel(&mine).await.unwrap();
    assert_eq!(hours.reserved(&mine).await.unwrap(), None);
}

/// Contract, Daily rollover: hours that were planned before it take effect, once, at their store only.
pub async fn planned_hours_take_effect_at_the_rollover(world: &World) {
    let (hours, (_, mine), (_, other)) = (&world.hours, world.store("내 가게").await, world.store("남의 가게").await);
    let current = hours.current(&mine).await.unwrap();
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

fn key(store: &StoreId, name: &str) -> String {
    format!("stores/{store}/{name}.jpg")
}

fn keys(store: &StoreId, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| key(store, name)).collect()
}

/// File, order, and whether it is the main one.
fn shown(list: &[Image]) -> Vec<String> {
    let main = |image: &Image| if image.is_main { " main" } else { "" };
    list.iter().map(|i| format!("{} {}{}", i.key.rsplit('/').next().unwrap(), i.display_order, main(i))).collect()
}

/// A store with the pictures a, b, c and d, of which the first is the main one.
async fn four_pictures(world: &World) -> StoreId {
    let (_, store) = world.store("내 가게").await;
    let Added::Images(list) = world.images.add(&store, &keys(&store, &["a", "b", "c", "d"]), true, 5).await.unwrap() else {
        panic!("added")
    };
    assert_eq!(shown(&list), ["a.jpg 0 main", "b.jpg 1", "c.jpg 2", "d.jpg 3"]);
    store
}

/// Contract, Seller (register/images): of two uploads at once one comes first, and the other finds its pictures there.
pub async fn first_pictures_are_registered_once(world: &World) {
    let (images, (_, mine)) = (&world.images, world.store("내 가게").await);
    assert!(images.list(&mine).await.unwrap().is_empty());
    let (a, b) = (keys(&mine, &["a1", "a2"]), keys(&mine, &["b1", "b2"]));
    let first = join_all([&a, &b].map(|keys| images.add(&mine, keys, true, 5))).await;
    let added: Vec<_> = first.into_iter().map(Result::unwrap).collect();
    assert_eq!(added.iter().filter(|a| **a == Added::Exist).count(), 1, "{added:?}");
    let list = images.list(&mine).await.unwrap();
    assert_eq!(shown(&list)[0].split_at(2).1, ".jpg 0 main");
    assert_eq!((list.len(), list[0].is_main, list[1].is_main), (2, true, false));
}

/// Contract, Seller (images): more come behind the others, up to the most; all of an upload or nothing.
pub async fn pictures_are_added_up_to_the_most(world: &World) {
    let (images, (_, mine)) = (&world.images, world.store("내 가게").await);
    images.add(&mine, &keys(&mine, &["a", "b"]), true, 5).await.unwrap();
    assert_eq!(images.add(&mine, &keys(&mine, &["c", "d", "e", "f"]), false, 5).await.unwrap(), Added::TooMany);
    let Added::Images(list) = images.add(&mine, &keys(&mine, &["c", "d"]), false, 5).await.unwrap() else { panic!("added") };
    assert_eq!(shown(&list[2..]), ["c.jpg 2", "d.jpg 3"]);
    let singles = ["x", "y", "z"].map(|name| keys(&mine, &[name]));
    let at_once = join_all(singles.iter().map(|keys| async { images.add(&mine, keys, false, 5).await.unwrap() })).await;
    assert_eq!(at_once.iter().filter(|a| **a == Added::TooMany).count(), 2);
}

/// Contract, Seller (images): removed once; the main one stays, and another store's is not there.
pub async fn picture_is_removed_once_unless_it_is_the_main_one(world: &World) {
    let (images, mine, (_, other)) = (&world.images, four_pictures(world).await, world.store("남의 가게").await);
    assert_eq!(images.remove(&other, &key(&mine, "c")).await.unwrap(), Removed::NotThere);
    assert_eq!(images.remove(&mine, "stores/none.jpg").await.unwrap(), Removed::NotThere);
    assert_eq!(images.remove(&mine, &key(&mine, "a")).await.unwrap(), Removed::IsMain);
    assert_eq!(images.remove(&mine, &key(&mine, "d")).await.unwrap(), Removed::Removed);
    assert_eq!(images.remove(&mine, &key(&mine, "d")).await.unwrap(), Removed::NotThere);
}

/// Contract, Seller (images/main): one main picture, which comes first, also after many changes at once.
pub async fn main_picture_is_one(world: &World) {
    let (images, mine, (_, other)) = (&world.images, four_pictures(world).await, world.store("남의 가게").await);
    let c = key(&mine, "c");
    assert_eq!(images.set_main(&other, &c).await.unwrap(), None);
    assert_eq!(images.set_main(&mine, &c).await.unwrap(), Some(Image { key: c.clone(), is_main: true, display_order: 2 }));
    let all: Vec<_> = images.list(&mine).await.unwrap().into_iter().map(|i| i.key).collect();
    assert_eq!(all[0], c);
    join_all(all.iter().map(|key| async { images.set_main(&mine, key).await.unwrap().unwrap() })).await;
    let list = images.list(&mine).await.unwrap();
    assert_eq!(list.iter().filter(|i| i.is_main).count(), 1);
    assert_eq!(images.main_of(&[mine.clone(), other.clone()]).await.unwrap(), [(mine, list[0].key.clone())]);
    assert!(images.main_of(&[]).await.unwrap().is_empty());
}

/// Contract, Customer (by-name): names that change, and many that come at once, are found as they are then.
pub async fn search_finds_the_names_of_now(world: &World) {
    let me = world.account(Role::Customer).await;
    let found = async |text: &str| -> usize {
        let named = StoreFilter { location: None, name: Some(text.to_owned()) };
        world.search.page(&me, &named, 0, 10).await.unwrap().len()
    };
    let (_, store) = world.store("아직 이름").await;
    assert_eq!(found("아직").await, 0, "no product yet");
    let names: Vec<_> = (0..8).map(|n| format!("동시에{n}")).collect();
    let products = join_all(names.iter().map(|name| async {
        world.products.register(&ProductId::generate(&TestIds), &store, &new_product(name, 1), at(0)).await.unwrap().unwrap()
    }))
    .await;
    for text in names.iter().map(String::as_str).chain(["아직"]) {
        assert_eq!(found(text).await, 1, "{text}");
    }
    let change = ProductChange { name: Some("다른 음식".into()), ..ProductChange::default() };
    world.change(&store, &products[3].id, &change, 1).await;
    world.stores.change(&store, &StoreChange { name: Some("새 이름".into()), ..StoreChange::default() }, at(1)).await.unwrap();
    for (text, count) in [("동시에3", 0), ("다른 음", 1), ("아직", 0), ("새 이", 1), ("동시에4", 1)] {
        assert_eq!(found(text).await, count, "{text}");
    }
}

/// Four stores with a product, in the order of their names, and one without.
struct Stores {
    me: Email,
    ids: Vec<StoreId>,
    empty: StoreId,
}

async fn five_stores(world: &World) -> Stores {
    let me = world.account(Role::Customer).await;
    let mut ids: Vec<StoreId> = Vec::new();
    for (name, product) in [("가 100% 김밥", "참치"), ("나_분식", "Tuna Sandwich"), ("다\\라", "연어"), ("마 국밥", "순대")]
    {
        let (_, store) = world.store(name).await;
        world.products.register(&ProductId::generate(&TestIds), &store, &new_product(product, 1), at(0)).await.unwrap().unwrap();
        ids.push(store);
    }
    let (_, empty) = world.store("바 상품 없음").await;
    Stores { me, ids, empty }
}

async fn found(world: &World, stores: &Stores, filter: &StoreFilter, offset: i64, limit: i64) -> Vec<StoreId> {
    world.search.page(&stores.me, filter, offset, limit).await.unwrap().into_iter().map(|s| s.store.id).collect()
}

fn named(text: &str) -> StoreFilter {
    StoreFilter { location: None, name: Some(text.to_owned()) }
}

/// Contract, Customer (search): newest first; of the same instant the later id first. A store without a product is in no list.
pub async fn search_without_a_filter_begins_with_the_newest(world: &World) {
    let (stores, all) = (five_stores(world).await, StoreFilter::default());
    let newest: Vec<_> = stores.ids.iter().rev().cloned().collect();
    assert_eq!(found(world, &stores, &all, 0, 10).await, newest);
    assert_eq!(found(world, &stores, &all, 1, 2).await, newest[1..3]);
    assert_eq!(found(world, &stores, &all, 4, 2).await, []);
}

/// Contract, Customer (by-name): a part of the store's or a product's name, whatever its case; no letter is special, and no match runs
/// across two names.
pub async fn search_by_a_text_finds_parts_of_names(world: &World) {
    let stores = five_stores(world).await;
    let ids = &stores.ids;
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
        assert_eq!(found(world, &stores, &named(text), 0, 10).await, expected, "{text}");
    }
    // One character, capitals, no match across two names.
    for (text, expected) in [("밥", vec![0, 3]), ("SAND", vec![1]), ("밥순", vec![]), ("밥참", vec![])] {
        let expected: Vec<_> = expected.into_iter().map(|n: usize| ids[n].clone()).collect();
        assert_eq!(found(world, &stores, &named(text), 0, 10).await, expected, "{text}");
    }
    // A full page, and the rest.
    assert_eq!(found(world, &stores, &named("밥"), 0, 1).await, ids[0..1]);
    assert_eq!(found(world, &stores, &named("밥"), 1, 1).await, ids[3..4]);
    assert_eq!(found(world, &stores, &named("밥"), 1, 10).await, ids[3..4]);
}

/// Contract, Customer (by-location): stores of any of the neighbourhoods, by name; with a text, both filters.
pub async fn search_by_location_goes_by_name(world: &World) {
    let stores = five_stores(world).await;
    let place = |bnames: &[&str], name: Option<&str>| {
        let bnames = bnames.iter().map(|b| (*b).to_owned()).collect();
        let location = Some(BnameFilter { sido: "서울".into(), sigungu: "마포구".into(), bnames });
        StoreFilter { location, name: name.map(str::to_owned) }
    };
    assert_eq!(found(world, &stores, &place(&["서교동", "합정동"], None), 0, 10).await, stores.ids);
    assert_eq!(found(world, &stores, &place(&["합정동"], None), 0, 10).await, []);
    assert_eq!(found(world, &stores, &place(&["서교동"], Some("국밥")), 0, 10).await, stores.ids[3..4]);
}

/// Contract, Customer (favorites): added once, removed once, shown in every list of the one customer; a favourite without a product waits.
pub async fn favorites_are_a_customers_own(world: &World) {
    let (search, Stores { me, ids, empty }) = (&world.search, five_stores(world).await);
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
    let flags: Vec<_> = search.page(&me, &StoreFilter::default(), 0, 10).await.unwrap().into_iter().map(|s| s.is_favorite).collect();
    assert_eq!(flags, [true, false, false, true]);
    let other = world.account(Role::Customer).await;
    assert!(search.favorites(&other).await.unwrap().is_empty());
    assert!(search.remove_favorite(&me, &ids[0]).await.unwrap());
    assert!(!search.find(&me, &ids[0]).await.unwrap().unwrap().is_favorite);
}

/// Contract, Customer (products of a store): one store is found by its id, also without a product.
pub async fn store_is_found_by_its_id(world: &World) {
    let (search, Stores { me, empty, .. }) = (&world.search, five_stores(world).await);
    assert!(search.find(&me, &empty).await.unwrap().is_some());
    assert!(search.find(&me, &StoreId::generate(&TestIds)).await.unwrap().is_none());
}
