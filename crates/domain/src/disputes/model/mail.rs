//! What mails about a dispute say, in Korean.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::dispute::{Decision, Dispute};
use crate::shared::{Email, PaymentId, Result, letter::Letter, mail::Mail};

/// What a mail tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DisputeEvent {
    /// A customer has opened it.
    Opened,
    /// The store has answered.
    Answered,
    /// An operator has decided.
    Decided,
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Side {
    /// Who opened it.
    Customer,
    /// Whom it is about.
    Store,
}

/// A mail to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeMail {
    /// What has happened.
    pub event: DisputeEvent,
    /// Who is told.
    pub to: Side,
    /// Of which order.
    pub payment_id: PaymentId,
}

/// Who reads the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Where to.
    pub email: Email,
    /// A customer's nickname, a store's name.
    pub name: String,
}

impl DisputeMail {
    /// Names the event and who is told, so that it is told once.
    pub fn message_id(&self) -> String {
        let (event, to): (&str, &str) = (self.event.into(), self.to.into());
        format!("dispute-{event}-{to}-{}", self.payment_id)
    }

    /// Words the mail.
    ///
    /// # Errors
    /// Internal: the template cannot be written.
    pub fn compose(&self, dispute: &Dispute, to: &Reader) -> Result<Mail> {
        let decision = dispute.decided.as_ref().map(|decided| decided.decision);
        let (subject, lead) = match (self.event, self.to) {
            (DisputeEvent::Opened, _) => (
                "고객이 주문에 문제가 있다고 알려 왔습니다",
                "아래 내용을 확인하고 2일 안에 답변해 주세요. 그 뒤에는 답변 없이 운영자가 결정합니다.",
            ),
            (DisputeEvent::Answered, _) => ("매장이 답변했습니다", "운영자가 양쪽의 이야기를 보고 결정합니다."),
            (DisputeEvent::Decided, Side::Customer) if decision == Some(Decision::Refund) => {
                ("환불이 결정되었습니다", "결제하신 금액 전부를 결제 수단으로 돌려드립니다. 카드사에 따라 며칠이 걸릴 수 있습니다.")
            }
            (DisputeEvent::Decided, Side::Store) if decision == Some(Decision::Refund) => {
                ("환불이 결정되었습니다", "결제 금액 전부가 고객에게 돌아가며, 정산에서 취소로 표시됩니다.")
            }
            (DisputeEvent::Decided, _) => ("환불하지 않기로 결정되었습니다", "운영자가 양쪽의 이야기를 보고 결정했습니다."),
        };
        let mut rows = vec![
            ("상품", format!("{} × {}", dispute.order.product_name, dispute.order.quantity)),
            ("결제 금액", dispute.order.total_amount.to_string()),
            ("주문 번호", dispute.payment_id.to_string()),
            ("문제", dispute.says.reason.in_korean().to_owned()),
            ("내용", dispute.says.text.clone()),
        ];
        rows.extend(dispute.answer.as_ref().map(|answer| ("매장 답변", answer.text.clone())));
        rows.extend(dispute.decided.as_ref().map(|decided| ("결정 사유", decided.reason.clone())));
        Letter { subject, nickname: &to.name, lead, rows: &rows, map: None }.to(&to.email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        disputes::testing::{answer, decided, dispute},
        shared::testing::email,
    };

    fn told(event: DisputeEvent, to: Side, dispute: &Dispute) -> Mail {
        let mail = DisputeMail { event, to, payment_id: dispute.payment_id.clone() };
        mail.compose(dispute, &Reader { email: email("x@b"), name: "빵<b>집".into() }).unwrap()
    }

    #[test]
    fn each_side_reads_what_concerns_it() {
        let opened = dispute();
        let mail = told(DisputeEvent::Opened, Side::Store, &opened);
        assert!(mail.subject.contains("고객이 주문에 문제") && mail.text.contains("내용: 빵이 <없어요>\n"), "{mail:?}");
        assert!(mail.html.contains("빵이 &#60;없어요&#62;") && !mail.text.contains("매장 답변"), "{mail:?}");
        let answered = Dispute { answer: Some(answer()), ..opened };
        assert!(told(DisputeEvent::Answered, Side::Customer, &answered).text.contains("매장 답변: 죄송합니다\n"));
        for (decision, to, lead) in [
            (Decision::Refund, Side::Customer, "결제하신 금액 전부를"),
            (Decision::Refund, Side::Store, "정산에서 취소로"),
            (Decision::Nothing, Side::Customer, "양쪽의 이야기를 보고 결정했습니다"),
            (Decision::Nothing, Side::Store, "양쪽의 이야기를 보고 결정했습니다"),
        ] {
            let mail = told(DisputeEvent::Decided, to, &Dispute { decided: Some(decided(decision)), ..answered.clone() });
            assert!(mail.text.contains(lead) && mail.text.contains("결정 사유: 사진을 보았습니다\n"), "{decision:?} {to:?} {mail:?}");
        }
    }

    #[test]
    fn an_event_is_told_each_side_once() {
        let mail = |event, to| DisputeMail { event, to, payment_id: dispute().payment_id }.message_id();
        assert_eq!(mail(DisputeEvent::Decided, Side::Store), "dispute-decided-store-PAY1");
        assert_eq!(mail(DisputeEvent::Decided, Side::Customer), "dispute-decided-customer-PAY1");
    }
}
