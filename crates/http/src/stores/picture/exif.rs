//! Of EXIF only which side is up is kept, in a block that is made anew.

use image::metadata::Orientation;

/// What begins EXIF in a JPEG, and by mistake in some WebP.
pub(super) const PREFIX: &[u8] = b"Exif\0\0";

/// The smallest EXIF block that says what this one says of the orientation; `None` where the picture is upright.
pub(super) fn orientation(exif: &[u8]) -> Option<Vec<u8>> {
    let tiff = exif.strip_prefix(PREFIX).unwrap_or(exif);
    let orientation = Orientation::from_exif_chunk(tiff).filter(|found| *found != Orientation::NoTransforms)?;
    // Little-endian TIFF with one entry: tag 0x0112 (orientation), type SHORT.
    let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend([orientation.to_exif(), 0, 0, 0, 0, 0, 0, 0]);
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::picture::testing::exif;

    #[test]
    fn which_side_is_up_is_all_that_is_kept() {
        for value in 2..=8 {
            let kept = orientation(&exif(value)).unwrap();
            assert_eq!(Orientation::from_exif_chunk(&kept).map(Orientation::to_exif), Some(value));
            assert_eq!(kept.len(), 26);
        }
        for upright in [exif(1), exif(9), b"Exif\0\0".to_vec(), Vec::new()] {
            assert_eq!(orientation(&upright), None);
        }
    }
}
