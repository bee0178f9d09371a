//! Text that people type: length in characters, no control characters (PostgreSQL refuses NUL).

use super::error::{Result, Rule};

/// Text of `min` to `max` characters.
///
/// # Errors
/// - `too_short`: nothing, or nothing visible, or fewer characters than asked for.
/// - `too_long`: more characters than allowed.
/// - `bad_character`: a control character.
pub fn bounded(text: &str, min: usize, max: usize) -> Result<String, Rule> {
    let length = text.chars().count();
    if length < min || (min > 0 && text.trim().is_empty()) {
        return Err(Rule { code: "too_short", message: "값을 입력해 주세요." });
    }
    if length > max {
        return Err(Rule { code: "too_long", message: "너무 깁니다." });
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Rule { code: "bad_character", message: "사용할 수 없는 문자가 있습니다." });
    }
    Ok(text.to_owned())
}
