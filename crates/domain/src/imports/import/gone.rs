//! What an earlier run has brought and is not in the old databases any more.

use std::collections::HashSet;

use super::run::Run;
use crate::{
    imports::model::{
        finding::{self, Kind},
        memory::Brought,
        people::ImportedFavorites,
    },
    shared::{Email, Error, Result},
};

/// One in so many may be gone between two runs, and so few at any rate; where more are, another database is read, and not people who left.
const MOST_GONE: usize = 50;
const FEW: usize = 10;

impl Run<'_> {
    /// Before anything is written or ended because it is not there.
    ///
    /// # Errors
    /// There is nobody in the old databases, though something was brought from them before.
    pub(super) async fn is_the_same_service(&mut self) -> Result<()> {
        let is_empty = self.seen.keys.get(&Kind::Accounts).is_none_or(HashSet::is_empty);
        if is_empty && self.parts.ours.last_import().await?.is_some() {
            return Err(Error::internal(
                "the old databases have no accounts, and accounts were brought from them before: are these their addresses?",
            ));
        }
        Ok(())
    }

    /// People have left there, and leave here too; so do favourites. Stores and products go nowhere by themselves: that is told.
    pub(super) async fn gone(&mut self) -> Result<()> {
        // What leaves with its seller.
        let mut leaving = HashSet::new();
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_remembered()) {
            let seen = self.seen.keys.remove(&kind).unwrap_or_default();
            let gone: Vec<_> = self.parts.ours.unseen(kind, self.begun).await?.into_iter().filter(|key| !seen.contains(key)).collect();
            let are_many = gone.len() > FEW && gone.len() * MOST_GONE > seen.len();
            for key in gone {
                if leaving.contains(&key) {
                    continue;
                }
                let known = self.parts.imports.known(kind, std::slice::from_ref(&key)).await?.remove(0);
                let reason = match kind {
                    Kind::Stores | Kind::Products => finding::STAYS_HERE,
                    _ if are_many || known.now != known.ours || self.is_somebodys(kind, &key).await? => finding::STAYS_HERE,
                    _ => finding::GONE_THERE,
                };
                if kind == Kind::Accounts && reason == finding::GONE_THERE {
                    leaving.extend(self.of_seller(&key).await?);
                }
                self.tell_of(kind, &key, reason, None)?;
                if self.writes() && reason == finding::GONE_THERE {
                    let email = Email::trusted(key);
                    if kind == Kind::Accounts { self.account_gone(&email).await? } else { self.favorites_gone(&email).await? }
                }
            }
        }
        Ok(())
    }

    /// Whether somebody has logged in by it here: whatever the old databases say then, it is theirs.
    async fn is_somebodys(&self, kind: Kind, email: &str) -> Result<bool> {
        let found = self.parts.accounts.find(&Email::trusted(email.to_owned())).await?;
        Ok(kind == Kind::Accounts && found.is_some_and(|found| !found.account.is_unclaimed()))
    }

    /// Ids of the store and the products of this e-mail, where it is a seller's.
    async fn of_seller(&self, email: &str) -> Result<Vec<String>> {
        let Some(store) = self.parts.stores.id_of_seller(&Email::trusted(email.to_owned())).await? else { return Ok(Vec::new()) };
        let products = self.parts.products.of_store(&store).await?.into_iter().map(|product| product.id.to_string());
        Ok(products.chain([store.to_string()]).collect())
    }

    /// Its request to be deleted is carried out there. Here it is made now, so that it takes the way of every such request.
    async fn account_gone(&mut self, email: &Email) -> Result<()> {
        if let Some(mut account) = self.parts.ours.accounts(std::slice::from_ref(email)).await?.pop().filter(|account| account.is_active) {
            account.is_active = false;
            self.parts.imports.bring_accounts(&[Brought { row: account, old: String::new() }], self.begun).await?;
        }
        self.withdraw(email, self.begun).await
    }

    async fn favorites_gone(&mut self, email: &Email) -> Result<()> {
        let none = ImportedFavorites { email: email.clone(), stores: Vec::new() };
        self.parts.imports.bring_favorites(&[Brought { row: none, old: String::new() }], self.begun).await?;
        self.parts.imports.forget(Kind::Favorites, &[email.to_string()]).await
    }
}
