//! A walk over the coded data of a JPEG, as a decoder goes but without the pixels. It finds where the data of the picture ends, which
//! nothing in the file says, and whether all of it is there. So a JPEG need not be decoded: of a progressive one the pixels and their
//! coefficients would take twelve bytes a pixel.

use cheapbob_domain::stores::error::DAMAGED_IMAGE;

use super::{
    limits::check_size,
    reader::{Reader, Result},
};

/// Coefficients of a block, without the first.
const LAST: usize = 63;

/// Codes up to this many bits are looked up at once.
const SHORT: usize = 9;

/// The picture as the scans find it.
pub(super) struct Frame {
    progressive: bool,
    components: Vec<Component>,
    /// Units of a scan of all components, across and down.
    units: [usize; 2],
}

struct Component {
    id: u8,
    /// Its table of quantization.
    quantization: u8,
    /// Blocks in a unit, across and down.
    sampling: [usize; 2],
    /// Blocks of a scan of this component alone, across and down.
    blocks: [usize; 2],
    /// Blocks in a row of all units.
    stride: usize,
    /// A scan has its first coefficients.
    begun: bool,
    /// Which coefficients are not zero so far, a bit each; of progressive pictures only.
    known: Vec<u64>,
}

/// What a scan has of which components.
pub(super) struct Scan {
    components: Vec<Part>,
    /// First and last coefficient.
    band: [usize; 2],
    /// One bit more of coefficients that an earlier scan had.
    refines: bool,
}

struct Part {
    component: usize,
    first: usize,
    others: usize,
}

/// Tables of codes, as they are defined on the way.
#[derive(Default)]
pub(super) struct Tables {
    first: [Option<Table>; 4],
    others: [Option<Table>; 4],
}

struct Table {
    /// By the next bits: length of the code and what it means; zero where it is longer.
    short: Vec<(u8, u8)>,
    /// By length: the first code that is longer, and what must be added to a code to find its meaning.
    long: [(u32, i32); 17],
    meanings: Vec<u8>,
}

impl Tables {
    /// Reads the tables of one segment.
    pub(super) fn define(&mut self, mut content: Reader<'_>) -> Result<()> {
        while !content.0.is_empty() {
            let kind = content.u8()?;
            let counts: [u8; 16] = content.array()?;
            let meanings = content.take(counts.iter().map(|count| usize::from(*count)).sum())?;
            let tables = if kind >> 4 == 0 { &mut self.first } else { &mut self.others };
            let place = tables.get_mut(usize::from(kind & 0x0F)).filter(|_| kind < 0x20).ok_or(DAMAGED_IMAGE)?;
            *place = Some(Table::new(counts, meanings)?);
        }
        Ok(())
    }
}

fn table(tables: &[Option<Table>; 4], number: usize) -> Result<&Table> {
    tables.get(number).and_then(Option::as_ref).ok_or(DAMAGED_IMAGE)
}

impl Table {
    /// Codes of one length follow each other; the first of the next length is twice the next one.
    fn new(counts: [u8; 16], meanings: &[u8]) -> Result<Self> {
        let mut table = Self { short: vec![(0, 0); 1 << SHORT], long: [(0, 0); 17], meanings: meanings.to_vec() };
        let (mut code, mut at) = (0_u32, 0_usize);
        for (length, count) in (1..).zip(counts) {
            code <<= 1;
            let end = code + u32::from(count);
            if end > 1 << length {
                return Err(DAMAGED_IMAGE);
            }
            table.long[length] = (end, i32::try_from(at).unwrap_or_default() - i32::try_from(code).unwrap_or_default());
            for code in code..end {
                if length <= SHORT {
                    let first = (code as usize) << (SHORT - length);
                    table.short[first..first + (1 << (SHORT - length))].fill((u8::try_from(length).unwrap_or_default(), meanings[at]));
                }
                at += 1;
            }
            code = end;
        }
        Ok(table)
    }
}

/// The data of one restart interval, bit by bit. Behind its end are zeros, which `is_whole` tells.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    /// Takes the data up to the next restart off `data`; gives which it is.
    fn fill(&mut self, data: &mut &[u8]) -> Option<u8> {
        self.at = 0;
        self.bytes.clear();
        while let Some((byte, rest)) = data.split_first() {
            *data = rest;
            self.bytes.push(*byte);
            if *byte == 0xFF {
                // Some encoders fill up with more of them.
                *data = &data[data.iter().take_while(|byte| **byte == 0xFF).count()..];
                let Some((next, rest)) = data.split_first() else { break };
                *data = rest;
                if *next != 0 {
                    self.bytes.pop();
                    return Some(*next);
                }
            }
        }
        None
    }

    /// The next 16 bits.
    fn peek(&self) -> u32 {
        let byte = |after| u32::from(self.bytes.get(self.at / 8 + after).copied().unwrap_or_default());
        ((byte(0) << 16 | byte(1) << 8 | byte(2)) >> (8 - self.at % 8)) & 0xFFFF
    }

    fn skip(&mut self, bits: usize) {
        self.at += bits;
    }

    fn take(&mut self, bits: usize) -> usize {
        let taken = self.peek() >> (16 - bits);
        self.skip(bits);
        taken as usize
    }

    fn code(&mut self, table: &Table) -> Result<u8> {
        let next = self.peek();
        let (length, meaning) = table.short[(next >> (16 - SHORT)) as usize];
        if length > 0 {
            self.skip(length.into());
            return Ok(meaning);
        }
        for length in SHORT + 1..=16 {
            let code = next >> (16 - length);
            let (end, shift) = table.long[length];
            if code < end {
                self.skip(length);
                let at = i64::from(code) + i64::from(shift);
                return usize::try_from(at).ok().and_then(|at| table.meanings.get(at)).copied().ok_or(DAMAGED_IMAGE);
            }
        }
        Err(DAMAGED_IMAGE)
    }

    fn is_whole(&self) -> bool {
        self.at <= self.bytes.len() * 8
    }

    /// Writes what was read.
    fn push(&self, kept: &mut Vec<u8>) {
        for byte in &self.bytes[..self.at.div_ceil(8)] {
            kept.push(*byte);
            if *byte == 0xFF {
                kept.push(0);
            }
        }
    }
}

impl Frame {
    /// Reads the frame's header.
    pub(super) fn parse(content: &[u8], progressive: bool) -> Result<Self> {
        let mut content = Reader(content);
        let [8, size @ .., count @ 1..=4]: [u8; 6] = content.array()? else { return Err(DAMAGED_IMAGE) };
        let [height, width] = [[size[0], size[1]], [size[2], size[3]]].map(u16::from_be_bytes);
        check_size(width.into(), height.into())?;
        let mut found = Vec::new();
        for _ in 0..count {
            let [id, sampling, quantization] = content.array()?;
            let sampling = [sampling >> 4, sampling & 0x0F].map(usize::from);
            if sampling.iter().any(|blocks| !(1..=4).contains(blocks)) || quantization > 3 {
                return Err(DAMAGED_IMAGE);
            }
            found.push((id, sampling, quantization));
        }
        content.end()?;
        let most = [0, 1].map(|way| found.iter().map(|(_, sampling, _)| sampling[way]).max().unwrap_or(1));
        let size = [width, height].map(usize::from);
        let units = [0, 1].map(|way| size[way].div_ceil(8 * most[way]));
        let component = |(id, sampling, quantization): (u8, [usize; 2], u8)| {
            let stride = units[0] * sampling[0];
            Component {
                id,
                quantization,
                sampling,
                blocks: [0, 1].map(|way| (size[way] * sampling[way]).div_ceil(8 * most[way])),
                stride,
                begun: false,
                known: if progressive { vec![0; stride * units[1] * sampling[1]] } else { Vec::new() },
            }
        };
        Ok(Self { progressive, components: found.into_iter().map(component).collect(), units })
    }

    /// Whether there is something of each component.
    pub(super) fn is_whole(&self) -> bool {
        self.components.iter().all(|component| component.begun)
    }

    /// Copies that part of a scan's data to `kept` which belongs to the picture.
    ///
    /// # Errors
    /// `damaged_image`: some of it is missing, or it means nothing.
    pub(super) fn walk(&mut self, scan: &Scan, tables: &Tables, interval: usize, mut data: &[u8], kept: &mut Vec<u8>) -> Result<()> {
        let [across, down] = match &scan.components[..] {
            [alone] => self.components[alone.component].blocks,
            _ => self.units,
        };
        let units = across * down;
        let interval = if interval == 0 { units } else { interval };
        let mut bits = Bits::default();
        for (number, start) in (0..units).step_by(interval).enumerate() {
            let restart = bits.fill(&mut data);
            // Blocks still to come in which this scan has nothing new.
            let mut run = 0;
            for unit in start..units.min(start + interval) {
                self.unit(scan, tables, [unit % across, unit / across], &mut bits, &mut run)?;
                if !bits.is_whole() {
                    return Err(DAMAGED_IMAGE);
                }
            }
            bits.push(kept);
            if start + interval < units {
                let expected = 0xD0 | u8::try_from(number % 8).unwrap_or_default();
                if restart != Some(expected) {
                    return Err(DAMAGED_IMAGE);
                }
                kept.extend([0xFF, expected]);
            }
        }
        for part in &scan.components {
            self.components[part.component].begun |= scan.band[0] == 0 && !scan.refines;
        }
        Ok(())
    }

    fn unit(&mut self, scan: &Scan, tables: &Tables, [x, y]: [usize; 2], bits: &mut Bits, run: &mut usize) -> Result<()> {
        let alone = scan.components.len() == 1;
        for part in &scan.components {
            let component = &mut self.components[part.component];
            let [across, down] = if alone { [1, 1] } else { component.sampling };
            for block in 0..across * down {
                let at = (y * down + block / across) * component.stride + x * across + block % across;
                if !self.progressive {
                    sequential(table(&tables.first, part.first)?, table(&tables.others, part.others)?, bits)?;
                } else if scan.band[0] > 0 {
                    let table = table(&tables.others, part.others)?;
                    let known = &mut component.known[at];
                    if scan.refines { refine(scan.band, table, bits, run, known)? } else { begin(scan.band, table, bits, run, known)? }
                } else if scan.refines {
                    bits.skip(1);
                } else {
                    let length = bits.code(table(&tables.first, part.first)?)?;
                    bits.skip(length.into());
                }
            }
        }
        Ok(())
    }
}

impl Scan {
    /// Reads the header of a scan of `frame`; `quantized`: the tables of quantization so far, a bit each.
    pub(super) fn parse(mut content: Reader<'_>, frame: &Frame, quantized: u8) -> Result<Self> {
        let mut components = Vec::new();
        for _ in 0..content.u8()? {
            let [id, numbers] = content.array()?;
            let known = |component: &Component| component.id == id && quantized & (1 << component.quantization) != 0;
            let component = frame.components.iter().position(known).ok_or(DAMAGED_IMAGE)?;
            components.push(Part { component, first: usize::from(numbers >> 4), others: usize::from(numbers & 0x0F) });
        }
        let [first, last, bits] = content.array()?;
        content.end()?;
        let band = [first, last].map(usize::from);
        let of_one = components.len() == 1 && band[0] <= band[1] && band[1] <= LAST;
        let of_all = (1..=4).contains(&components.len()) && (!frame.progressive || band == [0, 0]);
        let fits = if band[0] > 0 && frame.progressive { of_one } else { of_all };
        if !fits {
            return Err(DAMAGED_IMAGE);
        }
        let (band, refines) = if frame.progressive { (band, bits >> 4 > 0) } else { ([0, LAST], false) };
        Ok(Self { components, band, refines })
    }
}

/// A whole block.
fn sequential(first: &Table, others: &Table, bits: &mut Bits) -> Result<()> {
    let length = bits.code(first)?;
    bits.skip(length.into());
    let mut at = 1;
    while at <= LAST {
        let code = bits.code(others)?;
        let (zeros, length) = (usize::from(code >> 4), usize::from(code & 0x0F));
        if length == 0 && zeros < 15 {
            break;
        }
        at += zeros + 1;
        bits.skip(length);
    }
    Ok(())
}

/// The first bits of a block's coefficients in `band`.
fn begin(band: [usize; 2], table: &Table, bits: &mut Bits, run: &mut usize, known: &mut u64) -> Result<()> {
    if *run > 0 {
        *run -= 1;
        return Ok(());
    }
    let mut at = band[0];
    while at <= band[1] {
        let code = bits.code(table)?;
        let (zeros, length) = (usize::from(code >> 4), usize::from(code & 0x0F));
        if length == 0 && zeros < 15 {
            *run = (1 << zeros) - 1 + bits.take(zeros);
            break;
        }
        at += zeros;
        if length > 0 && at <= band[1] {
            *known |= 1 << at;
        }
        bits.skip(length);
        at += 1;
    }
    Ok(())
}

/// One bit more of a block's coefficients in `band`, and those that were zero so far.
fn refine(band: [usize; 2], table: &Table, bits: &mut Bits, run: &mut usize, known: &mut u64) -> Result<()> {
    let mut at = band[0];
    while *run == 0 && at <= band[1] {
        let code = bits.code(table)?;
        let (mut zeros, length) = (usize::from(code >> 4), usize::from(code & 0x0F));
        if length == 0 && zeros < 15 {
            *run = (1 << zeros) + bits.take(zeros);
            break;
        }
        bits.skip(length.min(1));
        while at <= band[1] {
            if (*known >> at) & 1 == 1 {
                bits.skip(1);
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            at += 1;
        }
        if length > 0 && at <= band[1] {
            *known |= 1 << at;
        }
        at += 1;
    }
    if *run > 0 {
        *run -= 1;
        if at <= band[1] {
            let left = (*known >> at) & (u64::MAX >> (LAST - (band[1] - at)));
            bits.skip(left.count_ones() as usize);
        }
    }
    Ok(())
}
