//! Who may call what: one table.

use Access::{Anyone, Customer, CustomerAlsoWithdrawn, Either, Seller, SellerAlsoWithdrawn};
use cheapbob_domain::users::Role;

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
}

impl Access {
    /// Whether this role may call.
    pub fn allows(self, role: Role) -> bool {
        match self {
            Anyone | Either => true,
            Customer | CustomerAlsoWithdrawn => role == Role::Customer,
            Seller | SellerAlsoWithdrawn => role == Role::Seller,
        }
    }

    /// Whether a withdrawn account may call.
    pub fn allows_withdrawn(self) -> bool {
        !matches!(self, Customer | Seller)
    }
}

/// A row: method, path pattern, who.
pub type Route = (&'static str, &'static str, Access);

/// Every route of the product but the sandbox's and Swagger UI's.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    ("GET",    "/", Anyone),
    ("GET",    "/health", Anyone),
    ("GET",    "/health/live", Anyone),
    ("GET",    "/health/ready", Anyone),
    ("GET",    "/openapi.json", Anyone),
    ("GET",    "/media/{key:.*}", Anyone),
    ("GET",    "/auth/success", Anyone),
    ("GET",    "/auth/fail", Anyone),
    ("GET",    "/api/v1/auth/{provider}/login/{role}", Anyone),
    ("GET",    "/api/v1/auth/{provider}/callback/{role}", Anyone),
    ("POST",   "/api/v1/auth/logout", Anyone),
    ("GET",    "/api/v1/user/role", Either),
    ("GET",    "/api/v1/common/options/preferred-menus", Anyone),
    ("GET",    "/api/v1/common/options/nutrition-types", Anyone),
    ("GET",    "/api/v1/common/options/allergies", Anyone),
    ("GET",    "/api/v1/common/options/topping-types", Anyone),
    ("POST",   "/api/v1/customer/register", Customer),
    ("GET",    "/api/v1/customer/profile", Customer),
    ("GET",    "/api/v1/customer/profile/me", CustomerAlsoWithdrawn),
    ("GET",    "/api/v1/customer/profile/detail", Customer),
    ("PATCH",  "/api/v1/customer/profile/detail", Customer),
    ("GET",    "/api/v1/customer/search/stores", Customer),
    ("GET",    "/api/v1/customer/search/stores/by-location", Customer),
    ("GET",    "/api/v1/customer/search/stores/by-name", Customer),
    ("GET",    "/api/v1/customer/search/stores/by-location-name", Customer),
    ("GET",    "/api/v1/customer/search/stores/favorites", Customer),
    ("GET",    "/api/v1/customer/search/stores/{store_id}/products", Customer),
    ("POST",   "/api/v1/customer/search/stores/{store_id}/favorites", Customer),
    ("DELETE", "/api/v1/customer/search/stores/{store_id}/favorites", Customer),
    ("POST",   "/api/v1/customer/payment/init", Customer),
    ("POST",   "/api/v1/customer/payment/confirm", Customer),
    ("DELETE", "/api/v1/customer/payment/init/{payment_id}", Customer),
    ("GET",    "/api/v1/customer/orders/today", Customer),
    ("GET",    "/api/v1/customer/orders/{payment_id}", Customer),
    ("PATCH",  "/api/v1/customer/orders/{payment_id}/complete", Customer),
    ("POST",   "/api/v1/seller/store/register", Seller),
    ("POST",   "/api/v1/seller/store/register/payment", Seller),
    ("GET",    "/api/v1/seller/store/register/payment", Seller),
    ("GET",    "/api/v1/seller/store", Seller),
    ("GET",    "/api/v1/seller/store/profile/me", SellerAlsoWithdrawn),
    ("POST",   "/api/v1/seller/store/products/register", Seller),
    ("GET",    "/api/v1/seller/store/products/{product_id}", Seller),
    ("PUT",    "/api/v1/seller/store/products/{product_id}", Seller),
    ("PATCH",  "/api/v1/seller/store/products/{product_id}/stock/up", Seller),
    ("PATCH",  "/api/v1/seller/store/products/{product_id}/stock/down", Seller),
    ("GET",    "/api/v1/seller/store/orders/today", Seller),
    ("GET",    "/api/v1/seller/store/orders/dashboard", Seller),
    ("PATCH",  "/api/v1/seller/store/orders/{payment_id}/accept", Seller),
    ("GET",    "/api/v1/seller/store/orders/{payment_id}/qr", Seller),
    ("GET",    "/api/v1/seller/store/orders/{payment_id}/qr/callback", Seller),
];

/// The row of a route as actix names its pattern.
pub(crate) fn access(method: &str, pattern: &str) -> Option<Access> {
    // HEAD is GET without the body.
    let method = if method == "HEAD" { "GET" } else { method };
    ROUTES.iter().find(|(m, p, _)| *m == method && *p == pattern).map(|(.., access)| *access)
}

/// The methods of a pattern, for 405's `Allow`.
pub(crate) fn methods(pattern: &str) -> Vec<&'static str> {
    ROUTES.iter().filter(|(_, p, _)| *p == pattern).map(|(method, ..)| *method).collect()
}
