//! Instants on the command line.

use chrono::{DateTime, Utc};

/// Reads RFC 3339.
pub(crate) fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let instant = DateTime::parse_from_rfc3339(text).map_err(|_| format!("{text} is no instant such as 2026-11-26T04:10:00+09:00"))?;
    Ok(instant.to_utc())
}
