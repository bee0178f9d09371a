//! `stores::ports::StoreSearch`: how customers find stores (contract, Customer).

use std::sync::Mutex;

use cheapbob_domain::{
    orders::CanceledBy,
    products::ProductChange,
    shared::{Email, ProductId, Sale, StoreId, Won},
    stores::{BnameFilter, CustomerStore, FavoriteAdded, Removed, StoreChange, StoreFilter},
    users::Role,
};
use futures::future::join_all;

use super::{
    cancellations::cancellation,
    stores::{key, keys, unpaid_store, week},
    world::{TestIds, World, at, hold, new_product, portone},
};

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
    world.search.page(&stores.me, filter, offset, limit).await.unwrap().into_iter().map(|s| s.document.store.id.clone()).collect()
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

/// Contract, Customer (search): a store on a page is as it is now, whatever was kept of it before.
pub async fn search_shows_each_store_as_it_is_now(world: &World) {
    let (me, (_, store)) = (world.customer().await, world.store("가게").await);
    let product = world.product(&store, 5).await;
    let seen = Mutex::new(None);
    let is_now = async |what: &str| {
        let listed = world.search.page(&me, &StoreFilter::default(), 0, 1).await.unwrap().remove(0);
        let now = world.search.find(&me, &store).await.unwrap().unwrap();
        assert_eq!(CustomerStore::from(listed), now, "{what}");
        let before = seen.lock().unwrap().replace(now.clone());
        assert_ne!(before, Some(now), "{what} is to be seen");
    };
    is_now("at first").await;
    let change = StoreChange { name: Some("새 가게".into()), ..StoreChange::default() };
    world.stores.change(&store, &change, at(1)).await.unwrap();
    is_now("the name").await;
    world.hours.reserve(&store, &week("22:00"), at(1)).await.unwrap();
    assert_eq!(world.hours.apply(at(2), at(3)).await.unwrap(), 1);
    is_now("the hours").await;
    world.images.add(&store, &keys(&store, &["a", "b"]), true, 5).await.unwrap();
    is_now("pictures").await;
    world.images.set_main(&store, &key(&store, "b")).await.unwrap();
    is_now("the main picture").await;
    assert_eq!(world.images.remove(&store, &key(&store, "a")).await.unwrap(), Removed::Removed);
    is_now("a picture less").await;
    world.product(&store, 3).await;
    is_now("another product").await;
    let changes = [
        ("a product's name", ProductChange { name: Some("국밥".into()), ..ProductChange::default() }),
        ("its price", ProductChange { price: Some(Won(9_000)), ..ProductChange::default() }),
        ("its sale", ProductChange { sale: Some(Sale::parse(50).unwrap()), ..ProductChange::default() }),
        ("its limit", ProductChange { max_per_customer: Some(Some(3)), ..ProductChange::default() }),
        ("its price again", ProductChange { price: Some(Won(10_000)), sale: Some(Sale::parse(30).unwrap()), ..ProductChange::default() }),
    ];
    for (what, change) in changes {
        world.change(&store, &product.id, &change, 4).await;
        is_now(what).await;
    }
    world.products.adjust(&store, &product.id, 2, at(5)).await.unwrap();
    is_now("its stock").await;
    world.products.change_nutrition(&store, &product.id, &["vegan"], true, at(6)).await.unwrap();
    is_now("its nutrition types").await;
    assert!(world.holds.hold(&hold(&me, &product, 1)).await.unwrap());
    is_now("a piece that is held").await;
    world.cancellations.close_store(&store, &cancellation(CanceledBy::Closing, 7)).await.unwrap();
    is_now("closed for today").await;
    assert_eq!(world.search.add_favorite(&me, &store, at(8)).await.unwrap(), FavoriteAdded::Added);
    is_now("a favourite").await;
    let unpaid = unpaid_store(world).await.1;
    world.product(&unpaid, 1).await;
    let payment_ready = async || {
        world
            .search
            .page(&me, &StoreFilter::default(), 0, 2)
            .await
            .unwrap()
            .into_iter()
            .map(|s| s.document.store.payment_ready)
            .collect::<Vec<_>>()
    };
    assert_eq!(payment_ready().await, [false, true]);
    assert!(world.stores.set_payment(&unpaid, &portone(), None, at(9)).await.unwrap());
    assert_eq!(payment_ready().await, [true, true]);
}

/// Contract, Customer (search): many at once, each in a way of their own, are shown what each would see alone.
pub async fn searches_at_once_are_each_answered(world: &World) {
    let stores = five_stores(world).await;
    let other = world.account(Role::Customer).await;
    world.search.add_favorite(&other, &stores.ids[3], at(0)).await.unwrap();
    let page = async |customer: &Email, filter: &StoreFilter, offset: i64, limit: i64| -> Vec<(StoreId, bool)> {
        let listed = world.search.page(customer, filter, offset, limit).await.unwrap();
        listed.into_iter().map(|s| (s.document.store.id.clone(), s.is_favorite)).collect()
    };
    let filters = [StoreFilter::default(), named("밥"), named("참치"), named("없는 것")];
    let mut asks = Vec::new();
    for filter in &filters {
        for customer in [&stores.me, &other] {
            asks.extend([(0, 10), (0, 1), (1, 2), (3, 5), (9, 5)].map(|(offset, limit)| (customer, filter, offset, limit)));
        }
    }
    let mut alone = Vec::new();
    for (customer, filter, offset, limit) in &asks {
        alone.push(page(customer, filter, *offset, *limit).await);
    }
    let together = join_all(asks.iter().map(|(customer, filter, offset, limit)| page(customer, filter, *offset, *limit))).await;
    assert_eq!(together, alone);
    assert_eq!(together[5][0], (stores.ids[3].clone(), true));
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
