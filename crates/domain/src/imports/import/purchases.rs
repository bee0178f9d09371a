//! Orders of today and of the past, unpaid holds.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::run::{Row, Run};
use crate::{
    imports::{
        import::same::{by_payment, has_come_as_far, is_same},
        model::{
            finding::{self, Kind, Told},
            holds,
            old::OldPurchase,
            orders::{self, ImportedOrder, how_far},
        },
    },
    shared::Result,
};

impl Run<'_> {
    pub(super) async fn orders(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldPurchase>(Kind::Orders).await? {
            let mut batch = Vec::new();
            for Row { key, row, .. } in rows {
                let mut told = Told::of(Kind::Orders, &key);
                if let Some(order) = orders::current(&row, self.begun, &mut told) {
                    self.seen.orders.insert(order.order.payment_id.clone(), how_far(&order.order));
                    batch.push(order);
                }
                self.tell_all(told)?;
            }
            let payments: Vec<_> = batch.iter().map(|order| order.order.payment_id.clone()).collect();
            // A rollover of ours has archived what is there: that is where its day ended.
            let archived = by_payment(self.parts.archive.find_all(&payments).await?);
            batch.retain(|order| !archived.contains_key(&order.order.payment_id));
            self.bring_orders(Kind::Orders, batch).await?;
        }
        Ok(())
    }

    /// Writes those of these orders that are not here, or have gone on there.
    pub(super) async fn bring_orders(&mut self, kind: Kind, mut orders: Vec<ImportedOrder>) -> Result<()> {
        let payments: Vec<_> = orders.iter().map(|order| order.order.payment_id.clone()).collect();
        let here = by_payment(self.parts.ours.orders(&payments).await?);
        let mut gone_on = Vec::new();
        orders.retain(|ImportedOrder { order, .. }| match here.get(&order.payment_id) {
            None => true,
            Some(here) if has_come_as_far(here, order) => false,
            Some(here) if how_far(here) < how_far(order) => true,
            Some(_) => {
                gone_on.push(order.payment_id.clone());
                false
            }
        });
        for payment in gone_on {
            self.tell_of(kind, payment.as_str(), finding::GONE_ON_HERE, None)?;
        }
        self.brought(kind, orders.len());
        if self.writes() {
            self.parts.imports.bring_orders(&orders, self.begun).await?;
        }
        Ok(())
    }

    pub(super) async fn archive(&mut self) -> Result<()> {
        let portone: HashMap<_, _> = self.parts.ours.portone_stores().await?.into_iter().collect();
        while let Some(rows) = self.read::<Vec<Value>>(Kind::Archive).await? {
            let (mut today, mut past) = (Vec::new(), Vec::new());
            for Row { key, row, .. } in rows {
                let mut told = Told::of(Kind::Archive, &key);
                // Each by itself: one that cannot be read takes no other with it.
                let documents = row.into_iter().map(|document| self.parsed::<OldPurchase>(Kind::Archive, &key, document));
                let documents: Vec<_> = documents.filter_map(Result::transpose).collect::<Result<_>>()?;
                let order = orders::archived(&documents, self.begun, &mut told);
                if let Some(order) = order {
                    let portone_store_id = portone.get(&order.store_id).cloned().unwrap_or_default();
                    let order = ImportedOrder { order, portone_store_id };
                    match self.seen.orders.get(&order.order.payment_id) {
                        None => past.push(order),
                        Some(latest) => {
                            told.tell(finding::TODAY_AND_ARCHIVE);
                            if *latest < how_far(&order.order) {
                                today.push(order);
                            }
                        }
                    }
                }
                self.tell_all(told)?;
            }
            // What an earlier run has brought as today's goes on where it is: our own rollover archives it.
            let payments: Vec<_> = past.iter().map(|order| order.order.payment_id.clone()).collect();
            let here = by_payment(self.parts.ours.orders(&payments).await?);
            let (brought, past): (Vec<_>, Vec<_>) = past.into_iter().partition(|order| here.contains_key(&order.order.payment_id));
            today.extend(brought);
            self.bring_orders(Kind::Archive, today).await?;
            self.bring_archive(past).await?;
        }
        Ok(())
    }

    /// Writes those that are not there. The records go first: an order that is there has them.
    pub(super) async fn bring_archive(&mut self, mut orders: Vec<ImportedOrder>) -> Result<()> {
        let payments: Vec<_> = orders.iter().map(|order| order.order.payment_id.clone()).collect();
        let here = by_payment(self.parts.archive.find_all(&payments).await?);
        for ImportedOrder { order, .. } in &orders {
            if here.get(&order.payment_id).is_some_and(|here| !is_same(here, order)) {
                self.tell_of(Kind::Archive, order.payment_id.as_str(), finding::ARCHIVE_DIFFERS, None)?;
            }
        }
        orders.retain(|order| !here.contains_key(&order.order.payment_id));
        self.brought(Kind::Archive, orders.len());
        if self.writes() && !orders.is_empty() {
            let records: Result<Vec<_>> = orders.iter().map(ImportedOrder::records).collect();
            self.parts.past.put(&records?).await?;
            let orders: Vec<_> = orders.into_iter().map(|order| order.order).collect();
            self.parts.archive.put(&orders).await?;
            self.parts.ended.archive_changed().await?;
        }
        Ok(())
    }

    pub(super) async fn carts(&mut self) -> Result<()> {
        let (mut fresh, mut over) = (Vec::new(), HashSet::new());
        while let Some(rows) = self.read::<OldPurchase>(Kind::Carts).await? {
            let mut batch = Vec::new();
            for Row { key, row, .. } in rows {
                let mut told = Told::of(Kind::Carts, &key);
                match holds::hold(&row, self.begun, &mut told) {
                    Some(hold) => batch.push((hold, told)),
                    None => self.tell_all(told)?,
                }
            }
            let payments: Vec<_> = batch.iter().map(|(hold, _)| hold.payment_id.clone()).collect();
            let archived = by_payment(self.parts.archive.find_all(&payments).await?);
            let mut holds = Vec::new();
            for (hold, told) in batch {
                if self.seen.orders.contains_key(&hold.payment_id) || archived.contains_key(&hold.payment_id) {
                    self.tell_of(Kind::Carts, hold.payment_id.as_str(), finding::CART_IS_ORDER, None)?;
                } else {
                    self.tell_all(told)?;
                    if hold.is_over {
                        over.insert(hold.payment_id.clone());
                    } else {
                        fresh.push(hold.payment_id.clone());
                    }
                    holds.push(hold);
                }
            }
            let written = if self.writes() { self.parts.imports.bring_holds(&holds, self.begun).await? } else { holds.len() as u64 };
            *self.summary.brought.entry(Kind::Carts).or_default() += written;
        }
        if self.writes() {
            // What an earlier run has brought, and there has ended since.
            for payment in self.parts.imports.end_holds(&fresh, self.begun).await? {
                if !over.contains(&payment) {
                    self.tell_of(Kind::Carts, payment.as_str(), finding::CART_ENDED, None)?;
                }
            }
        }
        Ok(())
    }
}
