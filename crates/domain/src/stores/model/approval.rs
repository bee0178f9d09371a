//! Whether an operator has approved a store, and what the seller gives for it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::{
    shared::{
        Email, Result, Rule, StoreId,
        letter::Letter,
        mail::Mail,
        text::{Text, normal, typed},
    },
    stores::error,
};

const REASON: Text = typed!("사유는", 1 to 500, lines);

/// Why an operator refuses a store, in words for its seller.
///
/// # Errors
/// `too_short`, `too_long`, `bad_character`.
pub fn refusal_reason(text: &str) -> Result<String, Rule> {
    REASON.parse(text)
}

/// A business registration number: ten digits, of which the last is a check digit (National Tax Service).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessNumber(String);

impl BusinessNumber {
    /// Reads ten digits, also as they are printed: `124-81-00998`.
    ///
    /// # Errors
    /// `business_number`: not ten digits, or another check digit.
    pub fn parse(text: &str) -> Result<Self, Rule> {
        const WRONG: Rule = Rule { code: "business_number", message: "사업자등록번호를 다시 확인해 주세요." };
        let text = normal(text);
        let digits = match text.split('-').collect::<Vec<_>>()[..] {
            [office, kind, number] if (office.len(), kind.len(), number.len()) == (3, 2, 5) => format!("{office}{kind}{number}"),
            [whole] => whole.to_owned(),
            _ => return Err(WRONG),
        };
        let is_one = digits.len() == 10 && digits.bytes().all(|b| b.is_ascii_digit());
        if is_one && check_digit(&digits.as_bytes()[..9]) == digits.as_bytes()[9] { Ok(Self(digits)) } else { Err(WRONG) }
    }

    /// One that a store of ours gave back.
    pub fn trusted(digits: String) -> Self {
        Self(digits)
    }

    /// Ten digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The tenth digit that belongs to these nine, as a character.
fn check_digit(nine: &[u8]) -> u8 {
    const WEIGHTS: [u32; 9] = [1, 3, 7, 1, 3, 7, 1, 3, 5];
    let digit = |character: &u8| u32::from(character - b'0');
    let sum: u32 = nine.iter().zip(WEIGHTS).map(|(character, weight)| digit(character) * weight).sum();
    // Of the ninth digit's product with 5 the tens count as well.
    let sum = sum + nine.last().map_or(0, |ninth| digit(ninth) * 5 / 10);
    b'0' + u8::try_from((10 - sum % 10) % 10).unwrap_or_default()
}

/// Where a store stands with the operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum ApprovalState {
    /// Number or licence is not there yet.
    NotAsked,
    /// An operator has to look at it.
    Waiting,
    /// It may sell.
    Approved,
    /// An operator has said why not.
    Refused,
}

impl ApprovalState {
    /// The word in rows and answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a seller has given, and what was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Where it stands.
    pub state: ApprovalState,
    /// The seller's number.
    pub business_number: Option<BusinessNumber>,
    /// Key of the licence's picture; in no public answer.
    pub licence: Option<String>,
    /// Why it was refused.
    pub reason: Option<String>,
    /// When number and licence were there.
    pub asked_at: Option<DateTime<Utc>>,
    /// When an operator decided last.
    pub decided_at: Option<DateTime<Utc>>,
    /// Which: an e-mail, or [`TERMINAL`].
    pub decided_by: Option<String>,
    /// Of the row as it was read; 0: there is none yet.
    pub version: i32,
}

/// Whoever was at a terminal.
pub const TERMINAL: &str = "terminal";

impl Approval {
    /// Of a store that has given nothing. One that may sell all the same was registered when nobody was asked for anything.
    pub fn of_nothing(withheld: bool) -> Self {
        let state = if withheld { ApprovalState::NotAsked } else { ApprovalState::Approved };
        Self { state, business_number: None, licence: None, reason: None, asked_at: None, decided_at: None, decided_by: None, version: 0 }
    }

    /// With this number. Another one than was approved has to be approved anew.
    pub fn with_number(self, number: BusinessNumber, now: DateTime<Utc>) -> Self {
        let is_another = self.business_number.as_ref().is_some_and(|before| *before != number);
        let asks = self.state != ApprovalState::Approved || is_another;
        let given = Self { business_number: Some(number), ..self };
        if asks { given.asked(now) } else { given }
    }

    /// With this picture of the licence.
    pub fn with_licence(self, key: String, now: DateTime<Utc>) -> Self {
        let given = Self { licence: Some(key), ..self };
        if given.state == ApprovalState::Approved { given } else { given.asked(now) }
    }

    /// Waits for an operator once both are there.
    fn asked(self, now: DateTime<Utc>) -> Self {
        if self.business_number.is_none() || self.licence.is_none() {
            let state = ApprovalState::NotAsked;
            return Self { state, ..self };
        }
        let asked_at = self.asked_at.filter(|_| self.state == ApprovalState::Waiting).or(Some(now));
        Self { state: ApprovalState::Waiting, reason: None, asked_at, ..self }
    }

    /// Approved, or refused for a reason, by this operator. Also a store may be approved that has not given everything.
    ///
    /// # Errors
    /// `approval_not_waiting`: another operator has decided, or there is nothing to refuse.
    pub fn decided(self, refused: Option<&str>, by: &str, now: DateTime<Utc>) -> Result<Self> {
        let state = if refused.is_some() { ApprovalState::Refused } else { ApprovalState::Approved };
        match (self.state, state) {
            (ApprovalState::Waiting, _) | (ApprovalState::NotAsked, ApprovalState::Approved) => {}
            _ => return Err(error::APPROVAL_NOT_WAITING.into()),
        }
        Ok(Self { state, reason: refused.map(str::to_owned), decided_at: Some(now), decided_by: Some(by.to_owned()), ..self })
    }
}

/// A store's approval, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreApproval {
    /// The store.
    pub store: StoreId,
    /// Its name.
    pub store_name: String,
    /// Who is told.
    pub seller: Email,
    /// What was given and decided.
    pub approval: Approval,
}

/// The mail that tells a seller what was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalMail {
    /// Of which store.
    pub store_id: StoreId,
    /// Of which decision; of a later version it is out of date.
    pub version: i32,
}

impl ApprovalMail {
    /// Names the decision, so that it is told once.
    pub fn message_id(&self) -> String {
        format!("approval-{}-{}", self.store_id, self.version)
    }

    /// Words the mail. `None`: nothing is decided any more.
    ///
    /// # Errors
    /// Internal: the template cannot be written.
    pub fn compose(&self, of: &StoreApproval) -> Result<Option<Mail>> {
        let approval = &of.approval;
        let (subject, lead) = match approval.state {
            _ if approval.version != self.version => return Ok(None),
            ApprovalState::Approved => ("매장 판매가 승인되었습니다", "이제 고객이 매장을 찾고 주문할 수 있습니다."),
            ApprovalState::Refused => {
                ("매장 판매가 승인되지 않았습니다", "아래 사유를 확인하고 사업자등록번호나 사업자등록증을 다시 등록해 주세요.")
            }
            ApprovalState::NotAsked | ApprovalState::Waiting => return Ok(None),
        };
        let mut rows = vec![("매장", of.store_name.clone())];
        rows.extend(approval.business_number.as_ref().map(|number| ("사업자등록번호", number.as_str().to_owned())));
        rows.extend(approval.reason.clone().map(|reason| ("사유", reason)));
        Letter { subject, nickname: &of.store_name, lead, rows: &rows, map: None }.to(&of.seller).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::shared::{
        Clock,
        testing::{Noon, email},
    };

    const NUMBER: &str = "1248100998";

    fn number(text: &str) -> BusinessNumber {
        BusinessNumber::parse(text).unwrap()
    }

    #[test]
    fn a_number_is_read_as_it_is_printed_or_as_ten_digits() {
        for text in [NUMBER, "124-81-00998", " 124-81-00998 ", "220-81-62517", "120-81-47521"] {
            assert_eq!(number(text).as_str(), text.trim().replace('-', ""));
        }
        for bad in [
            "",
            "1248100997",
            "124-8100998",
            "12-481-00998",
            "124-81-00998-",
            "12481009980",
            "124810099",
            "１２４８１００９９８",
            "124.81.00998",
        ] {
            assert_eq!(BusinessNumber::parse(bad).unwrap_err().code, "business_number", "{bad}");
        }
    }

    proptest! {
        /// Of ten last digits one is right; and whoever mistypes one digit is told so, but where it is the ninth, whose weight hides some.
        #[test]
        fn a_mistyped_number_is_none(nine in "[0-9]{9}", place in 0..8_usize, other in 0..10_u8) {
            let right: Vec<_> = (0..10).map(|last| format!("{nine}{last}")).filter(|whole| BusinessNumber::parse(whole).is_ok()).collect();
            prop_assert_eq!(right.len(), 1);
            let mut typed = right[0].clone().into_bytes();
            typed[place] = b'0' + other;
            let typed = String::from_utf8(typed).unwrap();
            prop_assert_eq!(BusinessNumber::parse(&typed).is_ok(), typed == right[0]);
        }
    }

    fn waiting() -> Approval {
        Approval::of_nothing(true).with_number(number(NUMBER), Noon.now()).with_licence("licences/a".into(), Noon.now())
    }

    #[test]
    fn a_store_waits_once_number_and_licence_are_there() {
        let nothing = Approval::of_nothing(true);
        assert_eq!(nothing.clone().with_number(number(NUMBER), Noon.now()).state, ApprovalState::NotAsked);
        assert_eq!(nothing.with_licence("x".into(), Noon.now()).state, ApprovalState::NotAsked);
        assert_eq!((waiting().state, waiting().asked_at), (ApprovalState::Waiting, Some(Noon.now())));
        // Whoever corrects something while waiting does not wait from then on.
        let later = Noon.now() + chrono::Duration::hours(1);
        assert_eq!(waiting().with_licence("y".into(), later).asked_at, Some(Noon.now()));
    }

    #[test]
    fn another_number_is_approved_anew_and_another_licence_is_not() {
        let approved = waiting().decided(None, "o@b", Noon.now()).unwrap();
        assert_eq!(approved.clone().with_number(number(NUMBER), Noon.now()).state, ApprovalState::Approved);
        assert_eq!(approved.clone().with_licence("y".into(), Noon.now()).state, ApprovalState::Approved);
        assert_eq!(approved.with_number(number("220-81-62517"), Noon.now()).state, ApprovalState::Waiting);
        // Registered before anybody was asked: the first number changes nothing.
        assert_eq!(Approval::of_nothing(false).with_number(number(NUMBER), Noon.now()).state, ApprovalState::Approved);
    }

    #[test]
    fn what_waits_is_decided_once() {
        let refused = waiting().decided(Some("흐립니다"), "o@b", Noon.now()).unwrap();
        assert_eq!(
            (refused.state, refused.reason.as_deref(), refused.decided_by.as_deref()),
            (ApprovalState::Refused, Some("흐립니다"), Some("o@b"))
        );
        assert!(refused.clone().decided(None, "o@b", Noon.now()).unwrap_err().is(&error::APPROVAL_NOT_WAITING));
        let again = refused.with_licence("y".into(), Noon.now());
        assert_eq!((again.state, again.reason), (ApprovalState::Waiting, None));
        assert!(Approval::of_nothing(true).decided(Some("x"), "o@b", Noon.now()).is_err());
        assert_eq!(Approval::of_nothing(true).decided(None, TERMINAL, Noon.now()).unwrap().state, ApprovalState::Approved);
        assert!(Approval::of_nothing(false).decided(None, TERMINAL, Noon.now()).is_err());
    }

    #[test]
    fn a_decision_is_told_while_it_stands() {
        let of = |approval| StoreApproval {
            store: StoreId::trusted("STR_1".into()),
            store_name: "빵<b>집".into(),
            seller: email("s@b"),
            approval,
        };
        let mail = ApprovalMail { store_id: StoreId::trusted("STR_1".into()), version: 0 };
        assert_eq!(mail.compose(&of(waiting())).unwrap(), None);
        let refused = waiting().decided(Some("사진이 <흐립니다>"), "o@b", Noon.now()).unwrap();
        let told = mail.compose(&of(refused.clone())).unwrap().unwrap();
        assert!(told.text.contains("사유: 사진이 <흐립니다>\n") && told.html.contains("사진이 &#60;흐립니다&#62;"), "{told:?}");
        assert_eq!((told.to.as_str(), told.subject.as_str()), ("s@b", "[CheapBob] 매장 판매가 승인되지 않았습니다"));
        assert_eq!(ApprovalMail { version: 1, ..mail }.compose(&of(refused)).unwrap(), None);
    }
}
