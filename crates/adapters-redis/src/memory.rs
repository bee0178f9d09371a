//! What a process remembers of sessions, so that not each request has to ask.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock, RwLockWriteGuard},
    time::{Duration, Instant},
};

use cheapbob_domain::users::{Account, Lease, Remembered};

/// How long what is remembered counts after Redis was last known to tell of changes. Also how long who makes a change waits for
/// processes that do not say that they have heard of it: then they do not trust their memory either.
pub(crate) const TRUST: Duration = Duration::from_secs(1);

/// How long an account is remembered: as long may a change stay unseen whose process died before it told of it.
const KEPT: Duration = Duration::from_secs(60);

/// Sessions remembered at most, some 300 bytes each; where there are more, all begin anew.
const MOST: usize = 50_000;

/// Accounts of sessions that were good a moment ago.
#[derive(Default)]
pub(crate) struct Memory {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// Of the last change heard of: what was asked for before it is not remembered after it.
    change: u64,
    accounts: HashMap<String, (Account, Instant)>,
    /// `None`: Redis is not heard.
    trusted_until: Option<Instant>,
}

impl Memory {
    /// The account of a session.
    pub(crate) fn account(&self, session_id: &str) -> Remembered {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.trusted_until.is_none_or(|until| until <= Instant::now()) {
            return Remembered::Unknown(None);
        }
        match known.accounts.get(session_id) {
            Some((account, since)) if since.elapsed() < KEPT => Remembered::Known(account.clone()),
            _ => Remembered::Unknown(Some(Lease(known.change))),
        }
    }

    /// Remembers, unless something has changed since the lease was given.
    pub(crate) fn remember(&self, session_id: &str, account: &Account, lease: &Lease) {
        let mut known = self.write();
        if known.change == lease.0 {
            if known.accounts.len() >= MOST {
                known.accounts.clear();
            }
            known.accounts.insert(session_id.to_owned(), (account.clone(), Instant::now()));
        }
    }

    /// A session, or an account by its e-mail, has changed.
    pub(crate) fn forget(&self, what: &str) {
        let mut known = self.write();
        known.change += 1;
        known.accounts.retain(|session, (account, _)| session != what && account.email.as_str() != what);
    }

    /// Changes up to this moment have been heard.
    pub(crate) fn trust_from(&self, moment: Instant) {
        self.write().trusted_until = Some(moment + TRUST);
    }

    /// Changes may have been missed.
    pub(crate) fn lose(&self) {
        let mut known = self.write();
        known.change += 1;
        known.accounts.clear();
        known.trusted_until = None;
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use cheapbob_domain::{shared::Email, users::Role};

    use super::*;

    fn account(email: &str) -> Account {
        let made = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        Account { email: Email::trusted(email.into()), role: Role::Seller, is_active: true, email_vouched: true, created_at: made }
    }

    fn remember(memory: &Memory, session: &str, email: &str) {
        let Remembered::Unknown(Some(lease)) = memory.account(session) else { panic!("{session} is known, or nothing is trusted") };
        memory.remember(session, &account(email), &lease);
        assert_eq!(memory.account(session), Remembered::Known(account(email)));
    }

    #[test]
    fn nothing_is_trusted_before_redis_is_heard_and_long_after() {
        let memory = Memory::default();
        assert_eq!(memory.account("s"), Remembered::Unknown(None));
        memory.trust_from(Instant::now());
        remember(&memory, "s", "a@b");
        memory.trust_from(Instant::now().checked_sub(TRUST).unwrap());
        assert_eq!(memory.account("s"), Remembered::Unknown(None));
        memory.trust_from(Instant::now());
        memory.lose();
        assert_eq!(memory.account("s"), Remembered::Unknown(None));
        memory.trust_from(Instant::now());
        remember(&memory, "s", "a@b");
    }

    #[test]
    fn a_session_or_all_of_an_account_are_forgotten() {
        let memory = Memory::default();
        memory.trust_from(Instant::now());
        for (session, email) in [("1", "a@b"), ("2", "a@b"), ("3", "c@d")] {
            remember(&memory, session, email);
        }
        memory.forget("1");
        remember(&memory, "1", "a@b");
        memory.forget("a@b");
        for session in ["1", "2"] {
            assert!(matches!(memory.account(session), Remembered::Unknown(Some(_))));
        }
        assert_eq!(memory.account("3"), Remembered::Known(account("c@d")));
    }

    #[test]
    fn what_was_asked_for_before_a_change_is_not_remembered() {
        let memory = Memory::default();
        memory.trust_from(Instant::now());
        let Remembered::Unknown(Some(lease)) = memory.account("s") else { panic!("known") };
        memory.forget("a@b");
        memory.remember("s", &account("a@b"), &lease);
        assert!(matches!(memory.account("s"), Remembered::Unknown(Some(_))));
    }
}
