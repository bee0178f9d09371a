//! Accounts of both roles, profiles, preferences, favourites.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    finding::{self, Told},
    mending,
    old::{OldAccount, OldFavorites, OldPerson, OldPreference},
};
use crate::{
    shared::{Email, StoreId},
    users::{Nickname, PhoneNumber, PreferenceKind, Role},
};

/// An account to be written. Nobody has vouched for its e-mail: the old service took whatever address a provider gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedAccount {
    /// Its name here, lower case.
    pub email: Email,
    /// How it is written there, where that is otherwise.
    pub written: Option<String>,
    /// The one role that it has.
    pub role: Role,
    /// `false`: it asked to be deleted.
    pub is_active: bool,
    /// Of the oldest of its rows.
    pub created_at: DateTime<Utc>,
    /// A customer's.
    pub profile: Option<ImportedProfile>,
}

/// A profile with its preferences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedProfile {
    /// By our rules.
    pub nickname: String,
    /// 11 digits.
    pub phone_number: String,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// Instant of its last change.
    pub updated_at: DateTime<Utc>,
    /// Each word of a kind once.
    pub preferences: Vec<(PreferenceKind, &'static str, DateTime<Utc>)>,
}

/// A customer's favourites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedFavorites {
    /// Whose.
    pub email: Email,
    /// Each store once, and since when.
    pub stores: Vec<(StoreId, DateTime<Utc>)>,
}

/// Which role an e-mail has that is in both: with a store the seller's, since others buy there; without one the customer's. Who has asked to be
/// deleted in one role alone keeps the other: the request must not take that along.
fn is_sellers(sellers: &[&OldAccount], customers: &[&OldAccount]) -> bool {
    let is_active = |rows: &[&OldAccount]| rows.iter().any(|row| row.is_active != Some(false));
    let has_store = sellers.iter().any(|seller| seller.stores > 0);
    customers.is_empty() || (has_store && (is_active(sellers) || !is_active(customers)))
}

/// What becomes of all rows of one e-mail. `None`: nothing is brought.
pub fn account(old: &OldPerson, now: DateTime<Utc>, told: &mut Told) -> Option<ImportedAccount> {
    let Ok(email) = Email::parse(&old.email) else {
        told.tell(finding::BAD_EMAIL);
        return None;
    };
    let (customers, sellers): (Vec<_>, Vec<_>) = old.accounts.iter().partition(|account| account.role == Role::Customer.as_str());
    let seller = is_sellers(&sellers, &customers);
    if !customers.is_empty() && !sellers.is_empty() {
        told.tell_of(finding::EMAIL_IN_BOTH_ROLES, if seller { "seller" } else { "customer" });
    }
    let (role, mut rows) = if seller { (Role::Seller, sellers) } else { (Role::Customer, customers) };
    // The active one's profile counts, then the older one's.
    rows.sort_by_key(|row| (row.is_active == Some(false), row.nickname.is_none(), row.created_at.unwrap_or(now), row.email.clone()));
    tell_of_emails(&rows, &email, told);
    let created_at = rows.iter().filter_map(|row| row.created_at).min().unwrap_or_else(|| {
        told.tell(finding::CREATION_UNKNOWN);
        rows.iter().flat_map(|row| [row.details_created_at, row.details_updated_at]).flatten().min().unwrap_or(now)
    });
    if rows.iter().any(|row| row.is_active.is_none()) {
        told.tell(finding::ACTIVITY_UNKNOWN);
    }
    let profile = if role == Role::Customer { profile(&rows, created_at, told) } else { None };
    let written = rows.first().map(|row| row.email.clone()).filter(|written| written != email.as_str());
    Some(ImportedAccount { email, written, role, is_active: rows.iter().any(|row| row.is_active != Some(false)), created_at, profile })
}

fn tell_of_emails(rows: &[&OldAccount], email: &Email, told: &mut Told) {
    for row in rows.iter().filter(|row| row.email != email.as_str()) {
        told.tell_of(finding::EMAIL_LOWERED, row.email.as_str());
    }
    if rows.len() > 1 {
        let all: Vec<_> = rows.iter().map(|row| row.email.as_str()).collect();
        told.tell_of(finding::EMAIL_TWICE, all.join(", "));
    }
}

fn profile(rows: &[&OldAccount], created_at: DateTime<Utc>, told: &mut Told) -> Option<ImportedProfile> {
    let preferences: Vec<_> = rows.iter().flat_map(|row| &row.preferences).collect();
    let Some(details) = rows.iter().find(|row| row.nickname.is_some() || row.phone_number.is_some()) else {
        told.tell(finding::NO_DETAILS);
        if !preferences.is_empty() {
            told.tell(finding::PREFERENCES_OF_NOBODY);
        }
        return None;
    };
    let (nickname, phone) = (details.nickname.as_deref().unwrap_or_default(), details.phone_number.as_deref().unwrap_or_default());
    let mended = nickname.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let (Ok(name), Ok(phone)) = (Nickname::parse(&mended), PhoneNumber::parse(phone)) else {
        told.tell_of(finding::PROFILE_LEFT_OUT, format!("{nickname}, {phone}"));
        return None;
    };
    if name.as_str() != nickname {
        told.tell_of(finding::NICKNAME_CHANGED, nickname);
    }
    let registered = details.details_created_at.or(details.details_updated_at).unwrap_or(created_at);
    Some(ImportedProfile {
        nickname: name.as_str().to_owned(),
        phone_number: phone.as_str().to_owned(),
        created_at: registered,
        updated_at: details.details_updated_at.unwrap_or(registered).max(registered),
        preferences: words(&preferences, registered, told),
    })
}

fn words(old: &[&OldPreference], registered: DateTime<Utc>, told: &mut Told) -> Vec<(PreferenceKind, &'static str, DateTime<Utc>)> {
    let mut words: Vec<(PreferenceKind, &'static str, DateTime<Utc>)> = Vec::new();
    for preference in old {
        let known = PreferenceKind::parse(&preference.kind).and_then(|kind| Some((kind, kind.word(&preference.word).ok()?)));
        let Some((kind, word)) = known else {
            told.tell_of(finding::UNKNOWN_WORD, preference.word.as_str());
            continue;
        };
        if words.iter().any(|(other, there, _)| (*other, *there) == (kind, word)) {
            told.tell_of(finding::PREFERENCE_TWICE, word);
        } else {
            words.push((kind, word, preference.created_at.unwrap_or(registered)));
        }
    }
    words
}

/// What becomes of the favourites of one e-mail.
pub fn favorites(old: &OldFavorites, now: DateTime<Utc>, told: &mut Told) -> Option<ImportedFavorites> {
    let email = Email::parse(&old.email).ok().filter(|_| !old.seller_has_store);
    let Some(email) = email else {
        told.tell(finding::FAVORITES_OF_NOBODY);
        return None;
    };
    let mut stores: BTreeMap<StoreId, DateTime<Utc>> = BTreeMap::new();
    for favorite in &old.stores {
        let Some(store) = StoreId::parse(&favorite.store_id) else {
            told.tell_of(finding::BAD_ID, favorite.store_id.as_str());
            continue;
        };
        let since = favorite.created_at.or_else(|| mending::made_at(store.as_str())).unwrap_or(now);
        if let Some(other) = stores.get_mut(&store) {
            told.tell_of(finding::FAVORITE_TWICE, store.as_str());
            *other = since.min(*other);
        } else {
            stores.insert(store, since);
        }
    }
    Some(ImportedFavorites { email, stores: stores.into_iter().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        imports::model::finding::Kind,
        shared::{Clock, testing::Noon},
    };

    fn customer(email: &str, nickname: Option<&str>, days: i64) -> OldAccount {
        OldAccount {
            role: "customer".into(),
            email: email.into(),
            is_active: Some(true),
            created_at: Some(Noon.now() + chrono::Duration::days(days)),
            nickname: nickname.map(str::to_owned),
            phone_number: nickname.map(|_| "01012345678".to_owned()),
            ..OldAccount::default()
        }
    }

    fn seller(email: &str, stores: i64) -> OldAccount {
        OldAccount { role: "seller".into(), stores, ..customer(email, None, 0) }
    }

    fn mapped(accounts: Vec<OldAccount>) -> (Option<ImportedAccount>, Vec<&'static str>) {
        let mut told = Told::of(Kind::Accounts, "a@b.c");
        let account = account(&OldPerson { email: "a@b.c".into(), accounts }, Noon.now(), &mut told);
        (account, told.findings.iter().map(|finding| finding.reason.code).collect())
    }

    #[test]
    fn of_two_cases_the_active_one_has_the_profile_then_the_older_one() {
        let (account, told) = mapped(vec![customer("A@b.c", Some("둘째"), 2), customer("a@b.c", Some("첫째"), 1)]);
        let account = account.unwrap();
        assert_eq!((account.email.as_str(), account.profile.unwrap().nickname.as_str()), ("a@b.c", "첫째"));
        assert_eq!(told, ["email_lowered", "email_twice"]);
        let gone = OldAccount { is_active: Some(false), ..customer("a@b.c", Some("첫째"), 1) };
        let (account, _) = mapped(vec![customer("A@b.c", Some("둘째"), 2), gone.clone()]);
        assert!(account.clone().unwrap().is_active);
        assert_eq!(account.unwrap().profile.unwrap().nickname, "둘째");
        assert!(!mapped(vec![gone]).0.unwrap().is_active);
    }

    #[test]
    fn in_both_roles_a_store_decides() {
        for (stores, role) in [(1, Role::Seller), (0, Role::Customer)] {
            let (account, told) = mapped(vec![customer("a@b.c", Some("손님"), 0), seller("a@b.c", stores)]);
            let account = account.unwrap();
            assert_eq!((account.role, account.profile.is_some()), (role, role == Role::Customer));
            assert_eq!(told, ["email_in_both_roles"]);
        }
        assert_eq!(mapped(vec![seller("a@b.c", 0)]).0.unwrap().role, Role::Seller);
        let leaving = |account: OldAccount| OldAccount { is_active: Some(false), ..account };
        let (person, shop) = (customer("a@b.c", Some("손님"), 0), seller("a@b.c", 1));
        for (accounts, role, is_active) in [
            (vec![person.clone(), leaving(shop.clone())], Role::Customer, true),
            (vec![leaving(person.clone()), shop.clone()], Role::Seller, true),
            (vec![leaving(person), leaving(shop)], Role::Seller, false),
        ] {
            let account = mapped(accounts).0.unwrap();
            assert_eq!((account.role, account.is_active), (role, is_active));
        }
    }

    #[test]
    fn what_is_null_or_twice_is_told() {
        let word = |word: &str| OldPreference { kind: "preferred_menu".into(), word: word.into(), created_at: None };
        let old = OldAccount {
            is_active: None,
            created_at: None,
            preferences: vec![word("salad"), word("salad"), word("pizza")],
            ..customer("a@b.c", Some("손님"), 0)
        };
        let (account, told) = mapped(vec![old]);
        let account = account.unwrap();
        assert_eq!((account.is_active, account.created_at), (true, Noon.now()));
        assert_eq!(account.profile.unwrap().preferences, [(PreferenceKind::PreferredMenu, "salad", Noon.now())]);
        assert_eq!(told, ["creation_unknown", "activity_unknown", "preference_twice", "unknown_word"]);
        assert_eq!(mapped(vec![customer("a@b.c", None, 0)]).1, ["no_details"]);
        let wrong = OldAccount { phone_number: Some("1234".into()), ..customer("a@b.c", Some("손님"), 0) };
        assert_eq!(mapped(vec![wrong]).1, ["profile_left_out"]);
    }
}
