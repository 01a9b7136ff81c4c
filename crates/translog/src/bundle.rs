//! Entry bundles (c2sp.org/tlog-tiles, Log entries): up to 256 entries, each after its length as a
//! big-endian u16. A partial bundle is a prefix of the full one, as with tiles.

use crate::coordinates::FULL_WIDTH;

/// How many bytes an entry has at most: what its length can say.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

const LENGTH_BYTES: usize = size_of::<u16>();

/// What is wrong with a bundle or an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The entry is longer than its length could say.
    #[error("an entry has at most 65,535 bytes, and this one {0}")]
    EntryTooLong(usize),
    /// It ends within an entry or a length.
    #[error("the bundle ends within its entry {0}, counted from 0")]
    Truncated(u16),
    /// There are bytes after the last entry.
    #[error("{0} bytes follow the last entry of the bundle")]
    Trailing(usize),
    /// A bundle never has so many, or none.
    #[error("a bundle has 1 to 256 entries, not {0}")]
    Width(u16),
}

/// Adds an entry to the end of a bundle.
///
/// # Errors
/// When the entry is over [`MAX_ENTRY_BYTES`] long; the bundle is unchanged then.
pub fn push(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleError> {
    let length = u16::try_from(entry.len());
    let length = length.map_err(|_| BundleError::EntryTooLong(entry.len()))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The first `width` entries of a bundle that has these or more, such as the growing one that is
/// stored.
///
/// # Errors
/// When the width is not 1 to 256, or the bundle has fewer entries.
pub fn prefix(bundle: &[u8], width: u16) -> Result<&[u8], BundleError> {
    let entries = read(bundle, width)?;
    let bytes = entries.iter().map(|entry| LENGTH_BYTES + entry.len()).sum();
    Ok(&bundle[..bytes])
}

/// The entries of a bundle of this width.
///
/// # Errors
/// When the width is not 1 to 256, or the bundle does not have exactly so many entries.
pub fn parse(bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    let entries = read(bundle, width)?;
    let read: usize = entries.iter().map(|entry| LENGTH_BYTES + entry.len()).sum();
    if read == bundle.len() { Ok(entries) } else { Err(BundleError::Trailing(bundle.len() - read)) }
}

fn read(bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    if width == 0 || width > FULL_WIDTH {
        return Err(BundleError::Width(width));
    }
    let mut rest = bundle;
    let entry = |index| {
        let (length, after) = rest.split_first_chunk().ok_or(BundleError::Truncated(index))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let entry = after.split_at_checked(length).ok_or(BundleError::Truncated(index))?;
        rest = entry.1;
        Ok(entry.0)
    };
    (0..width).map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_they_are_written() {
        let longest = vec![7; MAX_ENTRY_BYTES];
        let entries: [&[u8]; 3] = [b"first", b"", &longest];
        let mut bundle = Vec::new();
        for entry in entries {
            push(&mut bundle, entry).unwrap();
        }
        assert_eq!(bundle[..9], *b"\x00\x05first\x00\x00");
        assert_eq!(parse(&bundle, 3).unwrap(), entries);
        assert_eq!(prefix(&bundle, 2), Ok(&b"\x00\x05first\x00\x00"[..]));
        assert_eq!(prefix(&bundle, 3), Ok(&bundle[..]));
    }

    #[test]
    fn other_bytes_are_refused() {
        let mut bundle = Vec::new();
        let long = vec![7; MAX_ENTRY_BYTES + 1];
        assert_eq!(push(&mut bundle, &long), Err(BundleError::EntryTooLong(65_536)));
        assert_eq!(bundle, b"");
        push(&mut bundle, b"ab").unwrap();
        assert_eq!(parse(&bundle, 0), Err(BundleError::Width(0)));
        assert_eq!(parse(&bundle, 257), Err(BundleError::Width(257)));
        assert_eq!(parse(&bundle, 2), Err(BundleError::Truncated(1)));
        assert_eq!(prefix(&bundle, 2), Err(BundleError::Truncated(1)));
        assert_eq!(parse(&bundle[..1], 1), Err(BundleError::Truncated(0)));
        assert_eq!(parse(&bundle[..3], 1), Err(BundleError::Truncated(0)));
        bundle.push(0);
        assert_eq!(parse(&bundle, 1), Err(BundleError::Trailing(1)));
    }
}
