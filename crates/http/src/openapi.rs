//! The OpenAPI document, made from the handlers and the table of routes: a handler says what it takes and gives, the table who may
//! call it and what it may refuse.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Data},
};
use cheapbob_domain::shared::{Refusal, TOO_MANY_REQUESTS};
use serde_json::{Value, json};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Ref, RefOr, Required, Response, Schema,
        content::ContentBuilder,
        example::ExampleBuilder,
        header::HeaderBuilder,
        path::{Operation, Parameter, ParameterIn, PathItem},
        response::ResponseBuilder,
        schema::{ArrayItems, ObjectBuilder, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_actix_web::AppExt;

use crate::{
    access::{Access, ROUTES, Route, is_upload},
    auth::COOKIE,
    error::{self, FieldProblem, Problem},
    examples,
    limits::LIMITS,
    refusals as http_refusals,
    routes::routes,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "CheapBob",
        description = "Food left near closing, at a discount. The wire contract of the customer app and the seller app.",
        license(name = "All rights reserved", url = "/license")
    ),
    // In the order of the page: what the apps call, then what PortOne calls, and last what helps people.
    tags(
        (name = "auth", description = "Logging in and out"),
        (name = "search", description = "The customer finds stores"),
        (name = "payment", description = "The customer holds and pays"),
        (name = "orders", description = "The customer's orders"),
        (name = "reviews", description = "What customers say of what they picked up"),
        (name = "disputes", description = "What was wrong with orders, and what is decided"),
        (name = "notices", description = "What customers are told of favourite stores"),
        (name = "customer", description = "The customer's own data"),
        (name = "seller", description = "The store, its products and orders"),
        (name = "common", description = "Words to choose from"),
        (name = "webhooks", description = "What PortOne calls"),
        (name = "root", description = "Pages and health")
    ),
    components(schemas(Problem, FieldProblem)),
    modifiers(&Security)
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE))));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// The document of every route.
pub fn document() -> utoipa::openapi::OpenApi {
    let (_, mut document) = actix_web::App::new().into_utoipa_app().openapi(Document::openapi()).configure(routes).split_for_parts();
    let mut problems = BTreeMap::new();
    for route in ROUTES {
        if let Some(operation) = document.paths.paths.get_mut(&path(route.1)).and_then(|item| operation(item, route.0)) {
            complete(operation, route, &mut problems);
        }
    }
    let components = document.components.get_or_insert_with(Default::default);
    components.responses.extend(problems);
    for (name, schema) in &mut components.schemas {
        say_text_rules("", schema);
        examples::give_to_fields(name, schema);
    }
    document
}

/// The document's name of a pattern: without the expression of a parameter that may contain `/`.
pub fn path(pattern: &str) -> String {
    pattern.replace(":.*}", "}")
}

fn operation<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    match method {
        "GET" => item.get.as_mut(),
        "POST" => item.post.as_mut(),
        "PUT" => item.put.as_mut(),
        "PATCH" => item.patch.as_mut(),
        "DELETE" => item.delete.as_mut(),
        _ => None,
    }
}

/// What `shared::text` takes off the ends of a text.
const SPACE: &str = r"\t-\r \x85\xa0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u2800\u3000\u3164\ufeff\uffa0";

/// What it refuses in a text of several lines …
const CONTROL: &str = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f";

/// … and in one of one line.
const NO_LINE: &str = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069";

/// What shows nothing and is part of a text all the same: Unicode's Default_Ignorable_Code_Point and three blanks.
const UNSEEN: &str = "\\xad\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200c\\u200d\\u2061-\\u2065\\u206a-\\u206f\\ufe00-\\ufe0f\\ufff0-\\ufffb\
\u{16fe4}\u{1bca0}-\u{1bca3}\u{1d159}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}";

/// The fields that may have lines.
const SEVERAL_LINES: [&str; 3] = ["store_introduction", "description", "reason"];

/// The rules of `shared::text` for a text of `min` to `max` characters, as far as a pattern can say them: white space at the ends does
/// not count, which JSON Schema's own `maxLength` cannot say.
fn text_pattern(min: usize, max: Option<usize>, several_lines: bool) -> String {
    let refused = if several_lines { CONTROL } else { NO_LINE };
    let seen = format!("[^{SPACE}{UNSEEN}{refused}]");
    let up_to = |less: usize| max.map_or_else(|| "*".to_owned(), |max| format!("{{0,{}}}", max.saturating_sub(less)));
    match min {
        0 => format!("^[{SPACE}]*[^{refused}]{}[{SPACE}]*$", up_to(0)),
        1 => format!("^[{SPACE}]*{seen}[^{refused}]{}[{SPACE}]*$", up_to(1)),
        _ => {
            let most = max.map_or_else(String::new, |max| max.saturating_sub(2).to_string());
            format!("^[{SPACE}]*{seen}[^{refused}]{{{},{most}}}{seen}[{SPACE}]*$", min - 2)
        }
    }
}

/// Adds these rules, which no attribute beside a field need repeat. `name`: the field's.
fn say_text_rules(name: &str, schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            if object.pattern.is_none() && (object.min_length.is_some() || object.max_length.is_some()) {
                let (min, max) = (object.min_length.unwrap_or(0), object.max_length.take());
                object.pattern = Some(text_pattern(min, max, SEVERAL_LINES.contains(&name)));
            }
            object.properties.iter_mut().for_each(|(name, schema)| say_text_rules(name, schema));
        }
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                say_text_rules(name, items);
            }
        }
        _ => {}
    }
}

/// Adds who may call it and what it may refuse. The refusals are in `problems`, each combination once, and referred to.
fn complete(operation: &mut Operation, (method, pattern, access, refusals): &Route, problems: &mut BTreeMap<String, RefOr<Response>>) {
    if *access != Access::Anyone {
        let schemes = ["cookie", "bearer"].map(|scheme| SecurityRequirement::new(scheme, Vec::<String>::new()));
        operation.security = Some(schemes.to_vec());
    }
    let mut by_status: BTreeMap<u16, Vec<Refusal>> = BTreeMap::new();
    let mut add = |refusal: Refusal| by_status.entry(error::status(refusal.kind)).or_default().push(refusal);
    access.refusals().iter().chain(*refusals).copied().for_each(&mut add);
    let limits: Vec<_> = LIMITS.iter().filter(|limit| limit.routes.contains(&(*method, *pattern))).collect();
    if !limits.is_empty() {
        add(TOO_MANY_REQUESTS);
        let said: Vec<_> = limits.iter().map(|limit| limit.sentence()).collect();
        operation.description = Some([operation.description.take().unwrap_or_default(), said.join(" ")].join("\n\n").trim().to_owned());
    }
    // Cancelling an order needs no reason.
    if let Some(RefOr::T(body)) = operation.request_body.as_mut().filter(|_| pattern.ends_with("/cancel")) {
        body.required = Some(Required::False);
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            parameter.schema.iter_mut().for_each(|schema| say_text_rules("", schema));
            examples::give_to_parameter(parameter);
        }
    }
    let in_query = |p: &RefOr<Parameter>| matches!(p, RefOr::T(p) if matches!(p.parameter_in, ParameterIn::Query));
    let has_query = operation.parameters.as_ref().is_some_and(|all| all.iter().any(in_query));
    if operation.request_body.is_some() {
        add(http_refusals::MALFORMED);
        add(http_refusals::BODY_TOO_SLOW);
    }
    let is_upload = is_upload(method, pattern);
    if operation.request_body.is_some() && !is_upload {
        add(http_refusals::TOO_LARGE);
        add(http_refusals::NOT_JSON);
    }
    if *method != "GET" && (*access != Access::Anyone || pattern.ends_with("/logout")) {
        add(http_refusals::FOREIGN_ORIGIN);
    }
    if (operation.request_body.is_some() && !is_upload) || has_query || pattern.ends_with("/sns/{sns}") {
        add(http_refusals::INVALID);
    }
    if pattern.starts_with("/api/v1/") && !pattern.contains("/common/") {
        add(http_refusals::INTERNAL);
        add(http_refusals::UNAVAILABLE);
    }
    for (status, refusals) in by_status {
        let name = refusals.iter().map(|r| r.code).collect::<Vec<_>>().join(".");
        operation.responses.responses.insert(status.to_string(), Ref::from_response_name(&name).into());
        problems.entry(name).or_insert_with(|| problem(status, &refusals).into());
    }
}

fn problem(status: u16, refusals: &[Refusal]) -> Response {
    let codes: Vec<_> = refusals.iter().map(|r| format!("`{}`", r.code)).collect();
    let examples = refusals.iter().map(|refusal| {
        let example = ExampleBuilder::new().summary(refusal.detail).value(Some(example(status, refusal)));
        (refusal.code, example.build())
    });
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).examples_from_iter(examples).build();
    let response = ResponseBuilder::new().description(codes.join(", ")).content(error::CONTENT_TYPE, content);
    if status != StatusCode::TOO_MANY_REQUESTS.as_u16() {
        return response.build();
    }
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
    response.header("Retry-After", HeaderBuilder::new().schema(Some(seconds.build())).description(Some("Seconds")).build()).build()
}

fn example(status: u16, refusal: &Refusal) -> Value {
    let title = StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or(error::WITHDRAWN_TITLE);
    let mut example = json!({
        "type": "about:blank", "title": title, "status": status, "detail": refusal.detail, "code": refusal.code,
        "request_id": "01K9W2ZQ8Y3V5T7R1N4M6P0XBC",
    });
    if *refusal == http_refusals::INVALID {
        example["errors"] = json!([{ "field": "quantity", "code": "out_of_range", "message": "수량은 1개 이상이어야 합니다." }]);
        example["detail"] = example["errors"][0]["message"].clone();
    }
    example
}

/// This document.
#[actix_web::get("/openapi.json")]
pub(crate) async fn json(document: Data<Bytes>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.get_ref().clone())
}
