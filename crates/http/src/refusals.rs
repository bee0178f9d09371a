//! Refusals of HTTP itself. Those of the use cases stand in the domain, beside their feature.

use cheapbob_domain::shared::{ErrorKind as K, Refusal};

/// A path that leads nowhere.
pub(crate) const NOT_FOUND: Refusal = Refusal::new(K::NotFound, "not_found", "찾을 수 없습니다.");
/// A path that does not know this method (answered with 405).
pub(crate) const WRONG_METHOD: Refusal = Refusal::new(K::Refused, "method_not_allowed", "지원하지 않는 요청 방식입니다.");
/// A body that is no JSON.
pub(crate) const MALFORMED: Refusal = Refusal::new(K::Refused, "malformed_json", "요청 형식이 올바르지 않습니다.");
/// A body that does not say that it is JSON: a form of another site's page could send it.
pub(crate) const NOT_JSON: Refusal = Refusal::new(K::MediaType, "json_required", "JSON 형식으로 요청해 주세요.");
/// Sent by a page that is neither ours nor an app's, with a person's cookie.
pub(crate) const FOREIGN_ORIGIN: Refusal = Refusal::new(K::Forbidden, "foreign_origin", "허용되지 않은 사이트에서 보낸 요청입니다.");
/// A body beyond its limit.
pub(crate) const TOO_LARGE: Refusal = Refusal::new(K::TooLarge, "body_too_large", "요청이 너무 큽니다.");
/// A body that comes more slowly than we wait for. (Not 408, which tells the customer app that a payment's money goes back.)
pub(crate) const BODY_TOO_SLOW: Refusal =
    Refusal::new(K::Refused, "body_too_slow", "요청을 받는 데 시간이 너무 오래 걸립니다. 네트워크를 확인한 뒤 다시 시도해 주세요.");
/// A form with another field than those that it may have.
pub(crate) const UNKNOWN_FIELD: Refusal = Refusal::new(K::Refused, "unknown_field", "알 수 없는 항목이 있습니다.");
/// A plain request where a WebSocket is served.
pub(crate) const NO_WEBSOCKET: Refusal = Refusal::new(K::Refused, "websocket_required", "웹소켓 연결이 필요합니다.");
/// A defect of ours.
pub(crate) const INTERNAL: Refusal = Refusal::new(K::Internal, "internal", "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해 주세요.");
/// A part behind us that does not answer.
pub(crate) const UNAVAILABLE: Refusal =
    Refusal::new(K::Unavailable, "unavailable", "지금은 처리할 수 없습니다. 잠시 후 다시 시도해 주세요.");
/// One or more fields that do not parse.
pub(crate) const INVALID: Refusal = Refusal::new(K::Invalid, "validation_failed", "입력한 내용을 확인해 주세요.");
