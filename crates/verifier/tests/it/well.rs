//! Logs with which all is well.

use std::fs;

use verifier::Meanwhile;

use crate::log::{Log, events, run, run_before};

#[test]
fn a_log_that_is_well_is_verified_by_the_key_that_was_given() {
    let log = Log::new();
    let said = log.verify(&[]);
    let key = format!("Key, as given: {}\n", log.key());
    said.is(0, &[&key, "1000 entries and all tiles make the signed root", "40 streams"]);
    assert!(said.text.starts_with("Key, as given"), "{}", said.text);
    assert!(said.text.ends_with("All is well.\n"), "{}", said.text);
    assert!(!said.text.contains("FAILED") && !said.text.contains("not checked"), "{}", said.text);

    let file = log.path("vkey");
    fs::write(&file, format!("{}\n", log.key())).unwrap();
    let folder = log.folder().to_str().unwrap();
    run(&["--folder", folder, "--key-file", file.to_str().unwrap()]).is(0, &["as given"]);
}

#[test]
fn without_a_key_the_first_line_says_whose_word_was_trusted() {
    let log = Log::new();
    let said = run(&["--folder", log.folder().to_str().unwrap()]);
    said.is(0, &[]);
    let first = said.text.lines().next().unwrap();
    assert!(first.starts_with("Trusted the key that the log itself names"), "{first}");
    assert!(first.ends_with(&log.key()), "{first}");
}

#[test]
fn logs_of_all_sizes_are_verified() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 513] {
        let log = Log::of(events(size));
        let said = log.verify(&[]);
        assert_eq!(said.code, 0, "{size}: {}", said.text);
    }
}

#[test]
fn bundles_may_be_packed_and_what_is_full_may_stand_in_for_what_is_partial() {
    let mut log = Log::new();
    for file in ["tile/entries/000", "tile/entries/002", "tile/entries/003.p/232"] {
        log.compress(file);
    }
    log.verify(&[]).is(0, &[]);

    // The mirror went on after it took the checkpoint.
    log = Log::of(events(1024));
    log.entries.truncate(1000);
    log.write_tiles();
    log.sign();
    fs::remove_dir_all(log.path("tile/0/003.p")).unwrap();
    log.verify(&[]).is(0, &["1000 entries and all tiles"]);
    log.compress("tile/entries/003");
    log.verify(&[]).is(0, &["1000 entries and all tiles"]);
}

#[test]
fn the_verified_checkpoint_is_kept_and_the_log_must_go_on_from_it() {
    let all = events(1000);
    let mut log = Log::of(all[..700].to_vec());
    let kept = log.path("kept");
    let kept = kept.to_str().unwrap();
    log.verify(&["--keep", kept]).is(0, &["The checkpoint is kept in"]);
    assert_eq!(fs::read_to_string(kept).unwrap(), log.checkpoint());
    log.verify(&["--checkpoint", kept]).is(0, &["begins with 700 entries"]);
    for size in [701, 768, 1000] {
        log.entries = all[..size].to_vec();
        log.write_entries();
        log.write_tiles();
        log.sign();
        let said = log.verify(&["--checkpoint", kept, "--keep", kept]);
        said.is(0, &["of the checkpoint that was kept"]);
        assert_eq!(fs::read_to_string(kept).unwrap(), log.checkpoint());
    }
}

#[test]
fn every_log_goes_on_from_the_empty_one() {
    let mut log = Log::of(Vec::new());
    let kept = log.kept_checkpoint();
    log.verify(&["--checkpoint", &kept.file()]).is(0, &["begins with 0 entries"]);
    log.entries = events(3);
    log.write_entries();
    log.write_tiles();
    log.sign();
    log.verify(&["--checkpoint", &kept.file()]).is(0, &["begins with 0 entries"]);
}

#[test]
fn the_outcome_is_one_json_document() {
    let log = Log::new();
    let kept = log.kept_checkpoint();
    let said = log.verify(&["--checkpoint", &kept.file(), "--json"]);
    let outcome: serde_json::Value = serde_json::from_str(&said.text).unwrap();
    assert_eq!(
        (said.code, &outcome["verified"], &outcome["exit_code"]),
        (0, &true.into(), &0.into())
    );
    assert_eq!(outcome["checkpoint"]["size"], 1000);
    assert_eq!(outcome["kept_checkpoint"], outcome["checkpoint"]);
    assert_eq!((&outcome["streams"], &outcome["key_is_given"]), (&40.into(), &true.into()));
    let checks: Vec<_> = outcome["checks"].as_array().unwrap().iter().collect();
    assert!(checks.iter().all(|check| check["outcome"] == "passed"), "{}", said.text);
    let names: Vec<_> = checks.iter().map(|check| check["check"].as_str().unwrap()).collect();
    assert_eq!(names, ["signature", "tree", "consistency", "streams", "manifests"]);

    log.change("tile/0/001", |bytes| bytes[40] ^= 1);
    let said = log.verify(&["--json"]);
    let outcome: serde_json::Value = serde_json::from_str(&said.text).unwrap();
    assert_eq!(
        (said.code, &outcome["verified"], &outcome["exit_code"]),
        (3, &false.into(), &3.into())
    );
    assert_eq!(outcome["checks"][1]["failures"][0]["file"], "tile/0/001");
}

#[test]
fn whoever_looks_on_sees_how_far_it_has_come_and_nothing_of_it_afterwards() {
    let log = Log::new();
    let mut seen = Vec::new();
    let folder = log.folder().to_str().unwrap();
    let looking = Meanwhile { written_to: &mut seen, is_terminal: true };
    run_before(looking, &["--folder", folder, "--key", &log.key()]).is(0, &[]);
    let seen = String::from_utf8(seen).unwrap();
    assert!(seen.starts_with("\r\u{1b}[K256 of 1000 entries (25 %, "), "{seen:?}");
    assert!(seen.ends_with("\r\u{1b}[K"), "{seen:?}");
}
