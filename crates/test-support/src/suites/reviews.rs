//! `reviews::ports::Reviews`: what customers say, and a store's rating (additions, Reviews).

use cheapbob_domain::{
    reviews::{ChangeReview, NewReview, ReasonWord, Review, Stars},
    shared::{Email, PaymentId, ProductId, ReviewId, StoreId, kst},
    stores::Rating,
    users::{Deactivation, Erasure},
};
use futures::future::join_all;

use super::world::{TestIds, World, at};

fn says(stars: i64) -> NewReview {
    NewReview {
        stars: Stars::parse(stars).unwrap(), reasons: vec![ReasonWord::Value, ReasonWord::Taste], text: Some("좋아요 <b>".into())
    }
}

fn stars(stars: i64) -> ChangeReview {
    ChangeReview { stars: Some(Stars::parse(stars).unwrap()), ..ChangeReview::default() }
}

fn review(customer: &Email, store: &StoreId, stars: i64) -> Review {
    Review {
        id: ReviewId::generate(&TestIds),
        payment_id: PaymentId::generate(&TestIds),
        store_id: store.clone(),
        product_id: ProductId::generate(&TestIds),
        product_name: "도시락".into(),
        customer: customer.clone(),
        nickname: "길동".into(),
        says: says(stars),
        created_at: at(0),
        updated_at: at(0),
        reply: None,
        is_hidden: false,
    }
}

async fn rating(world: &World, store: &StoreId) -> (i32, i32) {
    let found = world.search.find(&Email::trusted("nobody@x".into()), store).await.unwrap().unwrap().store;
    let Rating { count, sum } = found.rating;
    (count, sum)
}

/// Of many at once one is stored, whole, and counts once.
pub async fn an_order_has_one_review(world: &World) {
    let (reviews, customer, (_, store)) = (&world.reviews, world.customer().await, world.store("가게").await);
    let first = review(&customer, &store, 4);
    assert_eq!(reviews.of_payment(&first.payment_id).await.unwrap(), None);
    let added = join_all((0..8).map(|_| {
        let review = Review { id: ReviewId::generate(&TestIds), ..first.clone() };
        async move { reviews.add(&review).await.unwrap() }
    }));
    assert_eq!(added.await.into_iter().filter(|added| *added).count(), 1);
    let stored = reviews.of_payment(&first.payment_id).await.unwrap().unwrap();
    assert_eq!(stored, Review { id: stored.id.clone(), ..first });
    assert_eq!(rating(world, &store).await, (1, 4));
    // An archived order outlives its store and its customer.
    let gone = [review(&customer, &StoreId::generate(&TestIds), 4), review(&Email::trusted("gone@x".into()), &store, 4)];
    for review in gone {
        assert!(!reviews.add(&review).await.unwrap());
        assert_eq!(reviews.of_payment(&review.payment_id).await.unwrap(), None);
    }
}

/// Of changes at once, each of something else, all stand; what is not named stays.
pub async fn changes_at_once_are_each_made(world: &World) {
    let (reviews, customer, (_, store)) = (&world.reviews, world.customer().await, world.store("가게").await);
    for round in 0..8 {
        let first = review(&customer, &store, 3);
        assert!(reviews.add(&first).await.unwrap());
        let changes = [
            stars(5),
            ChangeReview { reasons: Some(vec![ReasonWord::Amount]), ..ChangeReview::default() },
            ChangeReview { text: Some(None), ..ChangeReview::default() },
        ];
        let changed = join_all(changes.iter().map(|change| reviews.change(&first.id, change, at(1)))).await;
        assert!(changed.into_iter().all(|changed| changed.unwrap().is_some()));
        let nothing = reviews.change(&first.id, &ChangeReview::default(), at(2)).await.unwrap().unwrap();
        let expected = NewReview { stars: Stars::parse(5).unwrap(), reasons: vec![ReasonWord::Amount], text: None };
        assert_eq!((nothing.says, nothing.updated_at), (expected, at(2)), "round {round}");
    }
}

/// Newest first, without those that are hidden; a store that is not there has no list.
pub async fn a_stores_reviews_come_in_pages(world: &World) {
    let (reviews, customer, (_, store)) = (&world.reviews, world.customer().await, world.store("가게").await);
    let page = async |before: Option<&ReviewId>, with_hidden| {
        let found = reviews.of_store(&store, before, 2, with_hidden).await.unwrap().unwrap();
        found.into_iter().map(|review| review.id).collect::<Vec<_>>()
    };
    assert!(page(None, true).await.is_empty());
    let mut all: Vec<_> = (0..4).map(|_| review(&customer, &store, 5)).collect();
    all.sort_by(|a, b| b.id.cmp(&a.id));
    for review in &all {
        assert!(reviews.add(review).await.unwrap());
    }
    assert!(reviews.hide(&all[1].id, true, at(1)).await.unwrap());
    let id = |n: usize| all[n].id.clone();
    assert_eq!(page(None, true).await, [id(0), id(1)]);
    assert_eq!(page(None, false).await, [id(0), id(2)]);
    assert_eq!(page(Some(&id(2)), false).await, [id(3)]);
    assert_eq!(reviews.of_store(&StoreId::generate(&TestIds), None, 2, false).await.unwrap(), None);
}

/// Exact, whatever happens to many reviews at once.
pub async fn the_rating_is_that_of_the_reviews_that_are_shown(world: &World) {
    let (reviews, customer, (_, store)) = (&world.reviews, world.customer().await, world.store("가게").await);
    let all: Vec<_> = (0..40).map(|n| review(&customer, &store, 1 + n % 5)).collect();
    let added = join_all(all.iter().map(|review| async move { reviews.add(review).await.unwrap() }));
    assert!(added.await.into_iter().all(|added| added));
    assert_eq!(rating(world, &store).await, (40, 120));
    // A quarter each: changed to five stars, deleted, hidden, hidden and shown again.
    join_all(all.iter().enumerate().map(|(n, review)| async move {
        match n / 10 {
            0 => assert_eq!(reviews.change(&review.id, &stars(5), at(1)).await.unwrap().unwrap().says.stars.get(), 5),
            1 => assert!(reviews.delete(&review.id).await.unwrap()),
            2 => assert!(reviews.hide(&review.id, true, at(1)).await.unwrap()),
            _ => {
                assert!(reviews.hide(&review.id, true, at(1)).await.unwrap());
                assert!(reviews.hide(&review.id, true, at(2)).await.unwrap());
                assert!(reviews.hide(&review.id, false, at(3)).await.unwrap());
            }
        }
    }))
    .await;
    assert_eq!(rating(world, &store).await, (20, 80));
    // What is hidden counts nowhere, however it changes.
    reviews.change(&all[20].id, &stars(5), at(4)).await.unwrap().unwrap();
    assert!(reviews.delete(&all[21].id).await.unwrap());
    assert_eq!(rating(world, &store).await, (20, 80));
    assert!(!reviews.delete(&all[21].id).await.unwrap());
    assert_eq!(reviews.change(&all[21].id, &stars(5), at(4)).await.unwrap(), None);
    assert!(!reviews.hide(&all[21].id, true, at(4)).await.unwrap());
}

/// A deleted account's reviews and reports go, and count no more; a deleted store's go with it.
pub async fn reviews_go_with_their_account(world: &World) {
    let (reviews, (_, store), other) = (&world.reviews, world.store("가게").await, world.customer().await);
    let kept = review(&other, &store, 3);
    assert!(reviews.add(&kept).await.unwrap());
    let mut gone = Vec::new();
    for _ in 0..5 {
        let customer = world.customer().await;
        let review = review(&customer, &store, 5);
        assert!(reviews.add(&review).await.unwrap());
        assert_eq!(reviews.report(&kept.id, &customer, "욕설", at(1)).await.unwrap(), Some(true));
        gone.push((customer, review));
    }
    assert_eq!(rating(world, &store).await, (6, 28));
    for (customer, _) in &gone {
        assert_eq!(world.accounts.deactivate(customer, at(2)).await.unwrap(), Deactivation::Done);
    }
    let erased = join_all(gone.iter().map(|(customer, _)| async {
        let pseudonym = Email::trusted(format!("{}@withdrawn.invalid", ReviewId::generate(&TestIds).as_str().to_lowercase()));
        world.accounts.erase(customer, &pseudonym, kst::business_day(at(86_400)), at(3)).await.unwrap()
    }));
    assert!(erased.await.into_iter().all(|erased| erased == Erasure::Gone));
    for (_, review) in &gone {
        assert_eq!(reviews.of_payment(&review.payment_id).await.unwrap(), None);
    }
    assert_eq!(rating(world, &store).await, (1, 3));
    assert!(reviews.reported(10).await.unwrap().is_empty());
}

/// A store replies to its own reviews; a reply takes the place of the one before.
pub async fn a_reply_is_of_the_stores_own_review(world: &World) {
    let (reviews, customer, (_, store), (_, other)) =
        (&world.reviews, world.customer().await, world.store("가게").await, world.store("남의 가게").await);
    let review = review(&customer, &store, 2);
    assert!(reviews.add(&review).await.unwrap());
    assert_eq!(reviews.reply(&other, &review.id, Some("남"), at(1)).await.unwrap(), None);
    for (second, text) in [(1, "감사합니다"), (2, "또 오세요")] {
        let replied = reviews.reply(&store, &review.id, Some(text), at(second)).await.unwrap().unwrap();
        assert_eq!(replied.reply.map(|reply| (reply.text, reply.at)), Some((text.to_owned(), at(second))));
    }
    assert_eq!(reviews.reply(&store, &review.id, None, at(3)).await.unwrap(), Some(review));
}

/// Once for each person, also of many calls at once; what was reported most comes first.
pub async fn a_person_reports_a_review_once(world: &World) {
    let (reviews, customer, (_, store)) = (&world.reviews, world.customer().await, world.store("가게").await);
    let (quiet, loud) = (review(&customer, &store, 1), review(&customer, &store, 1));
    for review in [&quiet, &loud] {
        assert!(reviews.add(review).await.unwrap());
    }
    let (one, two) = (world.customer().await, world.customer().await);
    let at_once = join_all((0..6).map(|_| async { reviews.report(&loud.id, &one, "욕설", at(1)).await.unwrap() })).await;
    assert_eq!(at_once.iter().filter(|reported| **reported == Some(true)).count(), 1);
    assert!(at_once.iter().all(Option::is_some));
    assert_eq!(reviews.report(&loud.id, &two, "광고", at(2)).await.unwrap(), Some(true));
    assert_eq!(reviews.report(&quiet.id, &two, "광고", at(2)).await.unwrap(), Some(true));
    let reported: Vec<_> = reviews.reported(10).await.unwrap().into_iter().map(|r| (r.review.id, r.reasons)).collect();
    assert_eq!(reported, [(loud.id.clone(), vec!["욕설".to_owned(), "광고".to_owned()]), (quiet.id.clone(), vec!["광고".to_owned()])]);
    // A hidden one is not there for others.
    assert!(reviews.hide(&quiet.id, true, at(3)).await.unwrap());
    assert_eq!(reviews.report(&quiet.id, &one, "광고", at(4)).await.unwrap(), None);
    assert_eq!(reviews.report(&ReviewId::generate(&TestIds), &one, "광고", at(4)).await.unwrap(), None);
}
