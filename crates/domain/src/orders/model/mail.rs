//! Mails about an order, in Korean, as text and HTML (contract, E-mail).

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

use super::order::Order;
use crate::shared::{PaymentId, kst, mail::Mail};

/// What a mail tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderEvent {
    /// Paid; the store will look at it.
    Placed,
    /// The store took it.
    Accepted,
    /// The customer gave it up.
    CanceledByCustomer,
    /// The store gave it up, or closed.
    CanceledByStore,
}

impl OrderEvent {
    /// The word in rows, which is also serde's.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Accepted => "accepted",
            Self::CanceledByCustomer => "canceled_by_customer",
            Self::CanceledByStore => "canceled_by_store",
        }
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

    pub fn compose(&self, order: &Order, place: Option<&PickupPlace>) -> Mail {
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
            ("결제 금액", format!("{}원", thousands(order.total_amount.0))),
            ("주문 시각", kst::local(order.reservation_at).format("%Y-%m-%d %H:%M").to_string()),
            ("주문 번호", order.payment_id.to_string()),
        ];
        let bought_on = kst::local(order.reservation_at).format("%Y-%m-%d");
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
        let text_rows: String = rows.iter().map(|(k, v)| format!("{k}: {v}\n")).collect();
        let html_rows: String = rows
            .iter()
            .map(|(k, v)| format!("<tr><td style=\"padding:6px 16px 6px 0;color:#767676;white-space:nowrap\">{k}</td><td style=\"padding:6px 0;word-break:break-word;overflow-wrap:anywhere\">{}</td></tr>", escape(v)))
            .collect();
        let text_map = map.iter().map(|link| format!("지도: {link}\n")).collect::<String>();
        let html_map =
            map.iter().map(|link| format!("<p><a href=\"{link}\" style=\"color:#d9480f\">지도에서 보기</a></p>")).collect::<String>();
        Mail {
            to: order.customer.to_string(),
            text: format!("{nick}님, {lead}\n\n{text_rows}{text_map}\nCheapBob\n", nick = order.customer_nickname),
            html: format!(
                "<!doctype html><html lang=\"ko\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
                 <body style=\"margin:0;padding:24px;background:#f6f5f1;font-family:sans-serif;color:#222\">\
                 <div style=\"max-width:480px;margin:0 auto;padding:24px;background:#fff;border-radius:12px\">\
                 <h1 style=\"margin:0 0 12px;font-size:20px\">{subject}</h1><p style=\"line-height:1.6\">{nick}님, {lead}</p>\
                 <table style=\"border-collapse:collapse;font-size:15px\">{html_rows}</table>{html_map}</div></body></html>",
                subject = escape(&subject),
                nick = escape(&order.customer_nickname),
                lead = escape(&lead),
            ),
            subject: format!("[CheapBob] {subject}"),
        }
    }
}

const REFUND_NOTE: &str = "결제하신 금액은 결제 수단으로 환불되며, 카드사에 따라 며칠이 걸릴 수 있습니다.";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn thousands(won: i64) -> String {
    let digits = won.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_an_event_as_serde_reads_it() {
        for event in [OrderEvent::Placed, OrderEvent::Accepted, OrderEvent::CanceledByCustomer, OrderEvent::CanceledByStore] {
            assert_eq!(serde_json::from_value::<OrderEvent>(event.as_str().into()).unwrap(), event);
        }
    }
}
