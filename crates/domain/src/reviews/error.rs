//! Refusals of this feature.

use crate::shared::error::refusals;

refusals! {
    ORDER_NOT_PICKED_UP = Refused, "order_not_picked_up", "픽업이 완료된 주문만 후기를 쓸 수 있습니다.";
    REVIEW_TOO_LATE = Refused, "review_too_late", "후기는 픽업 후 14일 이내에만 쓸 수 있습니다.";
    REVIEW_EXISTS = Conflict, "review_exists", "이미 후기를 쓴 주문입니다.";
    REVIEW_NOT_FOUND = NotFound, "review_not_found", "후기를 찾을 수 없습니다.";
    REVIEW_CHANGE_TOO_LATE = Refused, "review_change_too_late", "후기는 작성 후 7일 이내에만 고칠 수 있습니다.";
    ALREADY_REPORTED = Conflict, "already_reported", "이미 신고한 후기입니다.";
}
