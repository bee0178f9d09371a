//! `stores::ports::StoresNearby`: where stores are and what they offer (additions, Nearby).

use std::collections::BTreeMap;

use cheapbob_domain::{
    orders::CanceledBy,
    products::{PriceStep, PriceSteps, ProductChange},
    shared::{ProductId, Sale, StoreId, Won},
    stores::{Address, Area, CustomerStore, FavoriteAdded, Place, StoreChange, StoreOffer},
};
use futures::future::join_all;

use super::{
    cancellations::cancellation,
    stores::unpaid_store,
    world::{TestIds, World, at, hold, new_product, new_store},
};

async fn move_to(world: &World, store: &StoreId, lat: &str, lng: &str) {
    let address = Address { lat: lat.to_owned(), lng: lng.to_owned(), ..new_store("").address };
    world.stores.change(store, &StoreChange { address: Some(address), ..StoreChange::default() }, at(1)).await.unwrap();
}

async fn product(world: &World, store: &StoreId) {
    world.products.register(&ProductId::generate(&TestIds), store, &new_product("김밥", 1), at(0)).await.unwrap().unwrap();
}

/// Every store in a box, by where it is.
async fn stores_in(world: &World, west: f64, south: f64, east: f64, north: f64) -> BTreeMap<StoreId, Place> {
    let area = Area::new(west, south, east, north).unwrap();
    let tiles = world.nearby.tiles(&[area, area]).await.unwrap();
    let placed: Vec<_> = tiles.iter().flat_map(|tile| tile.stores()).collect();
    let places: BTreeMap<_, _> = placed.iter().map(|placed| (placed.store.clone(), placed.place)).collect();
    assert_eq!(places.len(), placed.len(), "each once");
    places
}

/// Additions, Nearby: stores with a product, where they are now, however many move at once.
pub async fn stores_are_where_they_are_now(world: &World) {
    let all = async || stores_in(world, -180.0, -90.0, 180.0, 90.0).await;
    let place = |lat, lng| Place::new(lat, lng).unwrap();
    let (_, store) = world.store("가게").await;
    assert!(all().await.is_empty(), "no product yet");
    product(world, &store).await;
    assert_eq!(all().await, [(store.clone(), place(37.5, 126.9))].into());
    for (lat, lng) in [("37.51", "126.9"), ("-33.9", "18.4"), ("90", "180"), ("-90", "-180"), ("0", "180")] {
        move_to(world, &store, lat, lng).await;
        assert_eq!(all().await, [(store.clone(), Place::parse(lat, lng).unwrap())].into());
    }
    // Its own box alone has it.
    assert_eq!(stores_in(world, 179.95, -0.05, 180.0, 0.05).await.len(), 1);
    assert_eq!(stores_in(world, -180.0, -0.05, -179.95, 0.05).await.len(), 0);
    let others = join_all((0..8).map(|n| async move {
        let (_, store) = world.store("가게").await;
        product(world, &store).await;
        move_to(world, &store, "37.5", &format!("127.{n}")).await;
        store
    }))
    .await;
    let now = all().await;
    assert_eq!(now.len(), 9);
    for (n, store) in others.iter().enumerate() {
        assert_eq!(now[store], Place::parse("37.5", &format!("127.{n}")).unwrap());
    }
}

/// Additions, Nearby: an address whose numbers are none is found by everything but these two.
pub async fn addresses_that_are_no_places_are_nowhere(world: &World) {
    let (_, store) = world.store("가게").await;
    product(world, &store).await;
    let texts = [
        "37.5",
        "+37.5",
        "-37.5",
        "37.",
        ".5",
        "3.75e1",
        "375E-1",
        "1e-99",
        "0",
        "-0",
        "90",
        "90.1",
        "180",
        "",
        " ",
        "-",
        ".",
        "e1",
        "1e",
        "1e+",
        "1e100",
        "1e-100",
        "37,5",
        "37.5.1",
        "1_0",
        "NaN",
        "nan",
        "inf",
        "Infinity",
        "-infinity",
        "0x10",
        "위도",
        "３７",
        "37.5 ",
        "37.5°",
        "--1",
        "+-1",
        "1e99",
        "37.50000000000000000000000000000000000000000000001",
    ];
    for lat in texts {
        for lng in ["126.9", "", "x", "1e99", lat] {
            move_to(world, &store, lat, lng).await;
            let expected: BTreeMap<_, _> = Place::parse(lat, lng).map(|place| (store.clone(), place)).into_iter().collect();
            assert_eq!(stores_in(world, -180.0, -90.0, 180.0, 90.0).await, expected, "{lat} {lng}");
        }
    }
}

/// Additions, Nearby: what is offered is what the store sells at that instant, and what is listed is what a search shows.
pub async fn offers_are_those_of_now(world: &World) {
    let (me, (_, store)) = (world.customer().await, world.store("가게").await);
    let sold = world.product(&store, 5).await;
    world.product(&store, 3).await;
    let mut before = None;
    let mut is_now = async |what: &str| {
        let offers = world.nearby.offers(&[StoreId::generate(&TestIds), store.clone()], at(0)).await.unwrap();
        let listed = world.nearby.listed(&me, offers.clone()).await.unwrap();
        assert_eq!(offers, listed.iter().map(|listed| StoreOffer::of(listed, at(0))).collect::<Vec<_>>(), "{what}");
        let now = listed.into_iter().map(CustomerStore::from).collect::<Vec<_>>();
        assert_eq!(now, [world.search.find(&me, &store).await.unwrap().unwrap()], "{what}");
        assert_ne!(before.replace(now.clone()), Some(now), "{what} is to be seen");
    };
    is_now("at first").await;
    assert!(world.holds.hold(&hold(&me, &sold, 2)).await.unwrap());
    is_now("pieces that are held").await;
    world.products.adjust(&store, &sold.id, 1, at(1)).await.unwrap();
    is_now("its stock").await;
    let steps = PriceSteps::stored(vec![PriceStep { minutes_before_pickup_end: 60, sale: Sale::parse(60).unwrap() }]).unwrap();
    for change in [
        ProductChange { steps: Some(steps), ..ProductChange::default() },
        ProductChange { price: Some(Won(9_000)), ..ProductChange::default() },
        ProductChange { name: Some("국밥".into()), ..ProductChange::default() },
    ] {
        world.change(&store, &sold.id, &change, 2).await;
        is_now("a product").await;
    }
    world.products.change_nutrition(&store, &sold.id, &["vegan"], true, at(3)).await.unwrap();
    is_now("nutrition types").await;
    world.cancellations.close_store(&store, &cancellation(CanceledBy::Closing, 4)).await.unwrap();
    is_now("closed for today").await;
    assert_eq!(world.search.add_favorite(&me, &store, at(5)).await.unwrap(), FavoriteAdded::Added);
    is_now("a favourite").await;
    // What was offered may have changed since.
    let offers = world.nearby.offers(std::slice::from_ref(&store), at(0)).await.unwrap();
    let renamed = StoreChange { name: Some("새 가게".into()), ..StoreChange::default() };
    world.stores.change(&store, &renamed, at(6)).await.unwrap();
    let listed = world.nearby.listed(&me, offers).await.unwrap();
    assert_eq!(listed[0].document.store.name, "가게", "that version is kept");
    // In the order in which they are asked for.
    let unpaid = unpaid_store(world).await.1;
    world.product(&unpaid, 1).await;
    for ids in [[store.clone(), unpaid.clone()], [unpaid.clone(), store.clone()]] {
        let offers = world.nearby.offers(&ids, at(0)).await.unwrap();
        assert_eq!(offers.iter().map(|offer| offer.store.clone()).collect::<Vec<_>>(), ids);
        let listed = world.nearby.listed(&me, offers).await.unwrap();
        assert_eq!(listed.iter().map(|listed| listed.document.store.id.clone()).collect::<Vec<_>>(), ids);
    }
}
