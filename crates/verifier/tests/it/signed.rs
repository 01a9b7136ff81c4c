//! What was signed by somebody else, for something else, or against what was kept.

use translog::Signer;

use verifier::Meanwhile;

use crate::log::{Kept, Log, ORIGIN, backdated, events, run, run_before};

#[test]
fn a_log_of_another_key_is_refused_at_once() {
    let log = Log::new();
    let other = Signer::generate(ORIGIN.parse().unwrap()).verifier_key().to_string();
    let folder = log.folder().to_str().unwrap();
    let said = run(&["--folder", folder, "--key", &other]);
    said.is(2, &["checkpoint: no known key signed the note", "tree         not checked"]);

    // Nor does it help to call oneself by the key's name and id.
    let (mine, theirs) = (log.key(), other);
    let id = |key: &str| key.split('+').nth(1).unwrap().to_owned();
    log.change("checkpoint", |bytes| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let (line, rest) = text.rsplit_once(' ').unwrap();
        let mut signature = base64(rest.trim());
        signature[..4].copy_from_slice(&hex(&id(&theirs)));
        *bytes = format!("{line} {}\n", encode(&signature)).into_bytes();
    });
    assert_ne!(id(&mine), id(&theirs));
    run(&["--folder", folder, "--key", &theirs]).is(2, &["the signature by", "is wrong"]);
}

#[test]
fn a_checkpoint_of_another_log_is_refused() {
    let log = Log::new();
    let other = Log::of(events(10));
    let kept = other.kept_checkpoint();
    let said = log.verify(&["--checkpoint", &kept.file()]);
    said.is(2, &[&kept.file(), "no known key signed the note"]);
    log.write("checkpoint", other.checkpoint().as_bytes());
    log.verify(&[]).is(2, &["checkpoint: no known key signed"]);
    log.write("checkpoint", b"no checkpoint");
    log.verify(&[]).is(2, &["checkpoint: the note has no empty line"]);
}

#[test]
fn a_cut_tail_shows_against_what_was_kept_and_only_against_that() {
    let mut log = Log::new();
    let kept = log.kept_checkpoint();
    log.entries.truncate(900);
    log.write_entries();
    log.write_tiles();
    log.sign();
    log.verify(&[]).is(0, &["900 entries"]);
    let said = log.verify(&["--checkpoint", &kept.file()]);
    said.is(
        4,
        &["it has 900 entries, and the one that was kept has 1000 entries: the log was cut"],
    );
}

/// The log with one entry changed, all tiles made anew, and signed by its own key.
fn rewritten(log: Log, index: usize) -> Log {
    let mut log = log;
    log.entries[index] = backdated(&log.entries[index]);
    log.write_entries();
    log.write_tiles();
    log.sign();
    log
}

#[test]
fn a_fork_of_the_same_size_is_found() {
    let log = Log::new();
    let kept = log.kept_checkpoint();
    let log = rewritten(log, 5);
    log.verify(&[]).is(0, &[]);
    let forked = ["signed two roots of 1000 entries", "forked"];
    log.verify(&["--checkpoint", &kept.file()]).is(4, &forked);
    // It is said before an entry was read, too: whoever serves the log may never come to an end with them.
    let mut said = Vec::new();
    let looking = Meanwhile { written_to: &mut said, is_terminal: true };
    let (folder, key) = (log.folder().to_str().unwrap(), log.key());
    let of_log = ["--folder", folder, "--key", &key, "--checkpoint", &kept.file()];
    run_before(looking, &of_log).is(4, &forked);
    let said = String::from_utf8(said).unwrap();
    let (first, rest) = said.split_once('\n').unwrap();
    assert!(first.starts_with("FAILED  consistency  ") && first.contains(forked[0]), "{said}");
    assert!(rest.contains(" of 1000 entries ("), "{said}");
}

#[test]
fn a_log_that_was_rewritten_before_what_was_kept_is_found_and_after_it_is_not() {
    let kept_at = |size: usize| -> (Log, Kept) {
        let mut log = Log::new();
        let all = log.entries.clone();
        log.entries.truncate(size);
        let kept = log.kept_checkpoint();
        log.entries = all;
        (log, kept)
    };
    for size in [300, 512, 999] {
        let (log, kept) = kept_at(size);
        let log = rewritten(log, size - 1);
        let said = log.verify(&["--checkpoint", &kept.file()]);
        said.is(4, &[&format!("its first {size} entries are not those of the checkpoint")]);
        let (log, kept) = kept_at(size);
        let log = rewritten(log, size);
        log.verify(&["--checkpoint", &kept.file()]).is(0, &["ok      consistency"]);
    }
}

/// The log of the first of these entries, verified and kept with its hashes.
fn kept_with_hashes(entries: &[Vec<u8>], size: usize) -> (Log, String) {
    let mut log = Log::of(entries[..size].to_vec());
    let kept = log.path("kept").to_str().unwrap().to_owned();
    log.verify(&["--keep", &kept]).is(0, &["The checkpoint is kept in"]);
    log.entries = entries.to_vec();
    (log, kept)
}

#[test]
fn where_a_log_was_rewritten_is_told_by_the_hashes_beside_what_was_kept() {
    let all = events(1000);
    for (index, place) in [
        (0, "entries 1 to 256 (index 0 to 255): they are not those of the kept checkpoint"),
        (511, "entries 257 to 512 (index 256 to 511): they are not those of the kept"),
        (650, "entry 651 (index 650): it is not that of the kept checkpoint"),
    ] {
        let (log, kept) = kept_with_hashes(&all, 700);
        let log = rewritten(log, index);
        log.verify(&[]).is(0, &[]);
        let said = log.verify(&["--checkpoint", &kept]);
        said.is(4, &["its first 700 entries are not those", place]);
        assert_eq!(said.text.matches("of the kept checkpoint").count(), 1, "{}", said.text);
    }
    let (mut log, kept) = kept_with_hashes(&all, 700);
    log.entries.remove(300);
    rewritten(log, 900)
        .verify(&["--checkpoint", &kept, "--json"])
        .is(4, &[r#""entry": 257"#, r#""last_entry": 700"#, "from entries 257 to 512 on"]);
    let (mut log, kept) = kept_with_hashes(&all, 700);
    log.entries.truncate(601);
    rewritten(log, 600).verify(&["--checkpoint", &kept]).is(
        4,
        &[
            "entry 601 (index 600): it is not that of the kept checkpoint",
            "entries 602 to 700 (index 601 to 699): they are missing",
        ],
    );
    // A carrier that serves other entries, and tiles made of them, below what was signed in truth.
    let (log, kept) = kept_with_hashes(&all, 700);
    let checkpoint = log.checkpoint();
    let log = rewritten(log, 300);
    log.write("checkpoint", checkpoint.as_bytes());
    let place = "entries 257 to 512 (index 256 to 511): they are not those of the kept checkpoint";
    log.verify(&["--checkpoint", &kept]).is(3, &["make the root", place]);
    // What comes after it is not told of.
    let (log, kept) = kept_with_hashes(&all, 700);
    let log = rewritten(log, 700);
    log.verify(&["--checkpoint", &kept, "--json"]).is(0, &[r#""kept_hashes": "used""#]);
}

#[test]
fn hashes_that_are_not_of_the_kept_checkpoint_are_not_believed() {
    let all = events(1000);
    let beside = |kept: &str| format!("{kept}.hashes");
    let (log, kept) = kept_with_hashes(&all, 700);
    let log = rewritten(log, 0);
    let whole = std::fs::read(beside(&kept)).unwrap();
    assert_eq!(whole.len(), (700 / 256 + 700 % 256) * 32);
    let mut other = whole.clone();
    other[40] ^= 1;
    for bytes in [&whole[..whole.len() - 1], b"", &other] {
        std::fs::write(beside(&kept), bytes).unwrap();
        let said = log.verify(&["--checkpoint", &kept]);
        said.is(4, &["The hashes beside the kept checkpoint do not make its root"]);
        assert!(!said.text.contains("of the kept checkpoint\n"), "{}", said.text);
        log.verify(&["--checkpoint", &kept, "--json"]).is(4, &["\"of_another_root\""]);
    }
    std::fs::remove_file(beside(&kept)).unwrap();
    let said = log.verify(&["--checkpoint", &kept]);
    said.is(4, &["its first 700 entries are not those"]);
    assert!(!said.text.contains("hashes beside"), "{}", said.text);
    std::fs::create_dir(beside(&kept)).unwrap();
    log.verify(&["--checkpoint", &kept]).is(4, &["do not make its root"]);
    log.verify(&["--keep", &kept]).is(1, &["the checkpoint was not kept in"]);
}

#[test]
fn nothing_is_kept_of_a_log_that_is_not_well() {
    let log = Log::new();
    log.change("tile/0/001", |bytes| bytes[0] ^= 1);
    let kept = log.path("kept");
    log.verify(&["--keep", kept.to_str().unwrap()]).is(3, &[]);
    assert!(!kept.exists() && !log.path("kept.hashes").exists());
    let log = Log::new();
    let nowhere = log.path("nowhere/kept");
    log.verify(&["--keep", nowhere.to_str().unwrap()]).is(1, &["the checkpoint was not kept in"]);
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn hex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}
