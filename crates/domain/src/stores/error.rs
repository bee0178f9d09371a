//! Refusals of this feature, as the contract words them.

use crate::shared::error::refusals;

refusals! {
    STORE_NOT_FOUND = NotFound, "store_not_found", "매장을 찾을 수 없습니다.";
    STORE_EXISTS = Conflict, "store_exists", "이미 등록된 매장이 있습니다.";
    PAYMENT_EXISTS = Conflict, "payment_exists", "이미 등록된 결제 정보가 있습니다.";
    FAVORITE_EXISTS = Conflict, "favorite_exists", "이미 즐겨찾기에 추가된 매장입니다.";
    PAYMENT_SETTINGS_NOT_FOUND = NotFound, "payment_settings_not_found", "등록된 결제 정보가 없습니다.";
    SEARCH_NOT_FOUND = NotFound, "search_not_found", "검색 기록을 찾을 수 없습니다.";
    NO_IMAGES = Refused, "no_images", "이미지를 하나 이상 올려 주세요.";
    TOO_MANY_IMAGES = Refused, "too_many_images", "이미지는 11장까지 올릴 수 있습니다.";
    UNSUPPORTED_IMAGE = Refused, "unsupported_image", "JPEG, PNG, WebP 이미지만 올릴 수 있습니다.";
    DAMAGED_IMAGE = Refused, "damaged_image", "손상되었거나 읽을 수 없는 이미지입니다. 다른 파일을 올려 주세요.";
    TOO_MANY_PIXELS = Refused, "too_many_pixels", "이미지의 가로세로 크기가 너무 큽니다. 크기를 줄여서 올려 주세요.";
    IMAGE_TOO_LARGE = TooLarge, "image_too_large", "이미지는 한 장에 15MB까지 올릴 수 있습니다.";
    UPLOAD_IN_PROGRESS = Conflict, "upload_in_progress", "이미지를 올리는 중입니다. 끝난 뒤에 다시 시도해 주세요.";
    ONE_LICENCE = Refused, "one_licence", "사업자등록증 이미지는 한 장만 올려 주세요.";
    APPROVAL_NOT_WAITING = Conflict, "approval_not_waiting", "승인을 기다리는 매장이 아닙니다.";
    IMAGES_EXIST = Conflict, "images_exist", "이미 등록된 이미지가 있습니다.";
    IMAGE_NOT_FOUND = NotFound, "image_not_found", "이미지를 찾을 수 없습니다.";
    MAIN_IMAGE = Conflict, "main_image", "대표 이미지는 삭제할 수 없습니다.";
    FAVORITE_NOT_FOUND = NotFound, "favorite_not_found", "즐겨찾기에 없는 매장입니다.";
}
