//! Evidence in which something was changed on its way.

use super::super::zip;
use super::*;

#[test]
fn any_byte_of_the_zip_that_is_changed_is_noticed() {
    let log = log_with_consent(1);
    let zip = zip::write(&log.evidence_of_consent().files()).unwrap();
    log.verify_bytes(&zip).is(0, &[]);
    for at in 0..zip.len() {
        let mut changed = zip.clone();
        changed[at] ^= 1 << (at % 8);
        let said = log.verify_bytes(&changed);
        assert_ne!(said.code, 0, "byte {at} of {}: {}", zip.len(), said.text);
    }
}

#[test]
fn what_is_cut_off_or_added_is_noticed() {
    let log = log_with_consent(1);
    let zip = zip::write(&log.evidence_of_consent().files()).unwrap();
    for length in (0..zip.len()).step_by(61) {
        log.verify_bytes(&zip[..length]).is(3, &["zip: "]);
    }
    let before = [b"#!/bin/sh\n".as_slice(), &zip].concat();
    let after = [&zip, b"more".as_slice()].concat();
    for changed in [before, after] {
        log.verify_bytes(&changed).is(3, &["zip: "]);
    }
}

#[test]
fn an_entry_that_was_changed_is_named() {
    let log = log_with_consent(600);
    let mut package = log.evidence_of_consent();
    let position = *package.entries.keys().nth(3).unwrap();
    let entry = package.entries.get_mut(&position).unwrap();
    let at = entry.windows(9).position(|it| it == b"\"time\":\"2").unwrap() + 8;
    entry[at] = b'1';
    let named = format!("entry {position} (index {}): its hash is not the leaf's", position - 1);
    log.verify(&package).is(3, &[&named]);
}

#[test]
fn a_tile_that_was_changed_is_named() {
    let log = log_with_consent(3000);
    let mut package = log.evidence_of_range([1]);
    let tile = *package.tiles.keys().next().unwrap();
    package.tiles.get_mut(&tile).unwrap()[40] ^= 1;
    log.verify(&package).is(3, &["tile/0/000: "]);
    package = log.evidence_of_range([1]);
    package.tiles.remove(&tile);
    log.verify(&package).is(3, &["entry 1 (index 0)"]);
}

#[test]
fn a_checkpoint_of_another_key_or_a_key_of_another_log_is_refused() {
    let (log, other) = (log_with_consent(10), log_with_consent(10));
    let mut package = log.evidence_of_consent();
    package.checkpoint = other.evidence_of_consent().checkpoint;
    log.verify(&package).is(2, &["checkpoint: "]);
    package = log.evidence_of_consent();
    package.key = format!("{}\n", other.key()).into_bytes();
    log.verify(&package).is(8, &["key: it is another key than the one that is trusted"]);
}
