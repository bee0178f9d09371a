//! What a mail about an order says, in Korean, as text and HTML (contract, E-mail).

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::order::Order;
use crate::shared::{PaymentId, Result, kst, letter::Letter, mail::Mail};

/// What a mail tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OrderEvent {
    /// Paid; the store will look at it.
    Placed,
    /// The store accepted it.
    Accepted,
    /// The customer canceled it.
    CanceledByCustomer,
    /// The store canceled it, or closed.
    CanceledByStore,
}

impl OrderEvent {
    /// The word in rows, which is also serde's.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether there is something to be picked up.
    pub fn has_pickup(self) -> bool {
        matches!(self, Self::Placed | Self::Accepted)
    }

    /// The mails after which this one is out of date, as the ids of their tasks name them.
    pub fn later(self) -> &'static [&'static str] {
        match self {
            Self::Placed => &["accepted", "canceled"],
            Self::Accepted => &["canceled"],
            Self::CanceledByCustomer | Self::CanceledByStore => &[],
        }
    }
}

/// When and where an order can be picked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickupPlace {
    /// The store's, in one line.
    pub address: String,
    /// Of the day of the purchase; `None` where the store has no hours for it.
    pub window: Option<(NaiveTime, NaiveTime)>,
}

impl PickupPlace {
    /// The address on a map, for a phone as for a computer.
    fn map(&self) -> String {
        let encoded = self.address.bytes().fold(String::new(), |mut url, byte| {
            if byte.is_ascii_alphanumeric() {
                url.push(char::from(byte));
            } else {
                url.push_str(&format!("%{byte:02X}"));
            }
            url
        });
        format!("https://map.kakao.com/link/search/{encoded}")
    }
}

/// A mail to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderMail {
    /// What the customer is told.
    pub event: OrderEvent,
    /// The order that the mail is about.
    pub payment_id: PaymentId,
}

impl OrderMail {
    /// Names the event, so that it is told once.
    pub fn message_id(&self) -> String {
        match self.event {
            OrderEvent::Placed => format!("placed-{}", self.payment_id),
            OrderEvent::Accepted => format!("accepted-{}", self.payment_id),
            // An order is canceled once, by whomever.
            OrderEvent::CanceledByCustomer | OrderEvent::CanceledByStore => format!("canceled-{}", self.payment_id),
        }
    }

    /// Words the mail about this order as it is now.
    ///
    /// # Errors
    /// Internal: the template cannot be written.
    pub fn compose(&self, order: &Order, place: Option<&PickupPlace>) -> Result<Mail> {
        let (subject, lead) = match self.event {
            OrderEvent::Placed => {
                ("주문이 접수되었습니다".to_owned(), "결제가 완료되었습니다. 매장에서 확인하는 대로 다시 알려 드릴게요.".to_owned())
            }
            OrderEvent::Accepted => (
                format!("{} 매장이 주문을 확인했습니다", order.store_name),
                format!("{}에서 음식을 준비하고 있습니다. 픽업 시간에 맞춰 방문해 주세요.", order.store_name),
            ),
            OrderEvent::CanceledByCustomer => {
                ("주문 취소가 완료되었습니다".to_owned(), format!("요청하신 대로 {} 주문을 취소했습니다. {REFUND_NOTE}", order.store_name))
            }
            OrderEvent::CanceledByStore => (
                format!("{} 매장에서 주문을 취소했습니다", order.store_name),
                format!("죄송합니다. {} 사정으로 주문이 취소되었습니다. {REFUND_NOTE}", order.store_name),
            ),
        };
        let mut rows = vec![
            ("매장", order.store_name.clone()),
            ("상품", format!("{} × {}", order.product_name, order.quantity)),
            ("결제 금액", order.total_amount.to_string()),
            ("주문 시각", kst::local(order.reservation_at).format("%Y-%m-%d %H:%M").to_string()),
            ("주문 번호", order.payment_id.to_string()),
        ];
        let bought_on = kst::hours_day(order.reservation_at);
        if let Some((start, end)) = place.and_then(|place| place.window) {
            rows.push(("픽업 시간", format!("{bought_on} {}–{}", start.format("%H:%M"), end.format("%H:%M"))));
        }
        let map = place.map(|place| {
            rows.push(("매장 주소", place.address.clone()));
            place.map()
        });
        if let Some(reason) = order.cancel_reason.as_ref().filter(|_| self.event == OrderEvent::CanceledByStore) {
            rows.push(("취소 사유", reason.clone()));
        }
        let nickname = &order.customer_nickname;
        Letter { subject: &subject, nickname, lead: &lead, rows: &rows, map: map.as_deref() }.to(&order.customer)
    }
}

const REFUND_NOTE: &str = "결제하신 금액은 결제 수단으로 환불되며, 카드사에 따라 며칠이 걸릴 수 있습니다.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        orders::{model::order::OrderStatus, testing},
        shared::Won,
    };

    #[test]
    fn a_row_says_an_event_as_serde_reads_it() {
        for event in [OrderEvent::Placed, OrderEvent::Accepted, OrderEvent::CanceledByCustomer, OrderEvent::CanceledByStore] {
            assert_eq!(serde_json::from_value::<OrderEvent>(event.as_str().into()).unwrap(), event);
        }
    }

    #[test]
    fn an_event_is_told_once_and_makes_earlier_mails_out_of_date() {
        for (event, has_pickup, later, id) in [
            (OrderEvent::Placed, true, &["accepted", "canceled"][..], "placed-PAY1"),
            (OrderEvent::Accepted, true, &["canceled"], "accepted-PAY1"),
            (OrderEvent::CanceledByCustomer, false, &[], "canceled-PAY1"),
            (OrderEvent::CanceledByStore, false, &[], "canceled-PAY1"),
        ] {
            let mail = OrderMail { event, payment_id: PaymentId::trusted("PAY1".into()) };
            assert_eq!((event.has_pickup(), event.later(), mail.message_id().as_str()), (has_pickup, later, id), "{event:?}");
        }
    }

    #[test]
    fn a_place_has_a_link_to_a_map_in_both_parts() {
        let order = testing::order("PAY1", OrderStatus::Accept);
        let place = PickupPlace { address: "서울 1-2".into(), window: None };
        let mail = OrderMail { event: OrderEvent::Accepted, payment_id: order.payment_id.clone() }.compose(&order, Some(&place)).unwrap();
        let link = "https://map.kakao.com/link/search/%EC%84%9C%EC%9A%B8%201%2D2";
        assert!(mail.text.contains(&format!("지도: {link}\n")) && mail.html.contains(link), "{} {}", mail.text, mail.html);
        // Without hours of that day there is no time to name.
        assert!(!mail.text.contains("픽업 시간:"), "{}", mail.text);
    }

    fn composed(event: OrderEvent) -> Mail {
        let order = Order {
            store_name: "빵<b>집".to_owned(),
            customer_nickname: "\"길동\" & 친구".to_owned(),
            total_amount: Won(1_234_567),
            cancel_reason: Some("<script>재료 소진".to_owned()),
            ..testing::order("PAY1", OrderStatus::Cancel)
        };
        OrderMail { event, payment_id: order.payment_id.clone() }.compose(&order, None).unwrap()
    }

    #[test]
    fn what_people_typed_is_escaped_in_html_and_stands_as_typed_in_text() {
        let mail = composed(OrderEvent::CanceledByStore);
        assert!(!mail.html.contains("<b>") && !mail.html.contains("<script>") && !mail.html.contains("\"길동\""), "{}", mail.html);
        assert!(mail.html.contains("빵&#60;b&#62;집") && mail.html.contains("&#34;길동&#34; &#38; 친구님"), "{}", mail.html);
        assert!(mail.text.starts_with("\"길동\" & 친구님, 죄송합니다. 빵<b>집 사정으로"), "{}", mail.text);
        assert_eq!(mail.subject, "[CheapBob] 빵<b>집 매장에서 주문을 취소했습니다");
    }

    #[test]
    fn both_parts_of_a_mail_show_the_same_rows() {
        let mail = composed(OrderEvent::CanceledByStore);
        for (name, value) in [("결제 금액", "1,234,567원"), ("주문 번호", "PAY1")] {
            assert!(mail.text.contains(&format!("\n{name}: {value}\n")), "{}", mail.text);
            assert!(
                mail.html
                    .contains(&format!("{name}</td><td style=\"padding:6px 0;word-break:break-word;overflow-wrap:anywhere\">{value}</td>")),
                "{}",
                mail.html
            );
        }
    }

    #[test]
    fn only_the_store_tells_why_it_canceled() {
        for event in [OrderEvent::Placed, OrderEvent::Accepted, OrderEvent::CanceledByCustomer, OrderEvent::CanceledByStore] {
            let (mail, told) = (composed(event), event == OrderEvent::CanceledByStore);
            assert_eq!((mail.text.contains("취소 사유"), mail.html.contains("취소 사유")), (told, told), "{event:?}");
        }
    }
}
