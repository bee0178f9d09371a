//! How large a picture may be once it is unpacked.

use cheapbob_domain::stores::error::{DAMAGED_IMAGE, TOO_MANY_PIXELS};

use super::reader::Result;

/// A camera's largest side today is below 12,000.
pub(super) const LONGEST_SIDE: u32 = 16_384;

/// Bytes that decoding may take: 67 million pixels of RGB. A file of a few KB can ask for gigabytes.
pub(super) const MEMORY: u64 = 192 << 20;

/// Pixels of all frames of an animation, which are decoded one after another.
pub(super) const MOST_ANIMATED: u64 = 200_000_000;

/// Before anything of that size is made.
pub(super) fn check_size(width: u32, height: u32) -> Result<()> {
    if width == 0 || height == 0 {
        return Err(DAMAGED_IMAGE);
    }
    let fits = width <= LONGEST_SIDE && height <= LONGEST_SIDE && pixels(width, height) * 3 <= MEMORY;
    if fits { Ok(()) } else { Err(TOO_MANY_PIXELS) }
}

pub(super) fn pixels(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}
