//! The scans of a JPEG (ITU-T T.81, annexes F.2 and G.2), read to their last block without their values.

use super::Damage;
use super::frame::{Component, Frame};
use super::huffman::{Bits, Code};

/// As many scans at most: each may go through the whole picture in a few bytes.
const MOST_SCANS: usize = 100;

/// The coefficients of a block.
const COEFFICIENTS: u8 = 64;

/// What segments before a scan define for it.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Of the first coefficients.
    first: [Option<Code>; 4],
    /// Of the others.
    other: [Option<Code>; 4],
    /// After so many units there is a restart marker; none if it is zero.
    pub(super) restart_interval: u16,
}

impl Tables {
    /// Takes the Huffman tables of a segment.
    pub(super) fn define(&mut self, mut payload: &[u8]) -> Result<(), Damage> {
        while let Some((name, table)) = payload.split_first() {
            let (code, rest) = Code::read(table)?;
            let tables = match name >> 4 {
                0 => &mut self.first,
                1 => &mut self.other,
                _ => return Err(Damage::Segment),
            };
            *tables.get_mut(usize::from(name & 15)).ok_or(Damage::Segment)? = Some(code);
            payload = rest;
        }
        Ok(())
    }
}

/// The scans that were read so far.
#[derive(Debug)]
pub(super) struct Scans {
    /// What is common to them.
    pub(super) frame: Frame,
    /// Of a progressive picture: which coefficients of each block of each component are not zero, a bit each.
    known: Vec<Vec<u64>>,
    /// Of each coefficient of each component: how many of its bits are still to come, once it came at all.
    missing: Vec<[Option<u8>; 64]>,
    count: usize,
}

/// A component with its place in the frame and its tables.
type Chosen<'t> = (usize, Component, Option<&'t Code>, Option<&'t Code>);

/// What the header of a scan says.
struct Header<'t> {
    components: Vec<Chosen<'t>>,
    /// The coefficients that it has.
    from: u8,
    to: u8,
    /// Whether it has the next bit of what came before.
    refines: bool,
}

impl Scans {
    /// None of this frame yet.
    pub(super) fn of(frame: Frame) -> Self {
        let blocks = frame.components.iter().map(|component| {
            let (across, down) = frame.blocks(*component);
            if frame.progressive { vec![0; across * down] } else { Vec::new() }
        });
        let (known, missing) = (blocks.collect(), vec![[None; 64]; frame.components.len()]);
        Self { frame, known, missing, count: 0 }
    }

    /// Reads a scan, and answers how many of the bytes are its.
    pub(super) fn read(
        &mut self,
        tables: &Tables,
        header: &[u8],
        bytes: &[u8],
    ) -> Result<usize, Damage> {
        self.count += 1;
        if self.count > MOST_SCANS {
            return Err(Damage::TooManyScans);
        }
        let header = self.header(tables, header)?;
        let mut bits = Bits::of(bytes);
        let (across, down) = match header.components[..] {
            [(_, component, ..)] => self.frame.blocks(component),
            _ => self.frame.units(),
        };
        let interval = usize::from(tables.restart_interval);
        // Blocks that follow without a bit of their own.
        let mut run = 0;
        for unit in 0..across * down {
            if interval > 0 && unit > 0 && unit % interval == 0 {
                let number = u8::try_from((unit / interval - 1) % 8).map_err(|_| Damage::Scan)?;
                bits.restart(number)?;
                run = 0;
            }
            if let [(place, _, first, other)] = header.components[..] {
                self.block(&header, &mut bits, (place, unit), (first, other), &mut run)?;
            } else {
                for (place, component, first, other) in &header.components {
                    for _ in 0..component.across * component.down {
                        // Only scans of one component have more than the first coefficients of a progressive
                        // picture, so that nothing has to be known of this block.
                        self.block(&header, &mut bits, (*place, 0), (*first, *other), &mut run)?;
                    }
                }
            }
        }
        Ok(bits.read())
    }

    /// Whether each component came, and of what came the last bit.
    pub(super) fn are_complete(&self) -> Result<(), Damage> {
        let complete = |missing: &[Option<u8>; 64]| {
            missing[0].is_some() && missing.iter().flatten().all(|bits| *bits == 0)
        };
        if self.missing.iter().all(complete) { Ok(()) } else { Err(Damage::Missing) }
    }

    fn header<'t>(&mut self, tables: &'t Tables, header: &[u8]) -> Result<Header<'t>, Damage> {
        let (count, rest) = header.split_first().ok_or(Damage::Segment)?;
        let (chosen, last) = rest.split_last_chunk::<3>().ok_or(Damage::Segment)?;
        let (chosen, odd) = chosen.as_chunks::<2>();
        if chosen.is_empty() || chosen.len() != usize::from(*count) || !odd.is_empty() {
            return Err(Damage::Segment);
        }
        let mut components: Vec<Chosen<'t>> = Vec::new();
        for [id, names] in chosen {
            let place = self.frame.components.iter().position(|component| component.id == *id);
            let place = place.ok_or(Damage::Segment)?;
            if components.iter().any(|(other, ..)| *other == place) {
                return Err(Damage::Segment);
            }
            let table = |of: &'t [Option<Code>; 4], name: u8| {
                of.get(usize::from(name)).and_then(Option::as_ref)
            };
            let first = table(&tables.first, names >> 4);
            let other = table(&tables.other, names & 15);
            components.push((place, self.frame.components[place], first, other));
        }
        let (from, to, had, left) = match *last {
            _ if !self.frame.progressive => (0, COEFFICIENTS - 1, 0, 0),
            // The first coefficients alone, or others of one component (section G.1.1.1.1).
            [0, 0, bits] => (0, 0, bits >> 4, bits & 15),
            [from, to, bits] if from > 0 && from <= to && to < COEFFICIENTS && *count == 1 => {
                (from, to, bits >> 4, bits & 15)
            }
            _ => return Err(Damage::Segment),
        };
        let refines = had > 0;
        // Each coefficient comes once, and after it each of its bits.
        let before = refines.then_some(had);
        for (place, ..) in &components {
            for missing in &mut self.missing[*place][usize::from(from)..=usize::from(to)] {
                if *missing != before || refines && left + 1 != had {
                    return Err(Damage::Segment);
                }
                *missing = Some(left);
            }
        }
        Ok(Header { components, from, to, refines })
    }

    /// Reads a block.
    fn block(
        &mut self,
        header: &Header<'_>,
        bits: &mut Bits<'_>,
        (place, block): (usize, usize),
        (first, other): (Option<&Code>, Option<&Code>),
        run: &mut u32,
    ) -> Result<(), Damage> {
        if header.from == 0 {
            if self.frame.progressive && header.refines {
                bits.bit()?;
            } else {
                let size = bits.value(first.ok_or(Damage::Segment)?)?;
                bits.number(size.min(16))?;
            }
            if self.frame.progressive {
                return Ok(());
            }
        }
        let other = other.ok_or(Damage::Segment)?;
        if !self.frame.progressive {
            return others(bits, other, 1, header.to, &mut 0, None);
        }
        let known = self.known[place].get_mut(block).ok_or(Damage::Scan)?;
        if header.refines {
            refined(bits, other, header, run, known)
        } else if *run > 0 {
            *run -= 1;
            Ok(())
        } else {
            others(bits, other, header.from, header.to, run, Some(known))
        }
    }
}

/// The coefficients of a block for the first time (figures F.13 and G.3).
fn others(
    bits: &mut Bits<'_>,
    code: &Code,
    from: u8,
    to: u8,
    run: &mut u32,
    mut known: Option<&mut u64>,
) -> Result<(), Damage> {
    let mut at = from;
    while at <= to {
        let value = bits.value(code)?;
        let (zeros, size) = (value >> 4, value & 15);
        if size == 0 && zeros < 15 {
            // The rest of the block is zero; of a progressive picture that of the blocks which follow, too.
            if known.is_some() {
                *run = (1 << zeros) - 1 + bits.number(zeros)?;
            }
            return Ok(());
        }
        at += zeros;
        if at > to {
            return Err(Damage::Scan);
        }
        if size > 0 {
            bits.number(size)?;
            if let Some(known) = &mut known {
                **known |= 1 << at;
            }
        }
        at += 1;
    }
    Ok(())
}

/// One more bit of the coefficients that are known, and those that become known with it (figure G.7).
fn refined(
    bits: &mut Bits<'_>,
    code: &Code,
    header: &Header<'_>,
    run: &mut u32,
    known: &mut u64,
) -> Result<(), Damage> {
    let mut at = header.from;
    while *run == 0 && at <= header.to {
        let value = bits.value(code)?;
        let (mut zeros, size) = (value >> 4, value & 15);
        if size == 0 && zeros < 15 {
            *run = (1 << zeros) + bits.number(zeros)?;
            break;
        }
        if size > 0 {
            bits.number(size)?;
        }
        // Past so many that are still zero; those that are not have a bit each.
        while at <= header.to {
            if *known >> at & 1 == 1 {
                bits.bit()?;
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            at += 1;
        }
        if size > 0 {
            if at > header.to {
                return Err(Damage::Scan);
            }
            *known |= 1 << at;
        }
        at += 1;
    }
    if *run > 0 {
        for at in at..=header.to {
            if *known >> at & 1 == 1 {
                bits.bit()?;
            }
        }
        *run -= 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_are_bounded() {
        let frame = Frame::read(0xC2, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]).unwrap();
        let mut scans = Scans::of(frame);
        for _ in 0..MOST_SCANS {
            assert_eq!(scans.read(&Tables::default(), &[], &[]), Err(Damage::Segment));
        }
        assert_eq!(scans.read(&Tables::default(), &[], &[]), Err(Damage::TooManyScans));
    }
}
