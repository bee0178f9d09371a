//! How large a picture may be once it is unpacked.

use cheapbob_domain::stores::error::{DAMAGED_IMAGE, TOO_MANY_PIXELS};

use super::reader::Result;

/// A camera's largest side today is below 12,000.
pub(super) const LONGEST_SIDE: u32 = 16_384;

/// Pixels of a picture, or of one frame: a camera's 6,000 × 4,000. A file of a few KB can ask for gigabytes.
pub(super) const MOST_PIXELS: u64 = 24_000_000;

/// Pixels of all frames of an animation, which are decoded one after another.
pub(super) const MOST_ANIMATED: u64 = 200_000_000;

/// Before anything of that size is made.
pub(super) fn check_size(width: u32, height: u32) -> Result<()> {
    if width == 0 || height == 0 {
        return Err(DAMAGED_IMAGE);
    }
    let fits = width <= LONGEST_SIDE && height <= LONGEST_SIDE && pixels(width, height) <= MOST_PIXELS;
    if fits { Ok(()) } else { Err(TOO_MANY_PIXELS) }
}

pub(super) fn pixels(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_four_megapixels_are_all_that_is_taken() {
        assert_eq!(check_size(6_000, 4_000), Ok(()));
        assert_eq!(check_size(6_001, 4_000), Err(TOO_MANY_PIXELS));
        assert_eq!(check_size(10_000, 6_000), Err(TOO_MANY_PIXELS));
        assert_eq!(check_size(LONGEST_SIDE + 1, 1), Err(TOO_MANY_PIXELS));
        assert_eq!(check_size(0, 1), Err(DAMAGED_IMAGE));
    }
}
