//! Files that are compressed with gzip (RFC 1952).

use std::io::Read as _;

use flate2::bufread::MultiGzDecoder;

use super::SourceError;

/// How what is compressed with gzip begins: its magic number, and deflate as its method. A bundle as it is
/// would begin so with an entry that begins with the byte 8, which no event does; nor does a list of a manifest.
const GZIP: [u8; 3] = [0x1f, 0x8b, 8];
/// By how much gzip may make larger what it cannot make smaller.
const OVERHEAD: usize = 64 * 1024;

/// How many bytes a file has at most that is packed or not, and has so many unpacked.
pub(super) const fn packed_limit(limit: usize) -> usize {
    limit + OVERHEAD
}

/// Whether these bytes are packed: where nothing beside them says so, as in a folder.
pub(super) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&GZIP)
}

/// The bytes unpacked: `limit` at most, however small what they were packed into.
pub(super) fn unpack(bytes: &[u8], limit: usize) -> Result<Vec<u8>, SourceError> {
    let mut unpacked = Vec::new();
    let mut limited = MultiGzDecoder::new(bytes).take(limit as u64 + 1);
    limited.read_to_end(&mut unpacked).map_err(SourceError::Compression)?;
    within(unpacked, limit)
}

/// The bytes, if they are not more than there can be.
pub(super) fn within(bytes: Vec<u8>, limit: usize) -> Result<Vec<u8>, SourceError> {
    if bytes.len() > limit { Err(SourceError::TooLarge(limit)) } else { Ok(bytes) }
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
    fn what_is_packed_is_seen_by_its_first_bytes_and_unpacked() {
        let packed = packed(b"entries");
        assert!(is_packed(&packed) && !is_packed(b"entries") && !is_packed(b""));
        assert_eq!(unpack(&packed, 7).unwrap(), b"entries");
    }

    #[test]
    fn no_more_is_unpacked_than_there_can_be() {
        let bomb = packed(&vec![0; 10_000_000]);
        assert!(bomb.len() < 20_000);
        assert!(matches!(unpack(&bomb, 1000), Err(SourceError::TooLarge(1000))));
        assert!(matches!(unpack(&packed(b"entries"), 6), Err(SourceError::TooLarge(6))));
        assert!(matches!(within(b"entries".to_vec(), 6), Err(SourceError::TooLarge(6))));
    }

    #[test]
    fn what_breaks_off_or_was_changed_is_refused() {
        let mut bytes = packed(b"some entries");
        let cut = bytes[..bytes.len() - 1].to_vec();
        assert!(matches!(unpack(&cut, 100), Err(SourceError::Compression(_))));
        let checksum = bytes.len() - 8;
        bytes[checksum] ^= 1;
        assert!(matches!(unpack(&bytes, 100), Err(SourceError::Compression(_))));
    }
}
