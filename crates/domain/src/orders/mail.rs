//! Sends the mail of an order's event, unless a later one has made it out of date.

use std::sync::Arc;

use super::{
    model::{
        mail::{OrderMail, PickupPlace},
        order::Order,
    },
    order_service::OrderService,
    ports::OrderMails,
};
use crate::{
    shared::{
        Result, kst,
        mail::{Delivery, Mailer},
    },
    stores::ports::StoreSearch,
};

/// Use case of sending mails about orders.
pub struct MailService {
    orders: Arc<OrderService>,
    mails: Arc<dyn OrderMails>,
    stores: Arc<dyn StoreSearch>,
    mailer: Arc<dyn Mailer>,
}

impl MailService {
    /// Builds the use cases on their ports.
    pub fn new(orders: Arc<OrderService>, mails: Arc<dyn OrderMails>, stores: Arc<dyn StoreSearch>, mailer: Arc<dyn Mailer>) -> Self {
        Self { orders, mails, stores, mailer }
    }

    /// Sends the mail of an event, if its order is still there and no later mail of it has gone before this one.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn deliver(&self, mail: &OrderMail) -> Result<Delivery> {
        let Some(order) = self.orders.find(&mail.payment_id).await? else {
            tracing::warn!(payment = %mail.payment_id, "no order for a mail; it is not sent");
            return Ok(Delivery::OutOfDate);
        };
        if self.mails.is_later_told(mail).await? {
            tracing::info!(payment = %mail.payment_id, event = mail.event.as_str(), "a mail is out of date; it is not sent");
            return Ok(Delivery::OutOfDate);
        }
        let place = if mail.event.has_pickup() { self.place(&order).await? } else { None };
        self.mailer.send(&mail.message_id(), &mail.compose(&order, place.as_ref())?).await
    }

    async fn place(&self, order: &Order) -> Result<Option<PickupPlace>> {
        let Some(found) = self.stores.find(&order.customer, &order.store_id).await? else { return Ok(None) };
        let (address, bought_on) = (found.store.address, kst::weekday(order.reservation_at));
        let hours = found.store.operation_times.iter().map(|row| row.hours).find(|hours| hours.day_of_week == bought_on);
        Ok(Some(PickupPlace {
            address: format!("{} {}", address.address, address.detail_address),
            window: hours.map(|hours| (hours.pickup_start_time, hours.pickup_end_time)),
        }))
    }
}
