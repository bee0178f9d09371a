//! `imports::ports::{Imports, OurSide}`: what is brought over, and what is remembered of it.

use cheapbob_domain::{
    imports::{
        Brought, ImportedAccount, ImportedFavorites, ImportedHold, ImportedOrder, ImportedProduct, ImportedProfile, ImportedStore, Kind,
        Known,
    },
    orders::{CanceledBy, Cancellation, HoldEnd, Order, OrderStatus, Preferences},
    shared::{Email, PaymentId, ProductId, Sale, StoreId, Won, kst},
    stores::{Sns, Week},
    users::{Account, DetailChange, Nickname, PreferenceKind, Provider, Role},
};

use super::world::{World, actor, at, email, new_store, portone};

fn account(email: &Email, role: Role) -> ImportedAccount {
    let preferences = vec![(PreferenceKind::Allergy, "peanut", at(0)), (PreferenceKind::PreferredMenu, "salad", at(0))];
    let profile =
        ImportedProfile {
            nickname: "손님".into(), phone_number: "01012345678".into(), created_at: at(0), updated_at: at(0), preferences
        };
    let profile = Some(profile).filter(|_| role == Role::Customer);
    ImportedAccount {
        email: email.clone(),
        written: Some(email.as_str().to_uppercase()),
        role,
        is_active: true,
        created_at: at(0),
        profile,
    }
}

fn store(id: &str, owner: &Email) -> ImportedStore {
    let new = new_store("만두");
    ImportedStore {
        id: StoreId::trusted(id.to_owned()),
        owner: owner.clone(),
        placeholder: false,
        suspended: false,
        has_product: true,
        name: new.name,
        introduction: new.introduction,
        phone: new.phone,
        address: new.address,
        sns: Sns::default(),
        created_at: at(0),
        images: vec![],
        payment: Some(portone()),
        week: Week::closed(),
        hours_since: at(0),
        planned: None,
        closed_on: None,
    }
}

fn product(id: &str, store: &str, left: i32) -> ImportedProduct {
    ImportedProduct {
        id: ProductId::trusted(id.to_owned()),
        store_id: StoreId::trusted(store.to_owned()),
        name: "만두".into(),
        description: String::new(),
        price: Won(10_000),
        sale: Sale::NONE,
        initial_stock: 10,
        left,
        oversold: 0,
        version: 3,
        nutrition_types: vec!["diet"],
        created_at: at(0),
    }
}

fn order(payment: &str, product: &ImportedProduct, status: OrderStatus) -> ImportedOrder {
    let order = Order {
        payment_id: PaymentId::trusted(payment.to_owned()),
        customer: email(),
        customer_nickname: "손님".into(),
        customer_phone_number: "01012345678".into(),
        product_id: product.id.clone(),
        product_name: product.name.clone(),
        store_id: product.store_id.clone(),
        store_name: "만두".into(),
        quantity: 2,
        price: product.price,
        sale: product.sale,
        total_amount: Won(20_000),
        status,
        business_day: kst::business_day(at(0)),
        reservation_at: at(0),
        accepted_at: None,
        completed_at: None,
        canceled_at: Some(at(1)).filter(|_| status == OrderStatus::Cancel),
        cancel_reason: None,
        preferences: Preferences { preferred_menus: Some(vec!["salad".into()]), ..Preferences::default() },
    };
    ImportedOrder { order, portone_store_id: "store-1".into() }
}

fn brought<T>(row: T, old: &str) -> [Brought<T>; 1] {
    [Brought { row, old: old.to_owned() }]
}

impl World {
    async fn known(&self, kind: Kind, key: &str) -> Known {
        self.imports.known(kind, &[key.to_owned()]).await.unwrap().remove(0)
    }

    async fn brought_product(&self, id: &str, left: i32) -> ImportedProduct {
        let (seller, store_id) = (email(), format!("STR_{id}"));
        self.imports.bring_accounts(&brought(account(&seller, Role::Seller), "1"), at(0)).await.unwrap();
        self.imports.bring_stores(&brought(store(&store_id, &seller), "1"), at(0)).await.unwrap();
        let product = product(&format!("PRD_{id}"), &store_id, left);
        assert_eq!(self.imports.bring_products(&brought(product.clone(), "1"), at(0)).await.unwrap(), []);
        product
    }

    async fn stock(&self, product: &ImportedProduct) -> (i32, i32, i32) {
        let stock = self.products.find(&product.store_id, &product.id).await.unwrap().unwrap().stock;
        (stock.sold, stock.held, stock.left())
    }
}

/// Of what was brought it is known what it was, and whether it has changed here since.
pub async fn what_was_brought_is_known_until_it_changes_here(world: &World) {
    let person = email();
    assert_eq!(world.known(Kind::Accounts, person.as_str()).await, Known::default());
    let there = account(&person, Role::Customer);
    world.imports.bring_accounts(&brought(there.clone(), "1"), at(0)).await.unwrap();
    let known = world.known(Kind::Accounts, person.as_str()).await;
    assert!(known.old.as_deref() == Some("1") && known.ours.is_some() && known.ours == known.now, "{known:?}");
    assert_eq!(world.ours.accounts(std::slice::from_ref(&person)).await.unwrap(), [there]);
    let change = DetailChange { nickname: Some(Nickname::parse("새이름").unwrap()), ..DetailChange::default() };
    world.customers.change_detail(&person, &change, at(1)).await.unwrap();
    let known = world.known(Kind::Accounts, person.as_str()).await;
    assert!(known.now.is_some() && known.ours != known.now, "{known:?}");
}

/// What a second run says takes the place of what the first one said, and an account that was made here stays as it is.
pub async fn brought_again_it_is_there_once_and_nobody_is_written_over(world: &World) {
    let (person, other) = (email(), email());
    let mut there = account(&person, Role::Customer);
    world.imports.bring_accounts(&brought(there.clone(), "1"), at(0)).await.unwrap();
    there.is_active = false;
    if let Some(profile) = &mut there.profile {
        profile.nickname = "새이름".into();
        profile.preferences.remove(0);
    }
    world.imports.bring_accounts(&brought(there.clone(), "2"), at(1)).await.unwrap();
    assert_eq!(world.ours.accounts(std::slice::from_ref(&person)).await.unwrap(), [there]);
    assert!(world.accounts.create(&Account::new(other.clone(), Role::Seller, true, at(0)), Provider::Google, "g-1").await.unwrap());
    world.imports.bring_accounts(&brought(account(&other, Role::Customer), "1"), at(1)).await.unwrap();
    let found = world.accounts.find(&other).await.unwrap().unwrap().account;
    assert!(found.role == Role::Seller && found.email_vouched, "{found:?}");
}

/// As many are left as were, whatever orders and holds come with them.
pub async fn left_stays_what_it_was(world: &World) {
    let product = world.brought_product("left", 5).await;
    assert_eq!(world.stock(&product).await, (0, 0, 5));
    let orders = [
        order("PAY_0a1b2c3d_1795485600", &product, OrderStatus::Reservation),
        order("PAY_0a1b2c3e_1795485600", &product, OrderStatus::Cancel),
    ];
    world.imports.bring_orders(&orders, at(0)).await.unwrap();
    assert_eq!(world.stock(&product).await, (2, 0, 5));
    let hold = |payment: &str, is_over| ImportedHold {
        payment_id: PaymentId::trusted(payment.to_owned()),
        customer: email(),
        product_id: product.id.clone(),
        store_id: product.store_id.clone(),
        portone_store_id: "store-1".into(),
        quantity: 1,
        price: product.price,
        sale: 0,
        total_amount: Won(10_000),
        created_at: at(0),
        is_over,
    };
    let holds = [hold("PAY_0a1b2c4d_1795485600", false), hold("PAY_0a1b2c4e_1795485600", true), hold("PAY_0a1b2c3d_1795485600", true)];
    // The third is an order already.
    assert_eq!(world.imports.bring_holds(&holds, at(0)).await.unwrap(), 2);
    assert_eq!(world.stock(&product).await, (2, 1, 5));
    // The released one is due to be looked at; the other when its time is over.
    assert_eq!(world.holds.due(at(1), 10, 10).await.unwrap(), [holds[1].payment_id.clone()]);
    let canceled = world.refunds.reason(&orders[1].order.payment_id).await.unwrap();
    assert!(canceled.is_some() && world.refunds.open(10).await.unwrap().is_empty());
    // Ended there meanwhile: its stock was given back there, and is not given back here once more.
    world.imports.bring_products(&brought(ImportedProduct { left: 6, ..product.clone() }, "2"), at(2)).await.unwrap();
    assert_eq!(world.stock(&product).await, (2, 1, 6));
    assert_eq!(world.imports.end_holds(&[holds[0].payment_id.clone()], at(2)).await.unwrap(), []);
    assert_eq!(world.imports.end_holds(&[], at(2)).await.unwrap(), [holds[0].payment_id.clone()]);
    assert_eq!(world.stock(&product).await, (2, 0, 6));
    assert!(!world.holds.release(&holds[0].payment_id, HoldEnd::Expired, at(2), &actor()).await.unwrap());
    assert!(world.holds.due(at(2), 10, 10).await.unwrap().contains(&holds[0].payment_id));
    // Canceled there meanwhile.
    let mut later = orders[0].clone();
    (later.order.status, later.order.canceled_at) = (OrderStatus::Cancel, Some(at(2)));
    world.imports.bring_orders(&[later.clone()], at(3)).await.unwrap();
    assert_eq!(world.stock(&product).await, (0, 0, 6));
    assert_eq!(world.ours.orders(&[later.order.payment_id.clone()]).await.unwrap(), [later.order]);
}

/// A seller has one store; one that has none of its own is a placeholder's, and a product without its store is left out.
pub async fn second_store_is_a_placeholders(world: &World) {
    let first = world.brought_product("first", 5).await;
    let seller = world.ours.portone_stores().await.unwrap();
    assert_eq!(seller, [(first.store_id.clone(), portone().ids.store_id)]);
    let owner = email();
    world.imports.bring_accounts(&brought(account(&owner, Role::Seller), "1"), at(0)).await.unwrap();
    for id in ["STR_one", "STR_two"] {
        world.imports.bring_stores(&brought(store(id, &owner), "1"), at(0)).await.unwrap();
    }
    assert_eq!(world.stores.id_of_seller(&owner).await.unwrap().unwrap().as_str(), "STR_one");
    // The other one would be chosen now: who has the seller goes on.
    let unchosen =
        ImportedStore { placeholder: true, suspended: true, ..store("STR_one", &Email::trusted("str_one@imported.invalid".into())) };
    world.imports.bring_stores(&brought(unchosen, "2"), at(1)).await.unwrap();
    let sold = product("PRD_one", "STR_one", 1);
    assert_eq!(world.imports.bring_products(&brought(sold.clone(), "1"), at(1)).await.unwrap(), []);
    assert!(!world.holds.offer(&sold.id, &owner, 1, at(1)).await.unwrap().unwrap().calendar.suspended);
    let placeholder = Email::trusted("str_two@imported.invalid".into());
    assert_eq!(world.stores.id_of_seller(&placeholder).await.unwrap().unwrap().as_str(), "STR_two");
    assert!(!world.accounts.find(&placeholder).await.unwrap().unwrap().account.is_active);
    let orphan = product("PRD_orphan", "STR_gone", 1);
    assert_eq!(world.imports.bring_products(&brought(orphan.clone(), "1"), at(0)).await.unwrap(), [orphan.id.clone()]);
    assert_eq!(world.known(Kind::Products, orphan.id.as_str()).await, Known::default());
    // Whoever owns it is not here, or is a customer here.
    let person = email();
    world.imports.bring_accounts(&brought(account(&person, Role::Customer), "1"), at(0)).await.unwrap();
    for (id, owner) in [("STR_nobodys", &email()), ("STR_customers", &person)] {
        let placed = world.imports.bring_stores(&brought(store(id, owner), "1"), at(0)).await.unwrap();
        assert_eq!(placed.iter().map(StoreId::as_str).collect::<Vec<_>>(), [id]);
    }
    // Its payment account was taken away there.
    assert!(world.stores.payment(&first.store_id).await.unwrap().is_some());
    let unpaid = ImportedStore { payment: None, ..store(first.store_id.as_str(), &email()) };
    world.imports.bring_stores(&brought(unpaid, "2"), at(1)).await.unwrap();
    assert!(world.stores.payment(&first.store_id).await.unwrap().is_none());
}

/// What was sold twice there is nobody's to buy when one of its buyers cancels; what comes back after that is.
pub async fn pieces_that_come_back_are_for_whom_they_were_promised(world: &World) {
    let product = world.brought_product("oversold", 0).await;
    let oversold = ImportedProduct { oversold: 3, ..product.clone() };
    for (run, seconds) in [("2", 1), ("3", 2)] {
        // Brought again it is owed again, and not in part because its orders are counted anew.
        assert_eq!(world.imports.bring_products(&brought(oversold.clone(), run), at(seconds)).await.unwrap(), []);
        let orders =
            ["PAY_0a1b2c5d_1795485600", "PAY_0a1b2c5e_1795485600"].map(|payment| order(payment, &product, OrderStatus::Reservation));
        world.imports.bring_orders(&orders, at(seconds)).await.unwrap();
        assert_eq!(world.stock(&product).await, (4, 0, 0));
    }
    // Canceled there: it was counted there, and nothing came back here.
    let mut there = order("PAY_0a1b2c5f_1795485600", &product, OrderStatus::Reservation);
    for (status, sold) in [(OrderStatus::Reservation, 6), (OrderStatus::Cancel, 4)] {
        (there.order.status, there.order.canceled_at) = (status, Some(at(2)).filter(|_| status == OrderStatus::Cancel));
        world.imports.bring_orders(std::slice::from_ref(&there), at(2)).await.unwrap();
        assert_eq!(world.stock(&product).await, (sold, 0, 0));
    }
    for (payment, left) in [("PAY_0a1b2c5d_1795485600", (2, 0, 0)), ("PAY_0a1b2c5e_1795485600", (0, 0, 1))] {
        let cancellation =
            Cancellation { by: CanceledBy::Customer, reason: None, today: kst::business_day(at(0)), at: at(3), actor: actor() };
        world.cancellations.cancel(&PaymentId::trusted(payment.to_owned()), &cancellation).await.unwrap().unwrap();
        assert_eq!(world.stock(&product).await, left);
    }
}

/// Favourites are known while their customer is; those whose stores are not here are left out.
pub async fn favorites_are_of_customers_and_stores_that_are_here(world: &World) {
    let product = world.brought_product("fav", 5).await;
    let person = email();
    assert_eq!(world.known(Kind::Favorites, person.as_str()).await.now, None);
    world.imports.bring_accounts(&brought(account(&person, Role::Customer), "1"), at(0)).await.unwrap();
    let stores = vec![(product.store_id.clone(), at(0)), (StoreId::trusted("STR_gone".into()), at(0))];
    let favorites = ImportedFavorites { email: person.clone(), stores };
    world.imports.bring_favorites(&brought(favorites, "1"), at(0)).await.unwrap();
    let found = world.search.favorites(&person).await.unwrap();
    assert_eq!(found.iter().map(|found| &found.store.id).collect::<Vec<_>>(), [&product.store_id]);
    let here = world.ours.favorites(&[email(), person.clone()]).await.unwrap();
    assert_eq!(here, [vec![], vec![product.store_id.clone()]]);
    let none = ImportedFavorites { email: person.clone(), stores: vec![] };
    world.imports.bring_favorites(&brought(none, "2"), at(1)).await.unwrap();
    assert!(world.search.favorites(&person).await.unwrap().is_empty());
}

/// What a run has not seen is known by its key, until it is forgotten.
pub async fn unseen_is_what_no_run_has_seen_since(world: &World) {
    let (seen, unseen) = (email(), email());
    let people = [&seen, &unseen].map(|person| Brought { row: account(person, Role::Customer), old: "1".into() });
    world.imports.bring_accounts(&people, at(0)).await.unwrap();
    assert_eq!(world.ours.last_import().await.unwrap(), Some(at(0)));
    world.imports.saw(Kind::Accounts, &[seen.to_string()], at(10)).await.unwrap();
    assert_eq!(world.ours.unseen(Kind::Accounts, at(10)).await.unwrap(), [unseen.to_string()]);
    assert_eq!((world.ours.last_import().await.unwrap(), world.ours.last_brought().await.unwrap()), (Some(at(10)), Some(at(0))));
    world.imports.saw(Kind::StockReservations, &["PRD_1".into()], at(0)).await.unwrap();
    assert_eq!(world.ours.unseen(Kind::StockReservations, at(10)).await.unwrap(), ["PRD_1"]);
    for (kind, key) in [(Kind::StockReservations, "PRD_1".to_owned()), (Kind::Accounts, unseen.to_string())] {
        world.imports.forget(kind, &[key]).await.unwrap();
        assert!(world.ours.unseen(kind, at(10)).await.unwrap().is_empty());
    }
}
