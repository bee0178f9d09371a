//! `stores::ports::Approvals`, and what it does to the ports that show and sell.

use cheapbob_domain::{
    orders::OrderOutcome,
    shared::{Email, StoreId},
    stores::{Approval, ApprovalState, Area, BusinessNumber, StoreFilter},
    users::Role,
};
use futures::future::join_all;

use super::world::{World, actor, at, hold, new_store, paid};

fn number() -> BusinessNumber {
    BusinessNumber::parse("124-81-00998").unwrap()
}

async fn approval(world: &World, store: &StoreId) -> Approval {
    world.approvals.find(store).await.unwrap().unwrap().approval
}

async fn is_listed(world: &World, store: &StoreId, customer: &Email) -> [bool; 4] {
    let page = async |filter: StoreFilter| {
        let page = world.search.page(customer, &filter, 0, 100).await.unwrap();
        page.iter().any(|listed| listed.document.store.id == *store)
    };
    let by_name = StoreFilter { name: Some("가게".into()), ..StoreFilter::default() };
    let favorites = world.search.favorites(customer).await.unwrap();
    let tiles = world.nearby.tiles(&[Area::new(-180.0, -90.0, 180.0, 90.0).unwrap()]).await.unwrap();
    [
        page(StoreFilter::default()).await,
        page(by_name).await,
        favorites.iter().any(|found| found.store.id == *store),
        tiles.iter().any(|tile| tile.stores().iter().any(|placed| placed.store == *store)),
    ]
}

/// What is put is found again, whole; one that was changed since it was read is not put, and of many at once exactly one is.
pub async fn an_approval_is_changed_by_whom_knows_it(world: &World) {
    let (seller, store) = world.store("가게").await;
    assert_eq!(world.approvals.find(&StoreId::trusted("STR_none".into())).await.unwrap(), None);
    let nothing = approval(world, &store).await;
    assert_eq!(nothing, Approval::of_nothing(false));
    let asked =
        Approval { state: ApprovalState::Waiting, ..nothing.with_number(number(), at(1)).with_licence("licences/a.png".into(), at(2)) };
    let asked = Approval { asked_at: Some(at(2)), ..asked };
    let put = join_all((0..8).map(|_| async { world.approvals.put(&store, &asked, true, false, at(2)).await.unwrap() })).await;
    assert_eq!(put.into_iter().filter(|put| *put).count(), 1);
    let found = world.approvals.find(&store).await.unwrap().unwrap();
    assert_eq!((found.seller, found.store_name.as_str()), (seller, "가게"));
    assert_eq!(found.approval, Approval { version: 1, ..asked.clone() });
    assert_eq!(world.images.named(&["licences/a.png".into(), "licences/b.png".into()]).await.unwrap(), ["licences/a.png"]);
    let decided = found.approval.decided(Some("흐립니다"), "o@b", at(3)).unwrap();
    let put = join_all((0..8).map(|_| async { world.approvals.put(&store, &decided, true, true, at(3)).await.unwrap() })).await;
    assert_eq!(put.into_iter().filter(|put| *put).count(), 1);
    assert_eq!(approval(world, &store).await, Approval { version: 2, ..decided });
    let told: Vec<_> = world.claim_all(10).await.into_iter().filter(|task| task.payload["kind"] == "approval_mail").collect();
    assert_eq!(told.len(), 1, "the seller is told once");
    assert_eq!(told[0].claim.id, format!("mail:approval:{store}:2"));
}

/// Who has waited longest comes first; who does not wait does not come.
pub async fn stores_wait_in_the_order_of_asking(world: &World) {
    let mut stores = Vec::new();
    for second in [3, 1, 2] {
        let (_, store) = world.store("가게").await;
        let asked = Approval { state: ApprovalState::Waiting, asked_at: Some(at(second)), ..approval(world, &store).await };
        assert!(world.approvals.put(&store, &asked, true, false, at(second)).await.unwrap());
        stores.push(store);
    }
    let (_, approved) = world.store("가게").await;
    assert!(world.approvals.put(&approved, &approval(world, &approved).await, false, false, at(4)).await.unwrap());
    let waiting: Vec<_> = world.approvals.waiting(2).await.unwrap().into_iter().map(|of| of.store).collect();
    assert_eq!(waiting, [stores[1].clone(), stores[2].clone()]);
}

/// A store that is withheld stands in no list and no tile, its name is not searched, and a payment for it becomes no order; all of that from the
/// change on, either way.
pub async fn a_withheld_store_is_not_shown_and_sells_nothing(world: &World) {
    let seller = world.account(Role::Seller).await;
    let fresh = new_store("가게");
    assert!(world.stores.register(&seller, &fresh, true, at(0)).await.unwrap());
    assert_eq!(approval(world, &fresh.id).await.state, ApprovalState::NotAsked);
    assert!(world.stores.of_seller(&seller).await.unwrap().unwrap().withheld);
    let product = world.product(&fresh.id, 5).await;
    let customer = world.customer().await;
    world.search.add_favorite(&customer, &fresh.id, at(0)).await.unwrap();
    assert_eq!(is_listed(world, &fresh.id, &customer).await, [false; 4]);
    assert!(world.holds.offer(&product.id, &customer, 1, at(0)).await.unwrap().unwrap().calendar.withheld);

    let (_, sells) = world.store("가게").await;
    let product = world.product(&sells, 5).await;
    world.search.add_favorite(&customer, &sells, at(0)).await.unwrap();
    assert_eq!(is_listed(world, &sells, &customer).await, [true; 4]);
    let held = hold(&customer, &product, 1);
    assert!(world.holds.hold(&held).await.unwrap());
    for withheld in [true, false, true] {
        assert!(world.approvals.put(&sells, &approval(world, &sells).await, withheld, false, at(1)).await.unwrap());
        assert_eq!(is_listed(world, &sells, &customer).await, [!withheld; 4]);
        assert_eq!(world.holds.offer(&product.id, &customer, 1, at(1)).await.unwrap().unwrap().calendar.withheld, withheld);
    }
    assert_eq!(world.holds.order(&held.payment_id, &paid(1), at(2), &actor()).await.unwrap(), OrderOutcome::StoreClosed);
}
