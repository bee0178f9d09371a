//! Answers with everything that differs from run to run named instead of shown; what is hidden is checked first.

use std::collections::HashMap;

use chrono::DateTime;
use serde_json::Value;

/// Ids become `PAY#1`, instants `[instant]`: the same one the same name.
pub fn normalized(value: &Value) -> Value {
    Names::default().value(value, "")
}

#[derive(Default)]
struct Names {
    known: HashMap<String, String>,
    counts: HashMap<&'static str, usize>,
}

impl Names {
    fn value(&mut self, value: &Value, field: &str) -> Value {
        match value {
            Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), self.value(v, k))).collect::<serde_json::Map<_, _>>().into(),
            Value::Array(list) => list.iter().map(|v| self.value(v, field)).collect(),
            Value::String(text) => Value::String(self.text(text, field)),
            Value::Number(_) if matches!(field, "id" | "operation_id") => Value::String("[row id]".to_owned()),
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str, field: &str) -> String {
        match field {
            "request_id" => {
                assert_eq!(text.len(), 26, "request_id {text}");
                return "[request id]".to_owned();
            }
            "qr_data" => {
                assert_eq!(text.split('.').count(), 3, "qr_data {text}");
                return "[code]".to_owned();
            }
            _ => {}
        }
        if field == "at" || field.ends_with("_at") && field != "time_at" {
            let instant = DateTime::parse_from_rfc3339(text).unwrap_or_else(|e| panic!("{field} {text}: {e}"));
            assert_eq!(instant.offset().local_minus_utc(), 9 * 3600, "{field} is in KST: {text}");
            return "[instant]".to_owned();
        }
        for prefix in ["PAY", "STR_", "PRD_", "RVW_"] {
            if text.len() == prefix.len() + 26 && text.starts_with(prefix) {
                return self.name(prefix, text);
            }
        }
        if let Some((path, id)) = text.rsplit_once('/').filter(|(_, id)| id.starts_with("STR_")) {
            return format!("{path}/{}", self.text(id, field));
        }
        for (start, kind) in [("store-", "store-"), ("channel-", "channel-")] {
            if text.starts_with(start) && text.ends_with("@test.example") {
                return self.name(kind, text);
            }
        }
        if text.ends_with("@test.example") { self.name("e-mail", text) } else { text.to_owned() }
    }

    fn name(&mut self, kind: &'static str, text: &str) -> String {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let name = format!("{kind}#{count}");
        self.known.insert(text.to_owned(), name.clone());
        name
    }
}
