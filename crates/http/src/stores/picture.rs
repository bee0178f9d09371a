//! What a file is, by its bytes, and what of it may be kept.

use std::io::Cursor;

use actix_web::web::Bytes;
use cheapbob_domain::{
    shared::Refusal,
    stores::{ImageKind, error::UNSUPPORTED_IMAGE},
};
use image::{ImageDecoder, ImageFormat, ImageReader, Limits, metadata::Orientation};
use img_parts::{ImageEXIF, jpeg::Jpeg, png::Png, webp::WebP};

/// A camera's largest side today is below 12,000.
const LONGEST_SIDE: u32 = 16_384;

/// What decoding may take: 60 megapixels of RGB. A file of a few KB can ask for gigabytes.
const MEMORY: u64 = 192 << 20;

/// The kind of a picture that decodes within limits, and its bytes without what they tell of the photographer: place, time, camera,
/// comments. Only which side is up is kept.
///
/// # Errors
/// `unsupported_image`: neither JPEG, PNG nor WebP.
pub(super) fn inspect(bytes: Bytes) -> Result<(ImageKind, Vec<u8>), Refusal> {
    let mut reader = ImageReader::new(Cursor::new(bytes.as_ref())).with_guessed_format().map_err(|_| UNSUPPORTED_IMAGE)?;
    let kind = match reader.format() {
        Some(ImageFormat::Jpeg) => ImageKind::Jpeg,
        Some(ImageFormat::Png) => ImageKind::Png,
        Some(ImageFormat::WebP) => ImageKind::Webp,
        _ => return Err(UNSUPPORTED_IMAGE),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| UNSUPPORTED_IMAGE)?;
    if decoder.total_bytes() > MEMORY {
        return Err(UNSUPPORTED_IMAGE);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    image::DynamicImage::from_decoder(decoder).map_err(|_| UNSUPPORTED_IMAGE)?;
    let stripped = strip(kind, bytes, orientation).map_err(|_| UNSUPPORTED_IMAGE)?;
    Ok((kind, stripped))
}

fn strip(kind: ImageKind, bytes: Bytes, orientation: Orientation) -> img_parts::Result<Vec<u8>> {
    let exif = (orientation != Orientation::NoTransforms).then(|| upside(orientation));
    let stripped = match kind {
        ImageKind::Jpeg => {
            let mut jpeg = Jpeg::from_bytes(bytes)?;
            // APP1: EXIF and XMP, APP13: IPTC, COM: comments.
            jpeg.segments_mut().retain(|s| !matches!(s.marker(), 0xE1 | 0xED | 0xFE));
            jpeg.set_exif(exif);
            jpeg.encoder().bytes()
        }
        ImageKind::Png => {
            let mut png = Png::from_bytes(bytes)?;
            png.chunks_mut().retain(|c| ![*b"eXIf", *b"tEXt", *b"iTXt", *b"zTXt", *b"tIME"].contains(&c.kind()));
            png.set_exif(exif);
            png.encoder().bytes()
        }
        ImageKind::Webp => {
            let mut webp = WebP::from_bytes(bytes)?;
            webp.remove_chunks_by_id(*b"XMP ");
            webp.set_exif(exif);
            webp.encoder().bytes()
        }
    };
    Ok(stripped.into())
}

/// The smallest EXIF block: little-endian TIFF with one entry, tag 0x0112 (orientation), type SHORT.
fn upside(orientation: Orientation) -> Bytes {
    let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    tiff.extend([orientation.to_exif(), 0, 0, 0, 0, 0, 0, 0]);
    tiff.into()
}

#[cfg(test)]
mod tests {
    use image::DynamicImage;

    use super::*;

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(8, 6).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// With an EXIF block of an upright camera that knows where it is, and a comment.
    fn photograph() -> Bytes {
        let mut jpeg = Jpeg::from_bytes(encoded(ImageFormat::Jpeg).into()).unwrap();
        let mut exif = upside(Orientation::Rotate90).to_vec();
        exif.extend(b"GPS 37.5N 126.9E");
        jpeg.set_exif(Some(exif.into()));
        let comment = img_parts::jpeg::JpegSegment::new_with_contents(0xFE, Bytes::from_static(b"GPS too"));
        jpeg.segments_mut().insert(1, comment);
        let mut out = Vec::new();
        jpeg.encoder().write_to(&mut out).unwrap();
        out.into()
    }

    #[test]
    fn the_bytes_decide() {
        for (format, kind) in
            [(ImageFormat::Jpeg, ImageKind::Jpeg), (ImageFormat::Png, ImageKind::Png), (ImageFormat::WebP, ImageKind::Webp)]
        {
            let (found, bytes) = inspect(encoded(format).into()).unwrap();
            assert_eq!(found, kind);
            assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 8);
        }
        for bad in [&b""[..], b"GIF89a", b"<svg/>", b"\xFF\xD8\xFF\xE0", b"\x89PNG\r\n\x1a\n"] {
            assert_eq!(inspect(Bytes::copy_from_slice(bad)), Err(UNSUPPORTED_IMAGE));
        }
        let whole = encoded(ImageFormat::Png);
        assert_eq!(inspect(Bytes::copy_from_slice(&whole[..whole.len() / 2])), Err(UNSUPPORTED_IMAGE));
    }

    #[test]
    fn a_photographs_place_is_dropped_and_its_upside_kept() {
        let (_, bytes) = inspect(photograph()).unwrap();
        assert!(!bytes.windows(3).any(|w| w == b"GPS"));
        let mut decoder = ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap().into_decoder().unwrap();
        assert_eq!(decoder.orientation().unwrap(), Orientation::Rotate90);
    }

    #[test]
    fn a_bomb_is_no_picture() {
        // 16,384 × 16,384 white pixels are a few hundred KB of PNG and 800 MB of memory; the header alone must be enough.
        let mut png = Png::from_bytes(encoded(ImageFormat::Png).into()).unwrap();
        let mut header = png.chunks()[0].contents().to_vec();
        header[..8].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
        png.chunks_mut()[0] = img_parts::png::PngChunk::new(*b"IHDR", header.into());
        let mut out = Vec::new();
        png.encoder().write_to(&mut out).unwrap();
        assert_eq!(inspect(out.into()), Err(UNSUPPORTED_IMAGE));
    }
}
