//! What a file is, by its bytes, and what of it is kept: the picture and what is needed to show it. Nothing that tells of the
//! photographer (place, time, camera, comments), and nothing before, between or behind.

mod exif;
mod icc;
mod jpeg;
mod limits;
mod png;
mod reader;
mod scan;
#[cfg(test)]
mod testing;
mod webp;

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use cheapbob_domain::{
    shared::Refusal,
    stores::{
        ImageKind,
        error::{DAMAGED_IMAGE, TOO_MANY_PIXELS, UNSUPPORTED_IMAGE},
    },
};
use image::{AnimationDecoder, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, codecs::webp::WebPDecoder};

use self::{
    limits::{LONGEST_SIDE, MEMORY},
    reader::Result,
};

/// The kind of a picture that decodes within limits, and the bytes that are kept of it.
///
/// # Errors
/// - `unsupported_image`: neither JPEG, PNG nor WebP.
/// - `damaged_image`: cut off, broken, or of a rare sort that browsers do not show either.
/// - `too_many_pixels`: decoding takes too much memory or time.
pub(super) fn inspect(bytes: &[u8]) -> Result<(ImageKind, Vec<u8>)> {
    let (kind, format, kept) = if bytes.starts_with(jpeg::BEGIN) {
        (ImageKind::Jpeg, ImageFormat::Jpeg, jpeg::keep(bytes)?)
    } else if bytes.starts_with(png::BEGIN) {
        (ImageKind::Png, ImageFormat::Png, png::keep(bytes)?)
    } else if webp::begins(bytes) {
        (ImageKind::Webp, ImageFormat::WebP, webp::keep(bytes)?)
    } else {
        return Err(UNSUPPORTED_IMAGE);
    };
    sheltered(|| decode(&kept, format))?;
    Ok((kind, kept))
}

/// A picture over which the decoder stumbles is damaged, and no fault of ours; the panic itself is in the log.
fn sheltered(decode: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or(Err(DAMAGED_IMAGE))
}

/// What leaves is what was decoded, so that what is shown is what was looked at.
fn decode(kept: &[u8], format: ImageFormat) -> Result<()> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(kept), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(refusal)?;
    if decoder.total_bytes() > MEMORY {
        return Err(TOO_MANY_PIXELS);
    }
    DynamicImage::from_decoder(decoder).map_err(refusal)?;
    if format == ImageFormat::WebP {
        let animation = WebPDecoder::new(Cursor::new(kept)).map_err(refusal)?;
        animation.into_frames().try_for_each(|frame| frame.map(drop)).map_err(refusal)?;
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn refusal(error: ImageError) -> Refusal {
    match error {
        ImageError::Limits(_) => TOO_MANY_PIXELS,
        _ => DAMAGED_IMAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::{testing::encoded, *};

    #[test]
    fn the_bytes_decide() {
        for (format, kind) in
            [(ImageFormat::Jpeg, ImageKind::Jpeg), (ImageFormat::Png, ImageKind::Png), (ImageFormat::WebP, ImageKind::Webp)]
        {
            let (found, bytes) = inspect(&encoded(format)).unwrap();
            assert_eq!(found, kind);
            assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 24);
        }
        for bad in [&b""[..], b"GIF89a", b"<svg/>", b"RIFF\x04\0\0\0WAVE", b"P6 1 1 255 \0\0\0"] {
            assert_eq!(inspect(bad), Err(UNSUPPORTED_IMAGE));
        }
    }

    #[test]
    fn a_picture_that_makes_the_decoder_panic_is_damaged() {
        assert_eq!(sheltered(|| panic!("out of bounds")), Err(DAMAGED_IMAGE));
        assert_eq!(sheltered(|| Ok(())), Ok(()));
    }

    #[test]
    fn whatever_is_cut_off_is_damaged() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let whole = encoded(format);
            // The first bytes tell the kind.
            for length in 12..whole.len() {
                assert_eq!(inspect(&whole[..length]), Err(DAMAGED_IMAGE), "{format:?} {length}");
            }
        }
    }
}
