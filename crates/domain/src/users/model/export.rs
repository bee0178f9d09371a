//! All that is kept of a person, for that person (the right of access: Korea's PIPA, article 35; the EU's GDPR, articles 15 and 20).

use std::fmt;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::link_mail::LinkMail;
use crate::shared::{Email, mail::Mail};

/// How long the link in the mail is good.
pub const EXPORT_LIFE: Duration = Duration::hours(24);

/// The mail with the link.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportMail {
    /// Where to.
    pub email: Email,
    /// The link's secret.
    pub token: String,
}

/// Without whom it is for and the link's secret: a task that fails is logged.
impl fmt::Debug for ExportMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportMail").finish_non_exhaustive()
    }
}

impl ExportMail {
    /// The mail; `base` is this server's address as browsers know it.
    pub fn compose(&self, base: &str) -> Mail {
        let mail = LinkMail {
            title: "회원님의 정보를 내려받으세요",
            lead: "요청하신 대로, CheapBob이 보관하고 있는 회원님의 모든 정보를 아래 링크에서 JSON 파일 하나로 내려받으실 수 있습니다. \
                   링크는 24시간 동안 유효합니다."
                .to_owned(),
            link: format!("{base}/api/v1/export?token={}", self.token),
            button: "내려받기",
            ignore: "직접 요청하신 것이 아니라면 이 메일을 무시해 주세요. 링크를 다른 사람에게 전달하지 마세요.",
        };
        mail.to(&self.email)
    }

    /// Until when a link that is mailed now is good.
    pub fn until(now: DateTime<Utc>) -> DateTime<Utc> {
        now + EXPORT_LIFE
    }
}

/// What is kept for how long, and why: part of each file (README, What is kept).
pub const KEPT: &str = "Account, profile, store and products: until the account is deleted, at the daily rollover after the request to withdraw. \
    Orders, payments, refunds and their audit log: for good, under a pseudonym once the account is deleted; the law asks for five years \
    (Enforcement Decree of the Act on the Consumer Protection in Electronic Commerce, article 6). Search history: seven days.";

/// Takes everybody else out: who accepted an order, who bought in a store.
pub(in crate::users) fn only_of(person: &Email, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_other = value.as_str().is_some_and(|text| text.contains('@') && text != person.as_str());
                if is_other && matches!(name.as_str(), "actor" | "customer_email" | "seller_email") {
                    *value = Value::Null;
                }
                only_of(person, value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| only_of(person, item)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nobody_else_is_in_it() {
        let mut rows = json!({
            "holds": [{ "customer_email": "a@b" }, { "customer_email": "other@b" }],
            "audit_log": [{ "actor": "a@b" }, { "actor": "other@b" }, { "actor": "resolve_holds" }, { "deep": { "actor": "other@b" } }],
        });
        only_of(&Email::trusted("a@b".to_owned()), &mut rows);
        let expected = json!({
            "holds": [{ "customer_email": "a@b" }, { "customer_email": null }],
            "audit_log": [{ "actor": "a@b" }, { "actor": null }, { "actor": "resolve_holds" }, { "deep": { "actor": null } }],
        });
        assert_eq!(rows, expected);
    }

    #[test]
    fn the_mail_shows_the_link_and_its_debug_does_not() {
        let mail = ExportMail { email: Email::trusted("a@b".to_owned()), token: "secret-1".to_owned() };
        assert!(mail.compose("https://api.example").text.contains("https://api.example/api/v1/export?token=secret-1"));
        assert!(!format!("{mail:?}").contains("secret-1"));
    }
}
