//! Logs: JSON lines for machines, short lines for people in development.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging to standard error; `RUST_LOG` filters. A second call does nothing.
pub fn init(json: bool) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn,actix_http=off,apalis=warn,apalis_core=warn"));
    let registry = tracing_subscriber::registry().with(filter);
    // Colours are for eyes: in a file or a pipe they are noise.
    let fmt = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    // Fails only where logging has begun already.
    let _ = if json {
        registry.with(fmt.json().flatten_event(true).with_current_span(true).with_span_list(false)).try_init()
    } else {
        registry.with(fmt.compact().with_target(false)).try_init()
    };
}
