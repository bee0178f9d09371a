//! Each statement as a span of the trace in which it runs.

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use tracing::{Level, Span, field::Empty};

/// diesel writes a query's values behind this: they are people's, and stay out.
const VALUES: &str = " -- binds:";

/// One connection's statement under way.
#[derive(Default)]
struct StatementSpans(Option<Span>);

impl Instrumentation for StatementSpans {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { query, .. } if tracing::enabled!(target: "trace", Level::DEBUG) => {
                let text = query.to_string();
                let text = text.split(VALUES).next().unwrap_or_default().trim_end();
                self.0 = Some(tracing::debug_span!(
                    target: "trace",
                    "statement",
                    otel.name = "postgresql",
                    otel.kind = "client",
                    otel.status_code = Empty,
                    db.system.name = "postgresql",
                    db.query.text = text,
                ));
            }
            InstrumentationEvent::FinishQuery { error, .. } => {
                if let (Some(span), true) = (self.0.take(), error.is_some()) {
                    span.record("otel.status_code", "ERROR");
                }
            }
            _ => {}
        }
    }
}

/// Connections made from now on tell of their statements.
pub(crate) fn statements() {
    // Fails only where another thread panicked while it did the same.
    let _ = set_default_instrumentation(|| Some(Box::<StatementSpans>::default()));
}
