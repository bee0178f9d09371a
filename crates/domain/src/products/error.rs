//! Refusals of this feature, as the contract words them.

use crate::shared::error::refusals;

refusals! {
    PRODUCT_NOT_FOUND = NotFound, "product_not_found", "상품을 찾을 수 없습니다.";
    NUTRITION_EXISTS = Refused, "nutrition_exists", "이미 등록된 영양 타입입니다.";
    NUTRITION_NOT_FOUND = NotFound, "nutrition_not_found", "등록되지 않은 영양 타입입니다.";
    RESERVATION_NOT_FOUND = NotFound, "reservation_not_found", "예약된 재고가 없습니다.";
    NOTHING_LEFT = Conflict, "nothing_left", "더 줄일 재고가 없습니다.";
    TOO_MANY_PRODUCTS = Conflict, "too_many_products", "상품은 100개까지 등록할 수 있습니다.";
    PRODUCT_CHANGING = Conflict, "product_changing", "상품이 계속 변경되고 있습니다. 잠시 후 다시 시도해 주세요.";
    STOCK_LIMIT = Conflict, "stock_limit", "재고를 더 늘릴 수 없습니다.";
}
