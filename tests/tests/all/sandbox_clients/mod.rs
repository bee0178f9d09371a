//! The sandbox as common client libraries meet it: what they send and read that our own adapters do not. `just clients` runs the
//! libraries themselves.

mod logins;
mod payments;

use serde_json::Value;

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}
