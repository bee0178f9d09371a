use cheapbob_domain::stores::{BnameFilter, StoreFilter};
use futures::future::join_all;
use secrecy::ExposeSecret;

use super::{TestIds, World, at, new_product, new_store, portone};
use cheapbob_domain::{
    shared::{ProductId, StoreId},
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
    assert!(stores.set_payment(&id, &portone(), at(0)).await.unwrap());
    assert!(!stores.set_payment(&id, &portone(), at(0)).await.unwrap());
    let payment = stores.payment(&id).await.unwrap().unwrap();
    assert_eq!((payment.ids, payment.secret.expose_secret()), (portone().ids, portone().secret.expose_secret()));
    assert!(stores.of_seller(&seller).await.unwrap().unwrap().payment_ready);
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
    let place = |bnames: &[&str]| {
        let bnames = bnames.iter().map(|b| (*b).to_owned()).collect();
        Some(BnameFilter { sido: "서울".into(), sigungu: "마포구".into(), bnames })
    };
    // By name.
    assert_eq!(found(&StoreFilter { location: place(&["서교동", "합정동"]), name: None }, 0, 10).await, ids);
    assert_eq!(found(&StoreFilter { location: place(&["합정동"]), name: None }, 0, 10).await, []);
    assert_eq!(found(&StoreFilter { location: place(&["서교동"]), name: Some("국밥".into()) }, 0, 10).await, ids[3..4]);

    // Favourites.
    assert_eq!(search.add_favorite(&me, &StoreId::generate(&TestIds), at(0)).await.unwrap(), None);
    assert!(!search.remove_favorite(&me, &ids[0]).await.unwrap());
    for favorite in [&ids[3], &ids[0], &empty] {
        assert_eq!(search.add_favorite(&me, favorite, at(0)).await.unwrap(), Some(true));
        assert_eq!(search.add_favorite(&me, favorite, at(0)).await.unwrap(), Some(false));
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
