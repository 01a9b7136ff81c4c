//! What is kept of a PNG (W3C PNG, third edition, section 5): its pixels and how to show them.
//!
//! Everything else is a stranger's luggage. Colour profiles and texts are compressed, and a few
//! kilobytes of them inflate to gigabytes, here and in every browser that shows the image; texts hold
//! camera positions and names; behind the end another file can hide. None of it is stored.

/// How every PNG begins.
const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// Length, type and checksum of a chunk.
const FRAME: usize = 12;

/// The ancillary chunks that change how pixels look, none of them compressed.
const SHOWN: [&[u8; 4]; 4] = [b"tRNS", b"gAMA", b"cHRM", b"sRGB"];

/// The same image without what is not needed to show it; none if its chunks end early.
pub(super) fn essence(png: &[u8]) -> Option<Vec<u8>> {
    let mut rest = png.strip_prefix(SIGNATURE)?;
    let mut kept = SIGNATURE.to_vec();
    loop {
        let (length, _) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (chunk, behind) = rest.split_at_checked(length.checked_add(FRAME)?)?;
        let kind: &[u8; 4] = chunk.get(4..8)?.try_into().ok()?;
        // A lower-case first letter: ancillary. Whatever is critical, the decoder judges.
        if kind[0].is_ascii_uppercase() || SHOWN.contains(&kind) {
            kept.extend_from_slice(chunk);
        }
        if kind == b"IEND" {
            return Some(kept);
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        // The checksum is the decoder's to check.
        [&length.to_be_bytes()[..], &kind, data, &[0; 4]].concat()
    }

    fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
        [SIGNATURE.as_slice(), &chunks.concat()].concat()
    }

    #[test]
    fn profiles_texts_and_what_follows_the_end_are_left_behind() {
        let (head, pixels, end) =
            (chunk(*b"IHDR", &[1; 13]), chunk(*b"IDAT", b"x"), chunk(*b"IEND", b""));
        let transparent = chunk(*b"tRNS", b"tt");
        let full = png(&[
            head.clone(),
            chunk(*b"iCCP", b"bomb"),
            transparent.clone(),
            chunk(*b"iTXt", b"bomb"),
            chunk(*b"eXIf", b"where"),
            pixels.clone(),
            end.clone(),
            b"PK\x03\x04".to_vec(),
        ]);
        assert_eq!(essence(&full), Some(png(&[head, transparent, pixels, end])));
    }

    #[test]
    fn chunks_that_end_early_are_no_image() {
        let whole = png(&[chunk(*b"IHDR", &[1; 13]), chunk(*b"IEND", b"")]);
        for end in 0..whole.len() {
            assert_eq!(essence(&whole[..end]), None, "{end}");
        }
        let mut endless = whole.clone();
        endless[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(essence(&endless), None);
    }
}
