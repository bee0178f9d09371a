//! What waits for the next rollover.

use chrono::{DateTime, Utc};

use super::run::{Row, Run};
use crate::{
    imports::model::{
        finding::{self, Kind},
        old::{OldReservation, OldWithdrawal},
    },
    products::{Stock, StockReservation},
    shared::{Email, ProductId, Result},
};

impl Run<'_> {
    pub(super) async fn stock_reservations(&mut self) -> Result<()> {
        const KIND: Kind = Kind::StockReservations;
        while let Some(rows) = self.read::<OldReservation>(KIND).await? {
            let mut seen = Vec::new();
            for Row { key, row, .. } in rows {
                let product = ProductId::parse(&row.product_id).filter(|product| self.seen.products.contains(product));
                let Some(product) = product else {
                    self.tell_of(KIND, &key, finding::RESERVED_FOR_NOTHING, Some(row.new_stock.to_string()))?;
                    continue;
                };
                let Ok(new_stock) = Stock::initial(row.new_stock) else {
                    self.tell_of(KIND, &key, finding::STOCK_WRONG, Some(row.new_stock.to_string()))?;
                    continue;
                };
                seen.push(key);
                let reserved_at = row.reserved_at.or(row.created_at).unwrap_or(self.begun);
                self.reserve(&product, StockReservation { new_stock, reserved_at }).await?;
            }
            if self.writes() {
                self.parts.imports.saw(KIND, &seen, self.begun).await?;
            }
        }
        if self.writes() {
            // It took effect there, or was taken back.
            let gone = self.parts.ours.unseen(KIND, self.begun).await?;
            for product in gone.iter().filter_map(|key| ProductId::parse(key)) {
                self.parts.reservations.cancel(&product).await?;
            }
            self.parts.imports.forget(KIND, &gone).await?;
        }
        Ok(())
    }

    pub(super) async fn reserve(&mut self, product: &ProductId, reservation: StockReservation) -> Result<()> {
        match self.parts.reservations.find(product).await? {
            Some(here) if here == reservation => {}
            Some(here) if here.reserved_at > reservation.reserved_at => {
                self.tell_of(Kind::StockReservations, product.as_str(), finding::CHANGED_HERE, None)?;
            }
            _ => {
                self.brought(Kind::StockReservations, 1);
                if self.writes() {
                    self.parts.reservations.reserve(product, &reservation).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn withdrawals(&mut self) -> Result<()> {
        const KIND: Kind = Kind::Withdrawals;
        while let Some(rows) = self.read::<OldWithdrawal>(KIND).await? {
            let mut seen = Vec::new();
            for Row { key, row, .. } in rows {
                let asked = row.customer_email.as_deref().or(row.seller_email.as_deref()).unwrap_or_default();
                let email = Email::parse(asked).ok();
                let Some(email) = email.filter(|email| self.seen.inactive.contains(email)) else {
                    self.tell_of(KIND, &key, finding::WITHDRAWAL_OF_NOBODY, None)?;
                    continue;
                };
                self.seen.leaving.insert(email.clone());
                seen.push(email.to_string());
                self.withdraw(&email, row.withdrawn_at.or(row.created_at).unwrap_or(self.begun)).await?;
            }
            if self.writes() {
                self.parts.imports.saw(KIND, &seen, self.begun).await?;
            }
        }
        let without: Vec<_> = self.seen.inactive.difference(&self.seen.leaving).cloned().collect();
        for email in without {
            self.tell_of(KIND, email.as_str(), finding::INACTIVE_WITHOUT_REQUEST, None)?;
        }
        if self.writes() {
            self.take_withdrawals_back().await?;
        }
        Ok(())
    }

    pub(super) async fn withdraw(&mut self, email: &Email, at: DateTime<Utc>) -> Result<()> {
        let asked = self.parts.withdrawals.requested_at(email).await?.is_some();
        self.brought(Kind::Withdrawals, usize::from(!asked));
        if !self.writes() || asked {
            return Ok(());
        }
        // Where it is not here it was deleted, which was asked for.
        if let Some(found) = self.parts.accounts.find(email).await?.filter(|found| !found.account.is_active) {
            self.parts.withdrawals.request(email, found.account.role, found.account.created_at, at).await?;
        }
        Ok(())
    }

    /// Who has taken the request back there is active again. One whose account is gone there is still to be deleted here.
    pub(super) async fn take_withdrawals_back(&mut self) -> Result<()> {
        let gone = self.parts.ours.unseen(Kind::Withdrawals, self.begun).await?;
        for email in gone.iter().map(|email| Email::trusted(email.clone())) {
            if self.parts.accounts.find(&email).await?.is_some_and(|found| found.account.is_active) {
                self.parts.withdrawals.cancel(&email).await?;
            }
        }
        self.parts.imports.forget(Kind::Withdrawals, &gone).await
    }
}
