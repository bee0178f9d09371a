//! What a person has said yes to.

use chrono::{DateTime, Utc};

use super::occasion::Kind;

/// What somebody is asked to agree to, and which version of the text that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wording {
    /// Kept with each consent.
    pub version: &'static str,
    /// What the apps show beside the switches.
    pub text: &'static str,
}

/// The wording of now. What a person agreed to must be found again: a new text is a new version, and the old one stays in the history of
/// this file.
pub const WORDING: Wording = Wording {
    version: "2026-11-28",
    text: "즐겨찾기한 매장의 영업 시작, 가격 인하, 재입고 소식(광고성 정보)을 선택하신 방법으로 받는 데 동의합니다. 하루 최대 4건이며, \
           야간(21:00–08:00) 수신은 따로 선택하신 경우에만 보내 드립니다. 동의하지 않아도 서비스를 이용하실 수 있고, 언제든지 이 화면이나 메일의 \
           수신 거부 링크에서 철회하실 수 있습니다.",
};

/// The six switches; all are off until the person says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choices {
    /// A favourite store opens.
    pub opens: bool,
    /// Something of it costs less.
    pub price_drops: bool,
    /// Something of it can be bought again.
    pub back_in_stock: bool,
    /// To the account's e-mail.
    pub by_mail: bool,
    /// To the browsers that subscribed.
    pub by_push: bool,
    /// Also between 21:00 and 08:00 KST.
    pub at_night: bool,
}

impl Choices {
    /// Whether they want to hear of this.
    pub fn wants(&self, kind: Kind) -> bool {
        match kind {
            Kind::Opens => self.opens,
            Kind::PriceDrops => self.price_drops,
            Kind::BackInStock => self.back_in_stock,
        }
    }
}

/// The switches as they stand, and since when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The switches.
    pub choices: Choices,
    /// When they were set last; `None`: never.
    pub consented_at: Option<DateTime<Utc>>,
}
