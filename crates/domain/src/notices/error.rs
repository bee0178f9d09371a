//! Refusals of this feature.

use crate::shared::error::refusals;

refusals! {
    EMAIL_NOT_VOUCHED = Refused, "email_not_vouched", "확인된 이메일이 아니어서 메일로 알려 드릴 수 없습니다. 이메일을 확인하는 방법으로 로그인해 주세요.";
    SUBSCRIPTION_NOT_FOUND = NotFound, "subscription_not_found", "등록된 브라우저 알림이 아닙니다.";
    UNSUBSCRIBE_NOT_FOUND = NotFound, "unsubscribe_not_found", "수신 거부 링크가 올바르지 않습니다.";
}
