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

#[cfg(test)]
mod tests {
    use chrono::NaiveTime;

    use super::*;
    use crate::{
        orders::{OrderEvent, OrderStatus, ports::MockOrderMails, testing},
        shared::{PaymentId, mail::MockMailer, testing::email},
        stores::{Address, CustomerStore, DayHours, OperationTime, Rating, Sns, Store, ports::MockStoreSearch},
    };

    /// The store of the order, which is open every day; on the day of the purchase, a Tuesday, pickup is from 18:00 to 20:00.
    fn store(order: &Order) -> CustomerStore {
        let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let hours = |day| {
            let pickup_start_time = time(if day == 1 { 18 } else { 10 });
            let (open_time, close_time, pickup_end_time) = (time(9), time(21), time(20));
            let hours = DayHours { day_of_week: day, open_time, close_time, pickup_start_time, pickup_end_time, is_open_enabled: true };
            OperationTime { operation_id: 1, hours, updated_at: order.reservation_at }
        };
        let text = str::to_owned;
        let address = Address {
            postal_code: text("04000"),
            address: text("서울 마포구 양화로 1"),
            detail_address: text("2층"),
            sido: text("서울"),
            sigungu: text("마포구"),
            bname: text("서교동"),
            lat: text("37.5"),
            lng: text("126.9"),
            nearest_station: None,
            walking_time: None,
        };
        let store = Store {
            id: order.store_id.clone(),
            name: order.store_name.clone(),
            introduction: text("빵"),
            phone: text("02"),
            seller_email: email("s@b"),
            created_at: order.reservation_at,
            address,
            sns: Sns::default(),
            operation_times: (0..7).map(hours).collect(),
            images: Vec::new(),
            products: Vec::new(),
            closed_on: None,
            payment_ready: true,
            suspended: false,
            withheld: false,
            rating: Rating::default(),
        };
        CustomerStore { store, is_favorite: false }
    }

    /// Delivers a mail; `sent`: what its text must have (`None`: it must not be sent).
    async fn deliver(event: OrderEvent, order: Option<Order>, is_later_told: bool, sent: Option<&'static [&'static str]>) -> Delivery {
        let (mut mails, mut stores, mut mailer) = (MockOrderMails::new(), MockStoreSearch::new(), MockMailer::new());
        mails.expect_is_later_told().returning(move |_| Ok(is_later_told));
        let found = order.as_ref().map(store);
        stores
            .expect_find()
            .times(usize::from(sent.is_some() && event.has_pickup()))
            .withf(|customer, store| (customer.as_str(), store.as_str()) == ("a@b", "STR_1"))
            .returning(move |_, _| Ok(found.clone()));
        mailer
            .expect_send()
            .times(usize::from(sent.is_some()))
            .withf(move |id, mail| id.ends_with("-PAY1") && sent.is_some_and(|words| words.iter().all(|word| mail.text.contains(word))))
            .returning(|_, _| Ok(Delivery::Sent));
        let service = MailService::new(Arc::new(testing::only(order)), Arc::new(mails), Arc::new(stores), Arc::new(mailer));
        service.deliver(&OrderMail { event, payment_id: PaymentId::parse("PAY1").unwrap() }).await.unwrap()
    }

    #[tokio::test]
    async fn a_mail_about_a_pickup_says_when_and_where() {
        for event in [OrderEvent::Placed, OrderEvent::Accepted] {
            let order = testing::order("PAY1", OrderStatus::Reservation);
            let words = &["픽업 시간: 2026-11-24 18:00–20:00", "매장 주소: 서울 마포구 양화로 1 2층"];
            assert_eq!(deliver(event, Some(order), false, Some(words)).await, Delivery::Sent, "{event:?}");
        }
    }

    #[tokio::test]
    async fn a_mail_about_a_canceled_order_is_sent_without() {
        for event in [OrderEvent::CanceledByCustomer, OrderEvent::CanceledByStore] {
            let order = testing::order("PAY1", OrderStatus::Cancel);
            assert_eq!(deliver(event, Some(order), false, Some(&["PAY1"])).await, Delivery::Sent, "{event:?}");
        }
    }

    #[tokio::test]
    async fn what_is_told_already_or_has_no_order_is_not_sent() {
        let order = testing::order("PAY1", OrderStatus::Accept);
        assert_eq!(deliver(OrderEvent::Placed, Some(order), true, None).await, Delivery::OutOfDate);
        assert_eq!(deliver(OrderEvent::Placed, None, false, None).await, Delivery::OutOfDate);
    }
}
