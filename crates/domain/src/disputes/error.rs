//! Refusals of this feature.

use crate::shared::error::refusals;

refusals! {
    DISPUTE_NOT_PICKED_UP = Refused, "dispute_not_picked_up", "픽업이 완료된 주문만 분쟁을 신청할 수 있습니다.";
    DISPUTE_TOO_LATE = Refused, "dispute_too_late", "분쟁은 픽업 후 3일 이내에만 신청할 수 있습니다.";
    DISPUTE_EXISTS = Conflict, "dispute_exists", "이미 분쟁을 신청한 주문입니다.";
    DISPUTE_NOT_FOUND = NotFound, "dispute_not_found", "분쟁을 찾을 수 없습니다.";
    TOO_MANY_DISPUTE_PICTURES = Refused, "too_many_dispute_pictures", "분쟁 사진은 3장까지 올릴 수 있습니다.";
    DISPUTE_ANSWERED = Conflict, "dispute_answered", "이미 답변한 분쟁입니다.";
    DISPUTE_ANSWER_TOO_LATE = Refused, "dispute_answer_too_late", "답변은 신청 후 2일 이내에만 할 수 있습니다.";
    DISPUTE_DECIDED = Conflict, "dispute_decided", "이미 결정된 분쟁입니다.";
    DISPUTE_WAITS = Conflict, "dispute_waits", "매장의 답변을 기다리고 있습니다.";
}
