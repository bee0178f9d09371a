//! Orders of today and of the past, unpaid holds, and what waits for the next rollover.

use serde_json::Value;

use super::{Run, parse};
use crate::{
    imports::{
        import::same::{by_payment, is_same},
        model::{
            finding::{Kind, Told},
            holds,
            old::{OldPurchase, OldReservation, OldWithdrawal},
            orders,
        },
    },
    orders::{HoldState, Order},
    shared::{Email, ProductId, Result},
};

impl Run<'_> {
    pub(super) async fn orders(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldPurchase>(Kind::Orders).await? {
            let mapped = rows.iter().filter_map(|old| orders::current(old, self.now, &mut Told::of(Kind::Orders, &old.payment_id)));
            self.today.extend(mapped.map(|order| (order.order.payment_id.clone(), order.order)));
        }
        Ok(())
    }

    /// Those of today come after those of the past: one that is in both is compared by its later event.
    pub(super) async fn archive(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<Vec<Value>>(Kind::Archive).await? {
            let rows = rows.into_iter().map(|documents| documents.into_iter().filter_map(parse::<OldPurchase>).collect::<Vec<_>>());
            let mut mapped: Vec<_> = rows.filter_map(|old| orders::archived(&old, self.now, &mut Told::of(Kind::Archive, ""))).collect();
            mapped.retain(|order| match self.today.get_mut(&order.payment_id) {
                None => true,
                Some(today) if orders::how_far(today) < orders::how_far(order) => {
                    take_state(today, order);
                    false
                }
                Some(_) => false,
            });
            self.compare(Kind::Archive, mapped).await?;
        }
        let today: Vec<_> = std::mem::take(&mut self.today).into_values().collect();
        for orders in today.chunks(1_000) {
            self.compare(Kind::Orders, orders.to_vec()).await?;
        }
        Ok(())
    }

    async fn compare(&mut self, kind: Kind, orders: Vec<Order>) -> Result<()> {
        let payments: Vec<_> = orders.iter().map(|order| order.payment_id.clone()).collect();
        let mut here = by_payment(self.parts.archive.find_all(&payments).await?);
        here.extend(by_payment(self.parts.ours.orders(&payments).await?));
        for mut there in orders {
            let here = here.get(&there.payment_id);
            self.compared.won_there += there.total_amount.0;
            self.add(&there, -1);
            if let Some(here) = here {
                self.compared.won_here += here.total_amount.0;
                self.add(here, 1);
            }
            if let Some(here) = here.filter(|_| kind == Kind::Orders) {
                // A row of today's has no names of its own there: those of its product and store, which may be called otherwise by now.
                there.product_name.clone_from(&here.product_name);
                there.store_name.clone_from(&here.store_name);
            }
            self.count(kind, there.payment_id.as_str(), here.map(|here| is_same(here, &there)))?;
        }
        Ok(())
    }

    fn add(&mut self, order: &Order, sign: i64) {
        let day = (order.store_id.clone(), order.business_day);
        let sums = self.days.entry(day.clone()).or_default();
        sums.0 += sign;
        sums.1 += sign * order.total_amount.0;
        if *sums == (0, 0) {
            self.days.remove(&day);
        }
    }

    pub(super) async fn carts(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldPurchase>(Kind::Carts).await? {
            for old in rows {
                let Some(there) = holds::hold(&old, self.now, &mut Told::of(Kind::Carts, &old.payment_id)) else { continue };
                // Whatever has become of it: the payment is asked about, or is an order.
                let here = match self.parts.holds.find(&there.payment_id).await? {
                    Some(here) => {
                        let sums = here.total_amount == there.total_amount && here.quantity.get() == there.quantity;
                        Some(sums && !(there.is_over && here.state == HoldState::Held))
                    }
                    None => self.parts.archive.find(&there.payment_id).await?.map(|_| true),
                };
                self.count(Kind::Carts, there.payment_id.as_str(), here)?;
            }
        }
        Ok(())
    }

    /// What waits for the next rollover.
    pub(super) async fn planned(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldReservation>(Kind::StockReservations).await? {
            for old in rows {
                let Some(product) = ProductId::parse(&old.product_id) else { continue };
                let here = self.parts.reservations.find(&product).await?;
                if let Some(here) = here {
                    self.count(Kind::StockReservations, product.as_str(), Some(i64::from(here.new_stock) == old.new_stock))?;
                }
            }
        }
        while let Some(rows) = self.read::<OldWithdrawal>(Kind::Withdrawals).await? {
            for old in rows {
                let asked = old.customer_email.as_deref().or(old.seller_email.as_deref()).unwrap_or_default();
                let Ok(email) = Email::parse(asked) else { continue };
                // Of nobody, or of somebody who is active, it was left out.
                if self.parts.accounts.find(&email).await?.is_some_and(|found| !found.account.is_active) {
                    let here = self.parts.withdrawals.requested_at(&email).await?;
                    self.count(Kind::Withdrawals, email.as_str(), here.map(|_| true))?;
                }
            }
        }
        Ok(())
    }
}

/// As the import does with an order that is here: what it is stays, how far it has come is the later one's.
fn take_state(order: &mut Order, later: &Order) {
    order.status = later.status;
    order.accepted_at = later.accepted_at;
    order.completed_at = later.completed_at;
    order.canceled_at = later.canceled_at;
    order.cancel_reason.clone_from(&later.cancel_reason);
}
