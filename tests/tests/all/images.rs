//! Pictures: the bytes decide, and neither an object nor a row is left alone.

use std::io::Cursor;

use cheapbob_test_support::{Answer, Person, S3Server, TestApp, fresh_email, normalized, store, text};
use image::{DynamicImage, ImageFormat};

pub(crate) const FIRST: &str = "/api/v1/seller/store/register/images";
pub(crate) const MORE: &str = "/api/v1/seller/store/images";

pub(crate) fn picture(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(8, 6).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A picture of this many bytes: what follows a JPEG's end is nobody's business.
fn large(bytes: usize) -> Vec<u8> {
    let mut jpeg = picture(ImageFormat::Jpeg);
    jpeg.resize(bytes, 0);
    jpeg
}

/// A header of 16,383 × 16,383 pixels, and hardly any data.
fn vast() -> Vec<u8> {
    let mut jpeg = picture(ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x3F, 0xFF, 0x3F, 0xFF]);
    jpeg
}

/// A picture with a secret everywhere but in itself: in segments or chunks, between them, behind its data and behind its end.
fn telling(format: ImageFormat, secret: &[u8]) -> Vec<u8> {
    let mut bytes = picture(format);
    let end = match format {
        ImageFormat::Jpeg => {
            for marker in [0xE1, 0xE2, 0xED, 0xEF, 0xFE] {
                let segment = [&[0xFF, marker, 0, u8::try_from(secret.len() + 2).unwrap()], secret, secret].concat();
                bytes.splice(2..2, segment);
            }
            bytes.len() - 2
        }
        // Behind the checksum of the header: a chunk whose checksum is wrong, which viewers skip.
        ImageFormat::Png => {
            let chunk = [&[0, 0, 0, u8::try_from(secret.len()).unwrap()], &b"tEXt"[..], secret, b"none"].concat();
            bytes.splice(33..33, chunk);
            bytes.len()
        }
        _ => {
            bytes.extend([&b"EXIF"[..], &[u8::try_from(secret.len()).unwrap(), 0, 0, 0], secret].concat());
            let size = u32::try_from(bytes.len() - 8).unwrap();
            bytes[4..8].copy_from_slice(&size.to_le_bytes());
            bytes.len()
        }
    };
    bytes.splice(end..end, secret.iter().copied());
    bytes.extend(secret);
    bytes
}

async fn seller(app: &TestApp) -> Person {
    let seller = app.api.person("seller", &fresh_email()).await;
    seller.post("/api/v1/seller/store/register", &store("가게")).await.expect(201);
    seller
}

pub(crate) async fn upload(seller: &Person, path: &str, files: &[Vec<u8>]) -> Answer {
    // The names and types lie.
    let files: Vec<_> = files.iter().map(|bytes| ("../x.exe", "text/plain", bytes.clone())).collect();
    seller.api.upload(path, &seller.token, &files).await
}

/// How many objects and how many rows there are.
async fn left(app: &TestApp, s3: Option<&S3Server>, media: &std::path::Path) -> (usize, i64) {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).map(|e| e.map(|e| e.unwrap().path()).collect::<Vec<_>>()).unwrap_or_default();
        entries.iter().map(|path| if path.is_dir() { count(path) } else { 1 }).sum()
    }
    (s3.map_or_else(|| count(media), S3Server::objects), app.database.count("store_images").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_added_shown_chosen_and_deleted() {
    let server = S3Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    for s3 in [None, Some(&server)] {
        let app = TestApp::with(|settings| {
            settings.data_dir = folder.path().into();
            settings.s3 = s3.map(S3Server::settings);
        })
        .await;
        let left = || left(&app, s3, folder.path());
        let (seller, other) = (seller(&app).await, seller(&app).await);
        let formats = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP].map(picture);
        let added = upload(&seller, FIRST, &formats).await.expect(201);
        insta::assert_json_snapshot!("images registered", shown(&added, &app, s3));
        assert_eq!(left().await, (3, 3));
        // What browsers get is the picture, with the type of its bytes.
        for (image, mime) in added["images"].as_array().unwrap().iter().zip(["image/jpeg", "image/png", "image/webp"]) {
            let url = text(image, "image_url");
            let stored = app.services.storage.get(image["image_id"].as_str().unwrap()).await.unwrap().unwrap();
            assert_eq!((stored.0.as_str(), image::load_from_memory(&stored.1).unwrap().width()), (mime, 8));
            if s3.is_none() {
                let got = app.api.get(url.strip_prefix(&app.api.base).unwrap()).await;
                assert_eq!((got.status, got.headers["content-type"].to_str().unwrap()), (200, mime));
            } else {
                assert!(url.starts_with(&format!("{}/media/stores/", server.endpoint)), "{url}");
            }
        }
        assert_eq!(upload(&seller, FIRST, &formats).await.refused(409), "images_exist");
        assert_eq!(left().await, (3, 3));

        let more = upload(&seller, MORE, &formats[..1]).await.expect(200);
        assert_eq!(more["total"], 4);
        assert_eq!(seller.get(MORE).await.expect(200), more);
        let id = |n: usize| text(&more["images"][n], "image_id");
        assert_eq!(seller.delete(&format!("{MORE}/{}", id(0))).await.refused(409), "main_image");
        assert_eq!(other.delete(&format!("{MORE}/{}", id(1))).await.refused(404), "image_not_found");
        let main = |id: &str| format!("{MORE}/main/{id}");
        assert_eq!(other.put(&main(&id(2)), &serde_json::json!({})).await.refused(404), "image_not_found");
        let chosen = seller.put(&main(&id(2)), &serde_json::json!({})).await.expect(200);
        assert_eq!(
            (&chosen["image_id"], &chosen["is_main"], &chosen["display_order"]),
            (&more["images"][2]["image_id"], &true.into(), &2.into())
        );
        seller.delete(&format!("{MORE}/{}", id(0))).await.expect(204);
        assert_eq!(seller.delete(&format!("{MORE}/{}", id(0))).await.refused(404), "image_not_found");
        assert_eq!(left().await, (3, 3));
        insta::assert_json_snapshot!("images after changes", shown(&seller.get(MORE).await.expect(200), &app, s3));
        let store = seller.get("/api/v1/seller/store").await.expect(200);
        assert_eq!(store["images"], seller.get(MORE).await.expect(200)["images"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_is_the_picture_and_nothing_beside_it() {
    const SECRET: &[u8] = b"37.4769N 126.9637E";
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::with(|settings| settings.data_dir = folder.path().into()).await;
    let seller = seller(&app).await;
    let formats = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];
    let added = upload(&seller, FIRST, &formats.map(|format| telling(format, SECRET))).await.expect(201);
    for (image, format) in added["images"].as_array().unwrap().iter().zip(formats) {
        let (_, stored) = app.services.storage.get(image["image_id"].as_str().unwrap()).await.unwrap().unwrap();
        assert!(!stored.windows(8).any(|window| SECRET.windows(8).any(|piece| piece == window)), "{format:?}");
        assert_eq!(image::load_from_memory(&stored).unwrap(), image::load_from_memory(&picture(format)).unwrap(), "{format:?}");
    }
}

/// Ids of pictures and the server's address differ from run to run.
fn shown(body: &serde_json::Value, app: &TestApp, s3: Option<&S3Server>) -> serde_json::Value {
    let mut body = body.clone();
    let (store, base) = (text(&body, "store_id"), s3.map_or(format!("{}/media", app.api.base), |s3| format!("{}/media", s3.endpoint)));
    for (n, image) in body["images"].as_array_mut().unwrap().iter_mut().enumerate() {
        let id = text(image, "image_id");
        let file = id.strip_prefix(&format!("stores/{store}/")).unwrap_or_else(|| panic!("{id}"));
        assert_eq!(text(image, "image_url"), format!("{base}/{id}"));
        image["image_id"] = format!("stores/[store]/{n}.{}", file.split_once('.').unwrap().1).into();
        image["image_url"] = "[base]/[image id]".into();
    }
    normalized(&body)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::with(|settings| settings.data_dir = folder.path().into()).await;
    let (seller, jpeg) = (seller(&app).await, picture(ImageFormat::Jpeg));
    let nothing = async |what: &str| assert_eq!(left(&app, None, folder.path()).await, (0, 0), "{what}");
    assert_eq!(upload(&seller, MORE, &[]).await.refused(400), "no_images");
    let half = |format| {
        let whole = picture(format);
        whole[..whole.len() / 2].to_vec()
    };
    let bad = [
        (b"GIF89a".to_vec(), "unsupported_image", "a gif"),
        (vec![], "unsupported_image", "nothing"),
        (half(ImageFormat::Jpeg), "damaged_image", "half a JPEG"),
        (half(ImageFormat::Png), "damaged_image", "half a PNG"),
        (half(ImageFormat::WebP), "damaged_image", "half a WebP"),
        (vast(), "too_many_pixels", "a bomb"),
    ];
    for (bad, code, what) in bad {
        // The good one before it is stored already.
        assert_eq!(upload(&seller, FIRST, &[jpeg.clone(), bad]).await.refused(400), code, "{what}");
        nothing(what).await;
    }
    assert_eq!(upload(&seller, FIRST, &vec![jpeg.clone(); 12]).await.refused(400), "too_many_images");
    nothing("twelve").await;
    assert_eq!(upload(&seller, FIRST, &[jpeg.clone(), large((15 << 20) + 1)]).await.refused(413), "image_too_large");
    nothing("too large").await;
    assert_eq!(app.api.raw(reqwest::Method::POST, FIRST, Some(&seller.token), "{}").await.refused(400), "malformed_json");
    let nobody = Person { token: "none".into(), ..seller.clone() };
    assert_eq!(upload(&nobody, FIRST, std::slice::from_ref(&jpeg)).await.refused(401), "unauthenticated");
    let storeless = app.api.person("seller", &fresh_email()).await;
    assert_eq!(upload(&storeless, FIRST, std::slice::from_ref(&jpeg)).await.refused(404), "store_not_found");
    nothing("strangers").await;

    // The row cannot be written: the objects go.
    app.database.sql("ALTER TABLE store_images ADD CONSTRAINT none CHECK (display_order < 1)").await;
    assert_eq!(upload(&seller, FIRST, &vec![jpeg.clone(); 2]).await.refused(500), "internal");
    nothing("a failed write").await;
    app.database.sql("ALTER TABLE store_images DROP CONSTRAINT none").await;
    // The objects cannot be written: no row.
    let media = folder.path().join("media");
    let _ = std::fs::remove_dir_all(&media);
    std::fs::write(&media, "a file in the way").unwrap();
    assert_eq!(upload(&seller, FIRST, &vec![jpeg.clone(); 2]).await.refused(503), "unavailable");
    std::fs::remove_file(&media).unwrap();
    nothing("a failed upload").await;

    // Exactly 15 MB is a picture; eleven fill the store.
    assert_eq!(upload(&seller, FIRST, &[large(15 << 20)]).await.expect(201)["total"], 1);
    assert_eq!(upload(&seller, MORE, &vec![jpeg.clone(); 10]).await.expect(200)["total"], 11);
    assert_eq!(upload(&seller, MORE, &[jpeg]).await.refused(400), "too_many_images");
    assert_eq!(left(&app, None, folder.path()).await, (11, 11));
}
