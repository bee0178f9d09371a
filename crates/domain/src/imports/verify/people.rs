//! People and what they like.

use std::collections::HashMap;

use super::Run;
use crate::{
    imports::model::{
        finding::{self, Kind, Told},
        old::{OldFavorites, OldPerson},
        people,
    },
    shared::{Result, StoreId},
};

impl Run<'_> {
    pub(super) async fn accounts(&mut self) -> Result<()> {
        while let Some(people) = self.read::<OldPerson>(Kind::Accounts).await? {
            let mapped: Vec<_> = people
                .iter()
                .filter_map(|old| {
                    let mut told = Told::of(Kind::Accounts, &old.email);
                    let account = people::account(old, self.now, &mut told)?;
                    // Nobody knows any more when that was.
                    let undated = told.findings.iter().any(|finding| finding.reason == finding::CREATION_UNKNOWN);
                    Some((account, undated))
                })
                .collect();
            let emails: Vec<_> = mapped.iter().map(|(account, _)| account.email.clone()).collect();
            let here: HashMap<_, _> =
                self.parts.ours.accounts(&emails).await?.into_iter().map(|account| (account.email.clone(), account)).collect();
            for (mut there, undated) in mapped {
                if let Some(here) = here.get(&there.email).filter(|_| undated) {
                    there.created_at = here.created_at;
                }
                if let Some(profile) = &mut there.profile {
                    profile.preferences.sort_by_key(|(kind, word, _)| (kind.as_str(), *word));
                }
                let same = here.get(&there.email).map(|here| *here == there);
                self.count(Kind::Accounts, there.email.as_str(), same)?;
            }
        }
        Ok(())
    }

    pub(super) async fn favorites(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldFavorites>(Kind::Favorites).await? {
            let now = self.now;
            let mapped = rows.iter().filter_map(|old| people::favorites(old, now, &mut Told::of(Kind::Favorites, &old.email)));
            let mapped: Vec<(_, Vec<StoreId>)> =
                mapped.map(|there| (there.email, there.stores.into_iter().map(|(store, _)| store).collect())).collect();
            let emails: Vec<_> = mapped.iter().map(|(email, _)| email.clone()).collect();
            let here = self.parts.ours.favorites(&emails).await?;
            for ((email, mut there), here) in mapped.into_iter().zip(here) {
                // A store that could not be brought is nobody's favourite here.
                there.retain(|store| self.keys.get(&Kind::Stores).is_some_and(|stores| stores.contains(store.as_str())));
                there.sort();
                self.count(Kind::Favorites, email.as_str(), Some(here == there).filter(|_| there.is_empty() || !here.is_empty()))?;
            }
        }
        Ok(())
    }
}
