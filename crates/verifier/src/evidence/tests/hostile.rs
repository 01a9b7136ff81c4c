//! Files that are no zip of evidence.

use std::io::Write as _;

use rawzip::{CompressionMethod, ZipArchiveWriter, path::EntryPath};

use super::super::zip::{self, ZipError};
use super::*;

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
