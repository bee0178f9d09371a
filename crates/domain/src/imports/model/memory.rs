//! What was brought before, and how a second run takes it.

use super::finding::{self, Reason};

/// What is remembered of a row that may have been brought before, and what is here now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Fingerprint of the old row when it was brought last. `None`: it never was.
    pub old: Option<String>,
    /// Fingerprint of what it became here.
    pub ours: Option<String>,
    /// Fingerprint of what is here now. `None`: it is not here.
    pub now: Option<String>,
}

/// A row to be written, and what is remembered of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Brought<T> {
    /// What is here from now on.
    pub row: T,
    /// Fingerprint of the old row.
    pub old: String,
}

/// What is to be done about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is here, and has not changed there.
    Leave,
    /// It is written.
    Bring,
    /// It stays as it is here, and that is told.
    Tell(Reason),
}

impl Known {
    /// What becomes of the old row with this fingerprint. What people have changed here is never overwritten.
    pub fn step(&self, old: &str) -> Step {
        match (&self.old, &self.now) {
            // Some rows come to nothing here: favourites of stores that are gone.
            (Some(brought), now) if brought == old && (now.is_some() || *now == self.ours) => Step::Leave,
            (Some(_), now) if *now == self.ours => Step::Bring,
            (Some(_), None) => Step::Tell(finding::DELETED_HERE),
            (Some(_), Some(_)) => Step::Tell(finding::CHANGED_HERE),
            (None, Some(_)) => Step::Tell(finding::MADE_HERE),
            (None, None) => Step::Bring,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(old: Option<&str>, ours: Option<&str>, now: Option<&str>) -> Known {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Known { old: owned(old), ours: owned(ours), now: owned(now) }
    }

    #[test]
    fn what_changed_there_is_brought_unless_it_changed_here_too() {
        for (known, step) in [
            (known(None, None, None), Step::Bring),
            (known(None, None, Some("a")), Step::Tell(finding::MADE_HERE)),
            (known(Some("same"), Some("a"), Some("a")), Step::Leave),
            (known(Some("same"), Some("a"), Some("b")), Step::Leave),
            (known(Some("other"), Some("a"), Some("a")), Step::Bring),
            (known(Some("other"), Some("a"), Some("b")), Step::Tell(finding::CHANGED_HERE)),
            (known(Some("other"), Some("a"), None), Step::Tell(finding::DELETED_HERE)),
            (known(Some("same"), Some("a"), None), Step::Tell(finding::DELETED_HERE)),
            (known(Some("same"), None, None), Step::Leave),
            (known(Some("other"), None, None), Step::Bring),
        ] {
            assert_eq!(known.step("same"), step, "{known:?}");
        }
    }
}
