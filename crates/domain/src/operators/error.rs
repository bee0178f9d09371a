//! Refusals of this feature, in words for whoever runs the service.

use crate::shared::error::refusals;

refusals! {
    NOT_AN_OPERATOR = Forbidden, "not_an_operator", "운영자로 등록되지 않은 이메일입니다. 이메일을 확인해 주는 제공자로 로그인해 주세요.";
    ROLE_TOO_LOW = Forbidden, "operator_role_too_low", "이 화면이나 작업을 쓸 권한이 없습니다.";
    FOREIGN_FORM = Forbidden, "foreign_form", "이 화면에서 보낸 요청이 아닙니다. 화면을 다시 열어 주세요.";
    CODE_WRONG = Refused, "code_wrong", "코드가 올바르지 않거나 이미 사용되었습니다.";
    OPERATOR_NOT_FOUND = NotFound, "operator_not_found", "등록되지 않은 운영자입니다.";
    OPERATOR_BY_SETTING = Conflict, "operator_by_setting", "OPERATOR_EMAILS에 있는 운영자는 그 설정에서 빼야 합니다.";
    NOTHING_THERE = NotFound, "nothing_there", "찾는 것이 없습니다.";
    NOTHING_TO_DO = Conflict, "nothing_to_do", "지금은 할 일이 없습니다. 이미 처리되었는지 확인해 주세요.";
}
