//! What is kept of a JPEG (ITU-T T.81, annex B): its pixels, its colour profile and its orientation.
//!
//! The file is written anew from its segments, so that nothing else is handed on: no EXIF data, which tell
//! where a photograph was taken, no smaller pictures, comments or texts, nothing between segments and nothing
//! behind the end. Every scan is read to its last block: a file that was cut or changed underway shows it
//! there, and a decoder that paints the rest grey would not tell. (A JPEG has no checksums: damage after which the
//! blocks still add up cannot be told from a picture that looks like that.)

use super::exif::Orientation;
use super::icc;

mod decode;
mod frame;
mod huffman;
mod scan;

pub(super) use decode::decode;
use frame::Frame;
use scan::Scans;

const START: u8 = 0xD8;
const END: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
const QUANTIZATION_TABLES: u8 = 0xDB;
const HUFFMAN_TABLES: u8 = 0xC4;
const RESTART_INTERVAL: u8 = 0xDD;
const COMMENT: u8 = 0xFE;
const JFIF: u8 = 0xE0;
const EXIF: u8 = 0xE1;
const PROFILE: u8 = 0xE2;
const ADOBE: u8 = 0xEE;

const EXIF_NAME: &[u8] = b"Exif\0\0";
const PROFILE_NAME: &[u8] = b"ICC_PROFILE\0";
const ADOBE_NAME: &[u8] = b"Adobe";

/// As much of a profile fits into a segment, beside its name, its number and their count (ICC.1, annex B.4).
const PROFILE_PART: usize = 65_535 - 2 - PROFILE_NAME.len() - 2;

/// A JPEG whose every segment was read.
#[derive(Debug)]
pub(super) struct Jpeg {
    /// How wide and high it is.
    pub(super) frame: Frame,
    /// The same image without what is not needed to show it.
    pub(super) essence: Vec<u8>,
}

/// What is wrong with a JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    /// It ends within a segment, or without its end marker.
    #[error("it breaks off")]
    BreaksOff,
    /// Bytes that belong to no segment.
    #[error("there are bytes between its segments")]
    Between,
    /// A segment that is not written as the standard says.
    #[error("a segment is malformed")]
    Segment,
    /// Another process than the baseline, extended and progressive one with Huffman codes and 8 bits.
    #[error("it is of a kind that browsers do not show")]
    Process,
    /// A scan that has other bits than its blocks need.
    #[error("a scan is damaged")]
    Scan,
    /// It ends before all of its colours came.
    #[error("a part of the picture is missing")]
    Missing,
    /// Far more scans than any program writes.
    #[error("it has too many scans")]
    TooManyScans,
}

/// Reads a JPEG of at most `max_side` pixels on a side to its end marker. One that is larger is read until its
/// size is known; its essence is empty.
pub(super) fn read(jpeg: &[u8], max_side: u32) -> Result<Jpeg, Damage> {
    let mut rest = jpeg.strip_prefix(&[0xFF, START]).ok_or(Damage::BreaksOff)?;
    let mut told = Told::default();
    let mut body = Vec::with_capacity(jpeg.len());
    let mut scans: Option<Scans> = None;
    loop {
        let (marker, behind) = next_marker(rest)?;
        rest = behind;
        if marker == END {
            let scans = scans.ok_or(Damage::Missing)?;
            scans.are_complete()?;
            let mut essence = vec![0xFF, START];
            told.write(&mut essence);
            essence.append(&mut body);
            essence.extend([0xFF, END]);
            return Ok(Jpeg { frame: scans.frame, essence });
        }
        let (payload, behind) = payload(rest)?;
        rest = behind;
        match marker {
            0xC0..=0xC2 => {
                if scans.is_some() {
                    return Err(Damage::Segment);
                }
                let frame = Frame::read(marker, payload)?;
                if u32::from(frame.width.max(frame.height)) > max_side {
                    return Ok(Jpeg { frame, essence: Vec::new() });
                }
                scans = Some(Scans::of(frame));
                segment(&mut body, marker, payload);
            }
            QUANTIZATION_TABLES => {
                frame::check_quantization_tables(payload)?;
                segment(&mut body, marker, payload);
            }
            HUFFMAN_TABLES => {
                told.tables.define(payload)?;
                segment(&mut body, marker, payload);
            }
            RESTART_INTERVAL => {
                let interval: [u8; 2] = payload.try_into().map_err(|_| Damage::Segment)?;
                told.tables.restart_interval = u16::from_be_bytes(interval);
                segment(&mut body, marker, payload);
            }
            START_OF_SCAN => {
                let scans = scans.as_mut().ok_or(Damage::Segment)?;
                let length = scans.read(&told.tables, payload, rest)?;
                segment(&mut body, marker, payload);
                body.extend_from_slice(&rest[..length]);
                rest = skip_restart(&rest[length..]);
            }
            JFIF..=0xEF => told.hear(marker, payload),
            COMMENT => {}
            // Lossless, hierarchical or arithmetic processes, and numbers of lines that follow their scan.
            0xC3..=0xCF | 0xDC..=0xDF => return Err(Damage::Process),
            _ => return Err(Damage::Segment),
        }
    }
}

/// What the segments told that are written anew, and the tables that hold so far.
#[derive(Debug, Default)]
struct Told {
    tables: scan::Tables,
    jfif: bool,
    orientation: Option<Orientation>,
    /// Their numbers, their counts and their bytes.
    profile: Vec<(u8, u8, Vec<u8>)>,
    /// How colours are stored.
    adobe: Option<u8>,
}

impl Told {
    fn hear(&mut self, marker: u8, payload: &[u8]) {
        match marker {
            JFIF => self.jfif |= payload.starts_with(b"JFIF\0"),
            EXIF if self.orientation.is_none() => {
                self.orientation = payload.strip_prefix(EXIF_NAME).and_then(Orientation::read);
            }
            PROFILE => {
                if let Some([number, count, part @ ..]) = payload.strip_prefix(PROFILE_NAME) {
                    self.profile.push((*number, *count, part.to_vec()));
                }
            }
            ADOBE if payload.len() >= 12 && payload.starts_with(ADOBE_NAME) => {
                self.adobe = Some(payload[11]);
            }
            _ => {}
        }
    }

    fn write(mut self, essence: &mut Vec<u8>) {
        if self.jfif {
            // Version 1.1, square pixels, no smaller picture.
            segment(essence, JFIF, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
        }
        if let Some(orientation) = self.orientation {
            segment(essence, EXIF, &[EXIF_NAME, &orientation.write()].concat());
        }
        if let Some(transform) = self.adobe {
            segment(essence, ADOBE, &[ADOBE_NAME, b"\0\x64\0\0\0\0", &[transform]].concat());
        }
        self.profile.sort_by_key(|(number, ..)| *number);
        let count = self.profile.len();
        let whole = self.profile.iter().zip(1..).all(|((number, of, _), place)| {
            usize::from(*number) == place && usize::from(*of) == count
        });
        let joined: Vec<u8> = self.profile.iter().flat_map(|(_, _, part)| part).copied().collect();
        let Some(profile) = icc::profile(&joined).filter(|_| whole) else {
            return;
        };
        let parts = profile.chunks(PROFILE_PART);
        let Ok(count) = u8::try_from(parts.len()) else {
            return;
        };
        for (number, part) in (1..=count).zip(parts) {
            segment(essence, PROFILE, &[PROFILE_NAME, &[number, count], part].concat());
        }
    }
}

/// The next marker, behind any number of fill bytes (section B.1.1.2), and what follows it.
fn next_marker(bytes: &[u8]) -> Result<(u8, &[u8]), Damage> {
    let fill = bytes.iter().take_while(|byte| **byte == 0xFF).count();
    match (fill, &bytes[fill..]) {
        (_, []) => Err(Damage::BreaksOff),
        (0, _) => Err(Damage::Between),
        (_, [marker, behind @ ..]) => Ok((*marker, behind)),
    }
}

/// What a segment holds, and what follows it.
fn payload(bytes: &[u8]) -> Result<(&[u8], &[u8]), Damage> {
    let (length, behind) = bytes.split_first_chunk().ok_or(Damage::BreaksOff)?;
    let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2).ok_or(Damage::Segment)?;
    behind.split_at_checked(length).ok_or(Damage::BreaksOff)
}

/// Some cameras write a restart marker after the last block, too.
fn skip_restart(bytes: &[u8]) -> &[u8] {
    match bytes {
        [0xFF, 0xD0..=0xD7, behind @ ..] => behind,
        _ => bytes,
    }
}

fn segment(file: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    let length = u16::try_from(payload.len() + 2).expect("it came from a segment, or is shorter");
    file.extend([0xFF, marker]);
    file.extend(length.to_be_bytes());
    file.extend_from_slice(payload);
}

#[cfg(test)]
mod tests;
