//! What a notice says, in Korean, as a mail and as a browser shows it. Advertising says so at the beginning, names its sender and how to
//! refuse more of it (Act on Promotion of Information and Communications Network Utilization, article 50(4)).

use askama::Template;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::occasion::{Kind, Occasion, StoreNow};
use crate::shared::{Email, Error, ProductId, Result, Sale, StoreId, mail::Mail};

/// At the beginning of whatever is advertising.
const MARK: &str = "(광고)";

/// What the service worker of a page gets, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushContent {
    /// First line.
    pub title: String,
    /// What stands below it.
    pub body: String,
    /// A notification of the same tag takes the place of the one before.
    pub tag: String,
    /// What it is about, for whoever opens it.
    pub data: PushData,
}

/// What a push notice is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushData {
    /// Why.
    pub kind: Kind,
    /// Which store.
    pub store_id: StoreId,
    /// Which product, where it is about one.
    pub product_id: Option<ProductId>,
}

/// A push message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushMessage {
    /// What is shown.
    pub content: PushContent,
    /// At the push service a message takes the place of one of the same topic that has not been fetched; 32 letters and digits.
    pub topic: String,
    /// How long the push service keeps it.
    pub life: Duration,
}

/// A notice in words.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    occasion: &'a Occasion,
    store: &'a str,
    /// The one sentence.
    says: String,
}

impl<'a> Message<'a> {
    /// Of an occasion as it is now.
    pub fn new(occasion: &'a Occasion, store: &'a StoreNow, now: DateTime<Utc>) -> Self {
        let says = match (occasion.kind, &store.product) {
            (Kind::PriceDrops, Some(product)) => {
                let (sale, price) = product.price(&store.ends, now);
                let percent = if sale == Sale::NONE { String::new() } else { format!(" ({}% 할인)", sale.get()) };
                format!("{} 가격이 내렸어요. 지금 {price}{percent}", product.name)
            }
            (Kind::BackInStock, Some(product)) => {
                format!("{} 상품이 다시 들어왔어요. 지금 {}", product.name, product.price(&store.ends, now).1)
            }
            _ => {
                let (close, pickup) = (store.calendar.today.close_time, store.calendar.today.pickup_end_time);
                format!("영업을 시작했어요. {}까지 영업하고, 픽업은 {}까지예요.", close.format("%H:%M"), pickup.format("%H:%M"))
            }
        };
        Self { occasion, store: &store.name, says }
    }

    /// For a browser.
    pub fn push(&self, day: NaiveDate, life: Duration) -> PushMessage {
        let Occasion { store, kind, product, .. } = self.occasion;
        let topic = digest(&[store.as_str(), &day.to_string()]);
        let content = PushContent {
            title: format!("{MARK} {}", self.store),
            body: format!("{} · 수신 거부: CheapBob 알림 설정", self.says),
            tag: topic.clone(),
            data: PushData { kind: *kind, store_id: store.clone(), product_id: product.clone() },
        };
        PushMessage { content, topic, life }
    }

    /// For a mailbox; `link` ends the mails.
    ///
    /// # Errors
    /// Internal: the template cannot be written.
    pub fn mail(&self, to: &Email, link: &str) -> Result<Mail> {
        let (store, says) = (self.store, self.says.as_str());
        let text = format!(
            "{MARK} {store}\n\n{says}\n\n즐겨찾기한 매장의 소식을 메일로 받는 데 동의하셔서 CheapBob이 보내 드립니다.\n수신 거부(무료): {link}\n\nCheapBob\n"
        );
        let html = Html { mark: MARK, store, says, link }.render().map_err(Error::internal)?;
        Ok(Mail {
            to: to.to_string(), subject: format!("{MARK} [CheapBob] {store} 소식"), text, html, unsubscribe: Some(link.to_owned())
        })
    }

    /// Names the mail, so that a repetition can be told.
    pub fn message_id(&self, to: &Email, day: NaiveDate) -> String {
        format!("notice-{}", digest(&[to.as_str(), self.occasion.store.as_str(), &day.to_string()]))
    }
}

/// 32 letters and digits that say nothing about what they stand for.
fn digest(parts: &[&str]) -> String {
    Sha256::digest(parts.join("\n")).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The HTML part of a mail; the template escapes what people typed.
#[derive(Template)]
#[template(path = "notices/model/mail.html")]
struct Html<'a> {
    mark: &'static str,
    store: &'a str,
    says: &'a str,
    /// Where the mails end.
    link: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        notices::model::testing::{occasion, store_now},
        shared::testing::{at, email},
    };

    fn with_message<T>(kind: Kind, read: impl FnOnce(Message<'_>) -> T) -> T {
        let (occasion, store) = (occasion(kind), store_now());
        read(Message::new(&occasion, &store, at("2026-11-24T12:00:00+09:00")))
    }

    #[test]
    fn advertising_says_so_first_and_how_to_end_it() {
        for kind in [Kind::Opens, Kind::PriceDrops, Kind::BackInStock] {
            with_message(kind, |message| {
                let mail = message.mail(&email("a@b"), "https://api.example/end").unwrap();
                assert!(mail.subject.starts_with("(광고) [CheapBob]"), "{}", mail.subject);
                for part in [&mail.text, &mail.html] {
                    assert!(part.contains("https://api.example/end") && part.contains("수신 거부") && part.contains("CheapBob"), "{part}");
                }
                assert_eq!(mail.unsubscribe.as_deref(), Some("https://api.example/end"));
                assert!(!mail.html.contains("<b>") && mail.text.contains("빵<b>집"), "{}", mail.html);
                let push = message.push("2026-11-24".parse().unwrap(), Duration::hours(1));
                assert!(push.content.title.starts_with("(광고) ") && push.content.body.contains("수신 거부"), "{push:?}");
                assert!(push.topic.len() == 32 && push.topic == push.content.tag);
                assert!(serde_json::to_vec(&push.content).unwrap().len() < 3_072);
            });
        }
    }

    #[test]
    fn a_price_is_the_one_that_is_paid() {
        with_message(Kind::PriceDrops, |message| {
            let push = message.push("2026-11-24".parse().unwrap(), Duration::hours(1));
            assert_eq!(push.content.body, "도시락 가격이 내렸어요. 지금 5,000원 (50% 할인) · 수신 거부: CheapBob 알림 설정");
        });
    }

    #[test]
    fn a_person_a_store_and_a_day_are_one_mail() {
        let id = |kind, to: &str, day: &str| with_message(kind, |message| message.message_id(&email(to), day.parse().unwrap()));
        let one = id(Kind::Opens, "a@b", "2026-11-24");
        assert_eq!(one, id(Kind::PriceDrops, "a@b", "2026-11-24"));
        assert!(!one.contains("a@b"));
        assert_ne!(one, id(Kind::Opens, "c@b", "2026-11-24"));
        assert_ne!(one, id(Kind::Opens, "a@b", "2026-11-25"));
    }
}
