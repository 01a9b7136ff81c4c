//! What is kept of a PNG (W3C PNG, third edition, section 5): its pixels and how to show them.
//!
//! Everything else is a stranger's luggage: texts hold camera positions and names, chunks that nobody knows hold
//! anything, and behind the end another file can hide. Of EXIF data the orientation is kept. A colour profile is
//! unpacked as far as a profile is long and packed again: a few kilobytes could inflate to gigabytes, here and in
//! every browser that shows the image.

use std::io::{Read as _, Write as _};

use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use super::exif::Orientation;
use super::icc;

/// How every PNG begins.
const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// Length, type and checksum of a chunk.
const FRAME: usize = 12;

/// A longer colour profile is left behind: those of screens and cameras have some kilobytes, those of presses
/// two megabytes.
const LONGEST_PROFILE: u64 = 4 * 1024 * 1024;

/// The same image without what is not needed to show it; none if its chunks end early.
pub(super) fn essence(png: &[u8]) -> Option<Vec<u8>> {
    let mut rest = png.strip_prefix(SIGNATURE)?;
    let mut kept = SIGNATURE.to_vec();
    let mut seen: Vec<[u8; 4]> = Vec::new();
    loop {
        let (length, _) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (chunk, behind) = rest.split_at_checked(length.checked_add(FRAME)?)?;
        let kind: [u8; 4] = chunk.get(4..8)?.try_into().ok()?;
        let data = chunk.get(8..8 + length)?;
        // A lower-case first letter: ancillary. Whatever is critical, the decoder judges.
        if kind[0].is_ascii_uppercase() {
            kept.extend_from_slice(chunk);
        } else if !seen.contains(&kind) {
            let written = match &kind {
                b"iCCP" => profile(data).map(|data| written(kind, &data)),
                b"eXIf" => Orientation::read(data).map(|read| written(kind, &read.write())),
                _ => is_shown(kind, length).then(|| chunk.to_vec()),
            };
            if let Some(written) = written {
                kept.extend(written);
                seen.push(kind);
            }
        }
        if &kind == b"IEND" {
            return Some(kept);
        }
        rest = behind;
    }
}

/// Whether the chunk changes how pixels look, and is no longer than it has to be for that.
fn is_shown(kind: [u8; 4], length: usize) -> bool {
    match &kind {
        b"tRNS" => length <= 256,
        b"gAMA" | b"cICP" => length == 4,
        b"cHRM" => length == 32,
        b"sRGB" => length == 1,
        _ => false,
    }
}

/// The data of a chunk with the same colour profile and no name of it; none if it has no profile.
fn profile(data: &[u8]) -> Option<Vec<u8>> {
    let name = data.iter().take(80).position(|byte| *byte == 0)?;
    let [0, packed @ ..] = data.get(name + 1..)? else {
        return None;
    };
    let mut unpacked = Vec::new();
    ZlibDecoder::new(packed).take(LONGEST_PROFILE).read_to_end(&mut unpacked).ok()?;
    let mut packed = ZlibEncoder::new(b"ICC profile\0\0".to_vec(), Compression::best());
    packed.write_all(icc::profile(&unpacked)?).ok()?;
    packed.finish().ok()
}

fn written(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("it is shorter than the image");
    let mut checksum = Crc::new();
    checksum.update(&kind);
    checksum.update(data);
    [&length.to_be_bytes()[..], &kind, data, &checksum.sum().to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
        [SIGNATURE.as_slice(), &chunks.concat()].concat()
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    /// Header, chunk, pixels and end.
    fn with(chunk: Vec<u8>) -> Vec<u8> {
        let (head, pixels) = (written(*b"IHDR", &[1; 13]), written(*b"IDAT", b"x"));
        png(&[head, chunk, pixels, written(*b"IEND", b"")])
    }

    #[test]
    fn texts_and_what_follows_the_end_are_left_behind() {
        let (head, pixels, end) =
            (written(*b"IHDR", &[1; 13]), written(*b"IDAT", b"x"), written(*b"IEND", b""));
        let transparent = written(*b"tRNS", b"tt");
        let full = png(&[
            head.clone(),
            written(*b"iCCP", b"bomb"),
            transparent.clone(),
            written(*b"iTXt", b"bomb"),
            written(*b"eXIf", b"where"),
            written(*b"gAMA", b"another file"),
            written(*b"tRNS", b"again"),
            written(*b"zzZz", b"anything"),
            pixels.clone(),
            end.clone(),
            b"PK\x03\x04".to_vec(),
        ]);
        assert_eq!(essence(&full), Some(png(&[head, transparent, pixels, end])));
    }

    #[test]
    fn a_colour_profile_stays_and_nothing_beside_it() {
        let (colours, none) = (icc::sample(3000), with(Vec::new()));
        let hidden = [&packed(&[&colours[..], b"hidden"].concat())[..], b"hidden"].concat();
        let named = [b"Anna's screen\0\0", &hidden[..]].concat();
        let kept = essence(&with(written(*b"iCCP", &named))).unwrap();
        assert_eq!(essence(&kept), Some(kept.clone()));
        let decoder = image::codecs::png::PngDecoder::new(std::io::Cursor::new(
            [&kept[..8], &written(*b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]), &kept[33..]]
                .concat(),
        ));
        let read = image::ImageDecoder::icc_profile(&mut decoder.unwrap()).unwrap();
        assert_eq!(read, Some(colours));
        for other in [packed(b"no profile"), packed(&vec![0; 5_000_000]), b"not packed".to_vec()] {
            let other = [b"x\0\0", &other[..]].concat();
            assert_eq!(essence(&with(written(*b"iCCP", &other))), Some(none.clone()));
        }
    }

    #[test]
    fn of_exif_data_the_orientation_stays() {
        let orientation = Orientation::sample().write();
        let full = [&orientation[..], b"and where it was taken"].concat();
        let kept = with(written(*b"eXIf", &orientation));
        assert_eq!(essence(&with(written(*b"eXIf", &full))), Some(kept));
    }

    #[test]
    fn chunks_that_end_early_are_no_image() {
        let whole = png(&[written(*b"IHDR", &[1; 13]), written(*b"IEND", b"")]);
        for end in 0..whole.len() {
            assert_eq!(essence(&whole[..end]), None, "{end}");
        }
        let mut endless = whole.clone();
        endless[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(essence(&endless), None);
    }
}
