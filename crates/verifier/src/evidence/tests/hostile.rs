//! Files that are no zip of evidence.

use std::io::Write as _;

use rawzip::{CompressionMethod, ZipArchiveWriter, path::EntryPath};

use super::super::files::File;
use super::super::zip::{self, ZipError};
use super::*;
use crate::signature::MAX_REPLACEMENTS;

/// A zip of these files, with whatever names.
fn zip_of(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    for (name, content) in files {
        let new = archive.new_file(EntryPath::verbatim(name.as_bytes()));
        let (mut entry, config) = new.compression_method(method).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        writer.write_all(content).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    for name in ["../key", "/etc/passwd", "entries/../key", "C:\\key", "entries/1.json\0", "kéy"] {
        let zip = zip_of(&[(name, b"x")], CompressionMethod::STORE);
        let refused = zip::read(&zip);
        assert!(matches!(refused, Err(ZipError::Name(_))), "{name}: {refused:?}");
        log_with_consent(1).verify_bytes(&zip).is(3, &["which no evidence has"]);
    }
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    let zip = zip_of(&[("key", b"one"), ("key", b"two")], CompressionMethod::STORE);
    assert!(matches!(zip::read(&zip), Err(ZipError::Twice(_))));
}

#[test]
fn nothing_is_unpacked() {
    let zip = zip_of(&[("key", b"\x03\x00")], CompressionMethod::DEFLATE);
    assert!(matches!(zip::read(&zip), Err(ZipError::Compressed(_))));
}

#[test]
fn a_file_is_not_larger_than_it_can_be() {
    let entry = vec![b' '; 65_536];
    let zip = zip_of(&[("entries/1.json", &entry)], CompressionMethod::STORE);
    assert!(matches!(zip::read(&zip), Err(ZipError::TooLarge(_, 65_535))));
    let zip = zip_of(&[("tile/0/000", &[0; 8193])], CompressionMethod::STORE);
    assert!(matches!(zip::read(&zip), Err(ZipError::TooLarge(_, 8192))));
}

#[test]
fn there_are_not_more_files_than_a_zip_can_say() {
    let names: Vec<_> = (1..=zip::MAX_FILES + 1).map(|at| format!("entries/{at}.json")).collect();
    let files: Vec<_> = names.iter().map(|name| (&**name, &b"{}"[..])).collect();
    let zip = zip_of(&files, CompressionMethod::STORE);
    assert!(matches!(zip::read(&zip), Err(ZipError::TooMany)));
}

#[test]
fn a_zip_in_another_order_is_refused_and_its_entries_are_verified_all_the_same() {
    let log = log_with_consent(10);
    let files = log.evidence_of_consent().files();
    let names: Vec<_> = files.keys().rev().map(ToString::to_string).collect();
    let files: Vec<_> =
        names.iter().zip(files.values().rev()).map(|(name, bytes)| (&**name, &**bytes)).collect();
    let said = log.verify_bytes(&zip_of(&files, CompressionMethod::STORE));
    said.is(3, &["it is not as evidence is written", "every entry is an event"]);
}

#[test]
fn an_empty_zip_and_an_empty_file_are_no_evidence() {
    let log = log_with_consent(1);
    log.verify_bytes(&zip_of(&[], CompressionMethod::STORE)).is(8, &["it is not there"]);
    log.verify_bytes(b"").is(3, &["it is no zip file"]);
}

/// Where a header of a zip's directory says where the file is (APPNOTE.TXT 4.3.12).
const LOCAL_HEADER: usize = 42;

/// Where the directory's headers begin.
fn directory(zip: &[u8]) -> Vec<usize> {
    let all = zip.windows(4).enumerate().filter(|(_, it)| *it == b"PK\x01\x02");
    all.map(|(at, _)| at).collect()
}

#[test]
fn files_in_the_same_bytes_are_refused_before_anything_is_copied() {
    // Many names for the bytes of one: a bomb.
    let names: Vec<_> = (1..=1000).map(|at| format!("entries/{at}.json")).collect();
    let content = vec![b' '; 60_000];
    let files: Vec<_> = names.iter().map(|name| (&**name, &content[..])).collect();
    let zip = zip_of(&files, CompressionMethod::STORE);
    let headers = directory(&zip);
    let first = headers[0];
    let mut bomb = zip[..60_000 + 200].to_vec();
    let at = u32::try_from(bomb.len()).unwrap();
    let mut entries = zip[first..].to_vec();
    for header in &headers {
        entries[header - first + LOCAL_HEADER..][..4].copy_from_slice(&0_u32.to_le_bytes());
    }
    let end = entries.len() - 22;
    entries[end + 16..][..4].copy_from_slice(&at.to_le_bytes());
    bomb.extend(entries);
    assert!(bomb.len() < 200_000, "{}", bomb.len());
    let refused = zip::read(&bomb);
    assert!(matches!(refused, Err(ZipError::Overlap(..))), "{refused:?}");
    log_with_consent(1).verify_bytes(&bomb).is(3, &["overlap: they are in the same bytes"]);

    // One that begins within another's content.
    let inner = zip_of(&[("entries/2.json", b"{}")], CompressionMethod::STORE);
    let header = &inner[..directory(&inner)[0]];
    let both = [("entries/1.json", header), ("entries/2.json", b"{}")];
    let mut zip = zip_of(&both, CompressionMethod::STORE);
    let begin = u32::try_from(30 + "entries/1.json".len()).unwrap();
    let second = directory(&zip)[1];
    zip[second + LOCAL_HEADER..][..4].copy_from_slice(&begin.to_le_bytes());
    let refused = zip::read(&zip);
    assert!(
        matches!(refused, Err(ZipError::Overlap(File::Entry(1), File::Entry(2)))),
        "{refused:?}"
    );
}

#[test]
fn no_more_keys_are_said_to_be_replaced_than_anybody_replaces() {
    let names: Vec<_> =
        (0..=MAX_REPLACEMENTS).map(|id| format!("key-replacement/{id:08x}")).collect();
    let files: Vec<_> = names.iter().map(|name| (&**name, &b"x"[..])).collect();
    let zip = zip_of(&files, CompressionMethod::STORE);
    let refused = zip::read(&zip);
    assert!(matches!(refused, Err(ZipError::TooManyReplacements)), "{refused:?}");
    let zip = zip_of(&files[1..], CompressionMethod::STORE);
    assert_eq!(zip::read(&zip).unwrap().len(), MAX_REPLACEMENTS);
}
