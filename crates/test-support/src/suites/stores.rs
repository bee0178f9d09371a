//! `stores::ports::{Stores, Hours, StoreImages}`: stores as their sellers keep them (contract, Seller).

use cheapbob_domain::stores::{Added, Address, DayInput, Image, PaymentChange, PortOneIds, Removed, Sns, Store, StoreChange, Week};
use futures::future::join_all;
use secrecy::{ExposeSecret, SecretString};

use super::world::{TestIds, World, at, new_store, portone};
use cheapbob_domain::{
    shared::{Email, StoreId, Validation},
    users::Role,
};

/// Contract, Seller (registration): a seller has one store, stored whole; of many at once exactly one comes to be.
pub async fn store_is_registered_once(world: &World) {
    let (stores, seller) = (&world.stores, world.account(Role::Seller).await);
    assert_eq!(stores.id_of_seller(&seller).await.unwrap(), None);
    assert_eq!(stores.of_seller(&seller).await.unwrap(), None);
    let registered = join_all((0..8).map(|_| async { stores.register(&seller, &new_store("가게"), false, at(0)).await.unwrap() })).await;
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
pub(super) async fn unpaid_store(world: &World) -> (Email, StoreId) {
    let seller = world.account(Role::Seller).await;
    assert!(world.stores.register(&seller, &new_store("가게"), false, at(0)).await.unwrap());
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

pub(super) fn week(close: &str) -> Week {
    let day = |day_of_week| DayInput {
        day_of_week,
        times: [Some("09:00"), Some(close), Some("18:00"), Some("20:00")],
        is_open_enabled: day_of_week != 2,
    };
    Week::parse("w", &(0..7).map(day).collect::<Vec<_>>(), &mut Validation::default()).unwrap()
}

pub(super) fn key(store: &StoreId, name: &str) -> String {
    format!("stores/{store}/{name}.jpg")
}

pub(super) fn keys(store: &StoreId, names: &[&str]) -> Vec<String> {
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
