//! Bundles that are compressed with gzip (RFC 1952), or not.

use std::io::Read as _;

use flate2::bufread::MultiGzDecoder;

use super::SourceError;

/// How what is compressed with gzip begins: its magic number, and deflate as its method. A bundle as it is
/// would begin so with an entry that begins with the byte 8, which no event does.
const GZIP: [u8; 3] = [0x1f, 0x8b, 8];

/// The bytes as they are, or unpacked: `limit` at most, however small what they were packed into.
pub(super) fn unpack(bytes: Vec<u8>, limit: usize) -> Result<Vec<u8>, SourceError> {
    let unpacked = if bytes.starts_with(&GZIP) {
        let mut unpacked = Vec::new();
        let mut limited = MultiGzDecoder::new(&bytes[..]).take(limit as u64 + 1);
        limited.read_to_end(&mut unpacked).map_err(SourceError::Compression)?;
        unpacked
    } else {
        bytes
    };
    if unpacked.len() > limit { Err(SourceError::TooLarge(limit)) } else { Ok(unpacked) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn packed_or_not_the_bytes_are_the_same() {
        assert_eq!(unpack(packed(b"entries"), 7).unwrap(), b"entries");
        assert_eq!(unpack(b"entries".to_vec(), 7).unwrap(), b"entries");
    }

    #[test]
    fn no_more_is_unpacked_than_there_can_be() {
        let bomb = packed(&vec![0; 10_000_000]);
        assert!(bomb.len() < 20_000);
        assert!(matches!(unpack(bomb, 1000), Err(SourceError::TooLarge(1000))));
        assert!(matches!(unpack(packed(b"entries"), 6), Err(SourceError::TooLarge(6))));
        assert!(matches!(unpack(b"entries".to_vec(), 6), Err(SourceError::TooLarge(6))));
    }

    #[test]
    fn what_breaks_off_or_was_changed_is_refused() {
        let mut bytes = packed(b"some entries");
        let cut = bytes[..bytes.len() - 1].to_vec();
        assert!(matches!(unpack(cut, 100), Err(SourceError::Compression(_))));
        let checksum = bytes.len() - 8;
        bytes[checksum] ^= 1;
        assert!(matches!(unpack(bytes, 100), Err(SourceError::Compression(_))));
    }
}
