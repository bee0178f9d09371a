//! Stores that an operator approves before they sell (`STORE_APPROVAL`).

use cheapbob_domain::stores::TERMINAL;
use cheapbob_test_support::{Person, TestApp, eventually, normalized, text};
use futures::future::join_all;
use image::ImageFormat;
use serde_json::{Value, json};

use crate::{
    images::{picture, upload},
    operator::operator_with,
};

const APPROVAL: &str = "/api/v1/seller/store/approval";
pub(crate) const LICENCE: &str = "/api/v1/seller/store/approval/licence";
pub(crate) const NUMBER: &str = "124-81-00998";

fn operator(app: &TestApp, arguments: &[&str]) -> (bool, String) {
    operator_with(app, &[("STORE_APPROVAL", "required")], arguments)
}

async fn required() -> TestApp {
    TestApp::with(|settings| settings.store_approval = true).await
}

pub(crate) async fn give_number(seller: &Person, number: &str) -> Value {
    seller.put(APPROVAL, &json!({ "business_number": number })).await.expect(200)
}

pub(crate) async fn state(seller: &Person) -> String {
    text(&seller.get(APPROVAL).await.expect(200), "state")
}

/// Whether a customer finds the store: in lists, by its name, nearby, on the map, among favourites.
async fn found(customer: &Person, store_id: &str) -> [bool; 5] {
    let has =
        async |path: &str| customer.get(&format!("/api/v1/customer/search/stores{path}")).await.expect(200).to_string().contains(store_id);
    [
        has("").await,
        has("/by-name?search_name=%EA%B0%80%EA%B2%8C").await,
        has("/nearby?lat=37.5&lng=126.9").await,
        has("/map?bbox=126.8,37.4,127,37.6").await,
        has("/favorites").await,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_sells_once_it_is_approved() {
    let app = required().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    customer.post(&format!("/api/v1/customer/search/stores/{}/favorites", shop.store_id), &json!({})).await.expect(200);
    insta::assert_json_snapshot!("approval not asked", shop.seller.get(APPROVAL).await.expect(200));
    assert_eq!(found(&customer, &shop.store_id).await, [false; 5]);
    assert_eq!(customer.init(&shop.product_id, 1).await.refused(400), "store_not_approved");

    assert_eq!(text(&give_number(&shop.seller, NUMBER).await, "state"), "not_asked");
    for bad in ["124-81-00997", "", "a\u{0}"] {
        let refused = shop.seller.put(APPROVAL, &json!({ "business_number": bad })).await;
        assert_eq!(refused.body["errors"][0]["field"], "business_number", "{bad}");
        assert_eq!(refused.refused(422), "validation_failed");
    }
    assert_eq!(upload(&shop.seller, LICENCE, &[]).await.refused(400), "no_images");
    let two = [picture(ImageFormat::Png), picture(ImageFormat::Png)];
    assert_eq!(upload(&shop.seller, LICENCE, &two).await.refused(400), "one_licence");
    assert_eq!(upload(&shop.seller, LICENCE, &[b"%PDF-1.7".to_vec()]).await.refused(400), "unsupported_image");
    let asked = upload(&shop.seller, LICENCE, &two[..1]).await.expect(200);
    insta::assert_json_snapshot!("approval waiting", normalized(&asked));

    let (ok, said) = operator(&app, &["approvals", "list"]);
    assert!(
        ok && [shop.store_id.as_str(), "1248100998", "/media/licences/", "1 stores wait"].iter().all(|word| said.contains(word)),
        "{said}"
    );
    let (ok, said) = operator(&app, &["approvals", "refuse", &shop.store_id, "--reason", "사진이 흐립니다"]);
    assert!(ok && said.contains("is refused"), "{said}");
    insta::assert_json_snapshot!("approval refused", normalized(&shop.seller.get(APPROVAL).await.expect(200)));
    assert_eq!(customer.init(&shop.product_id, 1).await.refused(400), "store_not_approved");
    let (ok, said) = operator(&app, &["approvals", "approve", &shop.store_id]);
    assert!(!ok && said.contains("approval_not_waiting"), "{said}");
    upload(&shop.seller, LICENCE, &two[..1]).await.expect(200);
    assert!(operator(&app, &["approvals", "approve", &shop.store_id]).0);
    assert_eq!(state(&shop.seller).await, "approved");
    assert_eq!(found(&customer, &shop.store_id).await, [true; 5]);
    customer.order(&shop.product_id, 1).await;

    // Its seller was told both times; what was decided stands in the row.
    let told = eventually("two mails", 20, || async {
        let mails: Vec<_> = app.api.mails().await.into_iter().filter(|mail| mail["to"] == shop.seller.email.as_str()).collect();
        (mails.len() == 2).then_some(mails)
    });
    let mails: Vec<_> = told.await.iter().rev().map(|mail| (text(mail, "subject"), text(mail, "text"))).collect();
    assert_eq!(mails[0].0, "[CheapBob] 매장 판매가 승인되지 않았습니다");
    assert!(mails[0].1.contains("사유: 사진이 흐립니다\n"), "{mails:?}");
    assert_eq!(mails[1].0, "[CheapBob] 매장 판매가 승인되었습니다");
    assert_eq!(app.database.count(&format!("store_approvals WHERE decided_by = '{TERMINAL}' AND decided_at IS NOT NULL")).await, 1);

    // Another number: approved anew. What is paid meanwhile goes back.
    let held = customer.hold(&shop.product_id, 1).await;
    assert_eq!(text(&give_number(&shop.seller, "124-81-00998").await, "state"), "approved");
    assert_eq!(text(&give_number(&shop.seller, "220-81-62517").await, "state"), "waiting");
    assert_eq!(found(&customer, &shop.store_id).await, [false; 5]);
    app.api.pay(&held).await;
    assert_eq!(customer.confirm(&held.payment_id).await.refused(400), "payment_store_closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_nothing_is_withheld_and_stores_of_then_go_on_selling() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    assert_eq!(state(&shop.seller).await, "approved");
    customer.order(&shop.product_id, 1).await;
    give_number(&shop.seller, NUMBER).await;
    upload(&shop.seller, LICENCE, &[picture(ImageFormat::Jpeg)]).await.expect(200);
    assert_eq!(state(&shop.seller).await, "approved");
    assert_eq!(text(&give_number(&shop.seller, "220-81-62517").await, "state"), "waiting");
    customer.order(&shop.product_id, 1).await;
    assert_eq!(app.database.count("stores WHERE withheld").await, 0);
    let nobody = app.api.person("seller", "nobody@example.com").await;
    assert_eq!(nobody.get(APPROVAL).await.refused(404), "store_not_found");
    assert_eq!(upload(&nobody, LICENCE, &[picture(ImageFormat::Jpeg)]).await.refused(404), "store_not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_decisions_at_once_one_stands_and_is_told() {
    let app = required().await;
    let shop = app.api.shop(9).await;
    give_number(&shop.seller, NUMBER).await;
    upload(&shop.seller, LICENCE, &[picture(ImageFormat::Jpeg)]).await.expect(200);
    let store = cheapbob_domain::shared::StoreId::parse(&shop.store_id).unwrap();
    let decide = |n: usize| {
        let (approvals, store) = (app.services.approvals.clone(), store.clone());
        tokio::spawn(async move { approvals.decide(&store, n.is_multiple_of(2).then_some("흐립니다"), &format!("o{n}@b")).await })
    };
    let decided = join_all((0..8).map(decide)).await;
    assert_eq!(decided.into_iter().filter(|decided| decided.as_ref().unwrap().is_ok()).count(), 1);
    assert_eq!(app.database.count("tasks WHERE payload->>'kind' = 'approval_mail'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_licence_is_the_sellers_alone_and_goes_with_the_account() {
    let app = required().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    give_number(&shop.seller, NUMBER).await;
    let shown = upload(&shop.seller, LICENCE, &[picture(ImageFormat::Jpeg)]).await.expect(200);
    let keys = app.database.texts("SELECT licence FROM store_approvals").await;
    let is_there = async |key: &str| app.services.storage.get(key).await.unwrap().is_some();
    assert!(is_there(&keys[0]).await && !shown.to_string().contains(&keys[0]), "{shown}");
    // The one before is deleted; the job for what nobody names leaves this one.
    upload(&shop.seller, LICENCE, &[picture(ImageFormat::Png)]).await.expect(200);
    assert!(!is_there(&keys[0]).await);
    let keys = app.database.texts("SELECT licence FROM store_approvals").await;
    app.api.run_job("delete_orphans").await;
    assert!(is_there(&keys[0]).await);
    let detail = format!("/api/v1/customer/search/stores/{}/products", shop.store_id);
    for answer in
        [shop.seller.get("/api/v1/seller/store").await, shop.seller.get("/api/v1/seller/store/images").await, customer.get(&detail).await]
    {
        assert!(!answer.body.to_string().contains("licences/"), "{answer:?}");
    }
    shop.seller.patch("/api/v1/seller/store/close").await.expect(200);
    shop.seller.post("/api/v1/seller/withdraw", &json!({})).await.expect(200);
    app.api.set_clock("2026-11-25T04:45:00+09:00".parse().unwrap()).await;
    app.api.run_job("delete_accounts").await;
    assert_eq!(app.database.count("store_approvals").await, 0);
    eventually("the picture is deleted", 20, || async { (!is_there(&keys[0]).await).then_some(()) }).await;
}
