//! Logs: JSON lines for machines, short lines for people in development. Traces, where a collector is set.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Level;
use tracing_subscriber::{EnvFilter, Layer, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{settings::Settings, traces};

/// What must go out before the process ends: hold it as long as the process works.
#[must_use]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.take().map(|provider| provider.shutdown()) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// What is logged unless `RUST_LOG` says otherwise: ours, and of libraries what somebody must know.
const QUIET: &str = "actix_server=warn,actix_http=off,apalis=warn,apalis_core=warn";

/// Starts logging to standard error (`DEBUG` says how much of ours, `RUST_LOG` filters all), and tracing where
/// `OTEL_EXPORTER_OTLP_ENDPOINT` is set. A second call in one process does nothing.
///
/// # Errors
/// Where traces cannot be sent as the settings say.
pub fn init(settings: &Settings) -> Result<Telemetry> {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("info,{QUIET}{}", if settings.debug { ",cheapbob=debug" } else { "" })));
    // A span of a trace would hide the log's own, which has the request id.
    let logged = filter_fn(|metadata| metadata.target() != traces::TARGET);
    // Colours are for eyes: in a file or a pipe they are noise.
    let fmt = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let fmt = if settings.production {
        fmt.json().flatten_event(true).with_current_span(true).with_span_list(false).with_filter(logged).boxed()
    } else {
        fmt.compact().with_target(false).with_filter(logged).boxed()
    };
    let provider = settings.otlp_endpoint.as_ref().map(traces::provider).transpose();
    let provider = provider.context("OTEL_EXPORTER_OTLP_ENDPOINT: traces cannot be sent")?;
    let traced = provider.as_ref().map(|provider| {
        let shown = filter_fn(|metadata| metadata.target() == traces::TARGET || metadata.is_event() && *metadata.level() <= Level::INFO);
        traces::layer(provider).with_filter(shown)
    });
    // Fails only where logging has begun already.
    let _ = tracing_subscriber::registry().with(fmt.with_filter(filter)).with(traced).try_init();
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    Ok(Telemetry(provider))
}
