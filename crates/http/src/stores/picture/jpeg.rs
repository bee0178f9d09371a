//! JPEG: the segments that a decoder needs and the coded data of each scan, as far as it belongs to the picture.

use cheapbob_domain::stores::error::DAMAGED_IMAGE;

use super::{
    exif, icc,
    reader::{Reader, Result},
    scan::{Frame, Scan, Tables},
};

pub(super) const BEGIN: &[u8] = &[0xFF, BEGINS];

/// A marker's second byte, by what follows it.
const TEMPORARY: u8 = 0x01;
const BASELINE: u8 = 0xC0;
const PROGRESSIVE: u8 = 0xC2;
const HUFFMAN: u8 = 0xC4;
const LAST_FRAME: u8 = 0xCF;
const RESTART: u8 = 0xD0;
const LAST_RESTART: u8 = 0xD7;
const BEGINS: u8 = 0xD8;
const ENDS: u8 = 0xD9;
const SCAN: u8 = 0xDA;
const QUANTIZATION: u8 = 0xDB;
const LINES: u8 = 0xDC;
const INTERVAL: u8 = 0xDD;
const JFIF: u8 = 0xE0;
const EXIF: u8 = 0xE1;
const PROFILE: u8 = 0xE2;
const ADOBE: u8 = 0xEE;

const PROFILE_PREFIX: &[u8] = b"ICC_PROFILE\0";

/// The most bytes of a segment behind its length.
const LARGEST_SEGMENT: usize = 65_533;

/// Encoders make ten. Each costs a walk over the whole picture.
const MOST_SCANS: usize = 100;

/// What follows a marker: its content, and behind the beginning of a scan the coded data up to the next marker.
struct Segment<'a> {
    marker: u8,
    content: &'a [u8],
    data: &'a [u8],
}

/// The file with nothing but the picture, its colours' meaning, and which side is up.
///
/// # Errors
/// - `damaged_image`: cut off, broken, or of a sort that browsers do not show (arithmetic coding, twelve bits, lossless).
/// - `too_many_pixels`: of the picture.
pub(super) fn keep(bytes: &[u8]) -> Result<Vec<u8>> {
    let segments = segments(&bytes[BEGIN.len()..])?;
    let mut kept = BEGIN.to_vec();
    header(&segments, &mut kept);

    let (mut frame, mut tables, mut quantized, mut interval, mut scans) = (None, Tables::default(), 0, 0, 0);
    for segment in &segments {
        let content = Reader(segment.content);
        match segment.marker {
            QUANTIZATION => {
                quantized |= quantization(content)?;
                push(&mut kept, QUANTIZATION, segment.content);
            }
            HUFFMAN => {
                tables.define(content)?;
                push(&mut kept, HUFFMAN, segment.content);
            }
            INTERVAL => {
                interval = usize::from(u16::from_be_bytes(segment.content.try_into().map_err(|_| DAMAGED_IMAGE)?));
                push(&mut kept, INTERVAL, segment.content);
            }
            BASELINE..=PROGRESSIVE if frame.is_none() => {
                let content = with_lines(segment.content, &segments)?;
                frame = Some(Frame::parse(&content, segment.marker == PROGRESSIVE)?);
                push(&mut kept, segment.marker, &content);
            }
            SCAN if scans < MOST_SCANS => {
                let frame = frame.as_mut().ok_or(DAMAGED_IMAGE)?;
                let scan = Scan::parse(content, frame, quantized)?;
                push(&mut kept, SCAN, segment.content);
                frame.walk(&scan, &tables, interval, segment.data, &mut kept)?;
                scans += 1;
            }
            BASELINE..=LAST_FRAME | BEGINS | SCAN => return Err(DAMAGED_IMAGE),
            // Comments, what applications add, and the number of lines.
            _ => {}
        }
    }
    if !frame.is_some_and(|frame| frame.is_whole()) {
        return Err(DAMAGED_IMAGE);
    }
    kept.extend([0xFF, ENDS]);
    Ok(kept)
}

/// What decoders look for in front of the picture, made anew.
fn header(segments: &[Segment<'_>], kept: &mut Vec<u8>) {
    let front = || segments.iter().take_while(|segment| segment.marker != SCAN);
    let after = |marker, prefix| front().filter(move |segment| segment.marker == marker).find_map(move |s| s.content.strip_prefix(prefix));
    // Version, density and its unit; no thumbnail.
    if let Some(density) = after(JFIF, &b"JFIF\0"[..]).and_then(|jfif| jfif.get(..7)) {
        push(kept, JFIF, &[b"JFIF\0", density, &[0, 0]].concat());
    }
    if let Some(orientation) = after(EXIF, exif::PREFIX).and_then(exif::orientation) {
        push(kept, EXIF, &[exif::PREFIX, &orientation].concat());
    }
    if let Some(profile) = icc::profile(&profile(front())) {
        let pieces = profile.chunks(LARGEST_SEGMENT - PROFILE_PREFIX.len() - 2);
        let count = u8::try_from(pieces.len()).unwrap_or(u8::MAX);
        for (number, piece) in (1..=count).zip(pieces) {
            push(kept, PROFILE, &[PROFILE_PREFIX, &[number, count], piece].concat());
        }
    }
    // Which colours the components are is its last byte; the flags before it mean nothing to a decoder.
    if let Some(transform) = after(ADOBE, &b"Adobe"[..]).and_then(|adobe| adobe.get(6)) {
        push(kept, ADOBE, &[&b"Adobe\0\x64\0\0\0\0"[..], &[*transform]].concat());
    }
}

/// A colour profile may be in several segments, each with its number.
fn profile<'a>(front: impl Iterator<Item = &'a Segment<'a>>) -> Vec<u8> {
    let mut pieces: Vec<_> =
        front.filter(|s| s.marker == PROFILE).filter_map(|s| s.content.strip_prefix(PROFILE_PREFIX)?.split_at_checked(2)).collect();
    pieces.sort_by_key(|(number, _)| number[0]);
    pieces.iter().flat_map(|(_, piece)| *piece).copied().collect()
}

/// Which tables these are, a bit each.
fn quantization(mut content: Reader<'_>) -> Result<u8> {
    let mut tables = 0;
    while !content.0.is_empty() {
        let table = content.u8()?;
        match table {
            0x00..=0x03 => content.take(64)?,
            0x10..=0x13 => content.take(128)?,
            _ => return Err(DAMAGED_IMAGE),
        };
        tables |= 1 << (table & 0x0F);
    }
    Ok(tables)
}

/// Where the frame leaves the number of its lines to a segment behind the first scan, it gets it here: most viewers know no other way.
fn with_lines(content: &[u8], segments: &[Segment<'_>]) -> Result<Vec<u8>> {
    let mut content = content.to_vec();
    if let Some(height) = content.get_mut(1..3).filter(|height| *height == [0, 0]) {
        let lines = segments.iter().find(|segment| segment.marker == LINES && segment.content.len() == 2);
        height.copy_from_slice(lines.ok_or(DAMAGED_IMAGE)?.content);
    }
    Ok(content)
}

/// All up to the end, which must be there; what lies between two of them is skipped, as viewers do.
fn segments(bytes: &[u8]) -> Result<Vec<Segment<'_>>> {
    let (mut rest, mut segments) = (Reader(bytes), Vec::new());
    loop {
        let (_, marker) = take_marker(&mut rest)?;
        match marker {
            ENDS => return Ok(segments),
            TEMPORARY | RESTART..=LAST_RESTART => {}
            _ => {
                let length = rest.u16()?.checked_sub(2).ok_or(DAMAGED_IMAGE)?;
                let content = rest.take(length.into())?;
                let data = if marker == SCAN { take_data(&mut rest)? } else { &[] };
                segments.push(Segment { marker, content, data });
            }
        }
    }
}

/// The next marker and how many bytes lie in front of it. Any number of 0xFF may begin it; with a zero it is none.
fn take_marker(rest: &mut Reader<'_>) -> Result<(usize, u8)> {
    let mut skipped = 0;
    loop {
        let start = rest.0.iter().position(|byte| *byte == 0xFF).ok_or(DAMAGED_IMAGE)?;
        let fill = rest.0[start..].iter().take_while(|byte| **byte == 0xFF).count();
        rest.take(start + fill)?;
        match rest.u8()? {
            0 => skipped += start + fill + 1,
            marker => return Ok((skipped + start, marker)),
        }
    }
}

/// The coded data up to a marker that is no restart.
fn take_data<'a>(rest: &mut Reader<'a>) -> Result<&'a [u8]> {
    let whole = *rest;
    loop {
        let before = *rest;
        let (length, marker) = take_marker(rest)?;
        if !(RESTART..=LAST_RESTART).contains(&marker) {
            let length = whole.0.len() - before.0.len() + length;
            *rest = whole;
            return rest.take(length);
        }
    }
}

fn push(kept: &mut Vec<u8>, marker: u8, content: &[u8]) {
    // No segment that is kept has grown, and the new ones are short.
    let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
    kept.extend([0xFF, marker]);
    kept.extend(length.to_be_bytes());
    kept.extend(content);
}

#[cfg(test)]
mod tests {
    use cheapbob_domain::stores::error::TOO_MANY_PIXELS;
    use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, metadata::Orientation};
    use proptest::prelude::*;

    use super::{
        super::testing::{self, SECRET, drawing, encode, encoded, insert, pixels, tells},
        *,
    };

    /// Made by libjpeg: all sorts of scans and colours.
    const SAMPLES: [&[u8]; 5] = [
        include_bytes!("samples/progressive.jpg"),
        include_bytes!("samples/progressive_restarts.jpg"),
        include_bytes!("samples/grey_progressive.jpg"),
        include_bytes!("samples/cmyk.jpg"),
        include_bytes!("samples/restarts.jpg"),
    ];

    fn samples() -> Vec<Vec<u8>> {
        SAMPLES.iter().map(|sample| sample.to_vec()).chain([encoded(ImageFormat::Jpeg)]).collect()
    }

    fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        push(&mut bytes, marker, content);
        bytes
    }

    /// Where a segment or coded data ends; the last one is in front of the end marker.
    fn boundaries(bytes: &[u8]) -> Vec<usize> {
        let (mut at, mut found) = (2, Vec::new());
        loop {
            found.push(at);
            let marker = bytes[at + 1];
            match marker {
                ENDS => return found,
                RESTART..=LAST_RESTART => at += 2,
                _ => at += 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]])),
            }
            if matches!(marker, SCAN | RESTART..=LAST_RESTART) {
                at += bytes[at..].windows(2).position(|pair| pair[0] == 0xFF && pair[1] != 0).unwrap();
            }
        }
    }

    fn with(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = encoded(ImageFormat::Jpeg);
        change(&mut bytes);
        bytes
    }

    fn position(bytes: &[u8], marker: u8) -> usize {
        boundaries(bytes).into_iter().find(|at| bytes[at + 1] == marker).unwrap()
    }

    fn upside(bytes: &[u8]) -> Orientation {
        let reader = ImageReader::with_format(std::io::Cursor::new(bytes), ImageFormat::Jpeg);
        reader.into_decoder().unwrap().orientation().unwrap()
    }

    #[test]
    fn pixels_stay_as_they_are() {
        for sample in samples() {
            let kept = keep(&sample).unwrap();
            assert_eq!(pixels(&kept), pixels(&sample));
            assert_eq!(keep(&kept).unwrap(), kept);
        }
    }

    #[test]
    fn a_photograph_keeps_which_side_is_up_and_nothing_of_its_place() {
        let exif = [exif::PREFIX, &testing::exif(6)].concat();
        let telling: [(u8, &[u8]); 8] = [
            (JFIF, b"JFXX\0\x10"),
            (EXIF, b"http://ns.adobe.com/xap/1.0/\0"),
            (PROFILE, b"MPF\0"),
            (PROFILE, b"ICC_PROFILE\0\x01\x01"),
            (0xED, b"Photoshop 3.0\0"),
            (0xEF, b""),
            (0xFE, b""),
            (0xF7, b""),
        ];
        for sample in samples() {
            let mut planted = sample.clone();
            for (marker, begin) in telling {
                insert(&mut planted, 2, &segment(marker, &[begin, SECRET].concat()));
            }
            insert(&mut planted, 2, &segment(EXIF, &exif));
            let kept = keep(&planted).unwrap();
            assert!(tells(&planted) && !tells(&kept));
            assert_eq!((upside(&kept), pixels(&kept)), (Orientation::Rotate90, pixels(&sample)));
        }
    }

    #[test]
    fn a_thumbnail_and_the_rest_of_adobes_segment_are_not_kept() {
        let sample = include_bytes!("samples/cmyk.jpg");
        let mut planted = sample.to_vec();
        let adobe = position(&planted, ADOBE);
        planted[adobe + 3] += 22;
        insert(&mut planted, adobe + 16, SECRET);
        insert(&mut planted, 2, &segment(JFIF, &[b"JFIF\0\x01\x02\0\0\x01\0\x01\x02\x03", SECRET].concat()));
        let kept = keep(&planted).unwrap();
        assert!(!tells(&kept));
        assert_eq!(pixels(&kept), pixels(sample));
    }

    #[test]
    fn what_follows_the_end_is_not_kept() {
        for sample in samples() {
            let planted = [&sample[..], SECRET, &sample, SECRET].concat();
            assert_eq!(keep(&planted).unwrap(), keep(&sample).unwrap());
        }
    }

    proptest! {
        /// Between any two of its parts, also within the coded data, where nothing but the picture's own measure tells the end.
        #[test]
        fn nothing_between_the_parts_is_kept(sample in 0..6_usize, places in proptest::collection::vec((0..1000_usize, 0..5_usize), 1..20)) {
            let sample = &samples()[sample];
            let mut planted = sample.clone();
            let boundaries = boundaries(sample);
            let mut places: Vec<_> = places.into_iter().map(|(place, kind)| (boundaries[place % boundaries.len()], kind)).collect();
            places.sort_unstable();
            for (at, kind) in places.into_iter().rev() {
                // A comment ends coded data, which goes on behind a restart.
                let restart = (RESTART..=LAST_RESTART).contains(&sample[at + 1]);
                let other = match kind {
                    0 if !restart => segment(0xFE, SECRET),
                    1 if !restart => segment(0xE9, SECRET),
                    2 => [SECRET, &[0xFF, 0], SECRET].concat(),
                    // Fills up right in front of the marker.
                    4 => vec![0xFF; 7],
                    _ => SECRET.to_vec(),
                };
                insert(&mut planted, at, &other);
            }
            prop_assert_eq!(keep(&planted), keep(sample));
        }

        #[test]
        fn any_size_keeps_its_pixels(width in 1..70_u32, height in 1..70_u32, seed: u16) {
            let sample = encode(&drawing(width, height, seed.into()), ImageFormat::Jpeg);
            prop_assert_eq!(pixels(&keep(&sample).unwrap()), pixels(&sample));
        }

        /// Whatever it is, it is a picture or a refusal.
        #[test]
        fn broken_files_break_nothing(sample in 0..6_usize, changes in proptest::collection::vec((0..2000_usize, any::<u8>()), 1..8)) {
            let mut broken = samples()[sample].clone();
            let length = broken.len();
            for (at, byte) in changes {
                broken[2 + at % (length - 2)] = byte;
            }
            let _ = super::super::inspect(broken);
        }
    }

    #[test]
    fn whatever_is_missing_at_the_end_of_a_scan_is_missed() {
        for sample in samples() {
            for part in boundaries(&sample).windows(2).filter(|part| matches!(sample[part[0] + 1], SCAN | RESTART..=LAST_RESTART)) {
                let mut cut = sample.clone();
                let last = if cut[part[1] - 2] == 0xFF { part[1] - 2 } else { part[1] - 1 };
                cut.drain(last..part[1]);
                assert_eq!(keep(&cut), Err(DAMAGED_IMAGE), "{part:?}");
            }
        }
    }

    #[test]
    fn every_prefix_is_damaged() {
        for sample in samples() {
            for length in 2..sample.len() {
                assert_eq!(keep(&sample[..length]), Err(DAMAGED_IMAGE), "{length}");
            }
        }
    }

    #[test]
    fn a_picture_without_all_its_components_or_tables_is_damaged() {
        let scan = |bytes: &mut Vec<u8>| *bytes = [&bytes[..position(bytes, SCAN)], &[0xFF, ENDS]].concat();
        assert_eq!(keep(&with(scan)), Err(DAMAGED_IMAGE));
        let table = |bytes: &mut Vec<u8>| {
            let at = position(bytes, HUFFMAN);
            bytes[at + 1] = 0xFE;
        };
        assert_eq!(keep(&with(table)), Err(DAMAGED_IMAGE));
    }

    #[test]
    fn a_number_of_lines_behind_the_scan_is_written_into_the_frame() {
        for sample in samples() {
            let frame = boundaries(&sample).into_iter().find(|at| (BASELINE..=PROGRESSIVE).contains(&sample[at + 1])).unwrap();
            let mut planted = sample.clone();
            let lines = [sample[frame + 5], sample[frame + 6]];
            planted[frame + 5..frame + 7].fill(0);
            assert_eq!(keep(&planted), Err(DAMAGED_IMAGE));
            let scan = position(&sample, SCAN);
            let end = boundaries(&sample).into_iter().find(|at| *at > scan && !(RESTART..=LAST_RESTART).contains(&sample[at + 1])).unwrap();
            insert(&mut planted, end, &segment(LINES, &lines));
            assert_eq!(keep(&planted), keep(&sample));
        }
    }

    #[test]
    fn a_colour_profile_is_kept_as_long_as_it_says_it_is() {
        let profile = testing::profile(100_000);
        let pieces = [&profile[..60_000], &[&profile[60_000..], SECRET].concat()];
        let planted = with(|bytes| {
            // The second comes first.
            for (number, piece) in (1..).zip(pieces) {
                insert(bytes, 2, &segment(PROFILE, &[PROFILE_PREFIX, &[number, 2], piece].concat()));
            }
        });
        let kept = keep(&planted).unwrap();
        assert!(!tells(&kept));
        let reader = ImageReader::with_format(std::io::Cursor::new(&kept), ImageFormat::Jpeg);
        assert_eq!(reader.into_decoder().unwrap().icc_profile().unwrap(), Some(profile));
    }

    #[test]
    fn pictures_that_no_browser_shows_are_damaged() {
        let frame = |marker: u8, precision: u8| {
            with(|bytes| {
                let at = position(bytes, BASELINE);
                bytes[at + 1] = marker;
                bytes[at + 4] = precision;
            })
        };
        assert!(keep(&frame(BASELINE + 1, 8)).is_ok());
        for (marker, precision) in [(0xC1, 12), (0xC3, 8), (0xC5, 8), (0xC9, 8), (0xCA, 8), (0xCF, 8)] {
            assert_eq!(keep(&frame(marker, precision)), Err(DAMAGED_IMAGE), "{marker:x}");
        }
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        let bomb = with(|bytes| {
            let at = position(bytes, BASELINE);
            bytes[at + 5..at + 9].copy_from_slice(&[0x3F, 0xFF, 0x3F, 0xFF]);
        });
        assert_eq!(keep(&bomb), Err(TOO_MANY_PIXELS));
        let scans = with(|bytes| {
            let (from, to) = (position(bytes, SCAN), bytes.len() - 2);
            let scan = bytes[from..to].repeat(MOST_SCANS);
            insert(bytes, to, &scan);
        });
        assert_eq!(keep(&scans), Err(DAMAGED_IMAGE));
    }

    #[test]
    fn a_grey_picture_stays_grey() {
        let sample = encode(&DynamicImage::ImageLuma8(drawing(33, 9, 1).to_luma8()), ImageFormat::Jpeg);
        assert_eq!(pixels(&keep(&sample).unwrap()), pixels(&sample));
    }
}
