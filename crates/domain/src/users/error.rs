//! Refusals of this feature, as the contract words them.

use crate::shared::error::refusals;

refusals! {
    UNAUTHENTICATED = Unauthenticated, "unauthenticated", "로그인이 필요합니다.";
    WRONG_ROLE = Forbidden, "wrong_role", "이 계정으로는 이용할 수 없습니다.";
    WITHDRAWN = Withdrawn, "account_withdrawn", "탈퇴 처리 중인 계정입니다.";
    ALREADY_REGISTERED = Refused, "already_registered", "이미 등록된 회원입니다.";
    PROFILE_NOT_FOUND = NotFound, "profile_not_found", "등록된 프로필이 없습니다.";
    NOTHING_TO_CHANGE = Refused, "nothing_to_change", "변경할 내용이 없습니다.";
    PREFERENCE_EXISTS = Refused, "preference_exists", "이미 등록된 항목입니다.";
    PREFERENCE_NOT_FOUND = NotFound, "preference_not_found", "등록되지 않은 항목입니다.";
    ORDER_IN_PROGRESS = Conflict, "order_in_progress", "진행 중인 주문이 있어 탈퇴할 수 없습니다.";
    STORE_OPEN = Conflict, "store_open", "영업 중에는 탈퇴할 수 없습니다. 매장을 마감한 뒤 다시 시도해 주세요.";
    ALREADY_WITHDRAWN = Conflict, "already_withdrawn", "이미 탈퇴를 신청한 계정입니다.";
    NOT_WITHDRAWN = Conflict, "not_withdrawn", "탈퇴를 신청하지 않은 계정입니다.";
    WITHDRAWAL_NOT_FOUND = NotFound, "withdrawal_not_found", "탈퇴 신청을 찾을 수 없습니다.";
    LOGIN_STATE_INVALID = Refused, "login_state_invalid", "로그인 요청이 만료되었거나 올바르지 않습니다. 다시 로그인해 주세요.";
    PROVIDER_REFUSED = Refused, "provider_refused", "로그인 제공자에서 로그인이 완료되지 않았습니다.";
    UNLINK_UNVERIFIED = Refused, "unlink_unverified", "연결 해제 알림을 확인할 수 없습니다.";
    EMAIL_MISSING = Refused, "email_missing", "확인된 이메일 제공에 동의해야 로그인할 수 있습니다.";
    EXPORT_NOT_FOUND = NotFound, "export_not_found", "링크가 만료되었거나 올바르지 않습니다. 앱에서 다시 요청해 주세요.";
    EMAIL_IN_USE = Refused, "email_in_use", "이미 다른 방법으로 가입된 이메일입니다.";
}
