//! PNG: the chunks that hold the picture or its frames, and those that say what its colours mean.

use std::{
    borrow::Cow,
    io::{self, Cursor, Read},
};

use cheapbob_domain::stores::error::{DAMAGED_IMAGE, TOO_MANY_PIXELS};
use flate2::{
    Compression, Crc, Decompress, FlushDecompress, Status,
    read::{DeflateDecoder, ZlibDecoder},
    write::ZlibEncoder,
};

use super::{
    exif, icc,
    limits::{MOST_ANIMATED, check_size, pixels},
    reader::{Reader, Result},
};

/// The rest of the signature breaks where a file goes through a program for texts.
pub(super) const BEGIN: &[u8] = b"\x89PNG";

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What says how colours look, with its longest content in bytes.
const COLOURS: [(&Name, usize); 7] = [(b"cICP", 4), (b"mDCV", 24), (b"cLLI", 8), (b"sRGB", 1), (b"gAMA", 4), (b"cHRM", 32), (b"sBIT", 4)];

/// The largest colour profile that is unpacked, in bytes.
const LARGEST_PROFILE: u64 = 4 << 20;

/// An interlaced picture comes in seven passes: first column and row, distance of columns and rows.
const PASSES: [[u32; 4]; 7] = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

type Name = [u8; 4];

struct Chunk<'a> {
    name: Name,
    content: &'a [u8],
    /// Its checksum is right.
    whole: bool,
}

/// What the first chunk says.
struct Header {
    width: u32,
    height: u32,
    colour: u8,
    bits_per_pixel: u64,
    interlaced: bool,
}

/// Where a frame lies, how long it stays and how it is drawn.
struct Frame<'a>(&'a [u8; 22]);

struct Animation<'a> {
    plays: &'a [u8],
    /// Of the picture itself, where it is a frame.
    first: Option<Frame<'a>>,
    others: Vec<(Frame<'a>, Vec<u8>)>,
}

/// Decodes the picture row by row, so that it is never in memory as a whole.
///
/// # Errors
/// `damaged_image`.
pub(super) fn decode(kept: &[u8]) -> Result<()> {
    let mut decoder = png::Decoder::new(Cursor::new(kept));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|_| DAMAGED_IMAGE)?;
    while reader.next_row().map_err(|_| DAMAGED_IMAGE)?.is_some() {}
    Ok(())
}

/// The file with nothing but the picture, what its colours mean, and which side is up.
///
/// # Errors
/// - `damaged_image`: cut off or broken.
/// - `too_many_pixels`: of the picture, or of all frames together.
pub(super) fn keep(bytes: &[u8]) -> Result<Vec<u8>> {
    let chunks = chunks(bytes.strip_prefix(SIGNATURE).ok_or(DAMAGED_IMAGE)?)?;
    let first = chunks.first().filter(|chunk| chunk.name == *b"IHDR" && chunk.whole).ok_or(DAMAGED_IMAGE)?;
    let header = Header::parse(first.content)?;
    if chunks[1..].iter().any(|chunk| header.needs(chunk.name) && !(chunk.whole && chunk.is_known())) {
        return Err(DAMAGED_IMAGE);
    }
    let (before, after) = chunks.split_at(chunks.iter().position(|chunk| chunk.name == *b"IDAT").ok_or(DAMAGED_IMAGE)?);
    let find = |name: &Name| before.iter().find(|chunk| chunk.name == *name && chunk.whole).map(|chunk| chunk.content);

    let mut kept = SIGNATURE.to_vec();
    push(&mut kept, b"IHDR", first.content);
    for (name, longest) in COLOURS {
        if let Some(content) = find(name).filter(|content| content.len() <= longest) {
            push(&mut kept, name, content);
        }
    }
    if let Some(profile) = find(b"iCCP").and_then(profile) {
        push(&mut kept, b"iCCP", &[b"icc\0\0", &profile[..]].concat());
    }
    // It may come behind the picture too.
    let exif = chunks.iter().find(|chunk| chunk.name == *b"eXIf" && chunk.whole);
    if let Some(orientation) = exif.and_then(|chunk| exif::orientation(chunk.content)) {
        push(&mut kept, b"eXIf", &orientation);
    }
    let palette = find(b"PLTE").unwrap_or_default();
    if header.has_palette() {
        push(&mut kept, b"PLTE", palette);
    }
    if let Some(transparent) = find(b"tRNS").filter(|content| header.fits_transparent(content.len(), palette.len() / 3)) {
        push(&mut kept, b"tRNS", transparent);
    }
    let picture = after.iter().take_while(|chunk| chunk.name == *b"IDAT").map(|chunk| chunk.content).collect::<Vec<_>>().concat();
    let picture = rows(&picture, header.bytes(header.width, header.height)).ok_or(DAMAGED_IMAGE)?;
    match animation(before, after, &header)? {
        Some(animation) => animation.push(&mut kept, &picture),
        None => push(&mut kept, b"IDAT", &picture),
    }
    push(&mut kept, b"IEND", &[]);
    Ok(kept)
}

impl Chunk<'_> {
    fn is_known(&self) -> bool {
        [b"PLTE", b"IDAT", b"IEND"].contains(&&self.name)
    }
}

impl Header {
    fn parse(content: &[u8]) -> Result<Self> {
        let mut content = Reader(content);
        let (width, height) = (content.u32()?, content.u32()?);
        let [depth, colour, 0, 0, interlace @ (0 | 1)] = content.array()? else { return Err(DAMAGED_IMAGE) };
        content.end()?;
        check_size(width, height)?;
        let channels = match (colour, depth) {
            (0, 1 | 2 | 4 | 8 | 16) | (3, 1 | 2 | 4 | 8) => 1,
            (4, 8 | 16) => 2,
            (2, 8 | 16) => 3,
            (6, 8 | 16) => 4,
            _ => return Err(DAMAGED_IMAGE),
        };
        Ok(Self { width, height, colour, bits_per_pixel: channels * u64::from(depth), interlaced: interlace == 1 })
    }

    fn has_palette(&self) -> bool {
        self.colour == 3
    }

    /// Whether a viewer must understand this chunk. A palette is a mere proposal where pixels are no indices.
    fn needs(&self, name: Name) -> bool {
        name[0].is_ascii_uppercase() && (name != *b"PLTE" || self.has_palette())
    }

    fn fits_transparent(&self, length: usize, colours: usize) -> bool {
        match self.colour {
            0 => length == 2,
            2 => length == 6,
            3 => length <= colours,
            _ => false,
        }
    }

    /// Of a picture of this size before it is packed.
    fn bytes(&self, width: u32, height: u32) -> u64 {
        let rows = |width: u32, height: u32| match width {
            0 => 0,
            _ => u64::from(height) * (1 + (u64::from(width) * self.bits_per_pixel).div_ceil(8)),
        };
        if !self.interlaced {
            return rows(width, height);
        }
        let pass = |[x, y, dx, dy]: [u32; 4]| rows(width.saturating_sub(x).div_ceil(dx), height.saturating_sub(y).div_ceil(dy));
        PASSES.into_iter().map(pass).sum()
    }
}

impl<'a> Frame<'a> {
    fn parse(chunk: &Chunk<'a>, header: &Header) -> Option<Self> {
        let frame = Self(chunk.content.split_first_chunk::<4>()?.1.try_into().ok()?);
        let fits = |size: u32, at: u32, whole: u32| size > 0 && at.checked_add(size).is_some_and(|end| end <= whole);
        let [x, y] = [8, 12].map(|at| frame.number(at));
        let (dispose, blend) = (frame.0[20], frame.0[21]);
        let drawn = fits(frame.width(), x, header.width) && fits(frame.height(), y, header.height) && dispose <= 2 && blend <= 1;
        (chunk.whole && drawn).then_some(frame)
    }

    fn number(&self, at: usize) -> u32 {
        self.0[at..at + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
    }

    fn width(&self) -> u32 {
        self.number(0)
    }

    fn height(&self) -> u32 {
        self.number(4)
    }
}

/// The frames of an animated picture. Where one is broken viewers show the picture alone.
fn animation<'a>(before: &[Chunk<'a>], after: &[Chunk<'a>], header: &Header) -> Result<Option<Animation<'a>>> {
    let Some(mut animation) = frames(before, after, header) else { return Ok(None) };
    if animation.others.iter().map(|(frame, _)| pixels(frame.width(), frame.height())).sum::<u64>() > MOST_ANIMATED {
        return Err(TOO_MANY_PIXELS);
    }
    for (frame, data) in &mut animation.others {
        let Some(rows) = rows(data, header.bytes(frame.width(), frame.height())) else { return Ok(None) };
        *data = rows.into_owned();
    }
    Ok(Some(animation))
}

fn frames<'a>(before: &[Chunk<'a>], after: &[Chunk<'a>], header: &Header) -> Option<Animation<'a>> {
    let control = before.iter().find(|chunk| chunk.name == *b"acTL" && chunk.whole && chunk.content.len() == 8)?;
    let first = match before.iter().find(|chunk| chunk.name == *b"fcTL") {
        Some(chunk) => Some(Frame::parse(chunk, header).filter(|frame| (frame.width(), frame.height()) == (header.width, header.height))?),
        None => None,
    };
    let mut others: Vec<(Frame<'_>, Vec<u8>)> = Vec::new();
    for chunk in after {
        match &chunk.name {
            b"fcTL" => others.push((Frame::parse(chunk, header)?, Vec::new())),
            // Behind its number.
            b"fdAT" if chunk.whole => others.last_mut()?.1.extend(chunk.content.get(4..)?),
            b"fdAT" => return None,
            _ => {}
        }
    }
    (first.is_some() || !others.is_empty()).then_some(Animation { plays: &control.content[4..], first, others })
}

impl Animation<'_> {
    fn push(&self, kept: &mut Vec<u8>, picture: &[u8]) {
        let mut numbers = 0_u32..;
        let mut number = || numbers.next().unwrap_or_default().to_be_bytes();
        let frames = length(self.others.len() + usize::from(self.first.is_some()));
        push(kept, b"acTL", &[&frames, self.plays].concat());
        if let Some(frame) = &self.first {
            push(kept, b"fcTL", &[&number()[..], frame.0].concat());
        }
        push(kept, b"IDAT", picture);
        for (frame, data) in &self.others {
            push(kept, b"fcTL", &[&number()[..], frame.0].concat());
            push(kept, b"fdAT", &[&number()[..], data].concat());
        }
    }
}

/// The packed rows of a picture without what lies behind them; `None` where some are missing.
fn rows(packed: &[u8], expected: u64) -> Option<Cow<'_, [u8]>> {
    let (mut unpacked, mut buffer) = (Decompress::new(true), vec![0; 1 << 16]);
    loop {
        let (read, written) = (unpacked.total_in(), unpacked.total_out());
        match unpacked.decompress(&packed[usize::try_from(read).ok()?..], &mut buffer, FlushDecompress::None) {
            Ok(Status::StreamEnd) if unpacked.total_out() == expected => {
                return Some(Cow::Borrowed(&packed[..usize::try_from(unpacked.total_in()).ok()?]));
            }
            Ok(Status::Ok) if unpacked.total_out() <= expected && (unpacked.total_in(), unpacked.total_out()) != (read, written) => {}
            _ => break,
        }
    }
    // Viewers show the rows that belong to it also where more follow, or where the end or its checksum is wrong.
    let rows = DeflateDecoder::new(packed.get(2..)?).take(expected);
    pack(rows).filter(|(_, length)| *length == expected).map(|(packed, _)| Cow::Owned(packed))
}

/// What `raw` gives, packed, and its length before.
fn pack(mut raw: impl Read) -> Option<(Vec<u8>, u64)> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    let length = io::copy(&mut raw, &mut packed).ok()?;
    Some((packed.finish().ok()?, length))
}

/// A colour profile without its name, packed anew.
fn profile(content: &[u8]) -> Option<Vec<u8>> {
    let name = content.iter().position(|byte| *byte == 0)?;
    let mut unpacked = Vec::new();
    ZlibDecoder::new(content.get(name + 2..)?).take(LARGEST_PROFILE).read_to_end(&mut unpacked).ok()?;
    Some(pack(icc::profile(&unpacked)?)?.0)
}

/// All up to the end, which must be there.
fn chunks(bytes: &[u8]) -> Result<Vec<Chunk<'_>>> {
    let (mut rest, mut chunks) = (Reader(bytes), Vec::new());
    loop {
        let length = rest.u32()?;
        let name = rest.array()?;
        let content = rest.take(usize::try_from(length).map_err(|_| DAMAGED_IMAGE)?)?;
        chunks.push(Chunk { name, content, whole: rest.u32()? == checksum(&name, content) });
        if name == *b"IEND" {
            return Ok(chunks);
        }
    }
}

fn push(kept: &mut Vec<u8>, name: &Name, content: &[u8]) {
    kept.extend(length(content.len()));
    kept.extend(name);
    kept.extend(content);
    kept.extend(checksum(name, content).to_be_bytes());
}

fn checksum(name: &Name, content: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(name);
    crc.update(content);
    crc.sum()
}

/// No upload is as long as four bytes can say.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, Luma, metadata::Orientation};
    use proptest::prelude::*;

    use super::{
        super::testing::{self, SECRET, drawing, encode, pixels, tells},
        *,
    };

    type Made = Vec<(Name, Vec<u8>)>;

    /// Sixteen colours, of which one is transparent.
    const PALETTE: &[u8] = include_bytes!("samples/palette.png");

    fn taken_apart(bytes: &[u8]) -> Made {
        chunks(&bytes[8..]).unwrap().iter().map(|chunk| (chunk.name, chunk.content.to_vec())).collect()
    }

    fn put_together(chunks: &Made) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        chunks.iter().for_each(|(name, content)| push(&mut bytes, name, content));
        bytes
    }

    fn plain() -> Vec<u8> {
        encode(&drawing(24, 18, 0), ImageFormat::Png)
    }

    fn with(change: impl FnOnce(&mut Made)) -> Vec<u8> {
        let mut chunks = taken_apart(&plain());
        change(&mut chunks);
        put_together(&chunks)
    }

    /// The picture with its data packed otherwise.
    fn with_data(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        with(|chunks| change(&mut chunks.iter_mut().find(|(name, _)| name == b"IDAT").unwrap().1))
    }

    fn names(bytes: &[u8]) -> Vec<String> {
        taken_apart(bytes).iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
    }

    fn zlib(raw: &[u8]) -> Vec<u8> {
        pack(raw).unwrap().0
    }

    /// A grey picture of noise in seven passes, and what it shows.
    fn interlaced(width: u32, height: u32) -> (Vec<u8>, DynamicImage) {
        let value = |x: u32, y: u32| u8::try_from((x * 31 + y * 57 + x * y) % 256).unwrap();
        let mut raw = Vec::new();
        for [x, y, dx, dy] in PASSES {
            for row in (y..height).step_by(dy as usize).filter(|_| x < width) {
                raw.push(0);
                raw.extend((x..width).step_by(dx as usize).map(|column| value(column, row)));
            }
        }
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 1]].concat();
        let file = put_together(&vec![(*b"IHDR", header), (*b"IDAT", zlib(&raw)), (*b"IEND", Vec::new())]);
        (file, GrayImage::from_fn(width, height, |x, y| Luma([value(x, y)])).into())
    }

    /// Two frames beside the picture, the second of a few pixels.
    fn animated() -> Vec<u8> {
        let control = |number: u8, width: u8, height: u8| {
            [&[0, 0, 0, number, 0, 0, 0, width, 0, 0, 0, height][..], &[0; 8], &[0, 1, 0, 10, 0, 0]].concat()
        };
        with(|chunks| {
            let data = chunks.iter().find(|(name, _)| name == b"IDAT").unwrap().1.clone();
            let at = chunks.iter().position(|(name, _)| name == b"IDAT").unwrap();
            chunks.insert(at, (*b"acTL", vec![0, 0, 0, 3, 0, 0, 0, 5]));
            chunks.insert(at + 1, (*b"fcTL", control(0, 24, 18)));
            let end = chunks.len() - 1;
            let frames = [
                (*b"fcTL", control(1, 24, 18)),
                (*b"fdAT", [&[0, 0, 0, 2], &data[..40]].concat()),
                (*b"fdAT", [&[0, 0, 0, 3], &data[40..], SECRET].concat()),
                (*b"fcTL", control(4, 2, 1)),
                (*b"fdAT", [&[0, 0, 0, 5], &zlib(&[0, 1, 2, 3, 4, 5, 6])[..]].concat()),
            ];
            chunks.splice(end..end, frames);
        })
    }

    #[test]
    fn pixels_stay_as_they_are() {
        let sixteen_bits = DynamicImage::ImageRgba16(drawing(9, 7, 3).to_rgba16());
        let two_channels = DynamicImage::ImageLumaA8(drawing(9, 7, 3).to_luma_alpha8());
        for sample in [plain(), PALETTE.to_vec(), encode(&sixteen_bits, ImageFormat::Png), encode(&two_channels, ImageFormat::Png)] {
            let kept = keep(&sample).unwrap();
            assert_eq!(pixels(&kept), pixels(&sample));
            assert_eq!(keep(&kept).unwrap(), kept);
        }
        assert_eq!(names(&keep(PALETTE).unwrap()), ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);
        for (width, height) in (1..10).flat_map(|width| (1..10).map(move |height| (width, height))) {
            let (sample, shown) = interlaced(width, height);
            assert_eq!(pixels(&keep(&sample).unwrap()), shown, "{width} {height}");
        }
    }

    proptest! {
        /// Between any two chunks, behind the last, and behind the data within its chunk.
        #[test]
        fn nothing_beside_the_picture_is_kept(
            palette: bool,
            in_data: bool,
            behind: bool,
            places in proptest::collection::vec((1..100_usize, 0..9_usize), 0..20),
        ) {
            let sample = if palette { PALETTE.to_vec() } else { plain() };
            let mut chunks = taken_apart(&sample);
            if in_data {
                chunks.iter_mut().rfind(|(name, _)| name == b"IDAT").unwrap().1.extend(SECRET);
            }
            for (place, kind) in places {
                let name = [b"tEXt", b"zTXt", b"iTXt", b"tIME", b"pHYs", b"bKGD", b"sPLT", b"prIv", b"hIST"][kind];
                let place = 1 + place % (chunks.len() - 1);
                // The data is in one piece.
                if chunks[place].0 != *b"IDAT" || chunks[place - 1].0 != *b"IDAT" {
                    chunks.insert(place, (*name, SECRET.to_vec()));
                }
            }
            let mut planted = put_together(&chunks);
            if behind {
                planted.extend(SECRET);
            }
            let kept = keep(&planted).unwrap();
            prop_assert!(!tells(&kept));
            prop_assert_eq!(kept, keep(&sample).unwrap());
        }

        /// Whatever it is, it is a picture or a refusal.
        #[test]
        fn broken_files_break_nothing(changes in proptest::collection::vec((0..3000_usize, any::<u8>()), 1..6)) {
            let mut chunks = taken_apart(&animated());
            for (at, byte) in changes {
                let number = at % chunks.len();
                let content = &mut chunks[number].1;
                if !content.is_empty() {
                    let length = content.len();
                    content[at % length] = byte;
                }
            }
            let _ = super::super::inspect(put_together(&chunks));
        }
    }

    #[test]
    fn what_colours_mean_and_which_side_is_up_stay() {
        let profile = testing::profile(300);
        let named = [b"GPS 37.4769N 126.9637E\0\0", &zlib(&[&profile, SECRET].concat())[..]].concat();
        let planted = with(|chunks| {
            chunks.insert(1, (*b"iCCP", named));
            chunks.insert(1, (*b"gAMA", vec![0, 0, 0xB1, 0x8F]));
            chunks.insert(1, (*b"cHRM", vec![1; 32]));
            chunks.insert(1, (*b"sRGB", vec![0]));
            chunks.insert(1, (*b"cICP", SECRET.to_vec()));
            chunks.insert(chunks.len() - 1, (*b"eXIf", testing::exif(8)));
        });
        let kept = keep(&planted).unwrap();
        assert!(!tells(&kept));
        assert_eq!(names(&kept), ["IHDR", "sRGB", "gAMA", "cHRM", "iCCP", "eXIf", "IDAT", "IEND"]);
        let mut decoder = ImageReader::with_format(Cursor::new(&kept), ImageFormat::Png).into_decoder().unwrap();
        assert_eq!((decoder.orientation().unwrap(), decoder.icc_profile().unwrap()), (Orientation::Rotate270, Some(profile)));
    }

    /// Turns a bit of the checksum of the chunk of this name.
    fn with_wrong_checksum(mut bytes: Vec<u8>, name: &Name) -> Vec<u8> {
        let mut at = 8;
        for (found, content) in taken_apart(&bytes) {
            at += 12 + content.len();
            if found == *name {
                bytes[at - 1] ^= 1;
            }
        }
        bytes
    }

    #[test]
    fn a_wrong_checksum_matters_where_the_chunk_does() {
        let planted = with(|chunks| {
            chunks.insert(1, (*b"PLTE", vec![9; 30]));
            for name in [b"tEXt", b"gAMA", b"tRNS", b"iCCP", b"prIv"] {
                chunks.insert(1, (*name, SECRET.to_vec()));
            }
        });
        for name in [b"tEXt", b"gAMA", b"tRNS", b"iCCP", b"prIv", b"PLTE"] {
            assert_eq!(keep(&with_wrong_checksum(planted.clone(), name)), keep(&plain()), "{name:?}");
        }
        for name in [b"IHDR", b"PLTE", b"IDAT", b"IEND"] {
            assert_eq!(keep(&with_wrong_checksum(PALETTE.to_vec(), name)), Err(DAMAGED_IMAGE), "{name:?}");
        }
        // What shows through is no longer known; the picture is.
        let opaque = keep(&with_wrong_checksum(PALETTE.to_vec(), b"tRNS")).unwrap();
        assert_eq!(names(&opaque), ["IHDR", "PLTE", "IDAT", "IEND"]);
    }

    #[test]
    fn rows_are_all_there_and_no_more() {
        let picture = pixels(&plain());
        let raw = |data: &[u8]| {
            let mut raw = Vec::new();
            ZlibDecoder::new(data).read_to_end(&mut raw).unwrap();
            raw
        };
        let more = with_data(|data| *data = zlib(&[&raw(data), SECRET].concat()));
        let checksum = with_data(|data| *data.last_mut().unwrap() ^= 1);
        let endless = with_data(|data| data.truncate(data.len() - 4));
        for sample in [more, checksum, endless] {
            let kept = keep(&sample).unwrap();
            let data = &taken_apart(&kept)[1].1;
            assert_eq!((pixels(&kept), raw(data).len()), (picture.clone(), 18 * (1 + 24 * 3)));
        }
        let less = with_data(|data| *data = zlib(&raw(data)[..18 * 73 - 1]));
        let cut = with_data(|data| data.truncate(data.len() / 2));
        let noise = with_data(|data| data[2..].fill(0xFF));
        let none = with_data(Vec::clear);
        for sample in [less, cut, noise, none] {
            assert_eq!(keep(&sample), Err(DAMAGED_IMAGE));
        }
    }

    #[test]
    fn a_picture_that_no_viewer_shows_is_damaged() {
        let unknown = with(|chunks| chunks.insert(1, (*b"NEED", Vec::new())));
        let second = with(|chunks| chunks.insert(1, chunks[0].clone()));
        let depth = with(|chunks| chunks[0].1[8] = 3);
        let endless = with(|chunks| chunks.truncate(chunks.len() - 1));
        let without_palette = put_together(&taken_apart(PALETTE).into_iter().filter(|(name, _)| name != b"PLTE").collect());
        let as_text = plain().iter().filter(|byte| **byte != b'\r').copied().collect();
        for sample in [unknown, second, depth, endless, without_palette, as_text] {
            assert_eq!(super::super::inspect(sample), Err(DAMAGED_IMAGE));
        }
    }

    #[test]
    fn an_animation_stays_one() {
        let sample = animated();
        let kept = keep(&sample).unwrap();
        assert!(!tells(&kept));
        assert_eq!(names(&kept), ["IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "IEND"]);
        let numbers: Vec<_> = taken_apart(&kept).iter().filter(|(name, _)| name[0] == b'f').map(|(_, content)| content[3]).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        let frames = |bytes: &[u8]| {
            let decoder = image::codecs::png::PngDecoder::new(Cursor::new(bytes.to_vec())).unwrap().apng().unwrap();
            image::AnimationDecoder::into_frames(decoder).collect_frames().unwrap()
        };
        let [kept, sample] = [frames(&kept), frames(&sample)].map(|frames| frames.into_iter().map(image::Frame::into_buffer));
        assert!(kept.eq(sample));
    }

    #[test]
    fn a_broken_animation_is_a_picture() {
        let frame = |change: fn(&mut Made)| {
            let mut chunks = taken_apart(&animated());
            change(&mut chunks);
            put_together(&chunks)
        };
        let samples = [
            with_wrong_checksum(animated(), b"fdAT"),
            with_wrong_checksum(animated(), b"acTL"),
            frame(|chunks| chunks[4].1[7] = 25),
            frame(|chunks| drop(chunks.remove(5))),
            frame(|chunks| chunks[2].1[7] = 2),
        ];
        for sample in samples {
            assert_eq!(keep(&sample).unwrap(), keep(&plain()).unwrap());
        }
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        // 16,384 × 16,384 white pixels are a few hundred KB and 800 MB of memory.
        let bomb = |size: [u8; 8]| with(|chunks| chunks[0].1[..8].copy_from_slice(&size));
        for size in [[0, 0, 0x40, 0, 0, 0, 0x40, 0], [0, 0, 0x40, 1, 0, 0, 0, 1], [0xFF; 8]] {
            assert_eq!(keep(&bomb(size)), Err(TOO_MANY_PIXELS));
        }
        assert_eq!(keep(&bomb([0; 8])), Err(DAMAGED_IMAGE));
    }
}
