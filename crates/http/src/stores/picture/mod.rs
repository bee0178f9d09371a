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

use std::panic::{AssertUnwindSafe, catch_unwind};

use cheapbob_domain::stores::{
    ImageKind,
    error::{DAMAGED_IMAGE, UNSUPPORTED_IMAGE},
};

use self::reader::Result;

/// The kind of a picture that decodes within limits, and the bytes that are kept of it.
///
/// # Errors
/// - `unsupported_image`: neither JPEG, PNG nor WebP.
/// - `damaged_image`: cut off, broken, or of a rare sort that browsers do not show either.
/// - `too_many_pixels`: it says of itself that it is larger than what is taken.
pub(super) fn inspect(bytes: Vec<u8>) -> Result<(ImageKind, Vec<u8>)> {
    let (kind, kept) = if bytes.starts_with(jpeg::BEGIN) {
        (ImageKind::Jpeg, jpeg::keep(&bytes)?)
    } else if bytes.starts_with(png::BEGIN) {
        (ImageKind::Png, png::keep(&bytes)?)
    } else if webp::begins(&bytes) {
        (ImageKind::Webp, webp::keep(&bytes)?)
    } else {
        return Err(UNSUPPORTED_IMAGE);
    };
    drop(bytes);
    sheltered(|| decode(kind, &kept))?;
    Ok((kind, kept))
}

/// A picture over which the decoder stumbles is damaged, and no fault of ours; the panic itself is in the log.
fn sheltered(decode: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or(Err(DAMAGED_IMAGE))
}

/// What leaves is what was decoded, so that what is shown is what was looked at.
fn decode(kind: ImageKind, kept: &[u8]) -> Result<()> {
    match kind {
        // Each of its codes was read to find its end.
        ImageKind::Jpeg => Ok(()),
        ImageKind::Png => png::decode(kept),
        ImageKind::Webp => webp::decode(kept),
    }
}

#[cfg(test)]
mod tests {
    use image::ImageFormat;

    use super::{testing::encoded, *};

    #[test]
    fn the_bytes_decide() {
        for (format, kind) in
            [(ImageFormat::Jpeg, ImageKind::Jpeg), (ImageFormat::Png, ImageKind::Png), (ImageFormat::WebP, ImageKind::Webp)]
        {
            let (found, bytes) = inspect(encoded(format)).unwrap();
            assert_eq!(found, kind);
            assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 24);
        }
        for bad in [&b""[..], b"GIF89a", b"<svg/>", b"RIFF\x04\0\0\0WAVE", b"P6 1 1 255 \0\0\0"] {
            assert_eq!(inspect(bad.to_vec()), Err(UNSUPPORTED_IMAGE));
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
                assert_eq!(inspect(whole[..length].to_vec()), Err(DAMAGED_IMAGE), "{format:?} {length}");
            }
        }
    }
}
