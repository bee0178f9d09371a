//! Pictures: the bytes decide, and neither an object nor a row is left alone.

use std::{io::Cursor, time::Duration};

use cheapbob_test_support::{
    Answer, Api, Person, RealServer, S3Server, TestApp, TestDatabase, eventually, fresh_email, normalized, store, text,
};
use futures::future::join_all;
use image::{DynamicImage, ImageFormat};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

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

async fn seller(api: &Api) -> Person {
    let seller = api.person("seller", &fresh_email()).await;
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
        let (seller, other) = (seller(&app.api).await, seller(&app.api).await);
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
    let seller = seller(&app.api).await;
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
    let (seller, jpeg) = (seller(&app.api).await, picture(ImageFormat::Jpeg));
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

/// A lossless WebP of one colour and this size, in a few bytes.
fn plain_webp(width: u32, height: u32) -> Vec<u8> {
    let mut bits = Bits::lossless(width, height);
    // No transform, no cache of colours, no groups of codes; each of the five codes has one symbol.
    bits.push(0, 3);
    (0..5).for_each(|_| bits.push(0b0001, 4));
    bits.file()
}

/// One of 4 × 4 pixels with 65,536 groups of codes, each of which a decoder makes a table of 4 KB for: 300 MB of 1 MB.
fn webp_of_tables() -> Vec<u8> {
    let mut bits = Bits::lossless(4, 4);
    bits.push(0, 2);
    // Groups of codes: a picture of one pixel says which one is the last, in red and green.
    bits.push(1, 1);
    bits.push(0, 3);
    bits.push(0, 1);
    (0..2).for_each(|_| bits.push(0b101 | 255 << 3, 11));
    (0..3).for_each(|_| bits.push(0b0001, 4));
    for _ in 0..=u16::MAX {
        // Codes of 1, 2 … 10 and 10 bits for the first eleven symbols, which are written with codes of 3 and 4 bits themselves.
        bits.push(0, 1);
        bits.push(14 - 4, 4);
        for length in [0, 0, 0, 3, 3, 3, 3, 3, 0, 3, 4, 4, 4, 4] {
            bits.push(length, 3);
        }
        bits.push(1, 1);
        bits.push(1, 3);
        bits.push(11 - 2, 4);
        for symbol in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10_u32] {
            match symbol {
                1..=6 => bits.push_code(symbol - 1, 3),
                _ => bits.push_code(0b1100 + symbol - 7, 4),
            }
        }
        (0..4).for_each(|_| bits.push(0b0001, 4));
    }
    bits.push(0, 64);
    bits.file()
}

/// The data of a lossless WebP, bit by bit.
struct Bits {
    bytes: Vec<u8>,
    length: usize,
}

impl Bits {
    fn lossless(width: u32, height: u32) -> Self {
        let mut bits = Self { bytes: vec![0x2F], length: 8 };
        bits.push((width - 1).into(), 14);
        bits.push((height - 1).into(), 14);
        bits.push(0, 4);
        bits
    }

    fn push(&mut self, value: u64, bits: usize) {
        for bit in 0..bits {
            if self.length.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= u8::from(value >> bit & 1 == 1) << (self.length % 8);
            self.length += 1;
        }
    }

    /// Codes are written from their highest bit on.
    fn push_code(&mut self, code: u32, bits: usize) {
        (0..bits).rev().for_each(|bit| self.push((code >> bit & 1).into(), 1));
    }

    fn file(self) -> Vec<u8> {
        let length = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
        let mut content = self.bytes;
        let size = content.len();
        content.resize(size.next_multiple_of(2), 0);
        [&b"RIFF"[..], &length(content.len() + 12), b"WEBPVP8L", &length(size), &content].concat()
    }
}

/// A lossy WebP whose own header says 16,383 × 16,383, in a frame of 16 × 16.
fn webp_that_lies() -> Vec<u8> {
    let mut picture = picture(ImageFormat::WebP);
    picture.truncate(12);
    let lossy = [&[0x10, 0, 0, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F][..], &[0; 2_300]].concat();
    let length = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
    let frame = [&[0; 6][..], &[15, 0, 0, 15, 0, 0, 0, 0, 0, 0], b"VP8 ", &length(lossy.len()), &lossy].concat();
    picture.extend([b"VP8X", &length(10)[..], &[2, 0, 0, 0, 15, 0, 0, 15, 0, 0], b"ANIM", &length(6), &[0; 6]].concat());
    picture.extend([b"ANMF", &length(frame.len())[..], &frame].concat());
    let size = picture.len() - 8;
    picture[4..8].copy_from_slice(&length(size));
    picture
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_take_too_much_is_refused_and_takes_nothing() {
    let app = TestApp::start().await;
    let seller = seller(&app.api).await;
    for (bad, code, what) in [
        (plain_webp(10_000, 6_000), "too_many_pixels", "60 megapixels"),
        (plain_webp(6_001, 4_000), "too_many_pixels", "a little over 24"),
        (webp_that_lies(), "damaged_image", "a frame that is larger than it says"),
        (webp_of_tables(), "too_many_pixels", "tables without an end"),
    ] {
        assert!(bad.len() < 2 << 20, "{what}");
        assert_eq!(upload(&seller, FIRST, &[bad]).await.refused(400), code, "{what}");
    }
    let other = vec![("x", "text/plain", b"x".to_vec())];
    assert_eq!(seller.api.upload_as("other", FIRST, &seller.token, &other).await.refused(400), "unknown_field");
    assert_eq!(upload(&seller, FIRST, &[plain_webp(3_000, 2_000)]).await.expect(201)["total"], 1);
}

/// An upload that is under way: its head, and as much of its form as is said.
struct Begun(TcpStream);

impl Begun {
    async fn open(seller: &Person, path: &str) -> Self {
        let address = seller.api.base.strip_prefix("http://").unwrap().replace("localhost", "127.0.0.1");
        let mut line = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: multipart/form-data; boundary=b\r\n\
             content-length: 1000000\r\n\r\n--b\r\ncontent-disposition: form-data; name=\"files\"; filename=\"x\"\r\n\r\n",
            seller.token
        );
        line.write_all(head.as_bytes()).await.unwrap();
        line.write_all(&[0xFF; 100_000]).await.unwrap();
        Self(line)
    }

    async fn answer(mut self) -> String {
        let mut heard = String::new();
        self.0.read_to_string(&mut heard).await.unwrap();
        heard
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_has_one_upload_at_once_and_nothing_of_it_stays() {
    let (database, files) = (TestDatabase::create().await, tempfile::tempdir().unwrap());
    let settings = [("DATABASE_URL", database.url()), ("TMPDIR", files.path().display().to_string()), ("RUST_LOG", "off".to_owned())];
    let server = RealServer::http(RealServer::free_port(), &settings).await;
    let (seller, other) = (seller(&server.api).await, seller(&server.api).await);
    let left = || std::fs::read_dir(files.path()).unwrap().count();
    let open = || {
        std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().filter(|file| {
            let target = file.as_ref().ok().and_then(|file| std::fs::read_link(file.path()).ok());
            target.is_some_and(|target| target.starts_with(files.path()))
        })
    };
    let jpeg = [picture(ImageFormat::Jpeg)];

    let first = Begun::open(&seller, FIRST).await;
    eventually("it is in a file", 10, || async { (open().count() == 1).then_some(()) }).await;
    assert_eq!(left(), 0, "which has no name");
    assert_eq!(upload(&seller, FIRST, &jpeg).await.refused(409), "upload_in_progress");
    upload(&other, FIRST, &jpeg).await.expect(201);
    // It goes away in the middle.
    drop(first);
    eventually("it is given up", 10, || async { (open().count() == 0).then_some(()) }).await;
    // It says nothing more.
    let silent = Begun::open(&seller, FIRST).await;
    let begun = std::time::Instant::now();
    let answer = silent.answer().await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("body_too_slow"), "{answer}");
    assert!(begun.elapsed() >= Duration::from_secs(9), "{:?}", begun.elapsed());
    upload(&seller, FIRST, &jpeg).await.expect(201);
    // It dies with the process.
    let _last = Begun::open(&seller, MORE).await;
    eventually("it is in a file", 10, || async { (open().count() == 1).then_some(()) }).await;
    server.kill();
    assert_eq!(left(), 0);
}

/// In MB: the process and those that it has started.
fn memory(pid: u32) -> u64 {
    let of = |pid: u32| -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse::<u64>().ok()
    };
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let children = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("children")).ok());
    let children: Vec<u32> =
        children.flat_map(|text| text.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>()).collect();
    (of(pid).unwrap() + children.into_iter().filter_map(of).sum::<u64>()) / 1024
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn five_sellers_with_eleven_large_pictures_stay_below_250_mb() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    let settings =
        [("DATABASE_URL", database.url()), ("CHEAPBOB_DATA_DIR", folder.path().display().to_string()), ("RUST_LOG", "off".to_owned())];
    let server = RealServer::http(RealServer::free_port(), &settings).await;
    let sellers: Vec<_> = join_all((0..5).map(|_| seller(&server.api))).await;
    let ended = tokio_util::sync::CancellationToken::new();
    let watch = {
        let (pid, ended) = (server.pid(), ended.clone());
        std::thread::spawn(move || {
            let mut most = 0;
            while !ended.is_cancelled() {
                most = most.max(memory(pid));
                std::thread::sleep(Duration::from_millis(5));
            }
            most
        })
    };
    // 60 megapixels in 15 MB each; what follows a picture's end is nobody's business.
    let padded = |mut picture: Vec<u8>| {
        picture.resize(15 << 20, 0);
        picture
    };
    let vast = padded(plain_webp(10_000, 6_000));
    let refused = join_all(sellers.iter().map(|seller| async { upload(seller, FIRST, &vec![vast.clone(); 11]).await.refused(400) })).await;
    assert_eq!(refused, ["too_many_pixels"; 5]);
    // As large as is taken, in each format, and eleven of ordinary size.
    let jpeg = || {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(2_000, 1_500).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    };
    let mut pictures = vec![padded(plain_webp(6_000, 4_000)), padded(jpeg())];
    pictures.extend(vec![picture(ImageFormat::Png); 9]);
    let taken = join_all(sellers.iter().map(|seller| async { upload(seller, FIRST, &pictures).await.expect(201)["total"].clone() })).await;
    assert_eq!(taken, vec![11; 5]);
    ended.cancel();
    let most = watch.join().unwrap();
    assert!(most < 250, "{most} MB");
}
