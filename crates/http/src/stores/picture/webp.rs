//! WebP: the chunks that hold the picture or its frames, and the colour profile.

use std::io::Cursor;

use cheapbob_domain::stores::error::{DAMAGED_IMAGE, TOO_MANY_PIXELS};
use image::{ImageDecoder, codecs::webp::WebPDecoder};

use super::{
    exif, icc,
    limits::{MOST_ANIMATED, check_size, pixels},
    reader::{Reader, Result},
};

/// A chunk's name; names of three letters end in a space.
type Name = [u8; 4];

const HEADER: &Name = b"VP8X";
const PROFILE: &Name = b"ICCP";
const ALPHA: &Name = b"ALPH";
const LOSSY: &Name = b"VP8 ";
const LOSSLESS: &Name = b"VP8L";
const ANIMATION: &Name = b"ANIM";
const FRAME: &Name = b"ANMF";
const EXIF: &Name = b"EXIF";

/// What the header says of the rest.
mod flag {
    pub(super) const ANIMATION: u8 = 0x02;
    pub(super) const EXIF: u8 = 0x08;
    pub(super) const ALPHA: u8 = 0x10;
    pub(super) const PROFILE: u8 = 0x20;
}

/// Bytes of a frame in front of its picture: place, size, duration, how it is drawn.
const FRAME_HEADER: usize = 16;

/// What begins the size of a lossy picture, behind three bytes …
const LOSSY_SIZE: &[u8] = &[0x9D, 0x01, 0x2A];

/// … and that of a lossless one.
const LOSSLESS_SIZE: u8 = 0x2F;

/// Behind that: what of the 32 bits says that the lossless picture may be transparent.
const LOSSLESS_ALPHA: u32 = 1 << 28;

struct Chunk<'a> {
    name: Name,
    content: &'a [u8],
}

/// Whether it is a WebP, perhaps a damaged one.
pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

/// The file with nothing but the picture, its profile and which side is up.
///
/// # Errors
/// - `damaged_image`: cut off or broken.
/// - `too_many_pixels`: of the picture, or of all frames together.
pub(super) fn keep(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut file = Reader(&bytes[4..]);
    let size = little(&file.array::<4>()?);
    // What lies behind the size that the file says is not looked at.
    let chunks = chunks(file.take(size)?.strip_prefix(b"WEBP").ok_or(DAMAGED_IMAGE)?)?;
    let mut kept = b"RIFF\0\0\0\0WEBP".to_vec();
    match chunks.first() {
        Some(first) if first.name == *HEADER => extended(&mut kept, first, &chunks[1..])?,
        Some(first) if first.is_picture() => {
            let (width, height) = first.size()?;
            check_size(width, height)?;
            push(&mut kept, &first.name, first.content);
        }
        _ => return Err(DAMAGED_IMAGE),
    }
    end(&mut kept);
    Ok(kept)
}

/// Decodes what [`keep`] gave, one picture after another: an animation's frames, and of a lossy picture the colours and what is
/// transparent, are each decoded alone, so that no more than one of them is in memory.
///
/// # Errors
/// `damaged_image`.
pub(super) fn decode(kept: &[u8]) -> Result<()> {
    for chunk in chunks(kept.get(12..).ok_or(DAMAGED_IMAGE)?)? {
        if chunk.name == *FRAME {
            decode_picture(&chunks(chunk.content.get(FRAME_HEADER..).ok_or(DAMAGED_IMAGE)?)?)?;
        } else if chunk.is_picture() || chunk.name == *HEADER && chunk.content.first().is_some_and(|flags| flags & flag::ANIMATION == 0) {
            return decode_picture(&chunks(&kept[12..])?);
        }
    }
    Ok(())
}

fn decode_picture(chunks: &[Chunk<'_>]) -> Result<()> {
    let (alpha, picture) = picture(chunks)?;
    if let Some(alpha) = alpha {
        decode_alpha(alpha.content, picture.size()?)?;
    }
    let mut content = picture.content.to_vec();
    if picture.name == *LOSSLESS {
        // With transparency the decoder writes where it is told to, without it into a second buffer of its own.
        content[4] |= (LOSSLESS_ALPHA >> 24) as u8;
    }
    decode_alone(&picture.name, &content)
}

/// What is transparent in a lossy picture: a byte for each pixel, or a lossless picture without the header that says its size.
fn decode_alpha(alpha: &[u8], (width, height): (u32, u32)) -> Result<()> {
    let (head, data) = alpha.split_first().ok_or(DAMAGED_IMAGE)?;
    match head & 0b11 {
        0 if data.len() as u64 >= pixels(width, height) => Ok(()),
        1 => {
            let size = (width - 1) | (height - 1) << 14 | LOSSLESS_ALPHA;
            decode_alone(LOSSLESS, &[&[LOSSLESS_SIZE], &size.to_le_bytes()[..], data].concat())
        }
        _ => Err(DAMAGED_IMAGE),
    }
}

fn decode_alone(name: &Name, content: &[u8]) -> Result<()> {
    let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
    push(&mut file, name, content);
    end(&mut file);
    let decoder = WebPDecoder::new(Cursor::new(file)).map_err(|_| DAMAGED_IMAGE)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let mut buffer = vec![0; usize::try_from(decoder.total_bytes()).map_err(|_| TOO_MANY_PIXELS)?];
    decoder.read_image(&mut buffer).map_err(|_| DAMAGED_IMAGE)
}

impl Chunk<'_> {
    fn is_picture(&self) -> bool {
        self.name == *LOSSY || self.name == *LOSSLESS
    }

    /// Width and height of a picture, by its own header: what contains it may say something else, and the decoder makes room for this.
    fn size(&self) -> Result<(u32, u32)> {
        if self.name == *LOSSY {
            let size = self.content.get(3..10).and_then(|head| head.strip_prefix(LOSSY_SIZE)).ok_or(DAMAGED_IMAGE)?;
            let side = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
            Ok((side(size[0], size[1]), side(size[2], size[3])))
        } else {
            let [LOSSLESS_SIZE, size @ ..] = self.content.first_chunk::<5>().ok_or(DAMAGED_IMAGE)? else { return Err(DAMAGED_IMAGE) };
            let size = u32::from_le_bytes(*size);
            Ok(((size & 0x3FFF) + 1, (size >> 14 & 0x3FFF) + 1))
        }
    }
}

fn extended(kept: &mut Vec<u8>, header: &Chunk<'_>, chunks: &[Chunk<'_>]) -> Result<()> {
    let [old_flags, _, _, _, size @ ..]: [u8; 10] = header.content.try_into().map_err(|_| DAMAGED_IMAGE)?;
    let side = |bytes: &[u8]| u32::try_from(little(bytes) + 1).map_err(|_| DAMAGED_IMAGE);
    let (width, height) = (side(&size[..3])?, side(&size[3..])?);
    check_size(width, height)?;
    let find = |name: &Name| chunks.iter().find(|chunk| chunk.name == *name).map(|chunk| chunk.content);
    let profile = find(PROFILE).and_then(icc::profile);
    let orientation = find(EXIF).and_then(exif::orientation);

    let mut content = Vec::new();
    let mut flags = old_flags & flag::ANIMATION;
    if flags == flag::ANIMATION {
        flags |= old_flags & flag::ALPHA;
        push(&mut content, ANIMATION, find(ANIMATION).filter(|content| content.len() == 6).ok_or(DAMAGED_IMAGE)?);
        let frames = chunks.iter().filter(|chunk| chunk.name == *FRAME);
        let frames = frames.map(|chunk| frame(chunk.content, (width, height))).collect::<Result<Vec<_>>>()?;
        if frames.is_empty() {
            return Err(DAMAGED_IMAGE);
        }
        if frames.len() as u64 * pixels(width, height) > MOST_ANIMATED {
            return Err(TOO_MANY_PIXELS);
        }
        frames.iter().for_each(|frame| push(&mut content, FRAME, frame));
    } else {
        let (alpha, picture) = picture(chunks)?;
        if picture.size()? != (width, height) {
            return Err(DAMAGED_IMAGE);
        }
        // A lossless picture says itself what is transparent.
        flags |= if alpha.is_some() { flag::ALPHA } else { old_flags & flag::ALPHA & lossless(picture) };
        push_picture(&mut content, alpha, picture);
    }

    flags |= profile.map_or(0, |_| flag::PROFILE) | orientation.as_ref().map_or(0, |_| flag::EXIF);
    push(kept, HEADER, &[&[flags, 0, 0, 0], &size[..]].concat());
    if let Some(profile) = profile {
        push(kept, PROFILE, profile);
    }
    kept.append(&mut content);
    if let Some(orientation) = orientation {
        push(kept, EXIF, &orientation);
    }
    Ok(())
}

/// All bits where the picture is lossless.
fn lossless(picture: &Chunk<'_>) -> u8 {
    if picture.name == *LOSSLESS { 0xFF } else { 0 }
}

/// A frame within a canvas of this size.
fn frame(content: &[u8], canvas: (u32, u32)) -> Result<Vec<u8>> {
    let mut content = Reader(content);
    let mut header: [u8; FRAME_HEADER] = content.array()?;
    // The other bits mean nothing.
    header[FRAME_HEADER - 1] &= 0b11;
    let number = |at: usize| little(&header[at..at + 3]) as u64;
    let [x, y, width, height] = [number(0) * 2, number(3) * 2, number(6) + 1, number(9) + 1];
    let chunks = chunks(content.0)?;
    let (alpha, picture) = picture(&chunks)?;
    let size = picture.size()?;
    let within = x + width <= canvas.0.into() && y + height <= canvas.1.into();
    if !within || (u64::from(size.0), u64::from(size.1)) != (width, height) {
        return Err(DAMAGED_IMAGE);
    }
    let mut kept = header.to_vec();
    push_picture(&mut kept, alpha, picture);
    Ok(kept)
}

/// The picture, and what is transparent in it where it cannot say so itself.
fn picture<'a, 'b>(chunks: &'b [Chunk<'a>]) -> Result<(Option<&'b Chunk<'a>>, &'b Chunk<'a>)> {
    let at = chunks.iter().position(Chunk::is_picture).ok_or(DAMAGED_IMAGE)?;
    let alpha = chunks[..at].iter().find(|chunk| chunk.name == *ALPHA && chunks[at].name == *LOSSY);
    Ok((alpha, &chunks[at]))
}

fn push_picture(kept: &mut Vec<u8>, alpha: Option<&Chunk<'_>>, picture: &Chunk<'_>) {
    alpha.into_iter().chain([picture]).for_each(|chunk| push(kept, &chunk.name, chunk.content));
}

fn chunks(bytes: &[u8]) -> Result<Vec<Chunk<'_>>> {
    let (mut rest, mut chunks) = (Reader(bytes), Vec::new());
    // Viewers overlook a rest that is too short for a chunk.
    while let (true, Ok(name)) = (rest.0.len() >= 8, rest.array()) {
        let size = little(&rest.array::<4>()?);
        chunks.push(Chunk { name, content: rest.take(size)? });
        // The file may end without the byte that makes its last chunk even.
        rest.take((size % 2).min(rest.0.len()))?;
    }
    Ok(chunks)
}

/// Says at the beginning of the file how long it is.
fn end(file: &mut [u8]) {
    let size = file.len() - 8;
    file[4..8].copy_from_slice(&length(size));
}

fn push(kept: &mut Vec<u8>, name: &Name, content: &[u8]) {
    kept.extend(name);
    kept.extend(length(content.len()));
    kept.extend(content);
    kept.resize(kept.len().next_multiple_of(2), 0);
}

fn little(bytes: &[u8]) -> usize {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// No upload is as long as four bytes can say.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use image::{AnimationDecoder, ImageFormat, metadata::Orientation};
    use proptest::prelude::*;

    use super::{
        super::testing::{self, SECRET, encoded, pixels, tells},
        *,
    };

    const LOSSY: &[u8] = include_bytes!("samples/lossy.webp");
    const LOSSY_ALPHA: &[u8] = include_bytes!("samples/lossy_alpha.webp");
    const ANIMATED: &[u8] = include_bytes!("samples/animated.webp");

    type Made = Vec<(Name, Vec<u8>)>;

    fn samples() -> [Vec<u8>; 4] {
        [encoded(ImageFormat::WebP), LOSSY.to_vec(), LOSSY_ALPHA.to_vec(), ANIMATED.to_vec()]
    }

    fn taken_apart(bytes: &[u8]) -> Made {
        chunks(&bytes[12..]).unwrap().iter().map(|chunk| (chunk.name, chunk.content.to_vec())).collect()
    }

    fn put_together(chunks: &Made) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
        chunks.iter().for_each(|(name, content)| push(&mut bytes, name, content));
        end(&mut bytes);
        bytes
    }

    fn frames(bytes: &[u8]) -> Vec<image::RgbaImage> {
        let decoder = WebPDecoder::new(Cursor::new(bytes)).unwrap();
        decoder.into_frames().map(|frame| frame.unwrap().into_buffer()).collect()
    }

    #[test]
    fn pixels_stay_as_they_are() {
        for sample in samples() {
            let kept = keep(&sample).unwrap();
            assert_eq!((pixels(&kept), frames(&kept)), (pixels(&sample), frames(&sample)));
            assert_eq!(keep(&kept).unwrap(), kept);
        }
        assert_eq!(frames(&keep(ANIMATED).unwrap()).len(), 3);
    }

    #[test]
    fn profile_and_side_stay_and_the_place_goes() {
        let profile = testing::profile(201);
        let [_, _, alpha, animated] = samples();
        for sample in [alpha, animated] {
            let mut chunks = taken_apart(&sample);
            chunks[0].1[0] |= 0x2C;
            chunks.insert(1, (*PROFILE, [&profile, SECRET].concat()));
            chunks.push((*EXIF, [exif::PREFIX, &testing::exif(3)].concat()));
            chunks.push((*b"XMP ", SECRET.to_vec()));
            let planted = put_together(&chunks);
            let kept = keep(&planted).unwrap();
            assert!(tells(&planted) && !tells(&kept));
            let mut decoder = WebPDecoder::new(Cursor::new(&kept)).unwrap();
            assert_eq!(decoder.orientation().unwrap(), Orientation::Rotate180);
            assert_eq!(decoder.icc_profile().unwrap(), Some(profile.clone()));
            assert_eq!(decoder.xmp_metadata().unwrap(), None);
            assert_eq!(pixels(&kept), pixels(&sample));
        }
    }

    proptest! {
        /// Between any two chunks, within frames, and behind the end.
        #[test]
        fn nothing_beside_the_picture_is_kept(
            sample in 0..4_usize,
            behind: bool,
            in_frames: bool,
            places in proptest::collection::vec((1..100_usize, 0..4_usize), 0..10),
        ) {
            let sample = &samples()[sample];
            let mut chunks = taken_apart(sample);
            for (place, kind) in places {
                let place = 1 + place % chunks.len();
                chunks.insert(place, (*[b"XMP ", b"EXIF", b"ICCP", b"priv"][kind], SECRET.to_vec()));
            }
            for (_, content) in chunks.iter_mut().filter(|(name, _)| in_frames && name == FRAME) {
                push(content, b"priv", SECRET);
            }
            let mut planted = put_together(&chunks);
            if behind {
                planted.extend(SECRET);
            }
            let kept = keep(&planted).unwrap();
            prop_assert!(!tells(&kept));
            prop_assert_eq!(kept, keep(sample).unwrap());
        }

        /// Whatever it is, it is a picture or a refusal.
        #[test]
        fn broken_files_break_nothing(sample in 0..4_usize, changes in proptest::collection::vec((0..1000_usize, any::<u8>()), 1..6)) {
            let mut broken = samples()[sample].clone();
            let length = broken.len();
            for (at, byte) in changes {
                broken[12 + at % (length - 12)] = byte;
            }
            let _ = super::super::inspect(broken);
        }
    }

    #[test]
    fn every_prefix_is_damaged() {
        for sample in samples() {
            for length in 12..sample.len() {
                assert_eq!(keep(&sample[..length]), Err(DAMAGED_IMAGE), "{length}");
            }
        }
    }

    #[test]
    fn a_picture_or_frame_that_is_missing_or_broken_is_damaged() {
        let damaged = |sample: &[u8], change: fn(&mut Made)| {
            let mut chunks = taken_apart(sample);
            change(&mut chunks);
            assert_eq!(super::super::inspect(put_together(&chunks)), Err(DAMAGED_IMAGE));
        };
        damaged(LOSSY, Vec::clear);
        damaged(LOSSY, |chunks| chunks[0].1.truncate(40));
        damaged(LOSSY_ALPHA, |chunks| chunks.truncate(2));
        damaged(LOSSY_ALPHA, |chunks| chunks[0].1.truncate(9));
        damaged(ANIMATED, |chunks| chunks.truncate(2));
        damaged(ANIMATED, |chunks| drop(chunks.remove(1)));
        // The last frame, which a look at the first does not see.
        damaged(ANIMATED, |chunks| chunks.last_mut().unwrap().1.truncate(16));
        damaged(ANIMATED, |chunks| chunks.last_mut().unwrap().1[24..].fill(0));
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        let mut chunks = taken_apart(ANIMATED);
        chunks[0].1[4..].copy_from_slice(&[0xFF, 0x3F, 0, 0xFF, 0x3F, 0]);
        assert_eq!(keep(&put_together(&chunks)), Err(TOO_MANY_PIXELS));
        // 4,096 × 4,096 is a picture, but not forty.
        let mut chunks = taken_apart(ANIMATED);
        chunks[0].1[4..].copy_from_slice(&[0xFF, 0x0F, 0, 0xFF, 0x0F, 0]);
        let frame = chunks[2].clone();
        chunks.extend(vec![frame; 40]);
        assert_eq!(keep(&put_together(&chunks)), Err(TOO_MANY_PIXELS));
    }
}
