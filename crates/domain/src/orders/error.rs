//! Refusals of this feature, as the contract words them.

use crate::shared::error::refusals;

refusals! {
    PROFILE_REQUIRED = Refused, "profile_required", "회원 정보를 먼저 등록해 주세요.";
    STORE_NOT_APPROVED = Refused, "store_not_approved", "아직 판매 승인을 받지 않은 매장입니다.";
    STORE_CLOSED_TODAY = Refused, "store_closed_today", "오늘은 영업하지 않는 매장입니다.";
    STORE_CLOSED = Refused, "store_closed", "지금은 영업시간이 아닙니다.";
    PICKUP_OVER = Refused, "pickup_over", "오늘의 픽업 시간이 끝났습니다.";
    PAYMENT_NOT_SET_UP = Refused, "payment_not_set_up", "아직 결제를 받을 수 없는 매장입니다.";
    INSUFFICIENT_STOCK = Refused, "insufficient_stock", "남은 수량이 부족합니다.";
    LIMIT_PER_CUSTOMER = Refused, "limit_per_customer", "1인당 구매 가능 수량을 넘었습니다.";
    TOO_MANY_HOLDS = TooMany, "too_many_holds", "결제하지 않은 주문이 많습니다. 잠시 후 다시 시도해 주세요.";
    NOT_FOR_SALE = Refused, "not_for_sale", "판매할 수 없는 상품입니다.";
    PAYMENT_NOT_FOUND = NotFound, "payment_not_found", "결제를 찾을 수 없습니다.";
    PAYMENT_NOT_PAID = Refused, "payment_not_paid", "결제가 아직 완료되지 않았습니다.";
    PAYMENT_FAILED = Refused, "payment_failed", "결제가 실패했거나 취소되었습니다.";
    PAYMENT_MISMATCH = Refused, "payment_mismatch", "결제 내용이 주문과 달라 환불됩니다.";
    PAYMENT_STORE_CLOSED = Refused, "payment_store_closed", "결제하는 동안 매장이 영업을 마쳐 환불됩니다.";
    PAYMENT_EXPIRED = Timeout, "payment_expired", "결제 시간이 지났습니다. 결제된 금액은 환불됩니다.";
    ALREADY_ORDERED = Conflict, "already_ordered", "이미 주문이 완료된 결제입니다.";
    ORDER_NOT_FOUND = NotFound, "order_not_found", "주문을 찾을 수 없습니다.";
    ORDER_NOT_RESERVED = Refused, "order_not_reserved", "접수 대기 중인 주문이 아닙니다.";
    ORDER_NOT_ACCEPTED = Refused, "order_not_accepted", "매장에서 아직 접수하지 않은 주문입니다.";
    ORDER_COMPLETE = Refused, "order_complete", "이미 픽업이 완료된 주문입니다.";
    ORDER_CANCELED = Refused, "order_canceled", "취소된 주문입니다.";
    ORDER_ACCEPTED = Refused, "order_accepted", "매장에서 이미 접수한 주문은 취소할 수 없습니다.";
    START_AFTER_END = Refused, "start_after_end", "시작일은 종료일보다 늦을 수 없습니다.";
    SETTLEMENT_TOO_LONG = Refused, "settlement_too_long", "한 번에 366일까지 조회할 수 있습니다.";
    KEY_REUSED = Invalid, "idempotency_key_reused", "같은 요청 키로 다른 내용을 요청했습니다.";
    KEY_IN_USE = Conflict, "idempotency_key_in_use", "같은 요청이 아직 처리되고 있습니다. 잠시 후 다시 시도해 주세요.";
    WEBHOOK_HEADERS_MISSING = Refused, "webhook_headers_missing", "웹훅 서명 헤더가 없습니다.";
    WEBHOOK_UNVERIFIED = Unauthenticated, "webhook_unverified", "웹훅 서명을 확인할 수 없습니다.";
    QR_INVALID = Refused, "qr_invalid", "유효하지 않거나 만료된 QR 코드입니다.";
}
