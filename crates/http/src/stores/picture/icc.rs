//! Colour profiles.

/// A profile's header, which ends in front of its tags.
const HEADER: usize = 128;

/// The profile as long as it says it is; `None` where it is none, as viewers would find.
pub(super) fn profile(bytes: &[u8]) -> Option<&[u8]> {
    let (length, _) = bytes.split_first_chunk()?;
    let profile = bytes.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    (profile.len() >= HEADER && &profile[36..40] == b"acsp").then_some(profile)
}
