//! What holds for every parser and any bytes: it does not panic, and what it accepts has one form only,
//! the one that it was read from. The program in `fuzz` calls the same.

use std::{fmt::Display, str::FromStr};

use translog::{
    Checkpoint, Hash, HashReader as _, Node, Note, ProofFile, Resource, Tiles, VerifierKey, bundle,
    proof,
};

/// A parser under its name, with input that it accepts.
pub(crate) struct Parser {
    /// What it reads.
    pub name: &'static str,
    /// Reads these bytes, and checks what it made of them. Whether it accepted them.
    pub check: fn(&[u8]) -> bool,
    /// What it accepts.
    pub seeds: &'static [&'static [u8]],
}

/// All of them.
pub(crate) static PARSERS: [Parser; 8] = [
    Parser {
        name: "path",
        check: text::<Resource>,
        seeds: &[b"tile/0/x001/x234/067.p/8", b"tile/entries/000", b"tile/63/x018/x446/744.p/255"],
    },
    Parser {
        name: "hash",
        check: text::<Hash>,
        seeds: &[b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="],
    },
    Parser {
        name: "verifier_key",
        check: text::<VerifierKey>,
        seeds: &[
            b"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            b"log+01020304+/wE=",
        ],
    },
    Parser {
        name: "checkpoint",
        check: text::<Checkpoint>,
        seeds: &[
            b"example.com/log\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            b"log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        ],
    },
    Parser {
        name: "note",
        check: note,
        seeds: &[
            "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n".as_bytes(),
            "text\n\nwith more\n\n— log AQIDBAU=\n— witness AQIDBAUG\n".as_bytes(),
        ],
    },
    Parser {
        name: "proof_file",
        check: proof_file,
        seeds: &[
            "c2sp.org/tlog-proof@v1\nextra AQ==\nindex 5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\nlog\n8\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— log AQIDBAU=\n".as_bytes(),
        ],
    },
    Parser { name: "bundle", check: entries, seeds: &[b"\x02\0\x05first\0\0\0\x01x", b"\0\0\x02ab"] },
    Parser {
        name: "proof",
        check: any_proof,
        seeds: &[b"\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x09\x04", b"\0\0\0\0\0\0\x01\0\0\0\0\0\0\x01\0\x01\x09"],
    },
];

fn text<T: FromStr + Display>(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(parsed) = text.parse::<T>() else { return false };
    assert_eq!(parsed.to_string(), text);
    true
}

fn note(bytes: &[u8]) -> bool {
    let Ok(note) = Note::parse(bytes) else { return false };
    assert_eq!(note.to_string().as_bytes(), bytes);
    let key = PARSERS[2].seeds[0];
    let key: VerifierKey = std::str::from_utf8(key).unwrap().parse().unwrap();
    // The only text that this key is known to have signed.
    if note.verify(&[key]).is_ok() {
        assert_eq!(note.text(), "This is an example message.\n");
    }
    true
}

fn proof_file(bytes: &[u8]) -> bool {
    let Ok(file) = ProofFile::parse(bytes) else { return false };
    assert_eq!(file.to_string().as_bytes(), bytes);
    let key: VerifierKey = std::str::from_utf8(PARSERS[2].seeds[0]).unwrap().parse().unwrap();
    assert!(file.verify(Hash::of_leaf(b""), &key).is_err());
    true
}

/// The first byte is one less than the number of entries.
fn entries(bytes: &[u8]) -> bool {
    let Some((width, bytes)) = bytes.split_first() else { return false };
    let width = u16::from(*width) + 1;
    if let Ok(prefix) = bundle::prefix(bytes, width) {
        assert!(bytes.starts_with(prefix));
        assert!(bundle::parse(prefix, width).is_ok());
    }
    let Ok(entries) = bundle::parse(bytes, width) else { return false };
    assert_eq!(entries.len(), usize::from(width));
    let mut again = Vec::new();
    for entry in entries {
        bundle::push(&mut again, entry).unwrap();
    }
    assert_eq!(again, bytes);
    true
}

/// Two numbers of 64 bits, as an entry and a size and as two sizes, and a number of hashes.
fn any_proof(bytes: &[u8]) -> bool {
    let Some((one, bytes)) = bytes.split_first_chunk() else { return false };
    let Some((other, bytes)) = bytes.split_first_chunk() else { return false };
    let (one, other) = (u64::from_be_bytes(*one), u64::from_be_bytes(*other));
    let count = usize::from(bytes.first().copied().unwrap_or_default());
    let wrong = Hash::of_leaf(b"wrong");
    let proof = vec![wrong; count];
    assert!(proof::verify_inclusion(wrong, one, &proof, other, Hash::of_empty_tree()).is_err());
    let (older, newer) = ((one, wrong), (other, Hash::of_empty_tree()));
    assert!(proof::verify_consistency(older, newer, &proof).is_err());
    let height = u32::try_from(count).unwrap();
    assert_eq!(Tiles::new().hash(Node { height, index: one }), None);
    // At most two tiles a level, besides that of the entry itself.
    let consistent = proof::consistency_tiles(one, other).map(|tiles| assert!(tiles.len() <= 16));
    let included = proof::inclusion_tiles(one, other).map(|tiles| assert!(tiles.len() <= 16));
    consistent.is_ok() || included.is_ok()
}
