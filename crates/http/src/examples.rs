//! What the OpenAPI document shows as an example where no attribute beside the field says another: one table by the fields' names, as if
//! all of it were of one evening at one store.

use serde_json::{Value, json};
use utoipa::openapi::{
    RefOr, Schema,
    path::{Parameter, ParameterBuilder},
    schema::ArrayItems,
};

/// Gives the fields of a component their examples.
pub(crate) fn give_to_fields(component: &str, schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            for (field, schema) in &mut object.properties {
                give(component, field, schema);
                give_to_fields(component, schema);
            }
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                give_to_fields(component, items);
            }
        }
        Schema::OneOf(one) => one.items.iter_mut().for_each(|schema| give_to_fields(component, schema)),
        Schema::AllOf(all) => all.items.iter_mut().for_each(|schema| give_to_fields(component, schema)),
        _ => {}
    }
}

fn give(component: &str, field: &str, schema: &mut RefOr<Schema>) {
    let place = match schema {
        RefOr::T(Schema::Object(object)) => &mut object.example,
        RefOr::T(Schema::Array(array)) => &mut array.example,
        _ => return,
    };
    if place.is_none() {
        *place = example(component, field);
    }
}

/// Gives a parameter its example. (What changes nothing but this call, or identifies it, has none: it would be sent again and again.)
pub(crate) fn give_to_parameter(parameter: &mut Parameter) {
    let value = match parameter.name.as_str() {
        name @ ("payment_id" | "product_id" | "store_id" | "image_id" | "review_id") => example("", name),
        "key" => example("", "image_id"),
        "page" => Some(json!(1)),
        _ => None,
    };
    if value.is_some() {
        *parameter = ParameterBuilder::from(std::mem::take(parameter)).example(value).build();
    }
}

#[rustfmt::skip]
fn example(component: &str, field: &str) -> Option<Value> {
    Some(match (component, field) {
        // PortOne's ids, not ours.
        ("CheckoutBody", "store_id") => json!("store-4ff4af41-85e3-4559-8eb8-0d08a2c6ceec"),
        ("CheckoutBody", "channel_id") => json!("channel-key-893597d6-e62d-410f-83f9-119f530b4b11"),
        ("OperationSettings" | "OperationTimeBody", "open_time") | ("OperationModification", "new_open_time") => json!("09:00:00"),
        ("OperationSettings" | "OperationTimeBody", "close_time") | ("OperationModification", "new_close_time") => json!("21:00:00"),
        ("OperationSettings" | "OperationTimeBody", "pickup_start_time") => json!("18:00:00"),
        ("OperationSettings" | "OperationTimeBody", "pickup_end_time") => json!("20:30:00"),
        ("RegisterStore" | "ReserveOperation", "operation_times") => (0..7).map(|day| json!({
            "day_of_week": day, "open_time": "09:00", "close_time": "21:00", "pickup_start_time": "18:00", "pickup_end_time": "20:30",
            "is_open_enabled": day < 6,
        })).collect(),
        ("NextPriceStep", "at") => json!("2026-11-27T19:30:00+09:00"),
        ("NextPriceStep" | "StepInput", "sale") => json!(50),
        ("ReportReview", "reason") => json!("욕설이 있습니다."),
        ("ReplyBody" | "ReplyToReview", "text") => json!("다음에도 맛있게 준비하겠습니다."),
        ("ApprovalBody", "state") => json!("refused"),
        ("ApprovalBody", "business_number") => json!("1248100998"),
        ("ApprovalBody", "reason") => json!("사업자등록증의 상호를 읽을 수 없습니다."),
        ("OpenDispute", "pictures") => json!(["disputes/PAY01K9W2ZQ8Y3V5T7R1N4M6P0XBC/01k9w3a5b7c9d1e3f5g7h9j1km.jpg"]),
        ("OpenDispute" | "DisputeBody", "text") => json!("샐러드 하나에 드레싱이 없었어요."),
        ("DisputeBody", "answer" | "decision") => Value::Null,
        ("AnswerBody" | "AnswerDispute", "text") => json!("확인해 보니 저희 실수입니다. 죄송합니다."),
        ("DecidedBody", "reason") => json!("매장도 빠졌다고 합니다."),
        ("DisputePageBody", "next_cursor") => json!("PAY01K9W2ZQ8Y3V5T7R1N4M6P0XBC"),
        ("PictureBody", "picture") => json!("disputes/PAY01K9W2ZQ8Y3V5T7R1N4M6P0XBC/01k9w3a5b7c9d1e3f5g7h9j1km.jpg"),
        ("PictureBody", "picture_url") => json!("https://images.cheapbob.example/disputes/PAY01K9W2ZQ8Y3V5T7R1N4M6P0XBC/01k9w3a5b7c9d1e3f5g7h9j1km.jpg"),
        ("NearbyPageBody", "next_cursor") => json!("q2FzZXQgbGV0dGVyAAAAAAAGGoBTVFJfMDFLOVcyVjlQM1I1VDdXMU40TTZROFM0Rjc"),
        ("PinBody" | "ClusterBody", "lat") => json!(37.5006),
        ("PinBody" | "ClusterBody", "lng") => json!(127.0364),
        ("NearbyFacts", "reasons") => json!(["preferred_menu"]),
        ("Event", "detail") => Value::Null,
        ("Message", "message") => json!("즐겨찾기에 추가되었습니다."),
        ("Closed", "message") => json!("오늘 영업을 마감했습니다."),
        ("Registered", "message") => json!("매장이 등록되었습니다."),
        ("Part" | "Readiness", "status") => json!("ok"),
        ("FieldProblem", "field") => json!("quantity"),
        ("FieldProblem", "code") => json!("out_of_range"),
        ("FieldProblem", "message") => json!("수량은 1개 이상이어야 합니다."),
        ("Problem", "type") => json!("about:blank"),
        ("Problem", "title") => json!("Not Found"),
        ("Problem", "detail") => json!("주문을 찾을 수 없습니다."),
        ("Problem", "errors") => Value::Null,
        ("OrderBody" | "OrderList_OrderBody" | "OrderList_CustomerOrderBody" | "OrderList_TodayOrderBody", "preferred_menus") => json!(["salad"]),
        ("OrderBody" | "OrderList_OrderBody" | "OrderList_CustomerOrderBody" | "OrderList_TodayOrderBody", "nutrition_types") => json!(["balance"]),
        ("OrderBody" | "OrderList_OrderBody" | "OrderList_CustomerOrderBody" | "OrderList_TodayOrderBody", "allergies") => json!(["peanut"]),
        ("OrderBody" | "OrderList_OrderBody" | "OrderList_CustomerOrderBody" | "OrderList_TodayOrderBody", "topping_types") => json!(["avocado"]),

        (_, "payment_id") => json!("PAY01K9W2ZQ8Y3V5T7R1N4M6P0XBC"),
        (_, "product_id") => json!("PRD_01K9W2XK4T6Q8S0V2N5M7P9RCD"),
        (_, "store_id") => json!("STR_01K9W2V9P3R5T7W1N4M6Q8S4F7"),
        (_, "request_id") => json!("01K9W2ZQ8Y3V5T7R1N4M6P0XBC"),
        (_, "image_id") => json!("stores/STR_01K9W2V9P3R5T7W1N4M6Q8S4F7/01K9W2WD6S8V0X2N4P6R9T1BEF.jpg"),
        (_, "image_url" | "main_image_url") => json!("https://images.cheapbob.example/stores/STR_01K9W2V9P3R5T7W1N4M6Q8S4F7/01K9W2WD6S8V0X2N4P6R9T1BEF.jpg"),
        (_, "operation_id") => json!(8_151),
        (_, "id") => json!(4_207),
        (_, "qr_data") => json!("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJjaGVhcGJvYjpwaWNrdXAiLCJzdWIiOiJQQVkwMUs5VzJaUThZM1Y1VDdSMU40TTZQMFhCQyIsImlhdF9tcyI6MTc5NTc3MzY4NDIxN30.b0sLxL0vG8pQ4dYH5i7UO2hTg1Jx9aQmWk3RzNfE6cI"),
        (_, "portone_store_id") => json!("store-4ff4af41-85e3-4559-8eb8-0d08a2c6ceec"),
        (_, "portone_channel_id") => json!("channel-key-893597d6-e62d-410f-83f9-119f530b4b11"),
        (_, "portone_secret_key") => json!("f4kB0Xm7yqT2pV9sLr3W"),
        (_, "portone_webhook_secret") => json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),

        (_, "product_name") => json!("오늘의 그린 샐러드"),
        (_, "description") => json!("그날 들어온 채소로 만든 한 끼 샐러드"),
        (_, "price") => json!(8_900),
        (_, "sale") => json!(40),
        (_, "base_sale") => json!(30),
        (_, "minutes_before_pickup_end") => json!(60),
        (_, "quantity") => json!(2),
        (_, "max_per_customer") => json!(3),
        (_, "total_amount" | "total_revenue") => json!(10_600),
        (_, "initial_stock") => json!(20),
        (_, "purchased_stock") => json!(2),
        (_, "adjustment_stock") => json!(1),
        (_, "current_stock") => json!(19),
        (_, "new_stock") => json!(15),
        (_, "version") => json!(3),

        (_, "store_name") => json!("역삼동 샐러드 1호점"),
        (_, "store_introduction") => json!("역삼역 근처에서 그날 만든 샐러드를 마감 할인으로 드립니다."),
        (_, "store_phone") => json!("02-555-1000"),
        (_, "postal_code") => json!("06236"),
        (_, "address") => json!("서울 강남구 테헤란로 152"),
        (_, "detail_address") => json!("1층"),
        (_, "sido") => json!("서울"),
        (_, "sigungu") => json!("강남구"),
        (_, "bname") => json!("역삼동"),
        (_, "lat") => json!("37.5006"),
        (_, "lng") => json!("127.0364"),
        (_, "nearest_station") => json!("역삼역"),
        (_, "walking_time") => json!(4),

        (_, "email" | "customer_email" | "customer_id" | "actor") => json!("gildong@cheapbob.example"),
        (_, "seller_email") => json!("seller@cheapbob.example"),
        (_, "nickname" | "customer_nickname") => json!("길동"),
        (_, "phone_number" | "customer_phone_number") => json!("01012345678"),
        (_, "search_names") => json!(["김밥", "샐러드"]),

        (_, "created_at" | "reserved_at") => json!("2026-11-27T09:12:40.180355+09:00"),
        (_, "updated_at") => json!("2026-11-27T10:03:15.902771+09:00"),
        (_, "reservation_at" | "at") => json!("2026-11-27T18:05:12.482913+09:00"),
        (_, "accepted_at" | "order_time") => json!("2026-11-27T18:06:51.117204+09:00"),
        (_, "completed_at" | "canceled_at" | "cancel_reason") => Value::Null,
        (_, "pickup_start_time") => json!("18:00"),
        (_, "pickup_end_time") => json!("20:30"),
        (_, "new_pickup_start_interval") => json!(180),
        (_, "new_pickup_end_interval") => json!(30),
        (_, "day_of_week") => json!(4),
        (_, "modification_type") => json!(3),

        (_, "review_id" | "next_cursor") => json!("RVW_01K9W3A5B7C9D1E3F5G7H9J1KM"),
        (_, "distance_m") => json!(412),
        (_, "lowest_price") => json!(5_300),
        (_, "left") => json!(19),
        (_, "rating") => json!(5),
        (_, "reasons") => json!(["taste", "value"]),
        (_, "text") => json!("양도 많고 신선해요."),
        (_, "has_licence") => json!(true),
        (_, "asked_at") => json!("2026-11-27T09:12:40.180355+09:00"),
        (_, "decided_at") => json!("2026-11-28T10:02:11.604410+09:00"),
        (_, "opened_at") => json!("2026-11-27T21:40:02.250913+09:00"),
        (_, "answer_until") => json!("2026-11-29T21:40:02.250913+09:00"),
        (_, "replied_at" | "answered_at") => json!("2026-11-28T09:41:07.553218+09:00"),
        (_, "rating_average") => json!(4.3),
        (_, "rating_count") => json!(128),
        (_, "is_hidden") => json!(false),
        (_, "count") => json!(2),
        (_, "display_order") => json!(0),
        (_, "ms") => json!(3),
        (_, "total" | "total_items" | "refunded_orders") => json!(1),
        (_, "is_end" | "is_favorite") => json!(false),
        (_, "is_open_now" | "is_active" | "is_currently_open" | "is_exist" | "is_main" | "is_open_enabled" | "is_webhook_secret_set"
            | "new_is_open_enabled" | "success") => json!(true),
        _ => return None,
    })
}
