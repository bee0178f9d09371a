//! Who may call what, and what it may refuse: one table. The router checks access by it, the OpenAPI document lists it.

use std::sync::LazyLock;

use Access::{Admin, Anyone, Customer, CustomerAlsoWithdrawn, Either, OperatorLogin, Seller, SellerAlsoWithdrawn, Support, Viewer};
use actix_web::{
    HttpResponse, ResponseError,
    dev::ResourceDef,
    http::{StatusCode, header},
};
use cheapbob_domain::{
    disputes::error as disputes,
    notices::error as notices,
    operators::{OperatorRole, error as operators},
    orders::error as orders,
    products::error as products,
    reviews::error as reviews,
    shared::{Refusal, TOO_MANY_REQUESTS},
    stores::error as stores,
    users::{Role, error as users},
};

use crate::{
    error::ApiError,
    refusals::{self, NOT_FOUND, WRONG_METHOD},
};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Anyone,
    /// Both roles, also withdrawn accounts.
    Either,
    /// Active customers.
    Customer,
    /// Customers, also withdrawn ones.
    CustomerAlsoWithdrawn,
    /// Active sellers.
    Seller,
    /// Sellers, also withdrawn ones.
    SellerAlsoWithdrawn,
    /// Operators on their way in, who have a session and may not have shown the second factor.
    OperatorLogin,
    /// Every operator.
    Viewer,
    /// Operators who act.
    Support,
    /// Operators who say who the operators are.
    Admin,
}

impl Access {
    /// Whether this role may call.
    pub fn allows(self, role: Role) -> bool {
        match self {
            Anyone | Either => true,
            Customer | CustomerAlsoWithdrawn => role == Role::Customer,
            Seller | SellerAlsoWithdrawn => role == Role::Seller,
            OperatorLogin | Viewer | Support | Admin => false,
        }
    }

    /// Whether it is a route of the console's, and the least role that an operator needs there.
    pub fn of_operators(self) -> Option<Option<OperatorRole>> {
        match self {
            OperatorLogin => Some(None),
            Viewer => Some(Some(OperatorRole::Viewer)),
            Support => Some(Some(OperatorRole::Support)),
            Admin => Some(Some(OperatorRole::Admin)),
            _ => None,
        }
    }

    /// Whether a withdrawn account may call.
    pub fn allows_withdrawn(self) -> bool {
        !matches!(self, Customer | Seller)
    }

    /// What this refuses.
    pub fn refusals(self) -> &'static [Refusal] {
        match self {
            Anyone => &[],
            Either => &[users::UNAUTHENTICATED],
            CustomerAlsoWithdrawn | SellerAlsoWithdrawn => &[users::UNAUTHENTICATED, users::WRONG_ROLE],
            OperatorLogin => &[users::UNAUTHENTICATED],
            Viewer | Support | Admin => &[users::UNAUTHENTICATED, operators::ROLE_TOO_LOW],
            Customer | Seller => &[users::UNAUTHENTICATED, users::WRONG_ROLE, users::WITHDRAWN],
        }
    }
}

/// A row: method, path pattern, who, and which refusals of its use case it answers.
pub type Route = (&'static str, &'static str, Access, &'static [Refusal]);

const NO_STORE: Refusal = stores::STORE_NOT_FOUND;
const NO_PRODUCT: Refusal = products::PRODUCT_NOT_FOUND;
const NO_REVIEW: Refusal = reviews::REVIEW_NOT_FOUND;
const NO_ORDER: Refusal = orders::ORDER_NOT_FOUND;
const NO_PROFILE: Refusal = users::PROFILE_NOT_FOUND;

/// Whether pictures come with this call, for which there is more time and no limit of a body: of a path as of a pattern.
pub(crate) fn is_upload(method: &str, path: &str) -> bool {
    method == "POST" && ["/images", "/licence", "/pictures"].iter().any(|end| path.ends_with(end))
}

/// What an upload of pictures refuses, whosever they are, beside one too many.
macro_rules! upload_refusals {
    ($($also:expr),*) => {
        &[stores::NO_IMAGES, stores::UNSUPPORTED_IMAGE, stores::DAMAGED_IMAGE, stores::TOO_MANY_PIXELS, stores::UPLOAD_IN_PROGRESS, stores::IMAGE_TOO_LARGE, refusals::UNKNOWN_FIELD, $($also),*]
    };
}

/// Every route of the product but the sandbox's and Swagger UI's.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    ("GET",    "/", Anyone, &[]),
    ("GET",    "/license", Anyone, &[]),
    ("GET",    "/health", Anyone, &[]),
    ("GET",    "/health/live", Anyone, &[]),
    ("GET",    "/health/ready", Anyone, &[]),
    ("GET",    "/openapi.json", Anyone, &[]),
    ("GET",    "/media/{key:.*}", Anyone, &[NOT_FOUND]),
    ("GET",    "/auth/success", Anyone, &[NOT_FOUND]),
    ("GET",    "/auth/fail", Anyone, &[NOT_FOUND]),
    ("GET",    "/api/v1/auth/{provider}/login/{role}", Anyone, &[NOT_FOUND]),
    ("GET",    "/api/v1/auth/{provider}/callback/{role}", Anyone, &[users::LOGIN_STATE_INVALID, users::PROVIDER_REFUSED, users::EMAIL_MISSING, users::EMAIL_IN_USE, NOT_FOUND]),
    ("GET",    "/api/v1/auth/takeover", Anyone, &[users::LOGIN_STATE_INVALID]),
    ("POST",   "/api/v1/auth/logout", Anyone, &[]),
    ("GET",    "/api/v1/auth/kakao/unlink", Anyone, &[users::UNLINK_UNVERIFIED]),
    ("POST",   "/api/v1/auth/kakao/unlink", Anyone, &[users::UNLINK_UNVERIFIED, refusals::MALFORMED, refusals::BODY_TOO_SLOW, refusals::TOO_LARGE]),
    ("POST",   "/api/v1/auth/naver/unlink", Anyone, &[users::UNLINK_UNVERIFIED, refusals::MALFORMED, refusals::BODY_TOO_SLOW, refusals::TOO_LARGE]),
    ("GET",    "/api/v1/user/role", Either, &[]),
    ("GET",    "/api/v1/common/options/preferred-menus", Anyone, &[]),
    ("GET",    "/api/v1/common/options/nutrition-types", Anyone, &[]),
    ("GET",    "/api/v1/common/options/allergies", Anyone, &[]),
    ("GET",    "/api/v1/common/options/topping-types", Anyone, &[]),
    ("POST",   "/api/v1/customer/register", Customer, &[users::ALREADY_REGISTERED]),
    ("GET",    "/api/v1/customer/profile", Customer, &[NO_PROFILE]),
    ("GET",    "/api/v1/customer/profile/me", CustomerAlsoWithdrawn, &[]),
    ("GET",    "/api/v1/customer/profile/detail", Customer, &[NO_PROFILE]),
    ("PATCH",  "/api/v1/customer/profile/detail", Customer, &[users::NOTHING_TO_CHANGE, NO_PROFILE]),
    ("GET",    "/api/v1/customer/profile/preferred-menus", Customer, &[]),
    ("POST",   "/api/v1/customer/profile/preferred-menus", Customer, &[users::PREFERENCE_EXISTS, NO_PROFILE]),
    ("DELETE", "/api/v1/customer/profile/preferred-menus", Customer, &[users::PREFERENCE_NOT_FOUND]),
    ("GET",    "/api/v1/customer/profile/nutrition-types", Customer, &[]),
    ("POST",   "/api/v1/customer/profile/nutrition-types", Customer, &[users::PREFERENCE_EXISTS, NO_PROFILE]),
    ("DELETE", "/api/v1/customer/profile/nutrition-types", Customer, &[users::PREFERENCE_NOT_FOUND]),
    ("GET",    "/api/v1/customer/profile/allergies", Customer, &[]),
    ("POST",   "/api/v1/customer/profile/allergies", Customer, &[users::PREFERENCE_EXISTS, NO_PROFILE]),
    ("DELETE", "/api/v1/customer/profile/allergies", Customer, &[users::PREFERENCE_NOT_FOUND]),
    ("GET",    "/api/v1/customer/profile/topping-types", Customer, &[]),
    ("POST",   "/api/v1/customer/profile/topping-types", Customer, &[users::PREFERENCE_EXISTS, NO_PROFILE]),
    ("DELETE", "/api/v1/customer/profile/topping-types", Customer, &[users::PREFERENCE_NOT_FOUND]),
    ("GET",    "/api/v1/customer/search/stores", Customer, &[]),
    ("GET",    "/api/v1/customer/search/stores/by-location", Customer, &[]),
    ("GET",    "/api/v1/customer/search/stores/by-name", Customer, &[]),
    ("GET",    "/api/v1/customer/search/stores/by-location-name", Customer, &[]),
    ("GET",    "/api/v1/customer/search/stores/nearby", Customer, &[]),
    ("GET",    "/api/v1/customer/search/stores/map", Customer, &[]),
    ("GET",    "/api/v1/customer/search/stores/favorites", Customer, &[]),
    ("GET",    "/api/v1/customer/search/stores/{store_id}/products", Customer, &[NO_STORE]),
    ("GET",    "/api/v1/customer/search/stores/{store_id}/reviews", Customer, &[NO_STORE]),
    ("POST",   "/api/v1/customer/search/stores/{store_id}/favorites", Customer, &[NO_STORE, stores::FAVORITE_EXISTS]),
    ("DELETE", "/api/v1/customer/search/stores/{store_id}/favorites", Customer, &[stores::FAVORITE_NOT_FOUND]),
    ("GET",    "/api/v1/customer/history/search", Customer, &[]),
    ("DELETE", "/api/v1/customer/history/search", Customer, &[]),
    ("DELETE", "/api/v1/customer/history/search/{search_name:.*}", Customer, &[stores::SEARCH_NOT_FOUND]),
    ("POST",   "/api/v1/customer/payment/init", Customer, &[NO_PRODUCT, orders::STORE_NOT_APPROVED, orders::STORE_CLOSED_TODAY, orders::STORE_CLOSED, orders::PICKUP_OVER, orders::INSUFFICIENT_STOCK, orders::PAYMENT_NOT_SET_UP, orders::NOT_FOR_SALE, orders::LIMIT_PER_CUSTOMER, orders::PROFILE_REQUIRED, orders::TOO_MANY_HOLDS, orders::KEY_IN_USE, orders::KEY_REUSED]),
    ("POST",   "/api/v1/customer/payment/confirm", Customer, &[orders::PAYMENT_NOT_FOUND, orders::PAYMENT_NOT_PAID, orders::PAYMENT_FAILED, orders::PAYMENT_MISMATCH, orders::PAYMENT_STORE_CLOSED, orders::PAYMENT_EXPIRED, orders::KEY_IN_USE, orders::KEY_REUSED]),
    ("DELETE", "/api/v1/customer/payment/init/{payment_id}", Customer, &[orders::PAYMENT_NOT_FOUND, orders::ALREADY_ORDERED]),
    ("GET",    "/api/v1/customer/orders", Customer, &[]),
    ("GET",    "/api/v1/customer/orders/today", Customer, &[]),
    ("GET",    "/api/v1/customer/orders/today-alarm", Customer, &[]),
    ("GET",    "/api/v1/customer/orders/stream", Customer, &[]),
    ("GET",    "/api/v1/customer/orders/{payment_id}", Customer, &[NO_ORDER]),
    ("PATCH",  "/api/v1/customer/orders/{payment_id}/complete", Customer, &[NO_ORDER, orders::ORDER_NOT_ACCEPTED, orders::ORDER_COMPLETE, orders::ORDER_CANCELED, orders::QR_INVALID]),
    ("POST",   "/api/v1/customer/orders/{payment_id}/review", Customer, &[NO_ORDER, reviews::ORDER_NOT_PICKED_UP, reviews::REVIEW_TOO_LATE, reviews::REVIEW_EXISTS]),
    ("PATCH",  "/api/v1/customer/orders/{payment_id}/review", Customer, &[NO_REVIEW, reviews::REVIEW_CHANGE_TOO_LATE]),
    ("DELETE", "/api/v1/customer/orders/{payment_id}/review", Customer, &[NO_REVIEW]),
    ("GET",    "/api/v1/customer/orders/{payment_id}/dispute", Customer, &[disputes::DISPUTE_NOT_FOUND]),
    ("POST",   "/api/v1/customer/orders/{payment_id}/dispute", Customer, &[NO_ORDER, disputes::DISPUTE_NOT_PICKED_UP, disputes::DISPUTE_TOO_LATE, disputes::DISPUTE_EXISTS]),
    ("POST",   "/api/v1/customer/orders/{payment_id}/dispute/pictures", Customer, upload_refusals!(NO_ORDER, disputes::DISPUTE_NOT_PICKED_UP, disputes::DISPUTE_TOO_LATE, disputes::DISPUTE_EXISTS, disputes::TOO_MANY_DISPUTE_PICTURES)),
    ("POST",   "/api/v1/customer/reviews/{review_id}/report", Customer, &[NO_REVIEW, reviews::ALREADY_REPORTED]),
    ("GET",    "/api/v1/customer/notices", Customer, &[]),
    ("PUT",    "/api/v1/customer/notices", Customer, &[notices::EMAIL_NOT_VOUCHED]),
    ("POST",   "/api/v1/customer/notices/subscriptions", Customer, &[]),
    ("DELETE", "/api/v1/customer/notices/subscriptions", Customer, &[notices::SUBSCRIPTION_NOT_FOUND]),
    ("GET",    "/api/v1/common/push-key", Anyone, &[]),
    ("GET",    "/api/v1/notices/unsubscribe", Anyone, &[]),
    ("POST",   "/api/v1/notices/unsubscribe", Anyone, &[notices::UNSUBSCRIBE_NOT_FOUND]),
    ("DELETE", "/api/v1/customer/orders/{payment_id}/cancel", Customer, &[NO_ORDER, orders::ORDER_CANCELED, orders::ORDER_ACCEPTED, orders::ORDER_COMPLETE, orders::KEY_IN_USE, orders::KEY_REUSED]),
    ("POST",   "/api/v1/customer/withdraw", Customer, &[users::ORDER_IN_PROGRESS, users::ALREADY_WITHDRAWN]),
    ("DELETE", "/api/v1/customer/withdraw/cancel", CustomerAlsoWithdrawn, &[users::WITHDRAWAL_NOT_FOUND, users::NOT_WITHDRAWN]),
    ("GET",    "/api/v1/customer/export", CustomerAlsoWithdrawn, &[]),
    ("GET",    "/api/v1/seller/export", SellerAlsoWithdrawn, &[]),
    ("GET",    "/api/v1/export", Anyone, &[users::EXPORT_NOT_FOUND, users::UNAUTHENTICATED]),
    ("POST",   "/api/v1/seller/store/register", Seller, &[stores::STORE_EXISTS]),
    ("POST",   "/api/v1/seller/store/register/images", Seller, upload_refusals!(NO_STORE, stores::TOO_MANY_IMAGES, stores::IMAGES_EXIST)),
    ("POST",   "/api/v1/seller/store/register/payment", Seller, &[NO_STORE, stores::PAYMENT_EXISTS]),
    ("GET",    "/api/v1/seller/store/register/payment", Seller, &[NO_STORE]),
    ("GET",    "/api/v1/seller/store", Seller, &[NO_STORE]),
    ("PATCH",  "/api/v1/seller/store/close", Seller, &[NO_STORE]),
    ("GET",    "/api/v1/seller/store/profile/me", SellerAlsoWithdrawn, &[]),
    ("PUT",    "/api/v1/seller/store/profile/name", Seller, &[NO_STORE]),
    ("PUT",    "/api/v1/seller/store/profile/introduction", Seller, &[NO_STORE]),
    ("PUT",    "/api/v1/seller/store/profile/phone", Seller, &[NO_STORE]),
    ("PUT",    "/api/v1/seller/store/settings/address", Seller, &[NO_STORE]),
    ("GET",    "/api/v1/seller/store/settings/payment", Seller, &[NO_STORE]),
    ("PUT",    "/api/v1/seller/store/settings/payment", Seller, &[NO_STORE, stores::PAYMENT_SETTINGS_NOT_FOUND]),
    ("GET",    "/api/v1/seller/store/settings/operation", Seller, &[NO_STORE]),
    ("GET",    "/api/v1/seller/store/settings/operation/reservation", Seller, &[NO_STORE]),
    ("POST",   "/api/v1/seller/store/settings/operation/reservation", Seller, &[NO_STORE]),
    ("DELETE", "/api/v1/seller/store/settings/operation/reservation", Seller, &[NO_STORE]),
    ("GET",    "/api/v1/seller/store/sns", Seller, &[NO_STORE]),
    ("PUT",    "/api/v1/seller/store/sns", Seller, &[NO_STORE]),
    ("DELETE", "/api/v1/seller/store/sns/{sns}", Seller, &[NO_STORE]),
    ("GET",    "/api/v1/seller/store/disputes", Seller, &[NO_STORE]),
    ("PUT",    "/api/v1/seller/store/disputes/{payment_id}/answer", Seller, &[NO_STORE, NO_ORDER, disputes::DISPUTE_NOT_FOUND, disputes::DISPUTE_ANSWERED, disputes::DISPUTE_ANSWER_TOO_LATE, disputes::DISPUTE_DECIDED]),
    ("GET",    "/api/v1/seller/store/approval", Seller, &[NO_STORE]),
    ("PUT",    "/api/v1/seller/store/approval", Seller, &[NO_STORE]),
    ("POST",   "/api/v1/seller/store/approval/licence", Seller, upload_refusals!(NO_STORE, stores::ONE_LICENCE)),
    ("GET",    "/api/v1/seller/store/images", Seller, &[NO_STORE]),
    ("POST",   "/api/v1/seller/store/images", Seller, upload_refusals!(NO_STORE, stores::TOO_MANY_IMAGES)),
    ("PUT",    "/api/v1/seller/store/images/main/{image_id:.*}", Seller, &[NO_STORE, stores::IMAGE_NOT_FOUND]),
    ("DELETE", "/api/v1/seller/store/images/{image_id:.*}", Seller, &[NO_STORE, stores::IMAGE_NOT_FOUND, stores::MAIN_IMAGE]),
    ("POST",   "/api/v1/seller/store/products/register", Seller, &[NO_STORE, products::TOO_MANY_PRODUCTS]),
    ("GET",    "/api/v1/seller/store/products/{product_id}", Seller, &[NO_STORE, NO_PRODUCT]),
    ("PUT",    "/api/v1/seller/store/products/{product_id}", Seller, &[NO_STORE, NO_PRODUCT, products::PRODUCT_CHANGING]),
    ("GET",    "/api/v1/seller/store/products/{product_id}/price-steps", Seller, &[NO_STORE, NO_PRODUCT]),
    ("PUT",    "/api/v1/seller/store/products/{product_id}/price-steps", Seller, &[NO_STORE, NO_PRODUCT, products::PRODUCT_CHANGING]),
    ("PATCH",  "/api/v1/seller/store/products/{product_id}/stock/up", Seller, &[NO_STORE, NO_PRODUCT, products::STOCK_LIMIT]),
    ("PATCH",  "/api/v1/seller/store/products/{product_id}/stock/down", Seller, &[NO_STORE, NO_PRODUCT, products::NOTHING_LEFT]),
    ("GET",    "/api/v1/seller/store/products/{product_id}/stock/reservation", Seller, &[NO_STORE, NO_PRODUCT, products::RESERVATION_NOT_FOUND]),
    ("POST",   "/api/v1/seller/store/products/{product_id}/stock/reservation", Seller, &[NO_STORE, NO_PRODUCT]),
    ("DELETE", "/api/v1/seller/store/products/{product_id}/stock/reservation", Seller, &[NO_STORE, NO_PRODUCT, products::RESERVATION_NOT_FOUND]),
    ("POST",   "/api/v1/seller/store/products/{product_id}/nutrition", Seller, &[NO_STORE, NO_PRODUCT, products::NUTRITION_EXISTS]),
    ("DELETE", "/api/v1/seller/store/products/{product_id}/nutrition", Seller, &[NO_STORE, NO_PRODUCT, products::NUTRITION_NOT_FOUND]),
    ("GET",    "/api/v1/seller/store/reviews", Seller, &[NO_STORE]),
    ("PUT",    "/api/v1/seller/store/reviews/{review_id}/reply", Seller, &[NO_STORE, NO_REVIEW]),
    ("DELETE", "/api/v1/seller/store/reviews/{review_id}/reply", Seller, &[NO_STORE, NO_REVIEW]),
    ("GET",    "/api/v1/seller/store/orders", Seller, &[NO_STORE]),
    ("GET",    "/api/v1/seller/store/orders/today", Seller, &[NO_STORE]),
    ("GET",    "/api/v1/seller/store/orders/stream", Seller, &[NO_STORE]),
    ("GET",    "/api/v1/seller/store/orders/dashboard", Seller, &[NO_STORE]),
    ("PATCH",  "/api/v1/seller/store/orders/{payment_id}/accept", Seller, &[NO_STORE, NO_ORDER, orders::ORDER_NOT_RESERVED, orders::ORDER_COMPLETE, orders::ORDER_CANCELED]),
    ("DELETE", "/api/v1/seller/store/orders/{payment_id}/cancel", Seller, &[NO_STORE, NO_ORDER, orders::ORDER_CANCELED, orders::ORDER_COMPLETE, orders::KEY_IN_USE, orders::KEY_REUSED]),
    ("GET",    "/api/v1/seller/store/orders/{payment_id}/history", Seller, &[NO_STORE, NO_ORDER]),
    ("GET",    "/api/v1/seller/store/orders/{payment_id}/qr", Seller, &[NO_STORE, NO_ORDER, orders::ORDER_NOT_ACCEPTED, orders::ORDER_COMPLETE, orders::ORDER_CANCELED]),
    ("GET",    "/api/v1/seller/store/orders/{payment_id}/qr/callback", Seller, &[NO_STORE, NO_ORDER, refusals::NO_WEBSOCKET, refusals::FOREIGN_ORIGIN, TOO_MANY_REQUESTS]),
    ("GET",    "/api/v1/seller/store/settlement", Seller, &[NO_STORE, orders::START_AFTER_END, orders::SETTLEMENT_TOO_LONG]),
    ("GET",    "/api/v1/seller/store/settlement/weekly-revenue", Seller, &[NO_STORE]),
    ("POST",   "/api/v1/webhooks/portone/{store_id}", Anyone, &[orders::WEBHOOK_HEADERS_MISSING, orders::WEBHOOK_UNVERIFIED, refusals::MALFORMED, refusals::BODY_TOO_SLOW, refusals::TOO_LARGE]),
    ("GET",    "/operator", Viewer, &[]),
    ("GET",    "/operator/login", Anyone, &[]),
    ("GET",    "/operator/start/{provider}", Anyone, &[NOT_FOUND]),
    ("GET",    "/operator/code", OperatorLogin, &[]),
    ("POST",   "/operator/code", OperatorLogin, &[operators::FOREIGN_FORM, operators::CODE_WRONG]),
    ("POST",   "/operator/recovery", OperatorLogin, &[operators::FOREIGN_FORM, operators::CODE_WRONG]),
    ("POST",   "/operator/logout", OperatorLogin, &[operators::FOREIGN_FORM]),
    ("GET",    "/operator/find", Viewer, &[]),
    ("GET",    "/operator/payments/{payment_id}", Viewer, &[operators::NOTHING_THERE]),
    ("GET",    "/operator/do/{action}", Support, &[operators::NOTHING_THERE]),
    ("POST",   "/operator/do/{action}", Support, &[operators::FOREIGN_FORM, operators::NOTHING_THERE, operators::NOTHING_TO_DO, orders::ORDER_NOT_FOUND, orders::ORDER_CANCELED, orders::ORDER_COMPLETE, NO_REVIEW, stores::STORE_NOT_FOUND, stores::APPROVAL_NOT_WAITING, disputes::DISPUTE_NOT_FOUND, disputes::DISPUTE_DECIDED, disputes::DISPUTE_WAITS]),
    ("GET",    "/operator/discrepancies", Viewer, &[]),
    ("GET",    "/operator/work", Viewer, &[]),
    ("GET",    "/operator/webhooks", Viewer, &[]),
    ("GET",    "/operator/reviews", Viewer, &[]),
    ("GET",    "/operator/undecided", Viewer, &[]),
    ("GET",    "/operator/stores/{store_id}", Viewer, &[operators::NOTHING_THERE]),
    ("GET",    "/operator/customers/{email}", Viewer, &[operators::NOTHING_THERE]),
    ("GET",    "/operator/settings", Viewer, &[]),
    ("GET",    "/operator/team", Admin, &[]),
    ("POST",   "/operator/team/invite", Admin, &[operators::FOREIGN_FORM, operators::OPERATOR_BY_SETTING]),
    ("POST",   "/operator/team/remove", Admin, &[operators::FOREIGN_FORM, operators::OPERATOR_BY_SETTING, operators::OPERATOR_NOT_FOUND]),
    ("GET",    "/operator/log", Admin, &[]),
    ("POST",   "/api/v1/seller/withdraw", Seller, &[users::STORE_OPEN, users::ORDER_IN_PROGRESS, users::ALREADY_WITHDRAWN]),
    ("DELETE", "/api/v1/seller/withdraw/cancel", SellerAlsoWithdrawn, &[users::WITHDRAWAL_NOT_FOUND, users::NOT_WITHDRAWN]),
];

/// The rows' patterns, compiled.
static PATTERNS: LazyLock<Vec<ResourceDef>> = LazyLock::new(|| ROUTES.iter().map(|(_, pattern, ..)| ResourceDef::new(*pattern)).collect());

/// Paths that begin so are anyone's where the sandbox is: its own, its tour's pages, and PortOne's that it plays.
const OF_SANDBOX: [&str; 8] = ["sandbox", "shop", "store", "login", "token", "payments", "payments-by-cursor", "payment-events-by-cursor"];

/// Whether a pattern is of what has no rows: Swagger UI, and the sandbox, which development alone has.
pub(crate) fn is_open(pattern: &str, sandbox: bool) -> bool {
    let first = pattern.split('/').nth(1).unwrap_or_default();
    first == "docs" || (sandbox && OF_SANDBOX.contains(&first))
}

/// The row of a request's route, in its extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row(pub(crate) &'static Route);

/// The row of a route. actix names the first pattern that the path fits, whatever its method: `GET …/products/register` is
/// `…/products/{product_id}`, although `register` has a pattern of its own. `None`: a route that nobody has said who may call.
pub(crate) fn row(method: &str, pattern: &str, path: &str) -> Option<Row> {
    let of_method = || ROUTES.iter().zip(&*PATTERNS).filter(|((m, ..), _)| *m == method);
    let row = of_method().find(|((_, p, ..), _)| *p == pattern).or_else(|| of_method().find(|(_, fits)| fits.is_match(path)));
    row.map(|(route, _)| Row(route))
}

/// The answer to a path without a route (404), and to a route without this method (405).
pub(crate) fn no_route(pattern: Option<&str>) -> HttpResponse {
    let methods = pattern.map(methods).unwrap_or_default();
    if methods.is_empty() {
        return ApiError::from(NOT_FOUND).error_response();
    }
    let mut response = ApiError::Request(StatusCode::METHOD_NOT_ALLOWED, WRONG_METHOD).error_response();
    if let Ok(allow) = header::HeaderValue::try_from(methods.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// The methods of a pattern, for 405's `Allow`. HEAD is GET without the body.
fn methods(pattern: &str) -> Vec<&'static str> {
    let methods = ROUTES.iter().filter(|(_, p, ..)| *p == pattern).map(|(method, ..)| *method);
    methods.flat_map(|method| if method == "GET" { vec!["GET", "HEAD"] } else { vec![method] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_without_a_row_is_not_served() {
        let new = "/api/v1/customer/new";
        assert!(row("GET", new, new).is_none() && !is_open(new, true));
        assert_eq!(no_route(Some(new)).status(), StatusCode::NOT_FOUND);
        // The sandbox's are anyone's where it is mounted, and nobody's in production, should one of that name ever be there.
        for sandbox in ["/sandbox/clock", "/payments/{payment_id}", "/token/refresh"] {
            assert!(is_open(sandbox, true) && !is_open(sandbox, false), "{sandbox}");
        }
        assert!(is_open("/docs/{file}", false));
        // Another method of a route that has a row is not served either.
        let logout = "/api/v1/auth/logout";
        assert!(row("GET", logout, logout).is_none());
        assert_eq!(no_route(Some(logout)).status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}
