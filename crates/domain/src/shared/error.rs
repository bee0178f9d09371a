//! One error type for every use case and port: a closed kind, a stable code, a Korean sentence for people and, apart from
//! that, the internal cause for the operator's log.

use std::fmt;

use chrono::Duration;

/// Result of every use case and port.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What kind of no it is. `http` has the one table that turns it into a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A rule says no to this request (400).
    Refused,
    /// A field does not parse (422).
    Invalid,
    /// No session or a bad one (401).
    Unauthenticated,
    /// The session has the other role (403).
    Forbidden,
    /// The account asked to be deleted (439).
    Withdrawn,
    /// It does not exist, or belongs to another (404).
    NotFound,
    /// Larger than allowed (413).
    TooLarge,
    /// Of another media type than is read (415).
    MediaType,
    /// It clashes with what is there (409).
    Conflict,
    /// Its time is over (408).
    Timeout,
    /// The caller has asked too often, or has too much under way (429).
    TooMany,
    /// A part that we need does not answer (503).
    Unavailable,
    /// A defect of ours (500).
    Internal,
}

/// A refusal as the contract words it: fixed text, safe to insert as HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Which status it becomes.
    pub kind: ErrorKind,
    /// Stable word for programs; never translated.
    pub code: &'static str,
    /// A Korean sentence for people.
    pub detail: &'static str,
}

impl Refusal {
    /// Builds a refusal in a `const`.
    pub const fn new(kind: ErrorKind, code: &'static str, detail: &'static str) -> Self {
        Self { kind, code, detail }
    }
}

/// The refusals of a feature, a line each: constant, kind, code, sentence.
macro_rules! refusals {
    ($($name:ident = $kind:ident, $code:literal, $detail:literal;)*) => {
        $(#[doc = concat!("`", $code, "`: ", $detail)]
        pub const $name: $crate::shared::error::Refusal = $crate::shared::error::Refusal::new($crate::shared::error::ErrorKind::$kind, $code, $detail);)*
    };
}
pub(crate) use refusals;

/// Why one value does not parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Stable word for programs; never translated.
    pub code: &'static str,
    /// A Korean sentence for people.
    pub message: &'static str,
}

/// A [`Rule`] broken by the field named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field in the request, as `operation_times.3.open_time`.
    pub field: String,
    /// The rule that the value breaks.
    pub rule: Rule,
}

/// Failure of a use case or of a port.
#[derive(Debug)]
pub enum Error {
    /// The contract says no.
    Refused(Refusal),
    /// The contract says no, for some time.
    TooMany {
        /// What it says.
        refusal: Refusal,
        /// After this the same call may succeed.
        retry_after: Duration,
    },
    /// One or more fields do not parse; nothing was changed.
    Invalid(Vec<FieldError>),
    /// A part outside does not answer now; the same call may succeed later.
    Unavailable {
        /// Its name in logs and in `/health/ready`.
        part: &'static str,
        /// For the log only.
        cause: Cause,
    },
    /// A defect: a bad row, a broken invariant.
    Internal {
        /// For the log only.
        cause: Cause,
    },
}

impl Error {
    /// A part that does not answer.
    pub fn unavailable(part: &'static str, cause: impl Into<Cause>) -> Self {
        Self::Unavailable { part, cause: cause.into() }
    }

    /// Something that cannot happen has happened.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal { cause: cause.into() }
    }

    /// The kind that decides the status.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(refusal) | Self::TooMany { refusal, .. } => refusal.kind,
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Internal { .. } => ErrorKind::Internal,
        }
    }

    /// Whether this is exactly that refusal.
    pub fn is(&self, refusal: &Refusal) -> bool {
        matches!(self, Self::Refused(r) | Self::TooMany { refusal: r, .. } if r == refusal)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) | Self::TooMany { refusal, .. } => f.write_str(refusal.code),
            Self::Invalid(fields) => {
                let names: Vec<_> = fields.iter().map(|e| format!("{}: {}", e.field, e.rule.code)).collect();
                write!(f, "invalid fields ({})", names.join(", "))
            }
            Self::Unavailable { part, cause } => write!(f, "{part} is unavailable: {}", chain(cause.as_ref())),
            Self::Internal { cause } => write!(f, "internal: {}", chain(cause.as_ref())),
        }
    }
}

impl std::error::Error for Error {}

/// An error and its sources in one line: database drivers hide the reason in the source.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

/// Collects the errors of all fields, so that a person sees them at once.
#[derive(Debug, Default)]
pub struct Validation {
    errors: Vec<FieldError>,
}

impl Validation {
    /// Keeps the error under `field`, gives the value where there is one.
    pub fn check<T>(&mut self, field: &str, parsed: std::result::Result<T, Rule>) -> Option<T> {
        parsed.map_err(|rule| self.errors.push(FieldError { field: field.to_owned(), rule })).ok()
    }

    /// [`Validation::check`] for a field that may be absent.
    pub fn check_optional<T>(&mut self, field: &str, parsed: Option<std::result::Result<T, Rule>>) -> Option<T> {
        parsed.and_then(|parsed| self.check(field, parsed))
    }

    /// The errors so far, or the value that `build` makes. `build` gives `None` only where a check failed.
    pub fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T> {
        if !self.errors.is_empty() {
            return Err(Error::Invalid(self.errors));
        }
        build().ok_or_else(|| Error::internal("a checked field had neither value nor error"))
    }
}
