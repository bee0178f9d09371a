//! What there is to do, in words for whoever does it.

use super::words;

/// Something that an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Action {
    Reconcile,
    Cancel,
    Expedite,
    Resend,
    RetryTask,
    DropTask,
    RunJob,
    Assign,
    Close,
    HideReview,
    ShowReview,
    ApproveStore,
    RefuseStore,
    RefundDispute,
    DismissDispute,
    EndSessions,
}

impl Action {
    /// Of the path's name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Reconcile => "결제사와 대조",
            Self::Cancel => "주문 취소·전액 환불",
            Self::Expedite => "환불 지금 재시도",
            Self::Resend => "메일 다시 보내기",
            Self::RetryTask => "다시 시도",
            Self::DropTask => "하지 않기",
            Self::RunJob => "작업 지금 실행",
            Self::Assign => "불일치 맡기",
            Self::Close => "불일치 닫기",
            Self::HideReview => "리뷰 숨기기",
            Self::ShowReview => "리뷰 다시 보이기",
            Self::ApproveStore => "매장 승인",
            Self::RefuseStore => "매장 승인 거절",
            Self::RefundDispute => "분쟁: 전액 환불",
            Self::DismissDispute => "분쟁: 환불하지 않음",
            Self::EndSessions => "모든 기기에서 로그아웃",
        }
    }

    pub(super) fn will(self) -> &'static str {
        match self {
            Self::Reconcile => {
                "결제사에 이 결제를 다시 묻고 우리 장부를 그에 맞춥니다. 결제된 돈이 있으면 주문이 되거나 환불되고, 결제사에서 취소되었으면 주문도 취소됩니다."
            }
            Self::Cancel => {
                "주문을 취소하고 결제한 돈을 전부 돌려줍니다. 재고가 되돌아가고, 고객은 아래 사유와 함께 메일을 받습니다. 되돌릴 수 없습니다."
            }
            Self::Expedite => "아직 끝나지 않은 환불을 지금 한 번 더 시도합니다. 이미 환불된 돈이 두 번 나가지는 않습니다.",
            Self::Resend => "이미 보낸 메일을 한 번 더 보냅니다. 그 뒤의 메일이 이미 나갔으면 보내지 않습니다.",
            Self::RetryTask => "지금부터 처음처럼 다시 시도합니다.",
            Self::DropTask => "이 일을 끝난 것으로 칩니다. 메일이면 보내지 않고, 웹훅이면 확인하지 않습니다. 되돌릴 수 없습니다.",
            Self::RunJob => "작업을 지금 한 번 실행합니다. 이미 실행 중이면 하지 않습니다. 여러 번 실행해도 결과는 같습니다.",
            Self::Assign => "이 불일치를 내가 살펴봅니다. 다른 사람이 맡고 있었으면 넘겨받습니다.",
            Self::Close => "이 불일치는 더 볼 것이 없습니다. 돈은 움직이지 않습니다.",
            Self::HideReview => "쓴 사람과 매장 말고는 아무도 볼 수 없고, 별점에서 빠집니다.",
            Self::ShowReview => "다시 모두에게 보이고 별점에 들어갑니다.",
            Self::ApproveStore => "지금부터 고객에게 보이고 팔 수 있습니다. 판매자는 메일을 받습니다.",
            Self::RefuseStore => "팔 수 없는 채로 남고, 판매자는 아래 사유와 함께 메일을 받습니다. 고쳐서 다시 신청할 수 있습니다.",
            Self::RefundDispute => {
                "결제한 돈을 전부 돌려줍니다. 고객과 매장은 아래 사유와 함께 메일을 받고, 정산에서 이 주문이 빠집니다. 되돌릴 수 없습니다."
            }
            Self::DismissDispute => "돈은 움직이지 않습니다. 고객과 매장은 아래 사유와 함께 메일을 받습니다. 되돌릴 수 없습니다.",
            Self::EndSessions => "이 계정의 모든 세션을 지금 끝냅니다. 다시 로그인할 수 있습니다.",
        }
    }

    /// Where to look at what came of it.
    pub(super) fn way(self, about: &str) -> String {
        match self {
            Self::Reconcile | Self::Cancel | Self::Expedite => format!("/operator/payments/{}", words::part(about)),
            Self::Resend => format!("/operator/payments/{}", words::part(about.rsplit(':').next().unwrap_or_default())),
            Self::RetryTask | Self::DropTask | Self::RunJob => "/operator/work".to_owned(),
            Self::Assign | Self::Close => "/operator/discrepancies".to_owned(),
            Self::HideReview | Self::ShowReview => "/operator/reviews".to_owned(),
            Self::ApproveStore | Self::RefuseStore | Self::RefundDispute | Self::DismissDispute => "/operator/undecided".to_owned(),
            Self::EndSessions => format!("/operator/customers/{}", words::part(about)),
        }
    }
}
