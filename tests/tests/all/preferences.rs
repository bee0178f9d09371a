//! The four kinds of taste, and the search history: what a customer tells of themselves.

use cheapbob_test_support::{TestApp, fresh_email, normalized};
use serde_json::json;

/// Path, the list's field, the fields of POST and DELETE, two words.
const KINDS: [(&str, &str, &str, &str, [&str; 2]); 4] = [
    ("preferred-menus", "preferred_menus", "menu_types", "menu_type", ["salad", "poke"]),
    ("nutrition-types", "nutrition_types", "nutrition_types", "nutrition_type", ["LCHF", "diet"]),
    ("allergies", "allergies", "allergy_types", "allergy_type", ["egg", "pork"]),
    ("topping-types", "topping_types", "topping_types", "topping_type", ["shrimp", "avocado"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn preferences_are_added_listed_and_removed() {
    let app = TestApp::start().await;
    let customer = app.api.customer().await;
    let stranger = app.api.person("customer", &fresh_email()).await;
    for (name, list, many, one, [first, second]) in KINDS {
        let path = format!("/api/v1/customer/profile/{name}");
        assert_eq!(customer.get(&path).await.expect(200), json!({ list: [] }));
        let add = async |words: serde_json::Value| customer.post(&path, &json!({ many: words })).await;
        insta::assert_json_snapshot!(format!("{name} added"), normalized(&add(json!([first, second])).await.expect(201)));
        insta::assert_json_snapshot!(format!("{name}"), normalized(&customer.get(&path).await.expect(200)));
        // One is there already: nothing is added.
        let third = if name == "allergies" { "fish" } else { second };
        assert_eq!(add(json!([third, first])).await.refused(400), "preference_exists");
        assert_eq!(customer.get(&path).await.expect(200)[list].as_array().unwrap().len(), 2);
        for bad in [json!({ many: ["gold"] }), json!({ many: first }), json!({}), json!({ many: null })] {
            assert_eq!(customer.post(&path, &bad).await.refused(422), "validation_failed", "{bad}");
        }
        customer.delete_with(&path, &json!({ one: first })).await.expect(204);
        assert_eq!(customer.delete_with(&path, &json!({ one: first })).await.refused(404), "preference_not_found");
        assert_eq!(customer.delete_with(&path, &json!({ one: "gold" })).await.refused(422), "validation_failed");
        assert_eq!(customer.delete(&path).await.refused(400), "malformed_json");
        assert_eq!(customer.get(&path).await.expect(200)[list][0][one], second);
        assert_eq!(stranger.get(&path).await.expect(200), json!({ list: [] }));
        assert_eq!(stranger.post(&path, &json!({ many: [first] })).await.refused(404), "profile_not_found");
    }
    let profile = customer.get("/api/v1/customer/profile").await.expect(200);
    for (_, list, _, one, [_, second]) in KINDS {
        assert_eq!(profile[list][0][one], second, "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_are_remembered_newest_first() {
    for app in [TestApp::start().await, TestApp::start_on_servers().await] {
        let (customer, other) = (app.api.customer().await, app.api.customer().await);
        let path = "/api/v1/customer/history/search";
        let search = async |text: &str| {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("search_name", text).finish();
            customer.get(&format!("/api/v1/customer/search/stores/by-name?{query}")).await.expect(200);
        };
        let place = "sido=a&sigungu=b&bname=c&search_name=%EA%B9%80%EB%B0%A5";
        assert_eq!(customer.get(path).await.expect(200), json!({ "search_names": [], "count": 0 }));
        customer.get("/api/v1/customer/search/stores").await.expect(200);
        customer.get("/api/v1/customer/search/stores/by-location?sido=a&sigungu=b&bname=c").await.expect(200);
        customer.get(&format!("/api/v1/customer/search/stores/by-location-name?{place}")).await.expect(200);
        for text in ["국밥", "a/b", "100% %2F", "국밥", "<b>", "다섯"] {
            search(text).await;
        }
        let all = json!({ "search_names": ["다섯", "<b>", "국밥", "100% %2F", "a/b"], "count": 5 });
        assert_eq!(customer.get(path).await.expect(200), all);
        assert_eq!(other.get(path).await.expect(200)["count"], 0);
        // A refused search is not remembered.
        customer.get("/api/v1/customer/search/stores/by-name?search_name=").await.refused(422);
        for (encoded, status) in [("a/b", 204), ("a%2Fb", 404), ("100%25%20%252F", 204), ("%EA%B5%AD%EB%B0%A5", 204), ("nothing", 404)] {
            assert_eq!(customer.delete(&format!("{path}/{encoded}")).await.status, status, "{encoded}");
        }
        assert_eq!(customer.delete(&format!("{path}/nothing")).await.refused(404), "search_not_found");
        assert_eq!(customer.get(path).await.expect(200), json!({ "search_names": ["다섯", "<b>"], "count": 2 }));
        customer.delete(path).await.expect(204);
        customer.delete(path).await.expect(204);
        assert_eq!(customer.get(path).await.expect(200)["count"], 0);
    }
}
