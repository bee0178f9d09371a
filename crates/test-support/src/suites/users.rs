//! `users::ports`: accounts and what leads to them, profiles, deletion (contract, Auth; Customer).

use cheapbob_domain::{
    orders::{Actor, ActorKind, Attempt, OrderOutcome, RefundReason, RefundState},
    shared::{Email, PaymentId, StoreId, kst},
    stores::Added,
    users::{
        Account, Deactivation, DetailChange, Erasure, IdentityAdded, Nickname, PreferenceKind, PreferencesAdded, Provider,
        RegistrationStatus, Role, TakenOver, Takeover, TakeoverSecrets, Unfinished, ports::Withdrawals,
    },
};
use futures::future::join_all;
use secrecy::{ExposeSecret, SecretString};

use super::world::{World, actor, at, email, hold, paid, profile};

async fn naver_account(world: &World) -> Account {
    let account = Account::new(email(), Role::Customer, false, at(0));
    assert_eq!(world.accounts.find(&account.email).await.unwrap(), None);
    assert!(world.accounts.create(&account, Provider::Naver, account.email.as_str()).await.unwrap());
    account
}

/// Contract, Auth: found again by its e-mail and by its identity, which is of one provider.
pub async fn account_is_found_by_email_and_identity(world: &World) {
    let (accounts, account) = (&world.accounts, naver_account(world).await);
    let user_id = account.email.as_str();
    assert_eq!(accounts.find(&account.email).await.unwrap().unwrap().account, account);
    assert_eq!(accounts.find_by_identity(Provider::Naver, user_id).await.unwrap(), Some(account.clone()));
    assert_eq!(accounts.find_by_identity(Provider::Kakao, user_id).await.unwrap(), None);
}

/// Contract, Auth: where the e-mail or the identity is taken nothing is made, also not half of it.
pub async fn account_with_a_taken_email_or_identity_is_not_made(world: &World) {
    let (accounts, account) = (&world.accounts, naver_account(world).await);
    let user_id = account.email.as_str();
    assert!(!accounts.create(&account, Provider::Google, user_id).await.unwrap());
    assert_eq!(accounts.find_by_identity(Provider::Google, user_id).await.unwrap(), None);
    let other = Account { email: email(), ..account.clone() };
    assert!(!accounts.create(&other, Provider::Naver, user_id).await.unwrap());
    assert_eq!(accounts.find(&other.email).await.unwrap(), None);
}

/// Contract, Auth: another identity leads to the same account; one of each provider, also of several at once.
pub async fn identity_is_added_once_and_one_of_each_provider(world: &World) {
    let (accounts, account) = (&world.accounts, naver_account(world).await);
    let mine = &account.email;
    assert_eq!(accounts.add_identity(mine, Provider::Google, "g1", at(1)).await.unwrap(), IdentityAdded::Added);
    assert_eq!(accounts.add_identity(mine, Provider::Google, "g1", at(1)).await.unwrap(), IdentityAdded::Taken);
    assert_eq!(accounts.add_identity(mine, Provider::Google, "g2", at(1)).await.unwrap(), IdentityAdded::Another);
    assert_eq!(accounts.find_by_identity(Provider::Google, "g2").await.unwrap(), None);
    let several = join_all(["k1", "k2", "k3", "k4"].map(|user| accounts.add_identity(mine, Provider::Kakao, user, at(1)))).await;
    let added = several.into_iter().filter(|added| *added.as_ref().unwrap() == IdentityAdded::Added).count();
    assert_eq!(added, 1);
    assert_eq!(accounts.find_by_identity(Provider::Google, "g1").await.unwrap(), Some(account.clone()));
}

/// Contract, Auth (unlink): cut and restored, an identity leads to its account throughout.
pub async fn identity_that_is_cut_stays_its_accounts(world: &World) {
    let (accounts, account) = (&world.accounts, naver_account(world).await);
    assert_eq!(accounts.add_identity(&account.email, Provider::Google, "g1", at(1)).await.unwrap(), IdentityAdded::Added);
    for _ in 0..2 {
        assert!(accounts.cut_identity(Provider::Google, "g1", at(2)).await.unwrap());
        assert!(!accounts.cut_identity(Provider::Google, "g1", at(3)).await.unwrap());
        assert_eq!(accounts.find_by_identity(Provider::Google, "g1").await.unwrap(), Some(account.clone()));
        accounts.restore_identity(Provider::Google, "g1").await.unwrap();
    }
    assert!(!accounts.cut_identity(Provider::Google, "nobody", at(2)).await.unwrap());
}

/// Contract, Enumerations (registration status): a customer needs a profile, a seller a store, then a product.
pub async fn registration_status_says_what_is_missing(world: &World) {
    let status = async |email: Email| world.accounts.find(&email).await.unwrap().unwrap().status;
    assert_eq!(status(naver_account(world).await.email).await, RegistrationStatus::Profile);
    assert_eq!(status(world.customer().await).await, RegistrationStatus::Complete);
    assert_eq!(status(world.account(Role::Seller).await).await, RegistrationStatus::Store);
    let (seller, store) = world.store("가게").await;
    assert_eq!(status(seller.clone()).await, RegistrationStatus::Product);
    world.product(&store, 1).await;
    assert_eq!(status(seller).await, RegistrationStatus::Complete);
}

/// `users::ports::Takeovers`
pub async fn takeovers(world: &World) {
    let (takeovers, accounts) = (&world.takeovers, &world.accounts);
    let account = Account::new(email(), Role::Seller, false, at(0));
    assert!(accounts.create(&account, Provider::Naver, account.email.as_str()).await.unwrap());
    let user = format!("g-{}", account.email);
    let asked = Takeover { account: account.clone(), provider: Provider::Google, user_id: user.clone(), role: Role::Customer, local: true };
    let secrets = |token: &str| TakeoverSecrets { token: format!("{token}-{}", account.email), browser: format!("b-{token}") };
    let (first, second) = (secrets("first"), secrets("second"));
    for secrets in [&first, &second] {
        takeovers.begin(&asked, secrets, at(1), at(1801)).await.unwrap();
    }
    // The second took the first one's place.
    assert!(!takeovers.is_open(&first.token, at(2)).await.unwrap());
    assert!(takeovers.is_open(&second.token, at(2)).await.unwrap());
    assert!(!takeovers.is_open(&second.token, at(1801)).await.unwrap());
    let complete = async |token: &str, browser: &str, second| takeovers.complete(token, browser, at(second)).await.unwrap();
    for (token, browser, second) in
        [(&first.token, &first.browser, 2), (&second.token, &first.browser, 2), (&second.token, &second.browser, 1801)]
    {
        assert_eq!(complete(token, browser, second).await, None);
    }
    let unvouched = accounts.find(&account.email).await.unwrap().unwrap().account;
    assert_eq!(unvouched, account);
    let taken = join_all((0..4).map(|_| complete(&second.token, &second.browser, 2))).await.into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(taken, [TakenOver { email: account.email.clone(), role: Role::Customer, local: true }]);
    let theirs = Account { email_vouched: true, created_at: at(2), generation: 1, ..account.clone() };
    assert_eq!(accounts.find_by_identity(Provider::Google, &user).await.unwrap(), Some(theirs));
    assert_eq!(accounts.find_by_identity(Provider::Naver, account.email.as_str()).await.unwrap(), None);
    let tasks = world.claim_all(1_000).await;
    let of_kind = |kind: &str| tasks.iter().filter(|task| task.payload["kind"] == kind).count();
    assert_eq!((of_kind("takeover_mail"), of_kind("unlink")), (2, 1));

    // An account that was vouched for meanwhile, and one that was made anew, are nobody's to take.
    let late = secrets("late");
    takeovers.begin(&asked, &late, at(3), at(1803)).await.unwrap();
    assert_eq!(complete(&late.token, &late.browser, 4).await, None);
}

/// An account that was brought over at second 0. (The identity is one that no other test has; the account would have none.)
async fn imported(world: &World, role: Role) -> Account {
    let account = Account { imported_at: Some(at(0)), ..Account::new(email(), role, false, at(-1_000)) };
    assert!(world.accounts.create(&account, Provider::Naver, account.email.as_str()).await.unwrap());
    account
}

/// `Accounts::claim`: once, by one of several at once; it ends the sessions, and leaves other accounts alone.
pub async fn imported_account_is_claimed_once(world: &World) {
    let (accounts, account, other) = (&world.accounts, imported(world, Role::Seller).await, imported(world, Role::Customer).await);
    let claims = ["g1", "g2", "g3", "g4"].map(|user| accounts.claim(&account.email, Provider::Google, user, at(1)));
    let claims: Vec<_> = join_all(claims).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(claims.iter().filter(|claim| **claim == IdentityAdded::Added).count(), 1, "{claims:?}");
    assert!(claims.iter().all(|claim| *claim != IdentityAdded::Another));
    let claimed = Account { email_vouched: true, generation: 1, ..account.clone() };
    let winner = format!("g{}", claims.iter().position(|claim| *claim == IdentityAdded::Added).unwrap() + 1);
    assert_eq!(accounts.find_by_identity(Provider::Google, &winner).await.unwrap(), Some(claimed));
    // An identity that leads elsewhere claims nothing, also not half of it.
    assert_eq!(accounts.claim(&other.email, Provider::Google, &winner, at(1)).await.unwrap(), IdentityAdded::Taken);
    assert_eq!(accounts.find(&other.email).await.unwrap().unwrap().account, other);
    let ours = naver_account(world).await;
    assert_eq!(accounts.claim(&ours.email, Provider::Google, "g9", at(1)).await.unwrap(), IdentityAdded::Taken);
    assert_eq!(accounts.find(&ours.email).await.unwrap().unwrap().account, ours);
}

/// `Takeovers::complete`: what was brought over stays as old as it is; its sessions end.
pub async fn takeover_of_an_imported_account_leaves_it_what_it_is(world: &World) {
    let account = imported(world, Role::Customer).await;
    let user_id = format!("n-{}", account.email);
    let asked = Takeover { account: account.clone(), provider: Provider::Kakao, user_id, role: Role::Customer, local: false };
    let secrets = TakeoverSecrets { token: format!("t-{}", account.email), browser: "b".to_owned() };
    world.takeovers.begin(&asked, &secrets, at(1), at(1801)).await.unwrap();
    assert!(world.takeovers.complete(&secrets.token, &secrets.browser, at(2)).await.unwrap().is_some());
    let theirs = Account { email_vouched: true, generation: 1, ..account };
    assert_eq!(world.accounts.find_by_identity(Provider::Kakao, &asked.user_id).await.unwrap(), Some(theirs));
    let mail = world.claim_all(1_000).await.into_iter().find(|task| task.payload["kind"] == "takeover_mail").unwrap();
    assert_eq!(mail.payload["imported"], true);
}

/// `users::ports::ImportedSessions`
pub async fn imported_session_begins_once(world: &World) {
    let begin = async |session: &str, second, until| world.imported_sessions.begin(session, at(second), at(until)).await.unwrap();
    // The first ones open the connections; then they are at once.
    let mut at_once = vec![];
    for session in ["a1", "a2", "a3", "a4", "a"] {
        at_once = join_all((0..16).map(|second| begin(session, second, 100))).await;
        assert!(at_once.iter().all(|began_at| *began_at == at_once[0]), "{session}: {at_once:?}");
    }
    assert_eq!(begin("a", 50, 100).await, at_once[0]);
    assert_eq!(begin("b", 60, 200).await, at(60));
    // What is over may be forgotten, what is not may not.
    assert_eq!(begin("c", 150, 200).await, at(150));
    assert_eq!(begin("b", 151, 200).await, at(60));
}

/// `users::ports::UnlinkTokens`
pub async fn unlink_tokens(world: &World) {
    let tokens = &world.unlink_tokens;
    let token = async |provider, user: &str| tokens.token(provider, user).await.unwrap().map(|t| t.expose_secret().to_owned());
    assert_eq!(token(Provider::Google, "7").await, None);
    tokens.keep(Provider::Google, "7", &SecretString::from("first"), at(0)).await.unwrap();
    tokens.keep(Provider::Google, "7", &SecretString::from("second"), at(1)).await.unwrap();
    tokens.keep(Provider::Naver, "7", &SecretString::from("another's"), at(1)).await.unwrap();
    assert_eq!(token(Provider::Google, "7").await.as_deref(), Some("second"));
    tokens.forget(Provider::Google, "7").await.unwrap();
    tokens.forget(Provider::Google, "7").await.unwrap();
    assert_eq!(token(Provider::Google, "7").await, None);
    assert_eq!(token(Provider::Naver, "7").await.as_deref(), Some("another's"));
}

/// `users::ports::Revocations`
pub async fn revocations(world: &World) {
    let revocations = &world.revocations;
    let recorded = async |id: &str, second| revocations.is_recorded(id, at(second)).await.unwrap();
    let list = async |second, after, limit| revocations.recorded(at(second), after, limit).await.unwrap();
    for (id, until) in [("b", 20), ("a", 10), ("c", 30), ("b", 15)] {
        revocations.record(id, at(0), at(until)).await.unwrap();
    }
    assert!(recorded("b", 19).await, "a second call does not shorten it");
    assert!(!recorded("b", 20).await && !recorded("d", 0).await);
    let [first, second] = &list(0, None, 2).await[..] else { panic!("as many as asked for") };
    assert_eq!([(&*first.session_id, first.until), (&*second.session_id, second.until)], [("a", at(10)), ("b", at(20))]);
    assert_eq!(list(0, Some("b"), 2).await.into_iter().map(|one| one.session_id).collect::<Vec<_>>(), ["c"]);
    assert_eq!(list(10, None, 9).await.len(), 2);
    revocations.record("e", at(25), at(40)).await.unwrap();
    assert_eq!(list(0, None, 9).await.len(), 2, "what is over is forgotten with the next");
}

fn other_nickname() -> DetailChange {
    DetailChange { nickname: Some(Nickname::parse("둘리").unwrap()), phone_number: None }
}

/// Contract, Customer (registration): a profile is stored whole, once; before it there is none.
pub async fn profile_is_registered_once(world: &World) {
    let (customers, mine) = (&world.customers, world.account(Role::Customer).await);
    assert_eq!(customers.profile(&mine).await.unwrap(), None);
    assert_eq!(customers.detail(&mine).await.unwrap(), None);
    assert_eq!(customers.change_detail(&mine, &other_nickname(), at(1)).await.unwrap(), None);
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
}

/// Contract, Shared shapes (CustomerDetail): only the fields given change.
pub async fn detail_change_leaves_the_other_fields(world: &World) {
    let (customers, mine) = (&world.customers, world.customer().await);
    let changed = customers.change_detail(&mine, &other_nickname(), at(5)).await.unwrap().unwrap();
    assert_eq!((changed.nickname.as_str(), changed.phone_number.as_str()), ("둘리", "01012345678"));
    assert_eq!((changed.created_at, changed.updated_at), (at(0), at(5)));
    assert_eq!(customers.detail(&mine).await.unwrap(), Some(changed));
}

async fn words(world: &World, customer: &Email, kind: PreferenceKind) -> Vec<String> {
    world.customers.preferences(customer, kind).await.unwrap().into_iter().map(|p| p.word).collect()
}

/// Contract, Customer (preferences): words of one kind are added all or none, in the order of their creation.
pub async fn preferences_are_added_all_or_none(world: &World) {
    let (customers, mine) = (&world.customers, world.customer().await);
    assert_eq!(words(world, &mine, PreferenceKind::PreferredMenu).await, ["poke", "salad"]);
    assert!(words(world, &mine, PreferenceKind::ToppingType).await.is_empty());
    let add = async |kind, words: &[&'static str]| customers.add_preferences(&mine, kind, words, at(6)).await.unwrap();
    assert_eq!(add(PreferenceKind::PreferredMenu, &["korean", "salad"]).await, PreferencesAdded::WasThere);
    assert_eq!(words(world, &mine, PreferenceKind::PreferredMenu).await, ["poke", "salad"]);
    assert_eq!(add(PreferenceKind::PreferredMenu, &["sandwich", "korean"]).await, PreferencesAdded::Added);
    assert_eq!(words(world, &mine, PreferenceKind::PreferredMenu).await, ["poke", "salad", "sandwich", "korean"]);
    assert_eq!(add(PreferenceKind::Allergy, &[]).await, PreferencesAdded::Added);
    let added = join_all((0..8).map(|_| add(PreferenceKind::ToppingType, &["shrimp"]))).await;
    assert_eq!(added.iter().filter(|a| **a == PreferencesAdded::Added).count(), 1);
}

/// Contract, Customer (preferences): a word is removed once, from its own kind; the others stay in their order.
pub async fn preference_is_removed_once(world: &World) {
    let (customers, mine) = (&world.customers, world.customer().await);
    assert_eq!(
        customers.add_preferences(&mine, PreferenceKind::PreferredMenu, &["sandwich", "korean"], at(6)).await.unwrap(),
        PreferencesAdded::Added
    );
    assert!(customers.remove_preference(&mine, PreferenceKind::PreferredMenu, "salad").await.unwrap());
    assert!(!customers.remove_preference(&mine, PreferenceKind::PreferredMenu, "salad").await.unwrap());
    assert!(!customers.remove_preference(&mine, PreferenceKind::ToppingType, "poke").await.unwrap());
    assert_eq!(words(world, &mine, PreferenceKind::PreferredMenu).await, ["poke", "sandwich", "korean"]);
}

/// Contract, Customer (preferences): who has no profile has no preferences.
pub async fn preferences_need_a_profile(world: &World) {
    let (customers, stranger) = (&world.customers, world.account(Role::Customer).await);
    assert_eq!(customers.add_preferences(&stranger, PreferenceKind::Allergy, &["egg"], at(6)).await.unwrap(), PreferencesAdded::NoProfile);
    assert!(!customers.remove_preference(&stranger, PreferenceKind::Allergy, "egg").await.unwrap());
}

async fn deactivate(world: &World, email: &Email, second: i64) -> Deactivation {
    world.accounts.deactivate(email, at(second)).await.unwrap()
}

/// Contract, Auth (withdrawal): a hold keeps the customer until it ends, an order until it is picked up; the order keeps the seller as
/// well.
pub async fn nobody_leaves_an_order_in_progress(world: &World) {
    let (customer, (seller, store)) = (world.customer().await, world.store("가게").await);
    let product = world.product(&store, 5).await;
    let held = hold(&customer, &product, 1);
    assert!(world.holds.hold(&held).await.unwrap());
    assert_eq!(deactivate(world, &customer, 299).await, Deactivation::OrderInProgress);
    world.holds.order(&held.payment_id, &paid(1), at(10), &actor()).await.unwrap();
    for accept in [false, true] {
        if accept {
            world.orders.accept(&held.payment_id, at(20), &actor()).await.unwrap();
        }
        assert_eq!(deactivate(world, &customer, 300).await, Deactivation::OrderInProgress);
        assert_eq!(deactivate(world, &seller, 300).await, Deactivation::OrderInProgress);
    }
    world.orders.complete(&held.payment_id, at(30), &actor()).await.unwrap();
    assert_eq!(deactivate(world, &seller, 300).await, Deactivation::Done);
    assert_eq!(deactivate(world, &customer, 300).await, Deactivation::Done);
}

/// Contract, Auth (withdrawal): made inactive once, by whichever of many, and active again once; the store goes with its seller.
pub async fn account_is_deactivated_and_reactivated_once(world: &World) {
    let accounts = &world.accounts;
    let (customer, (seller, store)) = (world.customer().await, world.store("가게").await);
    let product = world.product(&store, 5).await;
    assert!(!accounts.reactivate(&customer, "s").await.unwrap());
    let done = join_all((0..8).map(|_| deactivate(world, &seller, 300))).await;
    assert_eq!(done.iter().filter(|d| **d == Deactivation::Done).count(), 1, "{done:?}");
    assert_eq!(done.iter().filter(|d| **d == Deactivation::WasInactive).count(), 7, "{done:?}");
    assert!(!accounts.find(&seller).await.unwrap().unwrap().account.is_active);
    assert!(world.stores.of_seller(&seller).await.unwrap().unwrap().suspended);
    assert!(world.holds.offer(&product.id, &customer, 1, at(300)).await.unwrap().unwrap().calendar.suspended);
    assert!(accounts.reactivate(&seller, "kept").await.unwrap());
    assert!(!accounts.reactivate(&seller, "late").await.unwrap());
    let account = accounts.find(&seller).await.unwrap().unwrap().account;
    assert_eq!((account.is_active, account.generation, account.kept_session.as_deref()), (true, 1, Some("kept")));
    assert!(!world.stores.of_seller(&seller).await.unwrap().unwrap().suspended);
}

/// All sessions of an account are ended at once by the number of its generation, which many at once raise one by one; nobody else's.
pub async fn sessions_are_ended_by_generations(world: &World) {
    let accounts = &world.accounts;
    let (mine, other) = (world.customer().await, world.customer().await);
    assert!(deactivate(world, &mine, 300).await == Deactivation::Done && accounts.reactivate(&mine, "kept").await.unwrap());
    for ended in join_all((0..8).map(|_| accounts.end_sessions(&mine))).await {
        ended.unwrap();
    }
    let account = accounts.find(&mine).await.unwrap().unwrap().account;
    assert_eq!((account.generation, account.kept_session), (9, None));
    assert_eq!(accounts.find(&other).await.unwrap().unwrap().account.generation, 0);
    accounts.end_sessions(&nobody()).await.unwrap();
}

/// Contract, Auth (withdrawal): a payment that comes after the seller left is no order.
pub async fn payment_for_a_withdrawn_seller_becomes_no_order(world: &World) {
    let (seller, store) = world.store("가게").await;
    let product = world.product(&store, 5).await;
    assert_eq!(deactivate(world, &seller, 300).await, Deactivation::Done);
    let late = hold(&world.customer().await, &product, 1);
    assert!(world.holds.hold(&late).await.unwrap());
    assert_eq!(world.holds.order(&late.payment_id, &paid(1), at(301), &actor()).await.unwrap(), OrderOutcome::StoreClosed);
}

fn nobody() -> Email {
    Email::parse("01nobody@withdrawn.invalid").unwrap()
}

/// Deletes as if it were the business day `days` after noon's.
async fn erase(world: &World, email: &Email, days: i64) -> Erasure {
    world.accounts.erase(email, &nobody(), kst::business_day(at(days * 86_400)), at(500)).await.unwrap()
}

/// A customer's order that was picked up, at a seller's store with a picture.
async fn bought(world: &World) -> (Email, Email, StoreId, PaymentId) {
    let (customer, (seller, store)) = (world.customer().await, world.store("가게").await);
    let product = world.product(&store, 5).await;
    let by = Actor { kind: ActorKind::Customer(customer.clone()), request_id: None };
    let order = hold(&customer, &product, 1);
    assert!(world.holds.hold(&order).await.unwrap());
    world.holds.order(&order.payment_id, &paid(1), at(10), &by).await.unwrap();
    world.orders.accept(&order.payment_id, at(20), &actor()).await.unwrap();
    world.orders.complete(&order.payment_id, at(30), &by).await.unwrap();
    assert!(matches!(world.images.add(&store, &["stores/a".to_owned()], true, 11).await.unwrap(), Added::Images(_)));
    (customer, seller, store, order.payment_id)
}

/// Contract, Auth (withdrawal): an active account stays, an inactive one waits until the archive has its orders; then it goes, and what
/// is kept bears a pseudonym, in the audit log as well.
pub async fn deleted_customer_leaves_a_pseudonym(world: &World) {
    let (customer, _, store, payment) = bought(world).await;
    assert_eq!(erase(world, &customer, 0).await, Erasure::Active);
    assert_eq!(deactivate(world, &customer, 400).await, Deactivation::Done);
    assert_eq!(erase(world, &customer, 1).await, Erasure::Waits);
    assert!(world.accounts.unfinished(10).await.unwrap().is_empty());
    assert_eq!(erase(world, &customer, 0).await, Erasure::Gone);
    assert_eq!(erase(world, &customer, 0).await, Erasure::Gone);
    // Until every store knows.
    let deleted = Unfinished { email: customer.clone(), pseudonym: nobody(), erased_at: at(500) };
    assert_eq!(world.accounts.unfinished(10).await.unwrap(), [deleted]);
    world.accounts.finish(&nobody()).await.unwrap();
    assert!(world.accounts.unfinished(10).await.unwrap().is_empty());
    assert!(world.accounts.find(&customer).await.unwrap().is_none());
    let kept = world.orders.find(&payment).await.unwrap().unwrap();
    assert_eq!(kept, kept.clone().of_nobody(nobody()));
    let audit = world.audit.of_payment(&store, &payment).await.unwrap();
    assert!(audit.iter().all(|e| e.actor.as_deref() != Some(customer.as_str())), "{audit:?}");
    assert!(audit.iter().any(|e| e.actor.as_deref() == Some(nobody().as_str())), "{audit:?}");
}

/// Contract, Auth (withdrawal): a store's money goes back first, since the refund needs the store's secret; then the store goes with its
/// pictures, and the orders stay.
pub async fn deleted_seller_waits_for_the_refunds_of_the_store(world: &World) {
    let (_, seller, store, payment) = bought(world).await;
    let product = world.products.of_store(&store).await.unwrap().remove(0);
    let open = hold(&world.customer().await, &product, 1);
    assert!(world.holds.hold(&open).await.unwrap());
    assert_eq!(deactivate(world, &seller, 400).await, Deactivation::Done);
    assert_eq!(erase(world, &seller, 0).await, Erasure::Waits);
    world.holds.refund(&open.payment_id, RefundReason::StoreClosed, at(410), &actor()).await.unwrap();
    assert_eq!(erase(world, &seller, 0).await, Erasure::Waits);
    let done = Attempt { state: RefundState::Succeeded, next_at: at(420), new_key: false, answer: String::new(), amount: Some(1) };
    world.refunds.record(&open.payment_id, &done, at(420), &actor()).await.unwrap();
    assert_eq!(erase(world, &seller, 0).await, Erasure::Gone);
    assert!(world.stores.of_seller(&seller).await.unwrap().is_none());
    let tasks = world.claim_all(1_000).await;
    assert!(tasks.iter().any(|t| t.payload == serde_json::json!({ "kind": "delete_object", "key": "stores/a" })), "{tasks:?}");
    assert!(world.orders.find(&payment).await.unwrap().is_some());
}

/// `users::ports::Withdrawals`
pub async fn withdrawals(withdrawals: &dyn Withdrawals) {
    let (mine, other) = (email(), email());
    assert_eq!(withdrawals.requested_at(&mine).await.unwrap(), None);
    withdrawals.cancel(&mine).await.unwrap();
    withdrawals.request(&mine, Role::Customer, at(0), at(1)).await.unwrap();
    withdrawals.request(&mine, Role::Customer, at(0), at(2)).await.unwrap();
    assert_eq!(withdrawals.requested_at(&mine).await.unwrap(), Some(at(1)));
    // Of an account that has the e-mail since; what is asked at that instant or later is not forgotten with the account before it.
    withdrawals.request(&mine, Role::Customer, at(2), at(3)).await.unwrap();
    withdrawals.forget(&mine, at(3)).await.unwrap();
    assert_eq!(withdrawals.requested_at(&mine).await.unwrap(), Some(at(3)));
    withdrawals.forget(&mine, at(4)).await.unwrap();
    assert_eq!(withdrawals.requested_at(&mine).await.unwrap(), None);
    withdrawals.request(&mine, Role::Customer, at(0), at(1)).await.unwrap();
    assert_eq!(withdrawals.requested_at(&other).await.unwrap(), None);
    withdrawals.cancel(&mine).await.unwrap();
    assert_eq!(withdrawals.requested_at(&mine).await.unwrap(), None);

    for (email, second) in [(&mine, 5), (&other, 6)] {
        withdrawals.request(email, Role::Seller, at(0), at(second)).await.unwrap();
    }
    let before = async |second, after| withdrawals.requested_before(at(second), after, 100).await.unwrap();
    assert_eq!(before(6, None).await, [mine.clone()]);
    let both = before(7, None).await;
    assert_eq!((both.len(), both.is_sorted_by_key(|e| e.as_str().to_owned())), (2, true));
    assert_eq!(before(7, Some(&both[0])).await, both[1..]);
}
