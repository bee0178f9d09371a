//! Mending single values.

use chrono::{DateTime, Utc};

use super::finding::{self, Reason, Told};
use crate::shared::{Rule, text::normal};

/// Stands for a name that shows nothing.
pub const NO_NAME: &str = "이름 없음";

/// A text by its rule; what breaks it is mended. `changed`: what is told of a text that lost characters.
pub fn text(told: &mut Told, field: &str, old: Option<&str>, parse: impl Fn(&str) -> Result<String, Rule>, changed: Reason) -> String {
    let old = old.unwrap_or_default();
    let mut mended = old.to_owned();
    for reason in [None, Some(changed)] {
        match parse(&mended) {
            Ok(text) => {
                if let Some(reason) = reason {
                    told.tell_of(reason, format!("{field}: {old}"));
                }
                return text;
            }
            Err(Rule { code: "too_long", .. }) if !mended.chars().any(has_no_place) => {
                told.tell_of(finding::TEXT_TOO_LONG, field);
                return normal(&mended);
            }
            Err(_) => mended = mended.chars().map(|c| if has_no_place(c) { ' ' } else { c }).collect(),
        }
    }
    told.tell_of(finding::TEXT_MISSING, field);
    String::new()
}

/// The same for a name: one that shows nothing says so.
pub fn name(told: &mut Told, field: &str, old: Option<&str>, parse: impl Fn(&str) -> Result<String, Rule>) -> String {
    let mended = text(told, field, old, parse, finding::NAME_CHANGED);
    if mended.is_empty() { NO_NAME.to_owned() } else { mended }
}

fn has_no_place(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The instant in an id of the old service: `PAY_{8 hex}_{unix seconds}`, `STR_{unix seconds}_{8 hex}`, `PRD_{unix seconds}_{8 hex}`.
pub fn made_at(id: &str) -> Option<DateTime<Utc>> {
    let (prefix, rest) = id.split_once('_')?;
    let (first, second) = rest.split_once('_')?;
    let seconds = if prefix == "PAY" { second } else { first };
    // Ten digits: from 2001 to 2286.
    let seconds = Some(seconds).filter(|text| text.len() == 10)?.parse().ok()?;
    DateTime::from_timestamp(seconds, 0)
}

/// A number as it can be stored, at the nearest end where it cannot.
pub fn number(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{imports::model::finding::Kind, products::Product};

    fn mended(old: Option<&str>) -> (String, Vec<&'static str>) {
        let mut told = Told::of(Kind::Products, "PRD_1");
        let text = name(&mut told, "product_name", old, Product::name);
        (text, told.findings.iter().map(|finding| finding.reason.code).collect())
    }

    #[test]
    fn a_name_loses_what_has_no_place_in_it_and_nothing_else() {
        assert_eq!(mended(Some(" 만두 ")), ("만두".into(), vec![]));
        assert_eq!(mended(Some("만\n두\u{202e}")), ("만 두".into(), vec!["name_changed"]));
        assert_eq!(mended(Some("\u{3164}")), (NO_NAME.into(), vec!["text_missing"]));
        assert_eq!(mended(None), (NO_NAME.into(), vec!["text_missing"]));
        let long = "가".repeat(300);
        assert_eq!(mended(Some(&long)), (long, vec!["text_too_long"]));
    }

    #[test]
    fn ids_of_the_old_service_say_when_they_were_made() {
        let at = DateTime::from_timestamp(1_727_000_000, 0);
        for id in ["PAY_0a1b2c3d_1727000000", "STR_1727000000_0a1b2c3d", "PRD_1727000000_0a1b2c3d"] {
            assert_eq!(made_at(id), at, "{id}");
        }
        for id in ["PAY01K0000000000000000000000", "PAY_1727000000_0a1b2c3d", "PAY_0a1b2c3d_", ""] {
            assert_eq!(made_at(id), None, "{id}");
        }
    }
}
