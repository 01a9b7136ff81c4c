//! Signed notes, checkpoints and proof files: the specifications' examples, and who is believed.

use translog::{
    Checkpoint, CheckpointError, Hash, KeyError, KeyId, KeyName, MAX_NOTE_BYTES, MAX_SIGNATURES,
    Note, NoteError, ProofFile, ProofFileError, Signature, SignatureType, Signer, VerifierKey,
    proof,
};

use crate::definition::{Definition, entry};

/// Of c2sp.org/signed-note, Verifier keys.
const FOO: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const FOO_NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

/// Of the documentation of Go's golang.org/x/mod/sumdb/note: the private key's seed, its public key, and
/// a note.
const NEUMANN_SEED: &str = "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173";
const NEUMANN: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NEUMANN_TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const NEUMANN_SIGNATURE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

pub(crate) fn name(name: &str) -> KeyName {
    name.parse().unwrap()
}

/// A key whose private bytes are all this one (RFC 8410 section 7 says the rest).
pub(crate) fn signer(of: &str, byte: u8) -> Signer {
    let prefix = hex::decode("302e020100300506032b657004220420").unwrap();
    Signer::from_pkcs8(name(of), &[prefix, vec![byte; 32]].concat()).unwrap()
}

fn key(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

fn parse(note: &str) -> Note {
    Note::parse(note.as_bytes()).unwrap()
}

#[test]
fn the_example_of_the_specification_is_verified() {
    let foo = key(FOO);
    let note = parse(FOO_NOTE);
    assert_eq!(note.verify(std::slice::from_ref(&foo)).unwrap(), [&foo]);
    assert_eq!((note.text(), note.to_string()), ("This is an example message.\n", FOO_NOTE.into()));
    assert_eq!(foo.to_string(), FOO);
    assert_eq!(foo.signature_type(), SignatureType::Ed25519);
    assert_eq!((foo.name().as_str(), foo.id()), ("example.com/foo", "530d903a".parse().unwrap()));
}

#[test]
fn a_note_is_signed_as_go_signs_it() {
    let prefix = "302e020100300506032b657004220420";
    let pkcs8 = hex::decode(format!("{prefix}{NEUMANN_SEED}")).unwrap();
    let signer = Signer::from_pkcs8(name("PeterNeumann"), &pkcs8).unwrap();
    assert_eq!(signer.verifier_key().to_string(), NEUMANN);
    let note = Note::sign(NEUMANN_TEXT.to_owned(), &signer).unwrap();
    assert_eq!(note.to_string(), format!("{NEUMANN_TEXT}\n{NEUMANN_SIGNATURE}"));
}

#[test]
fn a_key_is_the_same_after_it_was_sealed() {
    let made = Signer::generate(name("log.example.com"));
    let opened = Signer::from_pkcs8(name("log.example.com"), &made.to_pkcs8()).unwrap();
    assert_eq!(opened.verifier_key(), made.verifier_key());
    let other = Signer::generate(name("log.example.com"));
    assert_ne!(other.verifier_key(), made.verifier_key());
    assert_eq!(format!("{made:?}"), format!("Signer({})", made.verifier_key()));
    let refused = Signer::from_pkcs8(name("log.example.com"), &[0; 48]);
    assert_eq!(refused.unwrap_err(), KeyError::PrivateKey);
}

#[test]
fn signatures_by_unknown_keys_are_ignored_and_a_wrong_one_by_a_known_key_is_not() {
    let (log, witness) = (signer("log", 1), signer("witness", 2));
    // The same name with another id, and the same id with another name, are other keys.
    let (namesake, stranger) = (signer("log", 3), signer("stranger", 4));
    let mut note = Note::sign("text\n".to_owned(), &namesake).unwrap();
    for signer in [&stranger, &log, &witness, &log] {
        note.add(signer);
    }
    let note = parse(&note.to_string());
    let known = [witness.verifier_key().clone(), log.verifier_key().clone()];
    assert_eq!(note.verify(&known).unwrap(), [&known[1], &known[0]]);

    let unknown = [signer("log", 9).verifier_key().clone()];
    assert_eq!(note.verify(&unknown), Err(NoteError::UnknownKeys));
    assert_eq!(note.verify(&[]), Err(NoteError::UnknownKeys));

    // Over another text each signature is wrong; the first by a known key is named.
    let other = parse(&note.to_string().replace("text", "test"));
    let (name, id) = (name("log"), known[1].id());
    assert_eq!(other.verify(&known), Err(NoteError::WrongSignature { name: name.clone(), id }));
    // One wrong signature refuses the note, before or after a right one.
    for wrong_first in [true, false] {
        let right = Note::sign("text\n".to_owned(), &log).unwrap().to_string();
        let (before, after) = right.split_once("\n\n").unwrap();
        let wrong = Note::sign("test\n".to_owned(), &log).unwrap().signatures()[0].to_string();
        let lines =
            if wrong_first { format!("{wrong}\n{after}") } else { format!("{after}{wrong}\n") };
        let note = parse(&format!("{before}\n\n{lines}"));
        assert_eq!(note.signatures().len(), 2);
        assert_eq!(note.verify(&known), Err(NoteError::WrongSignature { name: name.clone(), id }));
    }
}

#[test]
fn two_keys_of_one_name_and_id_are_refused_and_one_twice_is_not() {
    let log = signer("log", 1);
    let known = log.verifier_key().clone();
    let note = Note::sign("text\n".to_owned(), &log).unwrap();
    assert_eq!(note.verify(&[known.clone(), known.clone()]).unwrap(), [&known]);
    // Types without an id by the specification can have any.
    let other = key(&format!("log+{}+/wE=", known.id()));
    let refused = NoteError::AmbiguousKey { name: name("log"), id: known.id() };
    assert_eq!(note.verify(&[known, other]), Err(refused));
}

#[test]
fn signatures_of_types_to_come_are_kept_and_believed_by_nobody() {
    let log = signer("log", 1);
    let cosigned = key(&vkey("witness", 4, &[7; 32]));
    let post_quantum = key(&vkey("log", 6, &[7; 1312]));
    assert_eq!(cosigned.signature_type(), SignatureType::Cosignature);
    assert_eq!(post_quantum.signature_type(), SignatureType::MlDsa44);
    let mut text = Note::sign("text\n".to_owned(), &log).unwrap().to_string();
    for (key, bytes) in [(&cosigned, 72), (&post_quantum, 2428)] {
        let (name, id) = (key.name().clone(), key.id());
        text += &Signature { name, id, bytes: vec![9; bytes] }.to_string();
        text.push('\n');
    }
    let note = parse(&text);
    assert_eq!(note.to_string(), text);
    assert_eq!(note.signatures()[2].bytes.len(), 2428);
    let known = [cosigned, post_quantum, log.verifier_key().clone()];
    assert_eq!(note.verify(&known).unwrap(), [&known[2]]);
    assert_eq!(note.verify(&known[..2]), Err(NoteError::UnknownKeys));
}

/// A verifier key made by hand, as the specification says.
pub(crate) fn vkey(name: &str, signature_type: u8, public_key: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};

    let key = [&[signature_type], public_key].concat();
    let id = Sha256::digest([name.as_bytes(), b"\n", &key].concat());
    format!("{name}+{}+{}", hex::encode(&id[..KeyId::BYTES]), STANDARD.encode(&key))
}

#[test]
fn a_long_note_with_many_signatures_is_read() {
    let log = signer("log", 1);
    let mut note = Note::sign(format!("{}\n", "x".repeat(128 * 1024)), &log).unwrap();
    for _ in 1..MAX_SIGNATURES {
        note.add(&log);
    }
    let known = [log.verifier_key().clone()];
    assert_eq!(parse(&note.to_string()).verify(&known).unwrap(), [&known[0]]);
    note.add(&log);
    let refused = Note::parse(note.to_string().as_bytes());
    assert_eq!(refused, Err(NoteError::TooManySignatures));
    let longer = vec![b'x'; MAX_NOTE_BYTES + 1];
    assert_eq!(Note::parse(&longer), Err(NoteError::TooLong(MAX_NOTE_BYTES + 1)));
}

#[test]
fn a_text_may_have_empty_lines_and_no_open_end() {
    let log = signer("log", 1);
    let known = [log.verifier_key().clone()];
    for text in ["\n", "\n\n", "a\n\nb\n", "— log AQIDBAU=\n", "a\n\n— log AQIDBAU=\n"] {
        let note = Note::sign(text.to_owned(), &log).unwrap();
        let note = parse(&note.to_string());
        assert_eq!(note.text(), text);
        assert_eq!(note.verify(&known).unwrap(), [&known[0]]);
    }
    assert_eq!(Note::sign("open".to_owned(), &log), Err(NoteError::Text));
    assert_eq!(Note::sign(String::new(), &log), Err(NoteError::Text));
    assert_eq!(Note::sign("tab\t\n".to_owned(), &log), Err(NoteError::Characters));
    let longer = "x".repeat(MAX_NOTE_BYTES + 1);
    assert_eq!(Note::sign(longer, &log), Err(NoteError::TooLong(MAX_NOTE_BYTES + 1)));
}

#[test]
fn a_checkpoint_is_of_the_log_that_signed_it() {
    // Of c2sp.org/tlog-checkpoint.
    let text =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let checkpoint: Checkpoint = text.parse().unwrap();
    assert_eq!((checkpoint.size, checkpoint.to_string()), (20_852_163, text.to_owned()));

    let log = signer("example.com/behind-the-sofa", 1);
    let note = checkpoint.sign(&log).unwrap();
    assert_eq!(Checkpoint::open(&note, log.verifier_key()).unwrap(), checkpoint);

    let other = signer("example.com/other", 1);
    let refused = CheckpointError::OtherOrigin(checkpoint.origin.clone());
    assert_eq!(checkpoint.sign(&other), Err(refused.clone()));
    let unsigned = CheckpointError::Note(NoteError::UnknownKeys);
    assert_eq!(Checkpoint::open(&note, other.verifier_key()), Err(unsigned));
    // A log that signs for another, which only one with its key could.
    let foreign = Note::sign(text.to_owned(), &other).unwrap();
    assert_eq!(Checkpoint::open(&foreign, other.verifier_key()), Err(refused));
}

#[test]
fn a_proof_file_stands_alone() {
    let definition = Definition::of(100);
    let log = signer("log.example.com/audit/log", 1);
    let (size, index) = (100, 42);
    let origin = log.verifier_key().name().clone();
    let checkpoint = Checkpoint { origin, size, root: definition.root(100) };
    let proof = proof::inclusion(index, size, &definition).unwrap();
    let leaf = Hash::of_leaf(&entry(42));
    let signed = checkpoint.sign(&log).unwrap();
    for extra in [entry(42), vec![]] {
        let file = ProofFile { extra, index, proof: proof.clone(), checkpoint: signed.clone() };
        let text = file.to_string();
        let read = ProofFile::parse(text.as_bytes()).unwrap();
        assert_eq!(read, file);
        assert_eq!(read.verify(leaf, log.verifier_key()).unwrap(), checkpoint);

        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "c2sp.org/tlog-proof@v1");
        let after = usize::from(!file.extra.is_empty());
        assert_eq!(lines[1 + after], "index 42");
        assert_eq!(lines[2 + after], definition.leaves()[43].to_string());
        let (head, note) = text.split_once("\n\n").unwrap();
        assert_eq!((head.lines().count(), note), (after + 2 + 7, &*signed.to_string()));
    }
    let file = ProofFile { extra: vec![], index: 43, proof, checkpoint: signed };
    let refused = file.verify(leaf, log.verifier_key());
    assert!(matches!(refused, Err(ProofFileError::Proof(_))), "{refused:?}");
    let refused = file.verify(leaf, signer("log.example.com/audit/log", 2).verifier_key());
    assert!(matches!(refused, Err(ProofFileError::Checkpoint(_))), "{refused:?}");
}
