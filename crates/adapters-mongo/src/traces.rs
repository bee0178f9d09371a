//! Each command as a span of the trace in which it runs. Its documents are people's, and stay out.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use mongodb::event::{EventHandler, command::CommandEvent};
use tracing::{Level, Span, field::Empty};

/// What tells traces of commands.
pub(crate) fn commands() -> EventHandler<CommandEvent> {
    let under_way: Mutex<HashMap<i32, Span>> = Mutex::default();
    EventHandler::callback(move |event: CommandEvent| {
        let mut under_way = under_way.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            CommandEvent::Started(started) if tracing::enabled!(target: "trace", Level::DEBUG) => {
                let span = tracing::debug_span!(
                    target: "trace",
                    "command",
                    otel.name = format!("mongodb {}", started.command_name),
                    otel.kind = "client",
                    otel.status_code = Empty,
                    db.system.name = "mongodb",
                    db.operation.name = started.command_name,
                );
                under_way.insert(started.request_id, span);
            }
            CommandEvent::Started(_) => {}
            CommandEvent::Succeeded(succeeded) => drop(under_way.remove(&succeeded.request_id)),
            CommandEvent::Failed(failed) => {
                if let Some(span) = under_way.remove(&failed.request_id) {
                    span.record("otel.status_code", "ERROR");
                }
            }
            _ => {}
        }
    })
}
