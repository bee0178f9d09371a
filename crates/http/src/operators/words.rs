//! What pages call things.

use cheapbob_domain::{
    orders::PaymentTruth,
    shared::{Won, kst},
};
use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All that is not unreserved (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An id or e-mail as a part of an address: an e-mail may have `+`, `#`, `?`, `&` and `/` in it.
pub(crate) fn part(text: impl std::fmt::Display) -> String {
    utf8_percent_encode(&text.to_string(), RESERVED).to_string()
}

/// An instant, in Seoul.
pub(crate) fn time(at: &DateTime<Utc>) -> String {
    kst::local(*at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Won, as [`Won`] writes them.
pub(crate) fn won(amount: &i64) -> String {
    Won(*amount).to_string()
}

/// A state of a hold, an order, a refund, a task; an event of a log. What has no word here is shown as it is.
pub(crate) fn word(of: &str) -> &str {
    match of {
        "held" => "결제 대기",
        "ordered" => "주문됨",
        "released" => "종료됨",
        "refunded" => "환불 대상",
        "reservation" => "예약",
        "accept" | "accepted" => "수락",
        "complete" | "completed" => "픽업 완료",
        "cancel" | "canceled" => "취소",
        "requested" | "refund_requested" => "환불 요청",
        "processing" | "refund_processing" => "환불 처리 중",
        "succeeded" | "refund_succeeded" => "환불 완료",
        "failed" | "refund_failed" => "환불 거절",
        "unknown" | "refund_unknown" => "환불 응답 없음",
        "refund_reopened" => "환불 다시 시작",
        "discrepancy" => "장부 불일치",
        "pending" => "대기",
        "running" => "처리 중",
        "done" => "완료",
        "dead" => "중단됨",
        "customer" => "고객",
        "seller" => "판매자",
        "store" => "매장",
        "payment" => "결제",
        "job" => "작업",
        "webhook" => "웹훅",
        "operator" => "운영자",
        "active" => "이용 중",
        "withdrawn" => "탈퇴 처리 중",
        "searched" => "검색",
        "looked_at_payment" => "결제 열람",
        "signed_in" => "로그인",
        "signed_in_by_recovery_code" => "복구 코드로 로그인",
        "enrolled" => "인증 앱 등록",
        "code_wrong" => "잘못된 코드",
        "reset" => "인증 앱 초기화",
        "invited" => "운영자 초대",
        "removed" => "운영자 삭제",
        "reconcile" => "결제사와 대조",
        "expedite" => "환불 재시도",
        "resend" => "메일 다시 보내기",
        "mail" => "메일",
        "looked_at_store" => "매장 열람",
        "looked_at_customer" => "고객 열람",
        "retry_task" => "할 일 재시도",
        "drop_task" => "할 일 버림",
        "run_job" => "작업 실행",
        "assign" => "불일치 맡음",
        "close" => "불일치 닫음",
        "hide_review" => "리뷰 숨김",
        "show_review" => "리뷰 다시 보임",
        "end_sessions" => "세션 종료",
        "looked_at_undecided" => "승인·분쟁 열람",
        "approve_store" => "매장 승인",
        "refuse_store" => "매장 승인 거절",
        "refund_dispute" => "분쟁 환불 결정",
        "dismiss_dispute" => "분쟁 기각",
        "partly_refunded" => "일부만 환불됨",
        "other_amount" => "금액이 다름",
        "order_without_money" => "돈이 없는 주문",
        other => other,
    }
}

/// PortOne's word, for a person.
pub(crate) fn truth(truth: &Option<PaymentTruth>) -> String {
    match truth {
        None => "지금 응답이 없습니다.".to_owned(),
        Some(PaymentTruth::Unknown) => "이 결제를 모릅니다.".to_owned(),
        Some(PaymentTruth::NotPaid) => "결제되지 않았습니다.".to_owned(),
        Some(PaymentTruth::Pending { .. }) => "결제를 기다리고 있습니다.".to_owned(),
        Some(PaymentTruth::Failed) => "결제에 실패했습니다.".to_owned(),
        Some(PaymentTruth::Cancelled(0)) => "결제 전에 취소되었습니다.".to_owned(),
        Some(PaymentTruth::Cancelled(amount)) => format!("전액 취소되었습니다: {}.", won(amount)),
        Some(PaymentTruth::Paid(paid)) => {
            let back = if paid.cancelled > 0 { format!(", 취소 {}", won(&paid.cancelled)) } else { String::new() };
            let pending = if paid.cancel_pending { ", 취소 심사 중" } else { "" };
            format!("결제됨: {}{back}{pending}.", won(&paid.total))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_may_be_called_stays_one_part_of_an_address() {
        assert_eq!(part("kim+1#?&/%=@a.example"), "kim%2B1%23%3F%26%2F%25%3D%40a.example");
    }

    #[test]
    fn sums_are_written_in_groups_of_three() {
        let written = [0, 999, 1_000, 1_234_567, -7_000].map(|sum| won(&sum));
        assert_eq!(written, ["0원", "999원", "1,000원", "1,234,567원", "-7,000원"]);
    }
}
