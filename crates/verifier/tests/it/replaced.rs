//! A log whose key was replaced: whoever trusts the old one is led to the new one by what the old one signed.

use contract::envelope::{Commitments, EventHeader};
use contract::facts::LogKeyReplaced;
use contract::{Envelope, Environment, LogKeyId, Provenance, Service, Version};
use std::fs;
use translog::{Checkpoint, Hash, Note, ProofFile, Signer, Tiles, Tree, proof};

use crate::log::{Kept, Log, ORIGIN, backdated, events, run};

/// Where the replacement is, counted from 0.
const INDEX: usize = 400;

/// So many entries are covered by what both keys signed.
const COVERED: usize = 500;

fn signer() -> Signer {
    Signer::generate(ORIGIN.parse().unwrap())
}

/// The entry that says that the one key took the place of the other.
fn replaced(old: &Signer, new: &Signer) -> Vec<u8> {
    let environment = Environment::system();
    let log_key: LogKeyId = environment.new_id();
    let provenance = Provenance::system(Service::Audit, None, environment.new_id());
    let header = EventHeader {
        id: environment.new_id(),
        stream: log_key.uuid(),
        version: Version::FIRST,
        time: environment.now(),
        source: Service::Audit,
    };
    let fact = LogKeyReplaced {
        log_key_id: log_key,
        verifier_key: new.verifier_key().to_string(),
        replaced_verifier_key: old.verifier_key().to_string(),
    };
    let envelope = Envelope::of(&header, &provenance, Commitments::default(), &fact).unwrap();
    envelope.canonical().unwrap()
}

/// What the old key, and the new one, signed of the first entries.
fn signed_by_both(entries: &[Vec<u8>], old: &Signer, new: &Signer) -> (Note, Tiles) {
    let (mut tree, mut tiles) = (Tree::new(), Tiles::new());
    for row in tree.append(entries.iter().map(|entry| Hash::of_leaf(entry))) {
        tiles.insert(row.tile, &row.bytes).unwrap();
    }
    let origin = old.verifier_key().name().clone();
    let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
    let mut note = checkpoint.sign(new).unwrap();
    note.add(old);
    (note, tiles)
}

/// Writes the proof of the replacement, as a server has it.
fn write_proof(log: &Log, entries: &[Vec<u8>], old: &Signer, new: &Signer) {
    let (checkpoint, tiles) = signed_by_both(&entries[..COVERED], old, new);
    let (index, size) = (INDEX as u64, COVERED as u64);
    let proof = proof::inclusion(index, size, &tiles).unwrap();
    let file = ProofFile { extra: entries[INDEX].clone(), index, proof, checkpoint };
    let path = format!("key-replacement/{}", old.verifier_key().id());
    log.write(&path, file.to_string().as_bytes());
}

/// A log that the new key signs, and the old key.
pub(crate) fn log() -> (Log, Signer) {
    let (old, new) = (signer(), signer());
    let mut entries = events(999);
    entries.insert(INDEX, replaced(&old, &new));
    let mut log = Log::of(entries);
    log.signer = new;
    log.sign();
    write_proof(&log, &log.entries, &old, &log.signer);
    (log, old)
}

fn verify_by(key: &Signer, log: &Log, more: &[&str]) -> crate::log::Said {
    let (folder, key) = (log.folder().to_str().unwrap(), key.verifier_key().to_string());
    run(&[&["--folder", folder, "--key", &key], more].concat())
}

#[test]
fn whoever_trusts_the_old_key_is_told_of_the_new_one_and_where_the_log_says_so() {
    let (log, old) = log();
    let new = log.key();
    let named = format!("entry 401 (index 400), which it signed itself, names {new}");
    verify_by(&old, &log, &[]).is(0, &[&named, &format!("--key: {new}"), "All is well."]);
    log.verify(&[]).is(0, &["Key, as given"]);
    let json = verify_by(&old, &log, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.text).unwrap();
    assert_eq!(json["replaced_keys"][0]["by"], new);
    assert_eq!(json["replaced_keys"][0]["entry"], 401);
}

/// What was kept of the log's first entries, when the old key signed it.
pub(crate) fn kept_under(old: Signer, log: &mut Log) -> (Kept, Signer) {
    let (new, all) = (std::mem::replace(&mut log.signer, old), log.entries.clone());
    log.entries.truncate(300);
    let kept = log.kept_checkpoint();
    log.entries = all;
    (kept, std::mem::replace(&mut log.signer, new))
}

#[test]
fn a_checkpoint_that_was_kept_under_the_old_key_is_one_to_go_on_from() {
    let (mut log, old) = log();
    let (kept, old) = kept_under(old, &mut log);
    let new_alone = "give the key that was given then: that leads to the new one";
    log.verify(&["--checkpoint", &kept.file()]).is(2, &[new_alone]);
    let with_kept = ["--checkpoint", &kept.file()];
    verify_by(&old, &log, &with_kept).is(0, &["it begins with 300 entries of the checkpoint"]);

    // Rewritten before it, with proof and all.
    log.entries[200] = backdated(&log.entries[200]);
    log.write_entries();
    log.write_tiles();
    log.sign();
    write_proof(&log, &log.entries, &old, &log.signer);
    verify_by(&old, &log, &[]).is(0, &[]);
    verify_by(&old, &log, &with_kept).is(4, &["its first 300 entries are not those"]);
}

#[test]
fn a_new_key_for_which_the_old_one_does_not_vouch_is_refused() {
    let (log, old) = log();
    let path = format!("key-replacement/{}", old.verifier_key().id());
    // It was signed by others.
    write_proof(&log, &log.entries, &signer(), &log.signer);
    let foreign = fs::read_dir(log.path("key-replacement")).unwrap();
    let foreign = foreign.map(|file| file.unwrap().path()).find(|file| *file != log.path(&path));
    fs::rename(foreign.unwrap(), log.path(&path)).unwrap();
    verify_by(&old, &log, &[]).is(2, &[&path, "no known key signed"]);
    // Its entry says something else.
    let mut other = log.entries.clone();
    other[INDEX] = replaced(&signer(), &log.signer);
    write_proof(&log, &other, &old, &log.signer);
    verify_by(&old, &log, &[]).is(2, &[&path, "does not say that"]);
    // It leads to a key that has not signed.
    other[INDEX] = replaced(&old, &signer());
    write_proof(&log, &other, &old, &log.signer);
    verify_by(&old, &log, &[]).is(2, &["checkpoint: no known key signed"]);
    // It is not there.
    fs::remove_file(log.path(&path)).unwrap();
    verify_by(&old, &log, &[]).is(2, &["checkpoint: no known key signed"]);
}

#[test]
fn the_log_goes_on_from_what_the_old_key_signed_last() {
    let (log, old) = log();
    let mut other = log.entries.clone();
    other[100] = backdated(&other[100]);
    write_proof(&log, &other, &old, &log.signer);
    verify_by(&old, &log, &[]).is(4, &["its first 500 entries are not those that the key"]);
    // It is told, too, where the entries cannot be read to their end: by the tiles.
    fs::remove_file(log.path("tile/entries/003.p/232")).unwrap();
    let damaged = "tile/entries/003.p/232: it is not there";
    let forked = "its first 500 entries are not those that the key";
    verify_by(&old, &log, &[]).is(3, &[damaged, forked]);
}

#[test]
fn a_log_with_fewer_entries_than_the_old_key_signed_was_cut() {
    let (mut log, old) = log();
    let all = log.entries.clone();
    log.entries.truncate(450);
    log.write_entries();
    log.write_tiles();
    log.sign();
    write_proof(&log, &all, &old, &log.signer);
    let cut = "signed 500 entries when it was replaced, and the log has fewer: it was cut";
    verify_by(&old, &log, &[]).is(4, &[cut]);
    fs::remove_file(log.path("tile/entries/001.p/194")).unwrap();
    verify_by(&old, &log, &[]).is(3, &[cut]);
}

#[test]
fn a_log_that_says_that_its_key_was_replaced_is_not_signed_by_the_old_one_alone() {
    let (mut log, old) = log();
    let new = log.key();
    let (both, _) = signed_by_both(&log.entries, &old, &log.signer);
    log.write("checkpoint", both.to_string().as_bytes());
    verify_by(&old, &log, &[]).is(0, &["The key is being replaced: entry 401", &new]);
    log.signer = old;
    log.sign();
    log.verify(&[])
        .is(2, &["entry 401 (index 400)", "and the new one has not signed the checkpoint"]);
}

/// Signed by these keys, the first of which is the log's.
fn sign_by(log: &mut Log, keys: &[&Signer]) {
    let (mut tree, origin) = (Tree::new(), keys[0].verifier_key().name().clone());
    tree.append(log.entries.iter().map(|entry| Hash::of_leaf(entry)));
    let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
    let mut note = checkpoint.sign(keys[0]).unwrap();
    for key in &keys[1..] {
        note.add(key);
    }
    log.write_entries();
    log.write_tiles();
    log.write("checkpoint", note.to_string().as_bytes());
}

#[test]
fn whoever_has_a_replaced_key_does_not_hide_by_which_it_was() {
    let (mut log, old) = log();
    let thief = signer();
    // They go on from what is kept, and say that another key came after the one that they have.
    log.entries.push(replaced(&old, &thief));
    let forged = log.entries.len() - 1;
    sign_by(&mut log, &[&thief]);
    let (checkpoint, tiles) = signed_by_both(&log.entries, &old, &thief);
    let proof = proof::inclusion(forged as u64, log.entries.len() as u64, &tiles).unwrap();
    let file =
        ProofFile { extra: log.entries[forged].clone(), index: forged as u64, proof, checkpoint };
    let path = format!("key-replacement/{}", old.verifier_key().id());
    log.write(&path, file.to_string().as_bytes());
    let other = format!(
        "entry 401 (index 400): it says that the key {} was replaced by",
        old.verifier_key()
    );
    let second = "entry 1001 (index 1000): it says that the key";
    let said = verify_by(&old, &log, &[]);
    said.is(2, &[&other, &path, second, "entry 401 (index 400) says already"]);
    let advice = "Take over no key that is named here";
    assert!(said.text.contains(advice) && !said.text.contains("with --key"), "{}", said.text);
}

#[test]
fn keys_that_were_replaced_one_after_the_other_sign_until_the_last_is_handed_over() {
    let (mut log, first) = log();
    let second = std::mem::replace(&mut log.signer, signer());
    let third = signer();
    log.entries.push(replaced(&second, &third));
    sign_by(&mut log, &[&third, &first, &second]);
    let named = format!("entry 1001 (index 1000) names {}", third.verifier_key());
    verify_by(&first, &log, &[]).is(0, &[&named]);
    verify_by(&second, &log, &[]).is(0, &[&named]);
    verify_by(&third, &log, &[]).is(0, &["All is well."]);
    let json = verify_by(&first, &log, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.text).unwrap();
    assert_eq!(json["announced_key"]["key"], third.verifier_key().to_string());
    assert_eq!(json["announced_key"]["entry"], 1001);
    // Whoever has the first two only.
    sign_by(&mut log, &[&first, &second]);
    let text = "entry 1001 (index 1000): it says that the key";
    verify_by(&first, &log, &[]).is(2, &[text, "the new one has not signed"]);
    verify_by(&second, &log, &[]).is(2, &[text]);
}

#[test]
fn an_event_that_does_not_say_which_key_was_replaced_is_none() {
    let (mut log, old) = log();
    let text = String::from_utf8(log.entries[INDEX].clone()).unwrap();
    let key = old.verifier_key().to_string();
    for said in [text.replace(&key, &format!("{key} ")), text.replace(&key, "none")] {
        log.entries[INDEX] = said.into_bytes();
        sign_by(&mut log, &[&old]);
        let text = "entry 401 (index 400): it is no event: it does not say which key was replaced";
        verify_by(&old, &log, &[]).is(5, &[text]);
    }
}
