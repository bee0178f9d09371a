//! Text that people type, and the one way it gets in: as NFC, without white space at its ends, with something to see, of a length
//! that a person would count.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::error::{Result, Rule};

/// A text that somebody types into one field. Made by `typed!`, a constant for each field.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// Fewest characters.
    pub min: usize,
    /// Most characters.
    pub max: usize,
    /// Whether it may have lines.
    pub several_lines: bool,
    /// What a person reads where there are fewer.
    pub too_short: &'static str,
    /// What a person reads where there are more.
    pub too_long: &'static str,
    /// What a person reads where a character has no place in it.
    pub bad_character: &'static str,
}

/// A [`Text`] of one line, or of `lines`: its subject with its particle, for the sentences, and how many characters it has.
macro_rules! typed {
    ($subject:literal, $min:literal to $max:literal) => {
        $crate::shared::text::typed!($subject, $min, $max, false, " 한 줄이어야 하고 제어 문자를 쓸 수 없습니다.")
    };
    ($subject:literal, $min:literal to $max:literal, lines) => {
        $crate::shared::text::typed!($subject, $min, $max, true, " 제어 문자를 쓸 수 없습니다.")
    };
    ($subject:literal, $min:literal, $max:literal, $several_lines:literal, $characters:literal) => {
        $crate::shared::text::Text {
            min: $min,
            max: $max,
            several_lines: $several_lines,
            too_short: concat!($subject, " ", $min, "자 이상 입력해 주세요."),
            too_long: concat!($subject, " ", $max, "자까지 입력할 수 있습니다."),
            bad_character: concat!($subject, $characters),
        }
    };
}
pub(crate) use typed;

impl Text {
    /// The text as it is stored and searched for.
    ///
    /// # Errors
    /// `too_short`, also where it has characters and none that can be seen; `too_long`, `bad_character`.
    pub fn parse(&self, text: &str) -> Result<String, Rule> {
        let text = normal(text);
        let length = text.graphemes(true).count();
        if length < self.min || (self.min > 0 && text.chars().all(shows_nothing)) {
            return Err(Rule { code: "too_short", message: self.too_short });
        }
        if length > self.max || text.len() > self.most_bytes() {
            return Err(Rule { code: "too_long", message: self.too_long });
        }
        if text.chars().any(|c| self.refuses(c)) {
            return Err(Rule { code: "bad_character", message: self.bad_character });
        }
        Ok(text)
    }

    /// A person counts 👨‍👩‍👧‍👦 as one, and a letter with a thousand accents too. 640 bytes: three such fields and a store's name fit into
    /// a row of an index of PostgreSQL, which holds 2,704.
    fn most_bytes(&self) -> usize {
        (32 * self.max).min(640).max(4 * self.max)
    }

    /// Control characters (PostgreSQL refuses NUL); in one line also what breaks it or changes its direction.
    fn refuses(&self, c: char) -> bool {
        if self.several_lines {
            return c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        }
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }
}

/// NFC without the white space at its ends.
pub fn normal(text: &str) -> String {
    text.nfc().collect::<String>().trim_matches(is_space).to_owned()
}

/// White space of any script, and the characters that stand for it or have no width. Those that join others (U+200D, variation selectors,
/// tags) are part of the character before them. Migration `000013` has the same.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{180e}' | '\u{200b}' | '\u{2060}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}')
}

/// White space, control characters, Unicode's Default_Ignorable_Code_Point, and three blanks that are none of these.
fn shows_nothing(c: char) -> bool {
    is_space(c)
        || c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{fff0}'..='\u{fffb}' | '\u{16fe4}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Text = typed!("이름은", 1 to 7);
    const STORY: Text = typed!("소개는", 0 to 20, lines);

    fn code(text: Text, typed: &str) -> Result<String, &'static str> {
        text.parse(typed).map_err(|rule| rule.code)
    }

    #[test]
    fn a_text_is_composed_and_trimmed_of_white_space_of_any_script() {
        let decomposed = "\u{1112}\u{1161}\u{11ab}\u{1107}\u{1175}\u{11be}";
        assert_eq!(NAME.parse(decomposed).unwrap(), "한빛");
        for space in
            [" ", "\t", "\r\n", "\u{a0}", "\u{3000}", "\u{2003}", "\u{2028}", "\u{85}", "\u{200b}", "\u{feff}", "\u{3164}", "\u{2800}"]
        {
            assert_eq!(NAME.parse(&format!("{space}새봄 만두{space}")).unwrap(), "새봄 만두", "{space:?}");
        }
    }

    #[test]
    fn what_shows_nothing_is_empty() {
        for blank in
            ["", " ", "\u{3164}", "\u{200b}", "\u{2800}", "\u{115f}\u{1160}", "\u{ad}", "\u{200d}\u{fe0f}", "\u{202e}", "\u{e0020}", "\0"]
        {
            assert_eq!(code(NAME, blank), Err("too_short"), "{blank:?}");
            assert!(code(STORY, blank).is_ok() || blank == "\0", "{blank:?}");
        }
        assert_eq!(NAME.parse("").unwrap_err().message, "이름은 1자 이상 입력해 주세요.");
    }

    #[test]
    fn one_line_stays_one_line_and_runs_one_way() {
        for bad in [
            "\0", "\n", "\r\n", "\t", "\u{b}", "\u{c}", "\u{1b}", "\u{7f}", "\u{85}", "\u{2028}", "\u{2029}", "\u{61c}", "\u{200e}",
            "\u{200f}", "\u{202a}", "\u{202e}", "\u{2066}", "\u{2069}",
        ] {
            assert_eq!(code(NAME, &format!("가{bad}게")), Err("bad_character"), "{bad:?}");
        }
        assert_eq!(code(STORY, "한 줄\r\n두\t줄"), Ok("한 줄\r\n두\t줄".to_owned()));
        for bad in ["가\0게", "가\u{1b}게", "가\u{85}게"] {
            assert_eq!(code(STORY, bad), Err("bad_character"), "{bad:?}");
        }
    }

    #[test]
    fn a_person_counts_what_they_see() {
        for seven in [
            "👨‍👩‍👧‍👦".repeat(7),
            "🇰🇷".repeat(7),
            "❤️".repeat(7),
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}".repeat(7),
            "각".repeat(7),
        ] {
            assert_eq!(NAME.parse(&seven).unwrap(), seven);
            assert_eq!(code(NAME, &format!("{seven}가")), Err("too_long"), "{seven}");
        }
        // One character to a person, and a page full of ink.
        assert_eq!(code(NAME, &format!("가{}", "\u{301}".repeat(200))), Err("too_long"));
        assert_eq!(NAME.parse("12345678").unwrap_err().message, "이름은 7자까지 입력할 수 있습니다.");
    }
}
