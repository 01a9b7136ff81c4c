//! Files that are larger than they can be, break off, or are no files.

use std::fs;

use crate::log::{Log, bundle_of, event, gzip, run};

/// Commands to a terminal: to clear it (by C0 and C1), and to turn what follows around.
const COMMANDS: &str = "\u{1b}[2J\u{9b}2J\u{202e}";

#[test]
fn a_bundle_that_breaks_off_is_named_with_its_entry() {
    let log = Log::new();
    log.change("tile/entries/002", |bytes| bytes.truncate(10_000));
    let said = log.verify(&[]);
    said.is(
        3,
        &[
            "tile/entries/002: the bundle ends within its entry",
            "Read up to entry 512",
            "not checked",
        ],
    );
    let length = event(0, 1).len() + 2;
    let entry = 512 + 10_000 / length;
    let near =
        (entry - 1..=entry + 2).any(|entry| said.text.contains(&format!("entry {entry} (index")));
    assert!(near, "entry {entry}: {}", said.text);
    log.change("tile/entries/002", |bytes| *bytes = gzip(bytes)[..300].to_vec());
    log.verify(&[]).is(3, &["tile/entries/002: it is compressed and cannot be unpacked"]);
}

#[test]
fn what_is_larger_than_it_can_be_is_refused() {
    let log = Log::new();
    log.write("tile/entries/001", &gzip(&vec![0; 20_000_000]));
    log.verify(&[]).is(3, &["tile/entries/001: it has over 16777472 bytes"]);
    log.write("tile/entries/001", &vec![0; 17_000_000]);
    log.verify(&[]).is(3, &["tile/entries/001: it has over "]);

    let log = Log::new();
    log.change("tile/0/001", |bytes| bytes.push(0));
    log.verify(&[]).is(3, &["tile/0/001: it has over 8192 bytes"]);
    log.change("tile/0/001", |bytes| bytes.truncate(8160));
    log.verify(&[]).is(3, &["tile/0/001: it has 8160 bytes, not 32 for each of its 256 hashes"]);

    let log = Log::new();
    log.change("checkpoint", |bytes| bytes.extend(vec![b'a'; 1_000_000]));
    log.verify(&[]).is(2, &["checkpoint: it has over 1000000 bytes"]);
}

#[test]
fn a_size_that_nobody_has_entries_for_ends_at_the_first_that_is_missing() {
    let log = Log::new();
    let checkpoint = log.checkpoint();
    let origin = log.signer.verifier_key().name().clone();
    let root = translog::Hash::of_leaf(b"none");
    let huge = translog::Checkpoint { origin, size: u64::MAX, root };
    log.write("checkpoint", huge.sign(&log.signer).unwrap().to_string().as_bytes());
    assert_ne!(fs::read_to_string(log.path("checkpoint")).unwrap(), checkpoint);
    log.verify(&[]).is(3, &["tile/entries/003: it is not there", "Read up to entry 768"]);
}

#[test]
fn what_cannot_be_read_is_no_fault_of_the_log() {
    let log = Log::new();
    let folder = log.folder().to_str().unwrap();
    log.verify(&["--checkpoint", "nowhere"]).is(1, &["Not finished: nowhere: "]);
    run(&["--folder", "nowhere"]).is(1, &["nowhere is no folder"]);
    run(&["--folder", folder, "--key-file", "nowhere"]).is(1, &["nowhere: "]);
    log.write("key", b"");
    run(&["--folder", folder]).is(2, &["key: a key's name is not empty"]);
    fs::remove_file(log.path("key")).unwrap();
    run(&["--folder", folder]).is(1, &["name its key with --key"]);
    fs::remove_file(log.path("checkpoint")).unwrap();
    // A folder in its place is no file.
    fs::create_dir(log.path("checkpoint")).unwrap();
    log.verify(&[]).is(1, &["it has no `checkpoint`"]);
}

#[test]
fn only_bundles_and_lists_of_manifests_are_unpacked_in_a_folder() {
    let log = Log::new();
    log.compress("tile/entries/001");
    log.verify(&[]).is(0, &[]);
    for (file, code) in [("checkpoint", 2), ("tile/0/001", 3)] {
        let log = Log::new();
        log.compress(file);
        log.verify(&[]).is(code, &[&format!("{file}: ")]);
    }
    let log = Log::new();
    log.compress("key");
    run(&["--folder", log.folder().to_str().unwrap()]).is(2, &["key: "]);
}

#[test]
fn nothing_that_others_chose_commands_the_terminal() {
    // What an entry says, a folder's name, and a checkpoint's.
    let text = String::from_utf8(event(1, 1)).unwrap();
    let entry = text.replace("app/00000000", &format!("{COMMANDS}/00000000"));
    assert_ne!(entry, text);
    let log = Log::new();
    log.write("tile/entries/003.p/232", &bundle_of(&vec![entry.into_bytes(); 232]));
    let place = log.path(&format!("log{COMMANDS}\nAll is well."));
    let place = place.to_str().unwrap().to_owned();
    let key = log.key();
    let of = |arguments: &[&str]| {
        for more in [&[][..], &["--json"]] {
            let said = run(&[arguments, &["--key", &key], more].concat());
            assert!(!said.text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{:?}", said.text);
            assert!(!said.text.lines().any(|line| line == "All is well."), "{}", said.text);
        }
    };
    of(&["--folder", log.folder().to_str().unwrap()]);
    of(&["--folder", &place]);
    fs::create_dir(&place).unwrap();
    of(&["--folder", &place]);
    of(&["--folder", log.folder().to_str().unwrap(), "--checkpoint", &place]);
    of(&["--evidence", &place]);
}
