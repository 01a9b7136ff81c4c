//! Entry bundles.

use translog::bundle::{self, BundleError, MAX_ENTRY_BYTES};

#[test]
fn entries_are_read_as_they_are_written() {
    let longest = vec![7; MAX_ENTRY_BYTES];
    let entries: [&[u8]; 3] = [b"first", b"", &longest];
    let mut bundle = Vec::new();
    for entry in entries {
        bundle::push(&mut bundle, entry).unwrap();
    }
    assert_eq!(bundle[..9], *b"\x00\x05first\x00\x00");
    assert_eq!(bundle::parse(&bundle, 3).unwrap(), entries);
    assert_eq!(bundle::prefix(&bundle, 2), Ok(&b"\x00\x05first\x00\x00"[..]));
    assert_eq!(bundle::prefix(&bundle, 3), Ok(&bundle[..]));
}

#[test]
fn other_bytes_are_refused() {
    let mut bundle = Vec::new();
    let long = vec![7; MAX_ENTRY_BYTES + 1];
    assert_eq!(bundle::push(&mut bundle, &long), Err(BundleError::EntryTooLong(65_536)));
    assert_eq!(bundle, b"");
    bundle::push(&mut bundle, b"ab").unwrap();
    assert_eq!(bundle::parse(&bundle, 0), Err(BundleError::Width(0)));
    assert_eq!(bundle::parse(&bundle, 257), Err(BundleError::Width(257)));
    assert_eq!(bundle::parse(&bundle, 2), Err(BundleError::Truncated(1)));
    assert_eq!(bundle::prefix(&bundle, 2), Err(BundleError::Truncated(1)));
    assert_eq!(bundle::parse(&bundle[..1], 1), Err(BundleError::Truncated(0)));
    assert_eq!(bundle::parse(&bundle[..3], 1), Err(BundleError::Truncated(0)));
    bundle.push(0);
    assert_eq!(bundle::parse(&bundle, 1), Err(BundleError::Trailing(1)));
}
