//! OpenTelemetry traces, sent to a collector where an endpoint is set. The spans of traces have the target `trace`: logs do not show
//! them, traces show no others.
//!
//! A request's trace follows from its request id, which every log line and every task carries: what jobs do for the request later
//! joins its trace without anything more being stored.

use std::cell::Cell;

use anyhow::Result;
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider as _},
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider},
};
use sha2::{Digest, Sha256};
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use ulid::Ulid;
use url::Url;

/// The target of all spans that traces show.
pub(crate) const TARGET: &str = "trace";

/// Sends spans in the background to the collector at `endpoint` (OTLP over HTTP; `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER` and the
/// SDK's other variables count).
///
/// # Errors
/// Where the exporter cannot be built.
pub(crate) fn provider(endpoint: &Url) -> Result<SdkTracerProvider> {
    let traces = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
    let exporter = SpanExporter::builder().with_http().with_endpoint(traces).build()?;
    let resource = Resource::builder();
    let resource = if std::env::var_os("OTEL_SERVICE_NAME").is_some() { resource } else { resource.with_service_name(service_name()) };
    let provider = SdkTracerProvider::builder().with_id_generator(RequestIds).with_batch_exporter(exporter).with_resource(resource.build());
    Ok(provider.build())
}

/// The program's name.
fn service_name() -> String {
    let program = std::env::current_exe().ok();
    program.as_deref().and_then(|path| path.file_name()).map_or_else(|| "cheapbob".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The layer that makes traces of spans.
pub(crate) fn layer<S>(provider: &SdkTracerProvider) -> tracing_opentelemetry::OpenTelemetryLayer<S, opentelemetry_sdk::trace::SdkTracer>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    tracing_opentelemetry::layer().with_tracer(provider.tracer("cheapbob")).with_location(false).with_threads(false)
}

thread_local! {
    /// The root that is being started on this thread.
    static ROOT: Cell<Option<(TraceId, SpanId)>> = const { Cell::new(None) };
}

/// A request's own ids, random ones otherwise.
#[derive(Debug)]
struct RequestIds;

impl IdGenerator for RequestIds {
    fn new_trace_id(&self) -> TraceId {
        ROOT.get().map_or_else(|| RandomIdGenerator::default().new_trace_id(), |(trace, _)| trace)
    }

    fn new_span_id(&self) -> SpanId {
        ROOT.get().map_or_else(|| RandomIdGenerator::default().new_span_id(), |(_, span)| span)
    }
}

/// The trace of a request, and the span at its root: the bits of its ULID (older tasks have ids of another shape: a hash).
fn ids(request_id: &str) -> (TraceId, SpanId) {
    let number = Ulid::from_string(request_id).ok().map(|ulid| ulid.0).filter(|number| *number as u64 != 0);
    let number = number.unwrap_or_else(|| {
        let digest = Sha256::digest(request_id.as_bytes());
        digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
    });
    (TraceId::from(number), SpanId::from(number as u64))
}

/// The span of a request, the root of its trace. `route`: as routed, `/orders/{id}`. Neither is text of the caller's.
pub fn request(request_id: &str, method: &'static str, route: &str) -> Span {
    let span = tracing::debug_span!(
        target: "trace",
        parent: None,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        request_id,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
    );
    if !span.is_disabled() {
        ROOT.set(Some(ids(request_id)));
        span.context();
        ROOT.set(None);
    }
    span
}

/// Tells the request's span how it ended.
pub fn answered(request: &Span, status: u16) {
    request.record("http.response.status_code", status);
    if status >= 500 {
        request.record("otel.status_code", "ERROR");
    }
}

/// The span of a piece of work, in the trace of the request that caused it.
pub fn work(name: &str, request_id: Option<&str>) -> Span {
    let span = tracing::debug_span!(
        target: "trace", parent: None, "work", otel.name = name, otel.kind = "consumer", otel.status_code = Empty, request_id
    );
    if let Some(request_id) = request_id.filter(|_| !span.is_disabled()) {
        let (trace, root) = ids(request_id);
        let remote = SpanContext::new(trace, root, TraceFlags::SAMPLED, true, TraceState::default());
        // Fails only for a span that has begun, or that nobody sees.
        let _ = span.set_parent(Context::new().with_remote_span_context(remote));
    }
    span
}

/// Tells the span of a piece of work that it failed.
pub fn failed(work: &Span) {
    work.record("otel.status_code", "ERROR");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requests_trace_follows_from_its_id() {
        let trace = |request_id: &str| ids(request_id).0.to_string();
        assert_eq!(trace("01K9W2ZQ8Y3V5T7R1N4M6P0XBC"), format!("{:032x}", Ulid::from_string("01K9W2ZQ8Y3V5T7R1N4M6P0XBC").unwrap().0));
        assert_eq!(trace("of-a-proxy"), trace("of-a-proxy"));
        assert_ne!(trace("of-a-proxy"), trace("of-a-prozy"));
        // No id is zero: zero means that there is none.
        for zero in ["00000000000000000000000000", "01K9W2ZQ8Y0000000000000000"] {
            let (trace, span) = ids(zero);
            assert!(trace != TraceId::INVALID && span != SpanId::INVALID, "{zero}");
        }
    }
}
