#![doc = include_str!("../README.md")]

mod webhooks;
mod wire;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{CancelAnswer, Page, PaymentTruth, ports::Payments},
    shared::{Breaker, Error, LeftAlone, PaymentId, Result, remote::readable_json},
    stores::PortOneAccount,
};
use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::Value;
use url::Url;

pub use webhooks::SignedWebhooks;
use wire::{CancelBody, CancelDone, Cancellation, Failure, ListBody, ListPage, PageBody, PageFilter, PageInput, Payment, PaymentsPage};

const PART: &str = "portone";

/// PortOne recommends at least 60 s for a call whose outcome matters.
const CANCEL_PATIENCE: Duration = Duration::from_secs(60);

/// A page of their books may take its time: nobody waits for it.
const LIST_PATIENCE: Duration = Duration::from_secs(60);

/// How long it may take to see whether PortOne answers.
const PING_PATIENCE: Duration = Duration::from_secs(10);

/// Payments asked for at once (they allow 1,000), so that a page stays below [`MAX_BODY`].
const PAGE: usize = 100;

/// No answer of theirs comes near this size: a payment has some 2 KB, more with the history of its webhooks.
const MAX_BODY: usize = 1 << 20;

/// PortOne's REST API.
pub struct PortOne {
    client: Client,
    base: Url,
    live_only: bool,
    breaker: Arc<Breaker>,
}

/// Why a call has no usable answer.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error(transparent)]
    LeftAlone(#[from] LeftAlone),
    #[error(transparent)]
    Transport(#[from] reqwest::Error),
    #[error("the answer is larger than {MAX_BODY} bytes")]
    TooLarge,
    #[error("HTTP {status} {kind}: {message}")]
    Refused { status: u16, kind: String, message: String },
    #[error("HTTP {0} without a body that says why")]
    NoReason(u16),
    #[error("the answer is not what the documentation says: {0}")]
    Garbled(#[from] serde_json::Error),
    #[error("no URL: {0}")]
    Url(#[from] url::ParseError),
}

impl PortOne {
    /// The API at `base` (`https://api.portone.io`); `live_only` in production.
    ///
    /// # Errors
    /// Where the HTTP client cannot be built.
    pub fn new(base: Url, live_only: bool) -> std::result::Result<Self, reqwest::Error> {
        let client = Client::builder().connect_timeout(Duration::from_secs(3)).redirect(redirect::Policy::none()).build()?;
        Ok(Self { client, base, live_only, breaker: Arc::new(Breaker::for_people(PART)) })
    }

    /// Behind the process's breaker. It is PortOne's, not a store's: what is wrong with one store's account PortOne answers.
    pub fn with_breaker(self, breaker: Arc<Breaker>) -> Self {
        Self { breaker, ..self }
    }

    /// Whether PortOne answers at all; what it says without a store's secret is no matter.
    ///
    /// # Errors
    /// Unavailable: nobody answers there.
    pub async fn ping(&self) -> Result<()> {
        self.client.get(self.base.clone()).timeout(PING_PATIENCE).send().await.map(|_| ()).map_err(|e| Error::unavailable(PART, e))
    }

    fn url(&self, payment: &PaymentId, action: Option<&str>) -> std::result::Result<Url, CallError> {
        let mut url = self.base.clone();
        {
            let mut path = url.path_segments_mut().map_err(|()| url::ParseError::RelativeUrlWithCannotBeABaseBase)?;
            path.pop_if_empty().push("payments").push(payment.as_str()).extend(action);
        }
        Ok(url)
    }

    #[tracing::instrument(name = "portone", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn call(&self, account: &PortOneAccount, request: RequestBuilder, within: Duration) -> std::result::Result<String, CallError> {
        let mut secret = header::HeaderValue::try_from(format!("PortOne {}", account.secret.expose_secret())).map_err(|_| {
            CallError::Refused { status: 401, kind: "UNAUTHORIZED".into(), message: "the secret is no header value".into() }
        })?;
        secret.set_sensitive(true);
        self.breaker.ask(answer(request.header(header::AUTHORIZATION, secret).timeout(within)), is_silence).await?
    }

    async fn payment(
        &self,
        account: &PortOneAccount,
        payment: &PaymentId,
        within: Duration,
    ) -> std::result::Result<PaymentTruth, CallError> {
        let request = self.client.get(self.url(payment, None)?).query(&[("storeId", account.ids.store_id.as_str())]);
        match self.call(account, request, within).await {
            Ok(body) => Ok(serde_json::from_str::<Payment>(&body)?.truth(self.live_only)),
            Err(CallError::Refused { kind, .. }) if kind == "PAYMENT_NOT_FOUND" => Ok(PaymentTruth::Unknown),
            Err(e) => Err(e),
        }
    }

    async fn page(
        &self,
        account: &PortOneAccount,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        cursor: Option<String>,
    ) -> std::result::Result<Page, CallError> {
        let body = ListBody { store_id: &account.ids.store_id, from: rfc3339(from), until: rfc3339(until), cursor, size: PAGE };
        let page: ListPage = serde_json::from_str(&self.ask_list(account, "payments-by-cursor", &body).await?)?;
        let next = page.items.last().filter(|_| page.items.len() == PAGE).map(|item| item.cursor.clone());
        Ok(self.read_page(account, page.items.into_iter().map(|item| item.payment), next))
    }

    /// The list by cursor goes by the beginning of payments only; this one has numbered pages.
    async fn changed_page(
        &self,
        account: &PortOneAccount,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        number: usize,
    ) -> std::result::Result<Page, CallError> {
        let filter = PageFilter {
            store_id: &account.ids.store_id,
            timestamp_type: "STATUS_CHANGED_AT",
            from: rfc3339(from),
            until: rfc3339(until),
            status: ["PAID", "PARTIAL_CANCELLED", "CANCELLED"],
            sort_by: "STATUS_CHANGED_AT",
            sort_order: "ASC",
        };
        let body = PageBody { page: PageInput { number, size: PAGE }, filter };
        let page: PaymentsPage = serde_json::from_str(&self.ask_list(account, "payments", &body).await?)?;
        let next = (page.items.len() == PAGE).then(|| (number + 1).to_string());
        Ok(self.read_page(account, page.items, next))
    }

    /// A GET whose input is an object has it as JSON in its query.
    async fn ask_list<B: Serialize>(&self, account: &PortOneAccount, path: &str, body: &B) -> std::result::Result<String, CallError> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| url::ParseError::RelativeUrlWithCannotBeABaseBase)?.pop_if_empty().push(path);
        let request = self.client.get(url).query(&[("requestBody", serde_json::to_string(body)?)]);
        self.call(account, request, LIST_PATIENCE).await
    }

    fn read_page(&self, account: &PortOneAccount, payments: impl IntoIterator<Item = Value>, next: Option<String>) -> Page {
        let payments = payments.into_iter().filter_map(|payment| match serde_json::from_value::<Payment>(payment) {
            Ok(payment) => Some((payment.id().to_owned(), payment.truth(self.live_only))),
            Err(error) => {
                tracing::warn!(portone_store = account.ids.store_id, %error, "a payment in PortOne's list is not what the documentation says");
                None
            }
        });
        Page { payments: payments.collect(), next }
    }

    async fn cancellation(
        &self,
        account: &PortOneAccount,
        payment: &PaymentId,
        reason: &str,
        key: &str,
    ) -> std::result::Result<Cancellation, CallError> {
        let request = self
            .client
            .post(self.url(payment, Some("cancel"))?)
            // RFC 8941 string: with the quotes.
            .header("Idempotency-Key", format!("\"{key}\""))
            .json(&CancelBody { reason, store_id: &account.ids.store_id });
        let body = self.call(account, request, CANCEL_PATIENCE).await?;
        Ok(serde_json::from_str::<CancelDone>(&body)?.cancellation)
    }
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

async fn answer(request: RequestBuilder) -> std::result::Result<String, CallError> {
    let response = request.send().await?;
    let status = response.status();
    let body = body(response).await?;
    if status == StatusCode::OK {
        return Ok(body);
    }
    Err(match serde_json::from_str::<Failure>(&body) {
        Ok(failure) => CallError::Refused { status: status.as_u16(), kind: failure.kind, message: failure.message.unwrap_or_default() },
        Err(_) => CallError::NoReason(status.as_u16()),
    })
}

/// Whether PortOne has not said anything, or only that it cannot. A payment provider behind it that fails is one store's affair, with a
/// status of 502 and a body that says so.
fn is_silence(outcome: &std::result::Result<String, CallError>) -> bool {
    match outcome {
        Err(CallError::Transport(_) | CallError::NoReason(500..)) => true,
        Err(CallError::Refused { status: 500.., kind, .. }) => kind != "PG_PROVIDER",
        _ => false,
    }
}

/// At most [`MAX_BODY`] bytes: the other side does not decide over our memory.
async fn body(mut response: Response) -> std::result::Result<String, CallError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > MAX_BODY {
            return Err(CallError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(readable_json(&bytes))
}

#[async_trait]
impl Payments for PortOne {
    async fn get(&self, account: &PortOneAccount, payment: &PaymentId, within: Duration) -> Result<PaymentTruth> {
        self.payment(account, payment, within).await.map_err(|e| {
            if let CallError::Refused { status: 400..=499, .. } = e {
                tracing::error!(%payment, portone_store = account.ids.store_id, error = %e, "PortOne refuses our credentials; check the store's PortOne settings");
            }
            Error::unavailable(PART, e)
        })
    }

    async fn list(&self, account: &PortOneAccount, from: DateTime<Utc>, until: DateTime<Utc>, cursor: Option<String>) -> Result<Page> {
        self.page(account, from, until, cursor).await.map_err(|e| Error::unavailable(PART, e))
    }

    async fn list_changed(
        &self,
        account: &PortOneAccount,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        cursor: Option<String>,
    ) -> Result<Page> {
        let number = cursor.map_or(Ok(0), |cursor| cursor.parse()).map_err(Error::internal)?;
        self.changed_page(account, from, until, number).await.map_err(|e| Error::unavailable(PART, e))
    }

    async fn cancel(&self, account: &PortOneAccount, payment: &PaymentId, reason: &str, key: &str) -> CancelAnswer {
        match self.cancellation(account, payment, reason, key).await {
            Ok(done) => match done.status.as_str() {
                "SUCCEEDED" => CancelAnswer::Succeeded(done.total_amount),
                "REQUESTED" => CancelAnswer::Requested,
                "FAILED" => CancelAnswer::Failed("the cancellation failed".to_owned()),
                other => CancelAnswer::Unknown(format!("cancellation status {other}")),
            },
            Err(CallError::Refused { kind, .. }) if kind == "PAYMENT_ALREADY_CANCELLED" => CancelAnswer::AlreadyCancelled,
            Err(CallError::Refused { kind, .. }) if kind == "IDEMPOTENCY_OUTSTANDING_REQUEST" => CancelAnswer::Outstanding,
            Err(e @ CallError::Refused { status: 400..=428 | 430..=499, .. }) => CancelAnswer::Failed(e.to_string()),
            Err(e) => CancelAnswer::Unknown(e.to_string()),
        }
    }
}
