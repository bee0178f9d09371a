use cheapbob_domain::{
    shared::Email,
    users::{Account, DetailChange, Nickname, PreferenceKind, Provider, RegistrationStatus, Role},
};

use super::{World, at, email, profile};

/// `users::ports::Accounts`
pub async fn accounts(world: &World) {
    let accounts = &world.accounts;
    let mine = email();
    assert_eq!(accounts.find(&mine).await.unwrap(), None);
    let account = Account { email: mine.clone(), role: Role::Customer, is_active: true, email_vouched: false, created_at: at(0) };
    assert!(accounts.create(&account, Provider::Naver, "n1").await.unwrap());
    assert_eq!(accounts.find(&mine).await.unwrap().unwrap().account, account);
    assert_eq!(accounts.find_by_identity(Provider::Naver, "n1").await.unwrap(), Some(account.clone()));
    assert_eq!(accounts.find_by_identity(Provider::Kakao, "n1").await.unwrap(), None);

    // Taken e-mail, taken identity: nothing is made, also not half of it.
    assert!(!accounts.create(&account, Provider::Google, "g1").await.unwrap());
    assert_eq!(accounts.find_by_identity(Provider::Google, "g1").await.unwrap(), None);
    let other = Account { email: email(), ..account.clone() };
    assert!(!accounts.create(&other, Provider::Naver, "n1").await.unwrap());
    assert_eq!(accounts.find(&other.email).await.unwrap(), None);

    assert!(accounts.link(&mine, Provider::Google, "g1", at(1)).await.unwrap());
    assert!(!accounts.link(&mine, Provider::Google, "g1", at(1)).await.unwrap());
    assert_eq!(accounts.find_by_identity(Provider::Google, "g1").await.unwrap(), Some(account));

    // How far the registration has come.
    let status = async |email: Email| accounts.find(&email).await.unwrap().unwrap().status;
    assert_eq!(status(mine.clone()).await, RegistrationStatus::Profile);
    assert_eq!(status(world.customer().await).await, RegistrationStatus::Complete);
    assert_eq!(status(world.account(Role::Seller).await).await, RegistrationStatus::Store);
    let (seller, store) = world.store("가게").await;
    assert_eq!(status(seller.clone()).await, RegistrationStatus::Product);
    world.product(&store, 1).await;
    assert_eq!(status(seller.clone()).await, RegistrationStatus::Complete);
}

/// `users::ports::Customers`
pub async fn customers(world: &World) {
    let (customers, mine) = (&world.customers, world.account(Role::Customer).await);
    assert_eq!(customers.profile(&mine).await.unwrap(), None);
    assert_eq!(customers.detail(&mine).await.unwrap(), None);
    let nickname = DetailChange { nickname: Some(Nickname::parse("둘리").unwrap()), phone_number: None };
    assert_eq!(customers.change_detail(&mine, &nickname, at(1)).await.unwrap(), None);

    assert!(customers.register(&mine, &profile(), at(0)).await.unwrap());
    assert!(!customers.register(&mine, &profile(), at(1)).await.unwrap());
    let stored = customers.profile(&mine).await.unwrap().unwrap();
    assert_eq!(
        (stored.detail.nickname.as_str(), stored.detail.phone_number.as_str(), stored.detail.created_at),
        ("길동", "01012345678", at(0))
    );
    let words: Vec<_> = stored.preferences.iter().map(|p| (p.kind, p.word.as_str())).collect();
    assert_eq!(
        words,
        [(PreferenceKind::PreferredMenu, "poke"), (PreferenceKind::PreferredMenu, "salad"), (PreferenceKind::Allergy, "egg")]
    );

    let changed = customers.change_detail(&mine, &nickname, at(5)).await.unwrap().unwrap();
    assert_eq!((changed.nickname.as_str(), changed.phone_number.as_str()), ("둘리", "01012345678"));
    assert_eq!((changed.created_at, changed.updated_at), (at(0), at(5)));
    assert_eq!(customers.detail(&mine).await.unwrap(), Some(changed));
}
