//! Whatever a person types is stored, shown and searched for in one form; what is wrong with it is said in the sentence that the apps show.

use cheapbob_test_support::{TestApp, TestDatabase, fresh_email, store, text};
use reqwest::Method;
use serde_json::{Value, json};

/// 한빛김밥천국 as macOS writes file names.
const DECOMPOSED: &str = "\u{1112}\u{1161}\u{11ab}\u{1107}\u{1175}\u{11be}\u{1100}\u{1175}\u{11b7}\u{1107}\u{1161}\u{11b8}\u{110e}\u{1165}\u{11ab}\u{1100}\u{116e}\u{11a8}";

fn encoded(text: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair("", text).finish().split_off(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_error_is_what_the_apps_show() {
    let app = TestApp::start().await;
    let person = app.api.person("customer", &fresh_email()).await;
    let bad = json!({ "nickname": "12345678", "phone_number": "1" });
    let problem = person.post("/api/v1/customer/register", &bad).await.expect(422);
    assert_eq!(problem["detail"], "닉네임은 7자까지 입력할 수 있습니다.");
    assert_eq!(problem["detail"], problem["errors"][0]["message"]);
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_composed_trimmed_visible_and_of_one_line() {
    let app = TestApp::start().await;
    let person = app.api.person("customer", &fresh_email()).await;
    let register = async |nickname: &str| {
        person.post("/api/v1/customer/register", &json!({ "nickname": nickname, "phone_number": " 01012345678\u{3000}" })).await
    };
    for bad in ["\u{3164}", "\u{200b}\u{2800}", "가\r\n나", "가\u{2028}나", "가\u{202e}나", "가\0나"] {
        assert_eq!(register(bad).await.refused(422), "validation_failed", "{bad:?}");
    }
    let detail = register("\u{3000}\u{1112}\u{1161}\u{11ab}👨‍👩‍👧‍👦 ").await.expect(201)["detail"].clone();
    assert_eq!((text(&detail, "nickname").as_str(), text(&detail, "phone_number").as_str()), ("한👨‍👩‍👧‍👦", "01012345678"));

    let shop = app.api.shop(1).await;
    let name = async |name: &str| shop.seller.put("/api/v1/seller/store/profile/name", &json!({ "store_name": name })).await;
    assert_eq!(name("가게\r\n이름").await.refused(422), "validation_failed");
    assert_eq!(name(&format!(" {DECOMPOSED}\u{a0}")).await.expect(200)["store_name"], "한빛김밥천국");
    // Text of several lines keeps them, text of one line refuses them, wherever it is typed.
    let address = &store("x")["address_info"];
    for field in ["postal_code", "address", "detail_address", "sido", "sigungu", "bname", "lat", "lng", "nearest_station"] {
        let mut changed = address.clone();
        changed[field] = json!("12\u{2029}345");
        let problem = shop.seller.put("/api/v1/seller/store/settings/address", &changed).await.expect(422);
        assert_eq!(problem["errors"][0]["field"], field);
        changed[field] = json!("\u{3000}e\u{301}2345\u{200b}");
        assert_eq!(shop.seller.put("/api/v1/seller/store/settings/address", &changed).await.expect(200)[field], "é2345");
    }
    let introduction = json!({ "store_introduction": "\n첫 줄\r\n둘째 줄 " });
    let profile = shop.seller.put("/api/v1/seller/store/profile/introduction", &introduction).await.expect(200);
    assert_eq!(profile["store_introduction"], "첫 줄\r\n둘째 줄");
    assert_eq!(profile["store_name"], "한빛김밥천국");
    let product = format!("/api/v1/seller/store/products/{}", shop.product_id);
    assert_eq!(shop.seller.put(&product, &json!({ "product_name": "도시락\u{85}1" })).await.refused(422), "validation_failed");
    assert_eq!(shop.seller.put(&product, &json!({ "product_name": "\u{feff}도시락 2\n" })).await.expect(200)["product_name"], "도시락 2");
    let sns = async |body: Value| shop.seller.put("/api/v1/seller/store/sns", &body).await;
    assert_eq!(sns(json!({ "homepage": "https://a.example/\u{202e}b" })).await.refused(422), "validation_failed");
    assert_eq!(sns(json!({ "homepage": "\u{a0}https://a.example/b " })).await.expect(200)["homepage"], "https://a.example/b");
    assert_eq!(sns(json!({ "homepage": "\u{3000}" })).await.expect(200)["homepage"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_searched_for_is_written_as_what_is_stored() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(1).await, app.api.customer().await);
    shop.seller.put("/api/v1/seller/store/profile/name", &json!({ "store_name": "한빛김밥천국" })).await.expect(200);
    let found = async |path: String| customer.get(&path).await.expect(200)["stores"].as_array().unwrap().len();
    for typed in ["한빛김밥천국 ", "\u{3000}한빛김밥천국", DECOMPOSED] {
        assert_eq!(found(format!("/api/v1/customer/search/stores/by-name?search_name={}", encoded(typed))).await, 1, "{typed:?}");
    }
    let place = format!("sido={}&sigungu={}&bname={}", encoded("서울 "), encoded("\u{a0}마포구"), encoded("서교동\u{200b}"));
    assert_eq!(found(format!("/api/v1/customer/search/stores/by-location?{place}")).await, 1);
    assert_eq!(found(format!("/api/v1/customer/search/stores/by-location-name?{place}&search_name={}", encoded(DECOMPOSED))).await, 1);
    // Three spellings, one search; it is forgotten in any.
    let history = async || customer.get("/api/v1/customer/history/search").await.expect(200)["search_names"].clone();
    assert_eq!(history().await, json!(["한빛김밥천국"]));
    let path = format!("/api/v1/customer/history/search/{}", encoded(DECOMPOSED));
    assert_eq!(customer.delete(&path).await.status, 204);
    assert_eq!(history().await, json!([]));
    let name = format!("/api/v1/customer/search/stores/by-name?search_name={}", encoded("\u{3164}"));
    assert_eq!(customer.get(&name).await.refused(422), "validation_failed");
    assert_eq!(app.api.call(Method::GET, &name, None, None).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_before_is_normalised() {
    let database = TestDatabase::create().await;
    database.stores(1, 3).await;
    database
        .sql(&format!(
            "UPDATE stores SET name = '{DECOMPOSED}' || chr(12288), sido = '서울' || chr(160), introduction = chr(10) || '첫' || chr(10) || '둘'
             WHERE seller_email = 'seller1@bench.example';
             UPDATE stores SET name = chr(8206) || '가게' || chr(13) || chr(10) || '둘' WHERE seller_email = 'seller2@bench.example';
             UPDATE stores SET name = chr(12644) || chr(173) WHERE seller_email = 'seller3@bench.example'"
        ))
        .await;
    database.sql(include_str!("../../../migrations/postgres/2026-11-27-000013_typed_text/up.sql")).await;
    assert_eq!(database.texts("SELECT name FROM stores ORDER BY seller_email").await, ["한빛김밥천국", "가게 둘", "이름 없음"]);
    assert_eq!(database.texts("SELECT name FROM store_search ORDER BY store_id").await, ["한빛김밥천국", "가게 둘", "이름 없음"]);
    assert_eq!(database.texts("SELECT sido || introduction FROM stores ORDER BY seller_email LIMIT 1").await, ["서울첫\n둘"]);
}
