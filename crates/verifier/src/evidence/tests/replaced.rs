//! Evidence from a log whose key was replaced.

use contract::LogKeyId;
use contract::facts::LogKeyReplaced;
use translog::ProofFile;

use super::*;

/// Where the replacement is, counted from 0, and how many entries both keys signed.
const INDEX: usize = 300;
const COVERED: usize = 500;

fn replaced(old: &Signer, new: &Signer) -> Vec<u8> {
    let fact = LogKeyReplaced {
        log_key_id: LogKeyId::from_uuid(Uuid::from_u128(5)),
        verifier_key: new.verifier_key().to_string(),
        replaced_verifier_key: old.verifier_key().to_string(),
    };
    event(5, 2, Service::Audit, &fact)
}

/// A log with a consent in which this key was replaced.
fn log_after(old: &Signer) -> Log {
    let mut log = log_with_consent(600);
    log.entries.insert(INDEX, replaced(old, &log.signer));
    log
}

/// Its proof, signed by the replaced key, if the log's first entries were these.
fn proof_of(entries: &[Vec<u8>], index: usize, old: &Signer) -> Vec<u8> {
    let first = Log { signer: signer(), entries: entries[..COVERED].to_vec() };
    let (index, size) = (index as u64, COVERED as u64);
    let mut tiles = Tiles::new();
    for (tile, hashes) in first.tiles(&[index + 1], None) {
        tiles.insert(tile, &hashes).unwrap();
    }
    let proof = proof::inclusion(index, size, &tiles).unwrap();
    let checkpoint = first.signed(COVERED).sign(old).unwrap();
    let extra = entries[usize::try_from(index).unwrap()].clone();
    ProofFile { extra, index, proof, checkpoint }.to_string().into_bytes()
}

fn signer() -> Signer {
    Signer::generate("log.example.com/audit/log".parse().unwrap())
}

/// Evidence with that proof.
fn evidence(log: &Log, old: &Signer, proof: Vec<u8>) -> Package {
    let mut package = log.evidence_of_consent_after(Some(COVERED as u64));
    package.replacements.insert(old.verifier_key().id(), proof);
    package
}

fn verify_by(key: &VerifierKey, package: &Package) -> Said {
    let given = Given { key: Some(key), key_file: None, checkpoint: None };
    verify_given(given, &zip::write(&package.files()).unwrap())
}

#[test]
fn whoever_was_given_the_old_key_verifies_it_and_is_told_of_the_new_one() {
    let old = signer();
    let log = log_after(&old);
    let package = evidence(&log, &old, proof_of(&log.entries, INDEX, &old));
    let named = format!("entry 301 (index 300), which it signed itself, names {}", log.key());
    verify_by(old.verifier_key(), &package).is(0, &[&named, "All is well."]);
    log.verify(&package).is(0, &["Key, as given", "All is well."]);

    // Without the proof it is the log of somebody else.
    let without = log.evidence_of_consent();
    verify_by(old.verifier_key(), &without).is(2, &["checkpoint: no known key signed"]);
    log.verify(&without).is(0, &[]);
}

#[test]
fn one_key_leads_to_the_next() {
    let (oldest, old) = (signer(), signer());
    let mut log = log_after(&old);
    log.entries.insert(100, replaced(&oldest, &old));
    let mut package = evidence(&log, &old, proof_of(&log.entries, INDEX + 1, &old));
    let first = proof_of(&log.entries, 100, &oldest);
    package.replacements.insert(oldest.verifier_key().id(), first);
    let names = [&format!("names {}", old.verifier_key()), &format!("names {}", log.key())];
    verify_by(oldest.verifier_key(), &package).is(0, &names.map(String::as_str));
    log.verify(&package).is(0, &[]);

    // The second one is missing: the first leads nowhere.
    package.replacements.remove(&old.verifier_key().id());
    let file = format!("key-replacement/{}", oldest.verifier_key().id());
    log.verify(&package).is(8, &[&file, "does not lead to the key of this evidence"]);
}

#[test]
fn evidence_that_both_keys_signed_is_verified_by_each() {
    let old = signer();
    let mut log = log_after(&old);
    log.entries.truncate(COVERED);
    let mut package = evidence(&log, &old, proof_of(&log.entries, INDEX, &old));
    let mut both = log.signed(COVERED).sign(&log.signer).unwrap();
    both.add(&old);
    package.checkpoint = both.to_string().into_bytes();
    package.description.streams.iter_mut().for_each(|stream| {
        let of = package
            .entries
            .values()
            .filter(|entry| Envelope::parse(entry).unwrap().subject == stream.stream);
        stream.events = of.count() as u64;
    });
    verify_by(old.verifier_key(), &package).is(0, &["All is well."]);
    log.verify(&package).is(0, &["All is well."]);
}

#[test]
fn a_proof_that_proves_nothing_is_named_whichever_key_is_trusted() {
    let old = signer();
    let log = log_after(&old);
    let file = format!("key-replacement/{}", old.verifier_key().id());
    let refused = |proof: Vec<u8>, code: u8, text: &str| {
        let package = evidence(&log, &old, proof);
        log.verify(&package).is(code, &[&file, text]);
    };
    refused(b"nothing".to_vec(), 2, "c2sp.org/tlog-proof");
    refused(proof_of(&log.entries, INDEX, &signer()), 2, "no known key signed");
    refused(proof_of(&log.entries, INDEX - 1, &old), 2, "does not say that this key was replaced");
    let mut other = log.entries.clone();
    other[INDEX] = replaced(&signer(), &log.signer);
    refused(proof_of(&other, INDEX, &old), 2, "does not say that this key was replaced");
    // It names another than the one that signs.
    let mut log = log_with_consent(600);
    log.entries.insert(INDEX, replaced(&old, &signer()));
    let package = evidence(&log, &old, proof_of(&log.entries, INDEX, &old));
    log.verify(&package).is(8, &[&file, "does not lead to the key of this evidence"]);
}

#[test]
fn what_the_old_key_signed_last_is_what_the_log_goes_on_from() {
    let old = signer();
    let log = log_after(&old);
    let mut other = log.entries.clone();
    other[100] = of_app(77, 1);
    let forked = evidence(&log, &old, proof_of(&other, INDEX, &old));
    let text = "its first 500 entries are not those that the key";
    log.verify(&forked).is(4, &[text, "the log was forked"]);

    // Its tiles do not reach so far.
    let mut package = log.evidence_of_range([1]);
    let proof = proof_of(&log.entries, INDEX, &old);
    package.replacements.insert(old.verifier_key().id(), proof);
    log.verify(&package).is(1, &["has not the tiles that prove", "signed when it was replaced"]);
}

#[test]
fn evidence_in_which_its_key_is_replaced_is_signed_by_the_new_one_too() {
    let (old, new) = (signer(), signer());
    let mut log = log_with_consent(600);
    log.entries.insert(INDEX, replaced(&old, &new));
    log.signer = old;
    let package = log.evidence_of_range(299..=303);
    let text = "entry 301 (index 300): it says that the key";
    log.verify(&package).is(2, &[text, "the new one has not signed the checkpoint"]);
}
