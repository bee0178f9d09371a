//! Refusals of this feature, as the contract words them.

use crate::{
    shared::{ErrorKind as K, Refusal},
    users::error::refusals,
};

refusals! {
    STORE_NOT_FOUND = NotFound, "store_not_found", "매장을 찾을 수 없습니다.";
    STORE_EXISTS = Conflict, "store_exists", "이미 등록된 매장이 있습니다.";
    PAYMENT_EXISTS = Conflict, "payment_exists", "이미 등록된 결제 정보가 있습니다.";
    FAVORITE_EXISTS = Conflict, "favorite_exists", "이미 즐겨찾기에 추가된 매장입니다.";
    FAVORITE_NOT_FOUND = NotFound, "favorite_not_found", "즐겨찾기에 없는 매장입니다.";
}
