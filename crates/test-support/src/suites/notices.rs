//! `notices::ports`: what people want to be told, what has happened, who is told, and push services (additions, Notices of favourites).

use cheapbob_domain::{
    notices::{
        Choices, Kind, MOST_IN_A_DAY, NoticeBatch, Occasion, PushMessage, Subscription,
        ports::{Page, PageOf, PushService, Pushed, Stretch, Told},
    },
    shared::{Email, Ids, StoreId, Won, kst},
    stores::FavoriteAdded,
    tasks::TaskPayload,
};
use chrono::{Duration, NaiveTime};
use futures::future::join_all;
use serde_json::json;

use super::world::{TestIds, World, at};

const ALL: Choices = Choices { opens: true, price_drops: true, back_in_stock: true, by_mail: false, by_push: true, at_night: false };

fn subscription(n: usize) -> Subscription {
    Subscription { endpoint: format!("https://push.example/{}/{n}", TestIds.ulid()), p256dh: "p".into(), auth: "a".into() }
}

/// Somebody whose favourite these stores are, with a browser.
async fn fan(world: &World, stores: &[StoreId]) -> Email {
    let customer = world.customer().await;
    for store in stores {
        assert_eq!(world.search.add_favorite(&customer, store, at(0)).await.unwrap(), FavoriteAdded::Added);
    }
    world.notice_choices.choose(&customer, ALL, "v1", &TestIds.secret(), at(0)).await.unwrap();
    world.notice_choices.subscribe(&customer, &TestIds.ulid(), &subscription(0), 10, at(0)).await.unwrap();
    customer
}

fn opens(store: &StoreId) -> Occasion {
    Occasion { store: store.clone(), kind: Kind::Opens, product: None, price: None, at: at(0) }
}

async fn claim(world: &World, occasion: &Occasion, batch: &str) -> Page {
    let page =
        PageOf { occasion, day: kst::business_day(at(0)), after: "", limit: 100, at_night: false, most: MOST_IN_A_DAY, batch, now: at(0) };
    world.notice_book.claim(page).await.unwrap()
}

/// All is off until it is chosen; one secret ends the mails, again and again.
pub async fn choices_are_what_was_chosen_last(world: &World) {
    let (choices, customer) = (&world.notice_choices, world.customer().await);
    assert_eq!(choices.chosen(&customer).await.unwrap().choices, Choices::default());
    let (secret, other) = (TestIds.secret(), TestIds.secret());
    choices.choose(&customer, ALL, "v1", &secret, at(0)).await.unwrap();
    choices.choose(&customer, Choices { by_mail: true, ..ALL }, "v1", &other, at(1)).await.unwrap();
    let chosen = choices.chosen(&customer).await.unwrap();
    assert_eq!((chosen.choices.by_mail, chosen.consented_at), (true, Some(at(1))));
    assert!(!choices.end_mails(&other, "v1", at(2)).await.unwrap(), "the first secret stays: mails with it were sent");
    for second in [3, 4] {
        assert!(choices.end_mails(&secret, "v1", at(second)).await.unwrap());
        let chosen = choices.chosen(&customer).await.unwrap();
        assert_eq!((chosen.choices, chosen.consented_at), (ALL, Some(at(3))));
    }
}

/// So many of a person at most, whoever adds at once; each is one person's.
pub async fn browsers_are_one_persons(world: &World) {
    let choices = &world.notice_choices;
    let (one, other) = (world.customer().await, world.customer().await);
    let browsers: Vec<_> = (0..6).map(subscription).collect();
    let ids: Vec<_> = (0..6).map(|_| TestIds.ulid()).collect();
    join_all(browsers.iter().zip(&ids).map(async |(browser, id)| choices.subscribe(&one, id, browser, 3, at(0)).await.unwrap())).await;
    let mut left = Vec::new();
    for browser in &browsers {
        left.push(choices.unsubscribe(&one, &browser.endpoint).await.unwrap());
    }
    assert_eq!(left.iter().filter(|left| **left).count(), 3, "{left:?}");
    choices.subscribe(&one, &TestIds.ulid(), &browsers[0], 3, at(0)).await.unwrap();
    choices.subscribe(&other, &TestIds.ulid(), &browsers[0], 3, at(0)).await.unwrap();
    assert!(!choices.unsubscribe(&one, &browsers[0].endpoint).await.unwrap());
    assert!(choices.unsubscribe(&other, &browsers[0].endpoint).await.unwrap());
}

/// Of a store one, in a day so many, whoever asks at once.
pub async fn a_person_has_a_place_for_each_store_and_so_many_in_a_day(world: &World) {
    let mut stores = Vec::new();
    for n in 0..6 {
        stores.push(world.store(&format!("가게 {n}")).await.1);
    }
    let customer = fan(world, &stores).await;
    let asked = stores.iter().flat_map(|store| [store, store, store]).map(async |store| {
        let occasion = opens(store);
        loop {
            let page = claim(world, &occasion, &TestIds.ulid()).await;
            if page.is_settled {
                return page.claimed;
            }
        }
    });
    let claimed: i64 = join_all(asked).await.into_iter().sum();
    assert!(claimed <= MOST_IN_A_DAY.into(), "{claimed}");
    // Whoever lost a race has its place by asking again.
    let mut told = 0;
    for task in world.claim_all(1).await {
        let TaskPayload::NoticeBatch(NoticeBatch { batch, .. }) = serde_json::from_value(task.payload).unwrap() else { continue };
        let recipients = world.notice_book.recipients(&batch).await.unwrap();
        assert!(recipients.iter().all(|r| r.customer == customer && r.subscriptions.len() == 1 && r.choices == ALL));
        told += recipients.len();
    }
    assert_eq!(told, 4);
}

/// Who is told is done; who was reached somewhere keeps the place; who was not gives it back.
pub async fn a_batch_ends_when_everybody_is_told(world: &World) {
    let (_, store) = world.store("가게").await;
    let mut customers = Vec::new();
    for _ in 0..3 {
        customers.push(fan(world, &[store.clone()]).await.to_string());
    }
    let (book, occasion) = (&world.notice_book, opens(&store));
    let (first, second) = (TestIds.ulid(), TestIds.ulid());
    let page = claim(world, &occasion, &first).await;
    assert_eq!((page.claimed, page.is_settled), (3, true));
    assert_eq!(claim(world, &occasion, &TestIds.ulid()).await.claimed, 0);
    let told = |customer: &String, done| Told { customer: customer.clone(), reached: vec!["mail".into()], done };
    book.record(&first, &[told(&customers[0], true), told(&customers[1], false)], &[], at(1)).await.unwrap();
    let left = async |batch: &str| -> Vec<_> {
        book.recipients(batch).await.unwrap().into_iter().map(|r| (r.customer.to_string(), r.reached.len())).collect()
    };
    let mut two = vec![(customers[1].clone(), 1), (customers[2].clone(), 0)];
    two.sort();
    assert_eq!(left(&first).await, two);
    let next = NoticeBatch { batch: second.clone(), occasion: occasion.clone(), attempt: 1 };
    book.again(&first, &next, at(60)).await.unwrap();
    assert_eq!((left(&first).await, left(&second).await), (Vec::new(), two));
    book.release(&second, &customers, at(61)).await.unwrap();
    assert_eq!(left(&second).await, []);
    assert_eq!(claim(world, &occasion, &TestIds.ulid()).await.claimed, 1, "who was told nowhere");
    let tomorrow = kst::business_day(at(0) + Duration::days(1));
    assert_eq!(book.prune(tomorrow).await.unwrap(), 3);
}

/// What has happened is found once, and by what it was.
pub async fn happenings_are_found_by_clock_and_by_what_sellers_did(world: &World) {
    let (happenings, (_, store), (_, nobodys)) = (&world.happenings, world.store("가게").await, world.store("남의 가게").await);
    let (product, _) = (world.product(&store, 1).await, world.product(&nobodys, 1).await);
    fan(world, &[store.clone()]).await;
    let change = super::products::cheaper();
    let before = product.price;
    world.change(&store, &product.id, &change, 10).await.unwrap();
    world.products.adjust(&store, &product.id, 1, at(20)).await.unwrap();
    world.products.adjust(&store, &product.id, -2, at(21)).await.unwrap();
    let none: Vec<_> = happenings.by_sellers(at(15), at(25)).await.unwrap();
    assert_eq!(none, [], "one more of what is there");
    world.products.adjust(&store, &product.id, 1, at(30)).await.unwrap();
    let found = happenings.by_sellers(at(0), at(40)).await.unwrap();
    let kinds: Vec<_> = found.iter().map(|c| (c.kind, c.before.map(|(price, _)| price), c.at)).collect();
    assert_eq!(kinds, [(Kind::PriceDrops, Some(before), at(10)), (Kind::BackInStock, None, at(30))]);
    assert!(found.iter().all(|c| c.store == store && c.product.as_ref() == Some(&product.id)));
    let day = Stretch {
        day: kst::hours_day(at(0)),
        weekday: kst::weekday(at(0)),
        from: NaiveTime::MIN,
        until: kst::parse_time("23:59:59").unwrap(),
    };
    let opened = happenings.by_clock(day).await.unwrap();
    assert_eq!(opened.iter().map(|c| (&c.store, c.kind)).collect::<Vec<_>>(), [(&store, Kind::Opens)], "nobody's favourite opens as well");
    let asked = [(store.clone(), Some(product.id.clone())), (StoreId::generate(&TestIds), None), (store.clone(), None)];
    let now = happenings.now(&asked, kst::weekday(at(0))).await.unwrap();
    assert!(now[0].as_ref().is_some_and(|now| now.product.as_ref().is_some_and(|of| of.left == 1 && of.pricing.price == Won(500))));
    assert!(now[1].is_none() && now[2].as_ref().is_some_and(|now| now.product.is_none()));
    assert_eq!(happenings.looked_until().await.unwrap(), None);
    for _ in 0..2 {
        happenings.found(&[opens(&store)], at(40)).await.unwrap();
    }
    assert_eq!(happenings.looked_until().await.unwrap(), Some(at(40)));
    let fan_outs = world.claim_all(50).await.into_iter().filter(|task| task.payload["kind"] == "notice_fan_out").count();
    assert_eq!(fan_outs, 1);
}

/// A browser is sent what it can be sent; what is wrong is named.
pub async fn push_service_takes_what_it_has_checked(push: &dyn PushService, browser: &Subscription) {
    assert_eq!(push.public_key().len(), 87, "an uncompressed point, base64url");
    assert_eq!(push.check(browser), Ok(()));
    for (wrong, field) in [
        (Subscription { endpoint: "ftp://push.example".into(), ..browser.clone() }, "endpoint"),
        (Subscription { p256dh: "AAAA".into(), ..browser.clone() }, "keys.p256dh"),
        (Subscription { auth: "AAAA".into(), ..browser.clone() }, "keys.auth"),
    ] {
        assert_eq!(push.check(&wrong).unwrap_err().0, field);
    }
    let content = json!({ "title": "t", "body": "b", "tag": "g", "data": { "kind": "opens", "store_id": "STR_1", "product_id": null } });
    let message = PushMessage { content: serde_json::from_value(content).unwrap(), topic: "t".into(), life: Duration::hours(1) };
    assert_eq!(push.push(browser, &message).await.unwrap(), Pushed::Taken);
}
