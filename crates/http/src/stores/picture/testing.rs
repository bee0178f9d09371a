//! Pictures for the tests, and what hides in them.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// What must not leave.
pub(super) const SECRET: &[u8] = b"GPS 37.4769N 126.9637E";

/// A picture with something to see in each block.
pub(super) fn drawing(width: u32, height: u32, seed: u32) -> DynamicImage {
    let colour = |x: u32, y: u32| [x * 9, y * 7, (x * y + seed) * 13].map(|value| (value % 256) as u8);
    RgbImage::from_fn(width, height, |x, y| Rgb(colour(x, y))).into()
}

pub(super) fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(super) fn encoded(format: ImageFormat) -> Vec<u8> {
    encode(&drawing(24, 18, 0), format)
}

/// EXIF as a camera writes it, big-endian, with an orientation and a comment.
pub(super) fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    tiff.extend([orientation, 0, 0]);
    tiff.extend(b"\x82\x98\0\x02\0\0\0\x16\0\0\0\x26\0\0\0\0");
    tiff.extend(SECRET);
    tiff
}

/// A colour profile that has nothing but its header, and something behind it.
pub(super) fn profile(length: usize) -> Vec<u8> {
    let mut profile = vec![7; length];
    profile[..4].copy_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

/// Whether any eight bytes of the secret are in there.
pub(super) fn tells(bytes: &[u8]) -> bool {
    SECRET.windows(8).any(|piece| bytes.windows(8).any(|window| window == piece))
}

pub(super) fn pixels(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).unwrap()
}

/// Some other bytes in front of those at `at`.
pub(super) fn insert(bytes: &mut Vec<u8>, at: usize, other: &[u8]) {
    bytes.splice(at..at, other.iter().copied());
}
