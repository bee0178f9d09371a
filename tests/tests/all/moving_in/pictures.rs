//! Pictures lie where they lay, under keys with spaces, Korean letters and whatever a store's name had.

use cheapbob_test_support::{legacy::names, text};
use image::ImageFormat;
use reqwest::Method;
use serde_json::Value;

use super::house::House;
use crate::images::picture;

#[tokio::test(flavor = "multi_thread")]
async fn old_pictures_are_served_made_the_main_one_and_deleted() {
    const IMAGES: &str = "/api/v1/seller/store/images";
    let house = House::moved_in(&[("LEGACY_TOKENS_UNTIL", "2026-11-30")]).await;
    for key in names::IMAGES {
        let file = house.folder.path().join("media").join(key);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, picture(ImageFormat::Png)).unwrap();
    }
    let seller = house.moved(names::SELLER, "seller").await;
    let list = seller.get(IMAGES).await.expect(200);
    let shown = |list: &Value| -> Vec<(String, String, bool)> {
        let of = |image: &Value| (text(image, "image_id"), text(image, "image_url"), image["is_main"] == true);
        list["images"].as_array().unwrap().iter().map(of).collect()
    };
    let get = async |url: &str| reqwest::get(url).await.unwrap().status().as_u16();
    for key in names::IMAGES {
        let (_, url, _) = shown(&list).into_iter().find(|(id, ..)| id == key).unwrap_or_else(|| panic!("{key} in {list}"));
        assert!(url.is_ascii() && !url.contains([' ', '#', '?']), "{url}");
        assert_eq!(get(&url).await, 200, "{url}");
    }
    // As the app writes a key into a path: each segment encoded, or the slash as well.
    let encoded = |key: &str, slash: &str| {
        let segment = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        key.split('/').map(segment).collect::<Vec<_>>().join(slash)
    };
    for (key, slash) in [(names::IMAGES[1], "/"), (names::IMAGES[2], "%2F"), (names::IMAGES[0], "/")] {
        let main = seller.call(Method::PUT, &format!("{IMAGES}/main/{}", encoded(key, slash)), None).await.expect(200);
        assert_eq!((&main["image_id"], &main["is_main"]), (&key.into(), &true.into()));
    }
    for (key, slash) in [(names::IMAGES[1], "/"), (names::IMAGES[2], "%2F")] {
        let (_, url, _) = shown(&list).into_iter().find(|(id, ..)| id == key).unwrap();
        seller.delete(&format!("{IMAGES}/{}", encoded(key, slash))).await.expect(204);
        assert_eq!(get(&url).await, 404, "{url}");
    }
    let left = shown(&seller.get(IMAGES).await.expect(200));
    assert!(left.iter().any(|(id, _, is_main)| id == names::IMAGES[0] && *is_main));
    assert!(!left.iter().any(|(id, ..)| id == names::IMAGES[1] || id == names::IMAGES[2]), "{left:?}");
}
