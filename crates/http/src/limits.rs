//! How often somebody may call: one table. The router counts by it, the OpenAPI document and README show it.

use std::time::Duration;

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use cheapbob_domain::shared::{Counted, Error as DomainError, Quota, Result as DomainResult, StoreId, TOO_MANY_REQUESTS};
use ipnet::IpNet;

use crate::{
    access::{Route, Row},
    auth::CurrentCaller,
    client_address,
    error::ApiError,
    idempotency,
    operator_session::CurrentOperator,
    state::App,
};

/// By whom calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// The address it comes from; of IPv6 its /64.
    Address,
    /// Who is logged in.
    Account,
    /// The operator whose session it is.
    Operator,
    /// The store: its seller, who has one, or PortOne on its behalf.
    Store,
}

impl Caller {
    /// As README's table has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "an address",
            Self::Account => "an account",
            Self::Operator => "an operator",
            Self::Store => "a store",
        }
    }
}

/// Which calls of a route count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Each.
    Each,
    /// Those with an Idempotency-Key.
    Keyed,
    /// Those whose signature was verified: else strangers would use up what is PortOne's. The handler counts.
    Verified,
}

/// A row: how often, who, which calls, why.
#[derive(Debug)]
pub struct Limit {
    /// How often; its name is the rule's.
    pub quota: Quota,
    /// By whom.
    pub caller: Caller,
    /// Which calls of these routes.
    pub counting: Counting,
    /// The routes' methods and patterns.
    pub routes: &'static [(&'static str, &'static str)],
    /// Why it is as it is.
    pub reason: &'static str,
}

const fn quota(name: &'static str, burst: u32, every: Duration, counted: Counted) -> Quota {
    Quota { name, burst, every, counted }
}

/// Every limit of calls.
pub const LIMITS: &[Limit] = &[
    Limit {
        quota: quota("login_starts", 60, Duration::from_secs(1), Counted::Together),
        caller: Caller::Address,
        counting: Counting::Each,
        routes: &[("GET", "/api/v1/auth/{provider}/login/{role}"), ("GET", "/operator/start/{provider}")],
        reason: "Each keeps ten minutes of state in Redis. Behind an operator's address there are many people, who log in once a week.",
    },
    Limit {
        quota: quota("login_ends", 60, Duration::from_secs(1), Counted::Together),
        caller: Caller::Address,
        counting: Counting::Each,
        routes: &[("GET", "/api/v1/auth/{provider}/callback/{role}"), ("GET", "/api/v1/auth/takeover")],
        reason: "Each asks a provider, in our name, or tries a link that was mailed.",
    },
    Limit {
        quota: quota("operator_codes", 5, Duration::from_secs(60), Counted::Together),
        caller: Caller::Operator,
        counting: Counting::Each,
        routes: &[("POST", "/operator/code"), ("POST", "/operator/recovery")],
        reason: "Six digits, of which three are good at each instant, would be guessed by whoever may try as often as they like.",
    },
    Limit {
        quota: quota("webhooks", 1_000, Duration::from_millis(2), Counted::Apart),
        caller: Caller::Address,
        counting: Counting::Each,
        routes: &[("POST", "/api/v1/webhooks/portone/{store_id}")],
        reason: "PortOne tells of all stores from a few addresses, and comes again for hours. A process is enough: what is not signed costs no question.",
    },
    Limit {
        quota: quota("webhooks_of_store", 600, Duration::from_millis(50), Counted::Apart),
        caller: Caller::Store,
        counting: Counting::Verified,
        routes: &[("POST", "/api/v1/webhooks/portone/{store_id}")],
        reason: "One store's messages leave room for the others'. What is turned away comes again, or reconciliation finds it.",
    },
    Limit {
        quota: quota("exports", 5, Duration::from_secs(60), Counted::Together),
        caller: Caller::Account,
        counting: Counting::Each,
        routes: &[("GET", "/api/v1/customer/export"), ("GET", "/api/v1/seller/export")],
        reason: "Each may send a mail.",
    },
    Limit {
        quota: quota("downloads", 20, Duration::from_secs(5), Counted::Together),
        caller: Caller::Address,
        counting: Counting::Each,
        routes: &[("GET", "/api/v1/export")],
        reason: "Each reads all that is kept of a person, or tries a link that was mailed.",
    },
    Limit {
        quota: quota("subscriptions", 20, Duration::from_secs(30), Counted::Together),
        caller: Caller::Account,
        counting: Counting::Each,
        routes: &[("POST", "/api/v1/customer/notices/subscriptions")],
        reason: "Each names an address to which we are to send. A person has some browsers, which subscribe once.",
    },
    Limit {
        quota: quota("unsubscriptions", 60, Duration::from_secs(1), Counted::Apart),
        caller: Caller::Address,
        counting: Counting::Each,
        routes: &[("POST", "/api/v1/notices/unsubscribe")],
        reason: "Each tries a link that was mailed. The one click comes from mail providers, for all their people.",
    },
    Limit {
        quota: quota("unlink_notices", 300, Duration::from_millis(100), Counted::Apart),
        caller: Caller::Address,
        counting: Counting::Each,
        routes: &[("GET", "/api/v1/auth/kakao/unlink"), ("POST", "/api/v1/auth/kakao/unlink"), ("POST", "/api/v1/auth/naver/unlink")],
        reason: "A provider tells of all people from a few addresses; whoever else calls is written to the log each time.",
    },
    Limit {
        quota: quota("readiness", 60, Duration::from_millis(500), Counted::Apart),
        caller: Caller::Address,
        counting: Counting::Each,
        routes: &[("GET", "/health/ready")],
        reason: "It asks every part. A process answers for itself.",
    },
    Limit {
        quota: quota("searches", 150, Duration::from_millis(200), Counted::Apart),
        caller: Caller::Account,
        counting: Counting::Each,
        routes: &[
            ("GET", "/api/v1/customer/search/stores"),
            ("GET", "/api/v1/customer/search/stores/by-location"),
            ("GET", "/api/v1/customer/search/stores/by-name"),
            ("GET", "/api/v1/customer/search/stores/by-location-name"),
            ("GET", "/api/v1/customer/search/stores/nearby"),
            ("GET", "/api/v1/customer/search/stores/map"),
            ("GET", "/api/v1/customer/search/stores/favorites"),
            ("GET", "/api/v1/customer/search/stores/{store_id}/products"),
            ("GET", "/api/v1/customer/search/stores/{store_id}/reviews"),
        ],
        reason: "Somebody scrolls through hundreds of stores. A process is enough, since no search is to pay for another question to Redis.",
    },
    Limit {
        quota: quota("streams", 60, Duration::from_secs(1), Counted::Apart),
        caller: Caller::Account,
        counting: Counting::Each,
        routes: &[("GET", "/api/v1/customer/orders/stream"), ("GET", "/api/v1/seller/store/orders/stream")],
        reason: "Each reads what was missed in the last hour. Ten may be open; a browser whose network comes and goes opens one each second.",
    },
    Limit {
        quota: quota("holds", 60, Duration::from_secs(1), Counted::Apart),
        caller: Caller::Account,
        counting: Counting::Each,
        routes: &[("POST", "/api/v1/customer/payment/init")],
        reason: "PostgreSQL counts holds exactly (three at once, ten fruitless in an hour); this keeps a loop from asking it each time, in each process.",
    },
    Limit {
        quota: quota("keys", 100, Duration::from_secs(5), Counted::Together),
        caller: Caller::Account,
        counting: Counting::Keyed,
        routes: &[
            ("POST", "/api/v1/customer/payment/init"),
            ("POST", "/api/v1/customer/payment/confirm"),
            ("DELETE", "/api/v1/customer/orders/{payment_id}/cancel"),
            ("DELETE", "/api/v1/seller/store/orders/{payment_id}/cancel"),
        ],
        reason: "The answer to each Idempotency-Key is a row for a day.",
    },
    Limit {
        quota: quota("uploads", 20, Duration::from_secs(30), Counted::Together),
        caller: Caller::Account,
        counting: Counting::Each,
        routes: &[
            ("POST", "/api/v1/seller/store/register/images"),
            ("POST", "/api/v1/seller/store/images"),
            ("POST", "/api/v1/seller/store/approval/licence"),
            ("POST", "/api/v1/customer/orders/{payment_id}/dispute/pictures"),
        ],
        reason: "Eleven pictures are a store's; decoding them is the dearest thing that we do.",
    },
    Limit {
        quota: quota("reviews", 30, Duration::from_secs(10), Counted::Together),
        caller: Caller::Account,
        counting: Counting::Each,
        routes: &[
            ("POST", "/api/v1/customer/orders/{payment_id}/review"),
            ("PATCH", "/api/v1/customer/orders/{payment_id}/review"),
            ("DELETE", "/api/v1/customer/orders/{payment_id}/review"),
            ("POST", "/api/v1/customer/reviews/{review_id}/report"),
        ],
        reason: "A person reviews what they have eaten; each review gives its store another version, and one that is written and deleted in a loop makes each search read it anew.",
    },
    Limit {
        quota: quota("replies", 120, Duration::from_secs(2), Counted::Together),
        caller: Caller::Store,
        counting: Counting::Each,
        routes: &[("PUT", "/api/v1/seller/store/reviews/{review_id}/reply"), ("DELETE", "/api/v1/seller/store/reviews/{review_id}/reply")],
        reason: "A store answers a week's reviews in an evening.",
    },
    Limit {
        quota: quota("disputes", 10, Duration::from_secs(60), Counted::Together),
        caller: Caller::Account,
        counting: Counting::Each,
        routes: &[("POST", "/api/v1/customer/orders/{payment_id}/dispute"), ("PUT", "/api/v1/seller/store/disputes/{payment_id}/answer")],
        reason: "Each is a mail, and work for the store or an operator.",
    },
    Limit {
        quota: quota("approvals", 10, Duration::from_secs(60), Counted::Together),
        caller: Caller::Store,
        counting: Counting::Each,
        routes: &[("PUT", "/api/v1/seller/store/approval")],
        reason: "A store has one number; another one is work for an operator.",
    },
    Limit {
        quota: quota("products", 300, Duration::from_millis(500), Counted::Together),
        caller: Caller::Store,
        counting: Counting::Each,
        routes: &[
            ("POST", "/api/v1/seller/store/products/register"),
            ("PUT", "/api/v1/seller/store/products/{product_id}"),
            ("PUT", "/api/v1/seller/store/products/{product_id}/price-steps"),
            ("PATCH", "/api/v1/seller/store/products/{product_id}/stock/up"),
            ("PATCH", "/api/v1/seller/store/products/{product_id}/stock/down"),
            ("POST", "/api/v1/seller/store/products/{product_id}/stock/reservation"),
            ("DELETE", "/api/v1/seller/store/products/{product_id}/stock/reservation"),
            ("POST", "/api/v1/seller/store/products/{product_id}/nutrition"),
            ("DELETE", "/api/v1/seller/store/products/{product_id}/nutrition"),
        ],
        reason: "Stock is tapped up and down piece by piece before the rush; each change is a row version, and of a name the search's index.",
    },
];

impl Limit {
    /// Whether calls of this route count.
    pub(crate) fn is_of(&self, route: &Route) -> bool {
        self.routes.contains(&(route.0, route.1))
    }

    /// For the document: what is counted, and how often that may be.
    pub(crate) fn sentence(&self) -> String {
        let calls = match self.counting {
            Counting::Each => "Calls",
            Counting::Keyed => "Calls with an Idempotency-Key",
            Counting::Verified => "Verified messages",
        };
        format!("{calls} of {}: {}; more are 429 (`{}`).", self.caller.as_str(), self.rate(), self.quota.name)
    }

    /// How often, in words: `60 at once, then 1 a second`.
    pub fn rate(&self) -> String {
        let Quota { burst, every, .. } = self.quota;
        let then = match every.as_millis() {
            whole if whole > 1_000 => format!("one in {} s", whole / 1_000),
            part => format!("{} a second", 1_000 / part.max(1)),
        };
        format!("{burst} at once, then {then}")
    }
}

/// Lets a call through that is within its limits: behind the check of who calls.
pub(crate) async fn check(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    match count(&request).await {
        Ok(()) => next.call(request).await.map(ServiceResponse::map_into_boxed_body),
        Err(error) => Ok(request.error_response(ApiError::from(error))),
    }
}

async fn count(request: &ServiceRequest) -> DomainResult<()> {
    let (Some(app), Some(Row(route))) = (request.app_data::<Data<App>>(), request.extensions().get::<Row>().copied()) else {
        return Ok(());
    };
    for limit in LIMITS.iter().filter(|limit| limit.is_of(route)) {
        if limit.counting == Counting::Each || (limit.counting == Counting::Keyed && request.headers().contains_key(idempotency::HEADER)) {
            let Some(who) = who(request, limit.caller, app) else { continue };
            // Callers behind a proxy that the settings do not name share its address.
            let unknown_proxy = limit.caller == Caller::Address && client_address::is_of_a_stranger(request.request(), trusted(app));
            admit(app, limit, &who, unknown_proxy).await?;
        }
    }
    Ok(())
}

/// Counts a webhook that was verified.
///
/// # Errors
/// `too_many_requests`.
pub(crate) async fn count_verified(app: &App, store: &StoreId) -> DomainResult<()> {
    for limit in LIMITS.iter().filter(|limit| limit.counting == Counting::Verified) {
        admit(app, limit, store.as_str(), false).await?;
    }
    Ok(())
}

/// A seller has one store, so that the seller's account stands for it.
fn who(request: &ServiceRequest, caller: Caller, app: &App) -> Option<String> {
    match caller {
        Caller::Address => client_address::of(request.request(), trusted(app)).map(|address| address.to_string()),
        Caller::Operator => request.extensions().get::<CurrentOperator>().map(|operator| operator.session.operator.email.to_string()),
        Caller::Account | Caller::Store => request.extensions().get::<CurrentCaller>().map(|caller| caller.0.session.email.to_string()),
    }
}

fn trusted(app: &App) -> &[IpNet] {
    &app.switches.trusted_proxies
}

async fn admit(app: &App, limit: &Limit, who: &str, unknown_proxy: bool) -> DomainResult<()> {
    let Some(limiter) = &app.services.limiter else { return Ok(()) };
    let Some(wait) = limiter.admit(&limit.quota, who).await else { return Ok(()) };
    let rule = limit.quota.name;
    metrics::counter!("cheapbob_rate_limited_total", "rule" => rule).increment(1);
    if let Some(left_out) = app.sampled.line(rule) {
        tracing::info!(rule, unknown_proxy, left_out, "somebody calls too often; refused until there is room for them");
    }
    let retry_after = chrono::Duration::from_std(wait).map_err(DomainError::internal)?;
    Err(DomainError::TooMany { refusal: TOO_MANY_REQUESTS, retry_after })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::access::{Access, ROUTES};

    #[test]
    fn limits_are_of_routes_of_ours_whose_callers_are_known() {
        for limit in LIMITS {
            for (method, pattern) in limit.routes {
                let route = ROUTES.iter().find(|route| (route.0, route.1) == (*method, *pattern));
                let (.., access, _) = route.unwrap_or_else(|| panic!("{method} {pattern}"));
                let anonymous = *access == Access::Anyone;
                assert_eq!(anonymous, limit.caller == Caller::Address || limit.counting == Counting::Verified, "{method} {pattern}");
            }
            assert!(limit.quota.burst > 0 && limit.quota.every > Duration::ZERO && !limit.reason.is_empty());
        }
        let names: BTreeSet<_> = LIMITS.iter().map(|limit| limit.quota.name).collect();
        assert_eq!(names.len(), LIMITS.len(), "each has a name of its own");
    }

    #[test]
    fn rates_are_said_as_a_person_would() {
        let rate = |burst, every| Limit { quota: quota("t", burst, every, Counted::Apart), ..limit() }.rate();
        fn limit() -> Limit {
            Limit { quota: LIMITS[0].quota, caller: Caller::Account, counting: Counting::Each, routes: &[], reason: "" }
        }
        assert_eq!(rate(60, Duration::from_secs(1)), "60 at once, then 1 a second");
        assert_eq!(rate(20, Duration::from_secs(30)), "20 at once, then one in 30 s");
        assert_eq!(rate(150, Duration::from_millis(200)), "150 at once, then 5 a second");
    }
}
