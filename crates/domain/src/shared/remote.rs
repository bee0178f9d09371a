//! Other servers: text that they send, which can be read and stored whatever they write; and how they are named to an operator.

use std::borrow::Cow;

/// The text as PostgreSQL can store it, which refuses NUL.
pub fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// An address as an operator may see it: without user and password, and what stands behind a question mark.
pub fn without_login(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{}", place.split('?').next().unwrap_or_default())
}

/// JSON as serde reads it and PostgreSQL stores its texts: U+FFFD stands for bytes that are no UTF-8, for half of a surrogate pair
/// (JavaScript writes one where it cuts a name in two) and for NUL. One such name must not hide the rest of the answer.
pub fn readable_json(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = storable(&text);
    let (mut readable, mut rest) = (String::with_capacity(text.len()), text.as_ref());
    while let Some((before, escape)) = rest.split_once('\\') {
        readable.push_str(before);
        let length = match unit(escape) {
            Some(0xd800..=0xdbff) if follows_low_half(escape) => "uXXXX\\uXXXX".len(),
            Some(0 | 0xd800..=0xdfff) => {
                readable.push(char::REPLACEMENT_CHARACTER);
                rest = &escape["uXXXX".len()..];
                continue;
            }
            _ => escape.chars().next().map_or(0, char::len_utf8),
        };
        readable.push('\\');
        readable.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    readable + rest
}

/// The UTF-16 unit of an escape, after its backslash.
fn unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix('u')?.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

fn follows_low_half(escape: &str) -> bool {
    let next = escape.get("uXXXX".len()..).and_then(|next| next.strip_prefix('\\'));
    matches!(next.and_then(unit), Some(0xdc00..=0xdfff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_what_is_secret() {
        for (address, shown) in [
            ("rediss://u:p%40@redis:6380/1", "rediss://redis:6380/1"),
            ("redis://:p/@b@redis", "redis://redis"),
            ("mongodb+srv://u:p@cluster.example/?authSource=admin", "mongodb+srv://cluster.example/"),
            ("mongodb://a:1,b:2/x", "mongodb://a:1,b:2/x"),
            ("https://api.portone.io/", "https://api.portone.io/"),
        ] {
            assert_eq!(without_login(address), shown);
        }
    }

    #[test]
    fn what_cannot_be_stored_is_stored_as_what_can() {
        assert_eq!(storable("550 a\0b\0"), "550 a\u{fffd}b\u{fffd}");
        assert!(matches!(storable("한글"), Cow::Borrowed("한글")));
    }

    #[test]
    fn a_name_that_nobody_can_read_hides_nothing_else() {
        let read = |bytes: &[u8]| {
            let value: serde_json::Value = serde_json::from_str(&readable_json(bytes)).unwrap();
            value["a"].as_str().unwrap().to_owned()
        };
        for (sent, text) in [
            (r#"{"a":"\ud800"}"#, "\u{fffd}"),
            (r#"{"a":"x\uDC00y"}"#, "x\u{fffd}y"),
            (r#"{"a":"\ud83d\ude00"}"#, "😀"),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, "\u{fffd}😀"),
            (r#"{"a":"\ud83d\n\ude00"}"#, "\u{fffd}\n\u{fffd}"),
            (r#"{"a":"\u0000\u0041"}"#, "\u{fffd}A"),
            (r#"{"a":"\\ud800\\u0000\"\\"}"#, "\\ud800\\u0000\"\\"),
            (r#"{"\udfff":1,"a":"한\ud800"}"#, "한\u{fffd}"),
        ] {
            assert_eq!(read(sent.as_bytes()), text, "{sent}");
        }
        assert_eq!(read(b"{\"a\":\"\xff\xed\xa0\x80\0\"}"), "\u{fffd}".repeat(5));
        for broken in [r#"{"a":"\"#, r#"{"a":"\u"#, r#"{"a":"\ud800\"#, r#"{"a":"\u+000"}"#, r#"{"a":"\한"}"#] {
            assert!(serde_json::from_str::<serde_json::Value>(&readable_json(broken.as_bytes())).is_err(), "{broken}");
        }
    }
}
