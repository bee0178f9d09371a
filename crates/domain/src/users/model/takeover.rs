//! Taking over an account whose e-mail was never vouched for: whoever has it vouched shows with a mailed link that they read its mail, too.

use std::fmt;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::{
    account::{Account, Provider, Role},
    link_mail::LinkMail,
};
use crate::shared::{Email, mail::Mail};

/// How long the link in the mail is good.
pub const TAKEOVER_LIFE: Duration = Duration::minutes(30);

/// Who asks, for which account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takeover {
    /// The account as it was found.
    pub account: Account,
    /// Who vouches for the e-mail.
    pub provider: Provider,
    /// Whom it vouches for.
    pub user_id: String,
    /// Which app asked.
    pub role: Role,
    /// Come back to the local front end.
    pub local: bool,
}

/// What keeps the link to one mailbox and one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeoverSecrets {
    /// In the mail.
    pub token: String,
    /// In the browser's cookie.
    pub browser: String,
}

/// What a takeover came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// Whose account it is now.
    pub email: Email,
    /// Which app asked.
    pub role: Role,
    /// Come back to the local front end.
    pub local: bool,
}

/// The mail with the link.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeoverMail {
    /// Where to.
    pub email: Email,
    /// Who vouches for it.
    pub provider: Provider,
    /// The link's secret.
    pub token: String,
    /// The account was brought over, and no identity leads to it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
}

/// Without whom it is for and the link's secret: a task that fails is logged.
impl fmt::Debug for TakeoverMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TakeoverMail").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl TakeoverMail {
    /// The mail; `base` is this server's address as browsers know it.
    pub fn compose(&self, base: &str) -> Mail {
        const TITLE: &str = "이메일을 확인해 주세요";
        const IGNORE: &str = "직접 로그인하신 것이 아니라면 이 메일을 무시해 주세요. 아무것도 바뀌지 않습니다.";
        let provider = match self.provider {
            Provider::Google => "Google",
            Provider::Kakao => "카카오",
            Provider::Naver => "네이버",
        };
        let link = format!("{base}/api/v1/auth/takeover?token={}", self.token);
        let lead = if self.imported {
            format!(
                "{provider} 로그인에 사용하신 이메일로 이전부터 사용하시던 CheapBob 계정이 있습니다. 30분 안에, 로그인하신 브라우저에서 \
                 아래 링크를 열면 주문과 설정은 그대로 두고 {provider} 로그인이 그 계정에 연결됩니다. 다른 기기에서는 다시 로그인하셔야 합니다."
            )
        } else {
            format!(
                "{provider} 로그인에 사용하신 이메일로 만들어진 CheapBob 계정이 이미 있지만, 그 계정의 이메일은 확인된 적이 없습니다. \
                 30분 안에, 로그인하신 브라우저에서 아래 링크를 열면 그 계정이 회원님의 계정이 되고 이전의 로그인 방법은 해제됩니다."
            )
        };
        let mail = LinkMail { title: TITLE, lead, link, button: "이메일 확인", ignore: IGNORE };
        mail.to(&self.email)
    }

    /// Until when a link that is mailed now is good.
    pub fn until(now: DateTime<Utc>) -> DateTime<Utc> {
        now + TAKEOVER_LIFE
    }
}
