//! The proof of one event in a file, and what is changed in it.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::error::ErrorKind;
use tempfile::TempDir;
use translog::{Hash, Note, ProofFile, Signer, Tiles, Tree, proof as proofs};

use crate::log::{Log, ORIGIN, Said, backdated, event, events, parsed, run};
use crate::replaced;

/// Which event is proven, counted from 0.
const INDEX: usize = 700;

/// A file with a proof, and the key of the log that it is of.
struct Proof {
    folder: TempDir,
    key: String,
    text: String,
}

impl Proof {
    /// Of this entry.
    fn of(log: &Log, index: usize) -> Self {
        let (mut tree, mut tiles) = (Tree::new(), Tiles::new());
        for row in tree.append(log.entries.iter().map(|entry| Hash::of_leaf(entry))) {
            tiles.insert(row.tile, &row.bytes).unwrap();
        }
        let (extra, number) = (log.entries[index].clone(), index as u64);
        let proof = proofs::inclusion(number, tree.size(), &tiles).unwrap();
        let checkpoint = Note::parse(log.checkpoint().as_bytes()).unwrap();
        let file = ProofFile { extra, index: number, proof, checkpoint };
        let folder = tempfile::tempdir().unwrap();
        Self { folder, key: log.key(), text: file.to_string() }
    }

    /// The command over a file of these bytes.
    fn verify_bytes(&self, bytes: &[u8], key: &str, more: &[&str]) -> Said {
        let file = self.folder.path().join("event.tlog-proof");
        fs::write(&file, bytes).unwrap();
        run(&[&["--proof", file.to_str().unwrap(), "--key", key], more].concat())
    }

    fn verify(&self) -> Said {
        self.verify_bytes(self.text.as_bytes(), &self.key, &[])
    }

    /// The command over the file with this in place of that, which is there once.
    fn with(&self, that: &str, this: &str) -> Said {
        assert_eq!(self.text.matches(that).count(), 1, "{that} in\n{}", self.text);
        self.verify_bytes(self.text.replace(that, this).as_bytes(), &self.key, &[])
    }

    /// The command over the file with other extra data.
    fn with_event(&self, event: &[u8]) -> Said {
        self.with(self.line("extra "), &format!("extra {}", STANDARD.encode(event)))
    }

    /// The line that begins so.
    fn line(&self, begin: &str) -> &str {
        self.text.lines().find(|line| line.starts_with(begin)).unwrap()
    }
}

/// A log, and the proof of an event in its middle.
fn in_the_middle() -> (Log, Proof) {
    let log = Log::new();
    let proof = Proof::of(&log, INDEX);
    (log, proof)
}

#[test]
fn an_event_is_proven_by_its_file_and_the_key_alone() {
    let (log, proof) = in_the_middle();
    let event: serde_json::Value = serde_json::from_slice(&log.entries[INDEX]).unwrap();
    let text = |name: &str| event[name].as_str().unwrap();
    let told = format!(
        "it is the event {}: mandate.app.suspended.v1, version 18 of {}, at {}",
        text("id"),
        text("subject"),
        text("time")
    );
    let of_checkpoint = format!("{ORIGIN} signed a checkpoint of 1000 entries");
    let place = "it proves entry 701 (index 700) of 1000 entries under the signed root";
    let said = proof.verify();
    said.is(0, &["Key, as given: ", "Proof in ", &of_checkpoint, place, &told, "All is well."]);
    assert!(!said.text.contains("not checked"), "{}", said.text);

    let said = proof.verify_bytes(proof.text.as_bytes(), &proof.key, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&said.text).unwrap();
    let proven = serde_json::json!({
        "entry": 701,
        "index": 700,
        "id": text("id"),
        "type": "mandate.app.suspended.v1",
        "stream": text("subject"),
        "version": 18,
        "time": text("time"),
    });
    assert_eq!((&json["verified"], &json["event"]), (&true.into(), &proven));
    assert_eq!(json["checkpoint"]["size"], 1000);
    let checks: Vec<_> = json["checks"].as_array().unwrap().iter().collect();
    assert!(checks.iter().all(|check| check["outcome"] == "passed"), "{}", said.text);
    let names: Vec<_> = checks.iter().map(|check| check["check"].as_str().unwrap()).collect();
    assert_eq!(names, ["signature", "tree", "streams"]);
}

#[test]
fn the_key_may_be_in_a_file_and_the_log_of_any_size() {
    for (size, index) in [(1, 0), (2, 1), (256, 255), (257, 256), (600, 599)] {
        Proof::of(&Log::of(events(size)), index).verify().is(0, &["All is well."]);
    }
    let (log, proof) = in_the_middle();
    let (file, vkey) = (log.path("proof"), log.path("vkey"));
    fs::write(&file, &proof.text).unwrap();
    fs::write(&vkey, format!("{}\n", proof.key)).unwrap();
    let (file, vkey) = (file.to_str().unwrap(), vkey.to_str().unwrap());
    run(&["--proof", file, "--key-file", vkey]).is(0, &["All is well."]);
    run(&["--proof", file, "--key-file", file]).is(1, &["is no key"]);
    run(&["--proof", file, "--key-file", "nowhere"]).is(1, &["Not finished: nowhere: "]);
}

#[test]
fn another_event_is_not_the_one_that_was_signed() {
    let (log, proof) = in_the_middle();
    let is_another = "the event in it is not the entry with the index 700: the proof leads to";
    let said = proof.with_event(&backdated(&log.entries[INDEX]));
    said.is(3, &[is_another, "streams      not checked"]);
    proof.with_event(&log.entries[INDEX + 1]).is(3, &[is_another]);
    proof.with_event(b"none").is(3, &[is_another]);
    proof.with("extra e", "extra -").is(3, &["the extra data of the proof file is not base64"]);
}

#[test]
fn another_index_or_another_hash_leads_elsewhere() {
    let (log, proof) = in_the_middle();
    proof.with("index 700\n", "index 701\n").is(3, &["with the index 701: the proof leads to"]);
    let beyond = "a tree of 1000 entries has no entry";
    proof.with("index 700\n", "index 1000\n").is(3, &[beyond]);
    proof.with("index 700\n", "index 18446744073709551615\n").is(3, &[beyond]);
    for none in ["index 18446744073709551616\n", "index 0700\n", "index -1\n", ""] {
        proof.with("index 700\n", none).is(3, &["the proof file has no index"]);
    }
    let beside = Hash::of_leaf(&log.entries[INDEX + 1]).to_string();
    let other = Hash::of_leaf(b"another").to_string();
    proof.with(&beside, &other).is(3, &["the proof leads to the root"]);
    proof.with(&format!("{beside}\n"), "").is(3, &["the proof has 9 hashes"]);
    proof.with(&beside, &beside[1..]).is(3, &["hash 1 of the proof file"]);
    let many = format!("{other}\n").repeat(65);
    proof.with(&beside, many.trim_end()).is(3, &["a proof has at most 64 hashes"]);
}

#[test]
fn another_checkpoint_is_not_what_the_key_signed() {
    let (mut log, proof) = in_the_middle();
    let is_wrong = "the signature by log.example.com/audit/log";
    proof.with("\n1000\n", "\n1001\n").is(2, &[is_wrong, "is wrong", "tree         not checked"]);
    let root = proof.text.split("\n1000\n").nth(1).unwrap().lines().next().unwrap().to_owned();
    proof.with(&root, &Hash::of_leaf(b"root").to_string()).is(2, &[is_wrong]);
    let (_, own) = proof.text.split_once("\n\n").unwrap();
    let of_another = Log::of(events(900)).checkpoint();
    proof.with(own, &of_another).is(2, &["no known key signed the note"]);
    // It signed another one as well, to which this proof does not lead.
    log.entries.truncate(900);
    proof.with(own, &log.checkpoint()).is(3, &["ok      signature", "the proof leads to the root"]);
    proof.with(own, "nothing").is(2, &["the checkpoint of the proof file: the note has no"]);
    proof.with(&format!("\n\n{own}"), "\n").is(2, &["no checkpoint after an empty line"]);
}

#[test]
fn a_checkpoint_by_another_key_names_who_signed_and_what_to_do() {
    let (log, proof) = in_the_middle();
    let other = Signer::generate(ORIGIN.parse().unwrap()).verifier_key().to_string();
    let said = proof.verify_bytes(proof.text.as_bytes(), &other, &[]);
    let by = format!("it has signatures by {}", log.signer.verifier_key().id());
    said.is(2, &["no known key signed the note", "give the one that it had then", &by, &other]);
    assert!(!said.text.contains("it is the event"), "{}", said.text);
    let said = proof.verify_bytes(proof.text.as_bytes(), &other, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&said.text).unwrap();
    assert_eq!((said.code, &json["event"]), (2, &serde_json::Value::Null));
}

#[test]
fn the_proof_that_a_key_was_replaced_is_one_as_well() {
    let (log, old) = replaced::log();
    let path = format!("key-replacement/{}", old.verifier_key().id());
    let (file, old) = (log.path(&path), old.verifier_key().to_string());
    let file = file.to_str().unwrap();
    // Both keys signed it.
    run(&["--proof", file, "--key", &log.key()])
        .is(0, &["mandate.log-key.replaced.v1, version 1 of "]);
    let named = format!("entry 401 (index 400) names {}", log.key());
    run(&["--proof", file, "--key", &old])
        .is(0, &[&named, "A proof does not show that the log names no other"]);
    // An event of after that, of which only the new key signed the checkpoint.
    let proof = Proof::of(&log, INDEX);
    proof.verify().is(0, &[]);
    let said = proof.verify_bytes(proof.text.as_bytes(), &old, &[]);
    said.is(2, &["`mandate verify` of the log leads to it from this one"]);
}

#[test]
fn a_replacement_that_the_new_key_has_not_signed_is_the_work_of_whoever_has_the_old_one() {
    let (mut log, old) = replaced::log();
    log.signer = old;
    log.sign();
    let said = Proof::of(&log, 400).verify();
    said.is(2, &["entry 401 (index 400)", "and the new one has not signed the checkpoint"]);
}

#[test]
fn what_is_in_the_log_and_no_event_is_told() {
    let text = String::from_utf8(event(7, 1)).unwrap();
    let version = r#""streamversion":1"#;
    for (entry, why) in [
        ("{}".to_owned(), "entry 1 (index 0): it is no event: not a Mandate event"),
        (text.replace(version, &format!("{version} ")), "it is not in canonical form (RFC 8785)"),
        (text.replace(version, r#""streamversion":0"#), "it is no event: "),
        (
            text.replace("mandate.app.suspended", "mandate.key.revoked"),
            "belongs in a stream of key",
        ),
        ("x".repeat(60_000), "it is no event: "),
    ] {
        assert_ne!(entry, text);
        let proof = Proof::of(&Log::of(vec![entry.into_bytes()]), 0);
        let said = proof.verify();
        said.is(5, &[why, "ok      tree"]);
        assert!(!said.text.contains("it is the event"), "{}", said.text);
    }
    // Of a type that is not known here only the place is checked.
    let later = text.replace("suspended.v1", "suspended.v9").into_bytes();
    let said = Proof::of(&Log::of(vec![later]), 0).verify();
    said.is(0, &["mandate.app.suspended.v9", "Note: this program does not know events of type"]);
}

#[test]
fn a_proof_without_its_event_proves_nothing() {
    let (_, proof) = in_the_middle();
    let extra = format!("{}\n", proof.line("extra "));
    let said = proof.with(&extra, "");
    said.is(5, &["it has no event with it", "tree         not checked", "ok      signature"]);
    proof.with(&extra, "extra \n").is(3, &["the extra data of the proof file is not base64"]);
}

#[test]
fn what_is_no_proof_or_more_than_one_is_refused() {
    let (_, proof) = in_the_middle();
    let of = |bytes: &[u8]| proof.verify_bytes(bytes, &proof.key, &[]);
    let begin = "a proof file begins with the line c2sp.org/tlog-proof@v1";
    for bytes in [&b""[..], b"PK\x03\x04", b"c2sp.org/tlog-proof@v2\n", b"\n"] {
        of(bytes).is(3, &[begin]);
    }
    of(b"\xff\xfe").is(3, &["a proof file is UTF-8"]);
    let twice = proof.text.repeat(2);
    for garbage in [&format!("{}garbage", proof.text), &format!("{}\n", proof.text), &twice] {
        let said = of(garbage.as_bytes());
        assert_eq!(said.code, 2, "{}", said.text);
    }
    of(proof.text.replace('\n', "\r\n").as_bytes()).is(3, &[begin]);
    // It ends anywhere: each code is one of a proof that is not well.
    for end in (0..proof.text.len()).step_by(7) {
        let said = of(&proof.text.as_bytes()[..end]);
        assert!([2, 3].contains(&said.code), "{end}: {}", said.text);
    }
    let huge = [proof.text.as_bytes(), &vec![b'a'; 2_000_000]].concat();
    of(&huge).is(1, &["has over 2000000 bytes"]);
    let key = proof.key.as_str();
    let folder = proof.folder.path().to_str().unwrap();
    run(&["--proof", folder, "--key", key]).is(1, &["Not finished: "]);
    run(&["--proof", "nowhere", "--key", key]).is(1, &["Not finished: nowhere: "]);
}

#[test]
fn no_byte_of_a_proof_can_be_another() {
    let proof = Proof::of(&Log::of(events(3)), 1);
    for at in 0..proof.text.len() {
        let mut bytes = proof.text.clone().into_bytes();
        bytes[at] ^= 1;
        let said = proof.verify_bytes(&bytes, &proof.key, &[]);
        assert!([2, 3].contains(&said.code), "{at}: {}", said.text);
    }
}

#[test]
fn nothing_in_a_proof_commands_the_terminal() {
    let text = String::from_utf8(event(7, 1)).unwrap();
    let entry = text.replace("mandate.app.suspended", "mandate.app.\u{9b}2J\u{202e}");
    let of_type = Proof::of(&Log::of(vec![entry.into_bytes()]), 0);
    let (_, proof) = in_the_middle();
    let begin = proof.text.replace("c2sp.org", "\u{1b}[2J");
    let origin = proof.text.replace(&format!("\n\n{ORIGIN}"), "\n\n\u{9b}2J\u{202e}");
    let each = [(&of_type, &of_type.text, 0), (&proof, &begin, 3), (&proof, &origin, 2)];
    for (proof, bytes, code) in each {
        for more in [&[][..], &["--json"]] {
            let said = proof.verify_bytes(bytes.as_bytes(), &proof.key, more);
            assert_eq!(said.code, code, "{}", said.text);
            assert!(!said.text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{:?}", said.text);
        }
    }
}

#[test]
fn a_proof_needs_a_key_and_has_no_place_for_what_it_cannot_show() {
    let refused = |more: &[&str]| {
        parsed(&[&["verify", "--proof", "event.tlog-proof"], more].concat()).unwrap_err()
    };
    let error = refused(&[]);
    assert_eq!(error.kind(), ErrorKind::MissingRequiredArgument);
    let told = error.to_string();
    assert!(told.contains("--key <VKEY>") && told.contains("--key-file <FILE>"), "{told}");
    let key = Signer::generate(ORIGIN.parse().unwrap()).verifier_key().to_string();
    for other in [
        ["--checkpoint", "kept"],
        ["--keep", "kept"],
        ["--token-file", "token"],
        ["--database-url", "postgres://db"],
        ["--evidence", "evidence.zip"],
        ["--folder", "mirror"],
        ["--server", "https://mandate.example.com"],
        ["--key", &key],
    ] {
        let error = refused(&[&["--key-file", "log.vkey"], &other[..]].concat());
        assert_eq!(error.kind(), ErrorKind::ArgumentConflict, "{other:?}: {error}");
        assert!(error.to_string().contains(other[0]), "{error}");
    }
}
