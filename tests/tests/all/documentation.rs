//! The documentation as people see it: a page of ours, with examples that are real values.

use std::collections::BTreeMap;

use cheapbob_domain::shared::{Email, PaymentId, ProductId, ReviewId, StoreId, kst};
use cheapbob_test_support::TestApp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::pages::{header, open};

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_is_a_page_of_ours() {
    let app = TestApp::start().await;
    for path in ["/docs/", "/docs/index.html"] {
        let page = open(&app.api, path).await;
        let html = page.body.as_str().unwrap();
        assert!(html.contains("<title>API · CheapBob</title>") && html.contains("<html lang=\"en\">"), "{html}");
        assert!(header(&page, "content-security-policy").contains("script-src 'self';"));
        for file in html.split("=\"./").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert_eq!(app.api.get(&format!("/docs/{file}")).await.status, 200, "{file}");
        }
    }
    let start = app.api.get("/docs/swagger-initializer.js").await;
    assert!(start.body.as_str().unwrap().contains("\"validatorUrl\": \"none\""), "nobody elsewhere is asked: {}", start.body);
    let document = app.api.get("/openapi.json").await.expect(200);
    assert_eq!(document["info"]["license"], json!({ "name": "All rights reserved", "url": "/license" }));
    let licence = app.api.get("/license").await;
    assert!(licence.status == 200 && licence.body.as_str().unwrap().contains("LicenseRef-CheapBob"), "{}", licence.body);
}

fn document() -> Value {
    serde_json::to_value(cheapbob_http::document()).unwrap()
}

#[test]
fn helper_pages_stand_last_in_the_documentation() {
    let document = document();
    let listed: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap().to_owned()).collect();
    let operations = document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let mut used: Vec<_> = operations.map(|operation| operation["tags"][0].as_str().unwrap().to_owned()).collect();
    used.sort();
    used.dedup();
    assert_eq!(used.iter().collect::<std::collections::BTreeSet<_>>(), listed.iter().collect(), "every tag has its place");
    assert_eq!(listed.last().unwrap(), "root");
}

/// What Swagger UI would show of a schema: its example, else one put together from those of its parts.
fn example(document: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return example(document, document.pointer(name.trim_start_matches('#')).unwrap());
    }
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    let parts = |name: &str| schema[name].as_array();
    if let Some(all) = parts("allOf") {
        let objects = all.iter().map(|part| example(document, part));
        return objects.flat_map(|object| object.as_object().unwrap().clone()).collect::<serde_json::Map<_, _>>().into();
    }
    if let Some(one) = parts("oneOf").or_else(|| parts("enum")) {
        return if schema["enum"].is_array() { one[0].clone() } else { example(document, &one[0]) };
    }
    if let Some(properties) = schema["properties"].as_object() {
        let fields = properties.iter().map(|(name, schema)| (name.clone(), example(document, schema)));
        return fields.collect::<serde_json::Map<_, _>>().into();
    }
    if schema["items"].is_object() {
        return json!([example(document, &schema["items"])]);
    }
    if let Some(values) = schema.get("additionalProperties") {
        return json!({ "postgres": example(document, values) });
    }
    panic!("no example: {schema}")
}

/// Every field in an example, by name.
fn fields(value: &Value, found: &mut BTreeMap<String, Vec<Value>>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                found.entry(name.clone()).or_default().push(value.clone());
                fields(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
        _ => {}
    }
}

#[test]
fn examples_are_values_that_we_would_take_and_give() {
    let document = document();
    let mut found = BTreeMap::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap().iter().filter(|(name, _)| *name != "ImageFiles") {
        let value = example(&document, schema);
        let whole = json!({ "$ref": format!("#/components/schemas/{name}"), "components": document["components"] });
        let validator = jsonschema::draft202012::options().build(&whole).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path)).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        fields(&value, &mut found);
    }
    for (name, values) in &found {
        for value in values {
            let text = value.as_str().unwrap_or_default();
            assert!(text != "string", "{name} is Swagger UI's own");
            let good = match name.as_str() {
                "payment_id" => PaymentId::parse(text).is_some(),
                "product_id" => ProductId::parse(text).is_some(),
                "review_id" => ReviewId::parse(text).is_some(),
                "store_id" => StoreId::parse(text).is_some() || text.starts_with("store-"),
                "email" | "customer_email" | "customer_id" | "seller_email" => Email::parse(text).is_ok(),
                "order_time" => is_instant(text),
                name if name.ends_with("_at") && name != "time_at" => value.is_null() || is_instant(text),
                name if name.ends_with("_time") && name != "walking_time" => kst::parse_time(text).is_ok(),
                "price" | "total_amount" => value.as_i64().unwrap() > 0 && value.as_i64().unwrap() % 100 == 0,
                _ => true,
            };
            assert!(good, "{name}: {value}");
        }
    }
    // Money that adds up.
    let order = example(&document, &document["components"]["schemas"]["OrderBody"]);
    let number = |name: &str| order[name].as_i64().unwrap();
    let sale = cheapbob_domain::shared::Sale::parse(number("sale")).unwrap();
    assert_eq!(cheapbob_domain::shared::Won(number("price")).unit_price(sale).0 * number("quantity"), number("total_amount"));
    for (path, item) in document["paths"].as_object().unwrap() {
        for parameter in item.as_object().unwrap().values().flat_map(|o| o["parameters"].as_array().cloned().unwrap_or_default()) {
            let shown = !parameter["example"].is_null() || parameter["schema"]["enum"].is_array();
            assert!(parameter["in"] != "path" || shown, "{path}: {parameter}");
        }
    }
}

/// An instant as our answers write them.
fn is_instant(text: &str) -> bool {
    text.parse::<chrono::DateTime<chrono::Utc>>().is_ok()
        && text.len() == "2026-11-27T18:05:12.482913+09:00".len()
        && text.ends_with("+09:00")
}

/// Whoever presses "Execute" on what the documentation shows is refused for what is so, never for how it is written.
#[tokio::test(flavor = "multi_thread")]
async fn the_api_takes_its_own_examples() {
    let app = TestApp::start().await;
    let (document, mut tried) = (document(), 0);
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_null() || path.contains("/auth/") || path.contains("/webhooks/") {
                continue;
            }
            let seller = path.starts_with("/api/v1/seller");
            // Somebody of their own for each: one call must not stand in the way of the next.
            let person = match path.as_str() {
                "/api/v1/customer/register" => app.api.person("customer", &cheapbob_test_support::fresh_email()).await,
                "/api/v1/seller/store/register" => app.api.person("seller", &cheapbob_test_support::fresh_email()).await,
                _ if seller => app.api.shop(1).await.seller,
                _ => app.api.customer().await,
            };
            let mut url = path.clone();
            for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "path") {
                url = url.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), parameter["example"].as_str().unwrap());
            }
            let body = example(&document, schema);
            let answer = person.call(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), &url, Some(&body)).await;
            let refused = answer.status == 422 || answer.body["code"] == "malformed_json" || answer.status >= 500;
            assert!(!refused, "{method} {path}: {} {}", answer.status, answer.body);
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
}
