//! Evidence with which all is well.

use super::super::description::Asked;
use super::super::files::File;
use super::super::zip;
use super::*;

#[test]
fn evidence_of_a_consent_is_verified_in_logs_of_all_sizes() {
    for others in [0, 1, 249, 250, 251, 252, 506, 600] {
        let log = log_with_consent(others);
        let said = log.verify(&log.evidence_of_consent());
        assert_eq!(said.code, 0, "{others}: {}", said.text);
        said.is(0, &["6 entries of it are under the signed root", "3 streams have every version"]);
        assert!(said.text.starts_with("Key, as given"), "{}", said.text);
        assert!(
            !said.text.contains("FAILED") && !said.text.contains("not checked"),
            "{}",
            said.text
        );
    }
}

#[test]
fn evidence_of_a_time_is_verified_wherever_it_begins_and_ends() {
    let log = log_with_consent(600);
    for positions in [1..=606, 1..=1, 606..=606, 250..=260, 256..=256, 257..=512] {
        let said = log.verify(&log.evidence_of_range(positions.clone()));
        assert_eq!(said.code, 0, "{positions:?}: {}", said.text);
    }
}

#[test]
fn it_has_no_tile_that_nothing_needs() {
    let log = log_with_consent(3000);
    let package = log.evidence_of_range([1]);
    let names: Vec<_> = package.tiles.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["tile/0/000", "tile/0/011.p/190", "tile/1/000.p/11"]);
}

#[test]
fn without_a_key_the_first_line_says_that_its_own_proves_nothing() {
    let log = log_with_consent(10);
    let zip = zip::write(&log.evidence_of_consent().files()).unwrap();
    let said = verify_given(Given { key: None, key_file: None, checkpoint: None }, &zip);
    said.is(0, &[]);
    let first = said.text.lines().next().unwrap();
    assert!(first.starts_with("Trusted the key that the evidence itself names"), "{first}");
    assert!(first.contains("proves nothing against whoever made it"), "{first}");
}

#[test]
fn the_log_goes_on_from_a_checkpoint_that_was_kept_as_far_as_the_tiles_can_say() {
    let log = log_with_consent(3000);
    let size = log.entries.len();
    let package = log.evidence_of_consent();
    for kept in [0, size] {
        log.verify_after(&log.checkpoint(kept), &package).is(0, &["it begins with"]);
    }
    // A tile at the end of that tree is needed, and no entry needs it.
    let kept = log.checkpoint(1600);
    log.verify_after(&kept, &package).is(1, &["have it made with --checkpoint", "not checked"]);
    let (description, positions) = (package.description, log.of_consent());
    let package = log.evidence(Asked::Grant(grant()), positions, description.streams, Some(1600));
    log.verify_after(&kept, &package).is(0, &["it begins with 1600 entries"]);
}

#[test]
fn the_same_evidence_is_the_same_bytes_and_these_are_its_format() {
    let log = log_with_consent(10);
    let package = log.evidence_of_consent();
    let zip = zip::write(&package.files()).unwrap();
    assert_eq!(zip::write(&package.files()).unwrap(), zip);
    // What this version writes, later ones verify: another form of the zip would be another format.
    let files = [(File::Checkpoint, b"one\n".to_vec()), (File::Entry(7), b"{}".to_vec())];
    let zip = zip::write(&files.into()).unwrap();
    assert_eq!(hex::encode(zip), FORMAT_1);
}

/// A zip with two files in `mandate-evidence/1`.
const FORMAT_1: &str = concat!(
    // checkpoint: its header, content and descriptor.
    "504b0304140008000000000000000000000000000000000000000a000000",
    "636865636b706f696e746f6e650a504b07089fa817f80400000004000000",
    // entries/7.json
    "504b0304140008000000000000000000000000000000000000000e000000",
    "656e74726965732f372e6a736f6e7b7d504b070843bfa6a30200000002000000",
    // The directory.
    "504b01021400140008000000000000009fa817f804000000040000000a00",
    "00000000000000000000000000000000636865636b706f696e74",
    "504b010214001400080000000000000043bfa6a302000000020000000e00",
    "0000000000000000000000003c000000656e74726965732f372e6a736f6e",
    "504b05060000000002000200740000007a0000000000",
);

#[test]
fn the_page_says_who_what_and_when_and_brings_nothing_from_elsewhere() {
    let log = log_with_consent(10);
    let package = log.evidence_of_consent();
    let page = String::from_utf8(package.files().remove(&File::Page).unwrap()).unwrap();
    for text in [
        "<h2>Who allowed whom to do what, and when</h2>",
        "ended by revocation (requested)",
        "mandate.consent-link.expired.v1",
        "That none came after that is shown only by a manifest",
        "system/consent-broker",
        "mandate verify --evidence",
        "tlog evidence -key",
        &log.key().to_string(),
    ] {
        assert!(page.contains(text), "`{text}` is not in\n{page}");
    }
    for foreign in ["<script", "src=", "http-equiv=\"refresh\"", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}
