//! `.env`, read as the original's reader (python-dotenv, under pydantic-settings) reads it.

use std::path::Path;

/// Puts the variables of the nearest `.env`, of this folder or of one above it, into the environment, where it has them not (whatever
/// their case). No such file is fine.
///
/// # Errors
/// A file that cannot be read; every line that does not parse, by its number.
pub(crate) fn load() -> Result<(), Vec<String>> {
    let here = std::env::current_dir().unwrap_or_default();
    let Some(file) = here.ancestors().map(|folder| folder.join(".env")).find(|file| file.is_file()) else { return Ok(()) };
    for (name, value) in read(&file)? {
        set(&name, &value);
    }
    Ok(())
}

#[expect(unsafe_code, reason = "the SDKs and the log read the environment themselves; settings are read before there is a second thread")]
fn set(name: &str, value: &str) {
    if !std::env::vars_os().any(|(there, _)| there.eq_ignore_ascii_case(name)) {
        unsafe { std::env::set_var(name, value) };
    }
}

fn read(file: &Path) -> Result<Vec<(String, String)>, Vec<String>> {
    let text = std::fs::read_to_string(file).map_err(|e| vec![format!("{} cannot be read: {e}", file.display())])?;
    parse(&text, |name| std::env::var(name).ok()).map_err(|lines| {
        let bad = |line: usize| {
            format!("{}, line {line}: not NAME=value (is a quote not closed, or something after a closed one?)", file.display())
        };
        lines.into_iter().map(bad).collect::<Vec<_>>()
    })
}

/// The variables, a later line in place of an earlier one, or the numbers of the lines that do not parse. `${NAME}` and
/// `${NAME:-default}` stand for a variable of the file so far, else of `environment`, also between quotes; any other `$` is one.
fn parse(text: &str, environment: impl Fn(&str) -> Option<String>) -> Result<Vec<(String, String)>, Vec<usize>> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let (mut reader, mut variables, mut bad) = (Reader(&text), Vec::<(String, String)>::new(), Vec::new());
    loop {
        reader.skip(is_space);
        if reader.0.is_empty() {
            return if bad.is_empty() { Ok(variables) } else { Err(bad) };
        }
        let line = 1 + text[..text.len() - reader.0.len()].matches('\n').count();
        match reader.binding() {
            Some(Some((name, value))) => {
                let of_file = |name: &str| variables.iter().find(|(there, _)| there == name).map(|(_, value)| value.clone());
                let value = interpolate(&value, |name| of_file(name).or_else(|| environment(name)));
                variables.retain(|(there, _)| *there != name);
                variables.push((name, value));
            }
            Some(None) => {}
            None => {
                bad.push(line);
                reader.skip(|c| c != '\n');
            }
        }
    }
}

fn interpolate(value: &str, look_up: impl Fn(&str) -> Option<String>) -> String {
    let (mut whole, mut rest) = (String::new(), value);
    while let Some((before, after)) = rest.split_once("${") {
        whole.push_str(before);
        match reference(after) {
            Some((name, default, after)) => {
                whole.push_str(&look_up(name).unwrap_or_else(|| default.to_owned()));
                rest = after;
            }
            None => {
                whole.push_str("${");
                rest = after;
            }
        }
    }
    whole + rest
}

/// Name, default, and what follows the brace.
fn reference(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_at(text.find(['}', ':'])?);
    if let Some(after) = rest.strip_prefix('}') {
        return Some((name, "", after));
    }
    let (default, after) = rest.strip_prefix(":-")?.split_once('}')?;
    Some((name, default, after))
}

/// White space to Python.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

fn is_space_in_line(c: char) -> bool {
    is_space(c) && c != '\n'
}

/// What is still to be read.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn skip(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let (skipped, rest) = self.0.split_at(self.0.find(|c| !fits(c)).unwrap_or(self.0.len()));
        self.0 = rest;
        skipped
    }

    /// One line, or several where a quoted value has them. `Some(None)`: a comment, or a name alone, which sets nothing.
    fn binding(&mut self) -> Option<Option<(String, String)>> {
        if let Some(exported) = self.0.strip_prefix("export").filter(|rest| rest.starts_with(is_space_in_line)) {
            self.0 = exported;
            self.skip(is_space_in_line);
        }
        let name = self.name()?;
        self.skip(is_space_in_line);
        let value = match self.0.strip_prefix('=') {
            Some(rest) => {
                self.0 = rest;
                let spaces = self.skip(is_space_in_line);
                // `A= # comment` is empty, `A=#b` is not.
                Some(if !spaces.is_empty() && self.0.starts_with('#') { String::new() } else { self.value()? })
            }
            None => None,
        };
        self.skip(is_space_in_line);
        if self.0.starts_with('#') {
            self.skip(|c| c != '\n');
        }
        if !self.0.is_empty() && !self.0.starts_with('\n') {
            return None;
        }
        match name.zip(value) {
            // What no environment can hold.
            Some((name, value)) if name.contains(['=', '\0']) || value.contains('\0') => None,
            variable => Some(variable),
        }
    }

    /// `Some(None)` before a comment.
    fn name(&mut self) -> Option<Option<String>> {
        if self.0.starts_with('#') {
            return Some(None);
        }
        let name = match self.0.strip_prefix('\'') {
            Some(quoted) => {
                let (name, rest) = quoted.split_once('\'')?;
                self.0 = rest;
                name
            }
            None => self.skip(|c| !is_space(c) && c != '=' && c != '#'),
        };
        (!name.is_empty()).then(|| Some(name.to_owned()))
    }

    fn value(&mut self) -> Option<String> {
        match self.0.chars().next() {
            Some('\'') => self.quoted('\'', |escaped| matches!(escaped, '\\' | '\'').then_some(escaped)),
            Some('"') => self.quoted('"', |escaped| match escaped {
                '\\' | '\'' | '"' => Some(escaped),
                'a' => Some('\x07'),
                'b' => Some('\x08'),
                'f' => Some('\x0c'),
                'n' => Some('\n'),
                'r' => Some('\r'),
                't' => Some('\t'),
                'v' => Some('\x0b'),
                _ => None,
            }),
            _ => {
                let line = self.skip(|c| c != '\n');
                let comment = line.char_indices().find(|(at, c)| *c == '#' && line[..*at].ends_with(is_space));
                Some(line[..comment.map_or(line.len(), |(at, _)| at)].trim_end_matches(is_space).to_owned())
            }
        }
    }

    /// To the first quote that no backslash is before; where there is none in the whole file, to the last one.
    fn quoted(&mut self, quote: char, unescape: impl Fn(char) -> Option<char>) -> Option<String> {
        let inner = self.0.strip_prefix(quote)?;
        let mut quotes = inner.match_indices(quote).map(|(at, _)| at);
        let end = quotes.find(|at| !inner[..*at].ends_with('\\')).or_else(|| inner.rfind(quote))?;
        self.0 = &inner[end + 1..];
        let (mut value, mut rest) = (String::new(), &inner[..end]);
        while let Some((before, after)) = rest.split_once('\\') {
            value.push_str(before);
            let escaped = after.chars().next().and_then(&unescape);
            value.push(escaped.unwrap_or('\\'));
            rest = if escaped.is_some() { &after[1..] } else { after };
        }
        Some(value + rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<(String, String)>, Vec<usize>> {
        parse(text, |name| (name == "OUT").then(|| "outside".to_owned()))
    }

    /// What python-dotenv 1.2.4 makes of each (`dotenv_values`, with OUT=outside in the environment), but `'C:\'`, which only versions
    /// to 1.2.2 can read.
    #[test]
    fn it_reads_what_the_originals_reader_reads() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("A=CheapBob Admin\nB=2", &[("A", "CheapBob Admin"), ("B", "2")]),
            ("A=a b  # c", &[("A", "a b")]),
            ("A=a#b", &[("A", "a#b")]),
            ("A=#b", &[("A", "#b")]),
            ("A= # c", &[("A", "")]),
            ("A=", &[("A", "")]),
            ("A= \nB=1", &[("A", ""), ("B", "1")]),
            ("export A=1", &[("A", "1")]),
            ("exportA=1", &[("exportA", "1")]),
            ("export\tA = 1 ", &[("A", "1")]),
            ("  A=1", &[("A", "1")]),
            ("A='a b' # c", &[("A", "a b")]),
            ("A='it\\'s \\\\ \\n'", &[("A", "it's \\ \\n")]),
            ("A=\"a\\n\\t\\\"q\\\" \\x\"", &[("A", "a\n\t\"q\" \\x")]),
            ("A=\"a\nb\"\nB=1", &[("A", "a\nb"), ("B", "1")]),
            ("A='a\n b'", &[("A", "a\n b")]),
            ("'A'=1", &[("A", "1")]),
            ("# c\n\nA=1", &[("A", "1")]),
            ("A", &[]),
            ("A\nB=1", &[("B", "1")]),
            ("A=$x $$ $1 a$", &[("A", "$x $$ $1 a$")]),
            ("A=pa$$w0rd!", &[("A", "pa$$w0rd!")]),
            ("A=1\nB=${A}2", &[("A", "1"), ("B", "12")]),
            ("B=${HOMELESS}|${HOMELESS:-d e}|${HOMELESS-x}|${", &[("B", "|d e||${")]),
            ("B='${OUT}'", &[("B", "outside")]),
            ("A=1\nA=2", &[("A", "2")]),
            ("A=1\r\nB=2\r\n", &[("A", "1"), ("B", "2")]),
            ("A=a\\nb", &[("A", "a\\nb")]),
            ("A=\"x\"#c", &[("A", "x")]),
            ("A='C:\\'", &[("A", "C:\\")]),
            ("A=a=b", &[("A", "a=b")]),
            ("A=한글 값 # 뒤", &[("A", "한글 값")]),
            ("A:b=1", &[("A:b", "1")]),
            ("A=`x`", &[("A", "`x`")]),
            ("A='' \nB=\"\"", &[("A", ""), ("B", "")]),
            ("A=\"${OUT}x\"", &[("A", "outsidex")]),
            ("A=a\t#c", &[("A", "a")]),
            ("A=\u{3000}x\u{3000}", &[("A", "x")]),
            ("\u{feff}A=1", &[("A", "1")]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(parsed(text).as_ref(), Ok(&expected), "{text:?}");
        }
    }

    #[test]
    fn every_line_that_does_not_parse_is_named() {
        for (text, lines) in [
            ("A=\"x\"y", vec![1]),
            ("\n\nA='x", vec![3]),
            ("=1", vec![1]),
            ("A B=1", vec![1]),
            ("A=1\nB \"2\nC=3\nD='x'y", vec![2, 4]),
            ("A=1\nB=\"2\nC=3", vec![2]),
            ("A=a\0b", vec![1]),
            ("'A=B'=1", vec![1]),
        ] {
            assert_eq!(parsed(text), Err(lines), "{text:?}");
        }
    }
}
