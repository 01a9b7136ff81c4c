//! Input that is not what it should be, and what is said of it.

use translog::{
    Checkpoint, CheckpointError, Hash, KeyError, KeyName, Note, NoteError, PathError, ProofFile,
    ProofFileError, Resource, VerifierKey,
};

use crate::notes::{signer, vkey};

#[test]
fn a_path_has_one_form() {
    for path in [
        "tile/0/000",
        "tile/0/000.p/1",
        "tile/63/255.p/255",
        "tile/0/999",
        "tile/0/x001/000",
        "tile/5/x001/x000/000.p/9",
        "tile/0/x018/x446/x744/x073/x709/x551/615",
        "tile/entries/x001/x234/067.p/8",
    ] {
        assert_eq!(path.parse::<Resource>().map(|it| it.to_string()), Ok(path.to_owned()));
    }
    let wrong: [(PathError, &[&str]); 4] = [
        (
            PathError::Form,
            &["", "tile", "tile/", "tile/0", "/tile/0/000", "tiles/0/000", "checkpoint"],
        ),
        (
            PathError::Level,
            &[
                "tile//000",
                "tile/00/000",
                "tile/01/000",
                "tile/64/000",
                "tile/256/000",
                "tile/-1/000",
                "tile/+1/000",
                "tile/data/000",
                "tile/Entries/000",
                "tile/x/000",
                "tile/ 0/000",
            ],
        ),
        (
            PathError::Index,
            &[
                "tile/0/",
                "tile/0/0",
                "tile/0/00",
                "tile/0/0000",
                "tile/0/1000",
                "tile/0/x000",
                "tile/0/x000/001",
                "tile/0/x000/x001/000",
                "tile/0/001/002",
                "tile/0/x001/x002",
                "tile/0/x001x/002",
                "tile/0/xx01/002",
                "tile/0/x01/002",
                "tile/0/x0001/002",
                "tile/0/X001/002",
                "tile/0/001/",
                "tile/0//001",
                "tile/0/x001//001",
                "tile/0/-01",
                "tile/0/+01",
                "tile/0/ 01",
                "tile/0/٠٠١",
                "tile/0/000.p",
                "tile/0/000.q/1",
                "tile/0/000.P/1",
                "tile/0/.p/1",
                "tile/0/000p/1",
                "tile/entries/",
                "tile/0/000/1",
                // 2^64, and far over it.
                "tile/0/x018/x446/x744/x073/x709/x551/616",
                "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            ],
        ),
        (
            PathError::Width,
            &[
                "tile/0/000.p/",
                "tile/0/000.p/0",
                "tile/0/000.p/256",
                "tile/0/000.p/01",
                "tile/0/000.p/-1",
                "tile/0/000.p/+1",
                "tile/0/000.p/1/",
                "tile/0/000.p/1/2",
                "tile/0/000.p/65537",
                "tile/0/000.p/1.p/1",
                "tile/0/000.p/x",
                "tile/entries/000.p/0",
                "tile/0/000.p/18446744073709551617",
            ],
        ),
    ];
    for (error, paths) in wrong {
        for path in paths {
            assert_eq!(path.parse::<Resource>(), Err(error), "{path}");
        }
    }
}

#[test]
fn a_checkpoint_has_three_lines_in_one_form() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let wrong = |text: String| text.parse::<Checkpoint>().unwrap_err();
    assert!(format!("log\n1\n{root}\n").parse::<Checkpoint>().is_ok());
    for text in [
        String::new(),
        "log\n1\n".to_owned(),
        format!("log\n1\n{root}"),
        format!("log\n1\n{root}\n\n"),
        format!("log\n1\n{root}\nextension\n"),
        format!("\nlog\n1\n{root}\n"),
    ] {
        assert_eq!(wrong(text.clone()), CheckpointError::Lines, "{text:?}");
    }
    for origin in ["", " ", "a b", "a+b", "a\u{a0}b", "a\tb", "log\r"] {
        assert_eq!(wrong(format!("{origin}\n1\n{root}\n")), CheckpointError::Origin, "{origin:?}");
    }
    for size in ["", "00", "01", "-1", "+1", "1 ", "1\r", "0x1", "1e3", "18446744073709551616"] {
        assert_eq!(wrong(format!("log\n{size}\n{root}\n")), CheckpointError::Size, "{size:?}");
    }
    let url_safe = root.replace('/', "_");
    // The last two bits mean nothing, so they must be zero.
    let loose = root.replace("I=", "J=");
    for root in
        ["", "AAAA", &root[..43], &url_safe, &loose, &format!("{root}\r"), &format!(" {root}")]
    {
        assert_eq!(wrong(format!("log\n1\n{root}\n")), CheckpointError::Root, "{root:?}");
    }
    assert_eq!(wrong(format!("log\n0\n{root}\n")), CheckpointError::EmptyRoot);
    let empty = Hash::of_empty_tree();
    assert!(format!("log\n0\n{empty}\n").parse::<Checkpoint>().is_ok());
}

#[test]
fn a_note_has_a_text_and_lines_of_signatures() {
    let wrong = |bytes: &[u8]| Note::parse(bytes).unwrap_err();
    let good = "text\n\n— log AQIDBAU=\n";
    assert_eq!(Note::parse(good.as_bytes()).unwrap().to_string(), good);
    for bytes in [&b"text\n\n\xff\n"[..], b"te\0xt\n\n", b"te\rxt\n\n", b"te\x1bxt\n\n"] {
        assert_eq!(wrong(bytes), NoteError::Characters);
    }
    for text in ["", "text", "text\n", "— log AQIDBAU=\n", "text\n\n", "text\n\n— log AQIDBAU="]
    {
        assert_eq!(wrong(text.as_bytes()), NoteError::Unsigned, "{text:?}");
    }
    for line in [
        "",
        "-- log AQIDBAU=",
        "- log AQIDBAU=",
        "—log AQIDBAU=",
        "—  log AQIDBAU=",
        " — log AQIDBAU=",
        "— log",
        "— log ",
        "— AQIDBAU=",
        "— log  AQIDBAU=",
        "— log AQIDBAU= ",
        "— log AQIDBAU",
        "— log AQIDBAV=",
        "— log AQIDBA==",
        "— log AQID",
        "— lo+g AQIDBAU=",
        "— lo\u{2003}g AQIDBAU=",
        "— log AQIDBAU=\ntext",
    ] {
        let note = format!("text\n\n— log AQIDBAU=\n{line}\n");
        let expected = if line.is_empty() {
            NoteError::Unsigned
        } else {
            NoteError::Signature(2 + line.matches('\n').count())
        };
        assert_eq!(wrong(note.as_bytes()), expected, "{line:?}");
    }
}

#[test]
fn a_verifier_key_is_its_name_its_id_and_its_key() {
    let wrong = |text: &str| text.parse::<VerifierKey>().unwrap_err();
    let good = vkey("log", 1, &[7; 32]);
    assert_eq!(good.parse::<VerifierKey>().unwrap().to_string(), good);
    let (name_and_id, key) = good.rsplit_once('+').unwrap();
    for text in ["log", "log+01020304", &format!("{name_and_id}+"), &format!("{good}=")] {
        assert_eq!(wrong(text), KeyError::Form, "{text}");
    }
    for id in ["", "0102030", "010203040", "0102030g", "0102030A"] {
        assert_eq!(wrong(&format!("log+{id}+{key}")), KeyError::Id, "{id}");
    }
    for name in ["", " ", "l g", "l\ng"] {
        assert_eq!(wrong(&format!("{name}+01020304+{key}")), KeyError::Name, "{name:?}");
        assert_eq!(name.parse::<KeyName>(), Err(KeyError::Name));
    }
    let refused = wrong(&format!("log+01020304+{key}"));
    assert!(matches!(refused, KeyError::OtherId { .. }), "{refused}");
    let renamed = wrong(&good.replace("log", "other"));
    assert!(matches!(renamed, KeyError::OtherId { .. }), "{renamed}");
    for length in [0, 31, 33, 64] {
        let text = vkey("log", 1, &vec![7; length]);
        assert_eq!(wrong(&text), KeyError::Length(length));
    }
}

#[test]
fn a_proof_file_has_its_lines_in_order() {
    let hash = Hash::of_leaf(b"");
    let note = Note::sign("text\n".to_owned(), &signer("log", 1)).unwrap();
    let first = "c2sp.org/tlog-proof@v1\n";
    let wrong = |text: &str| ProofFile::parse(text.as_bytes()).unwrap_err();
    let good = format!("{first}extra AQ==\nindex 5\n{hash}\n{hash}\n\n{note}");
    assert_eq!(ProofFile::parse(good.as_bytes()).unwrap().to_string(), good);
    assert_eq!(ProofFile::parse(b"\xff"), Err(ProofFileError::Characters));
    for text in
        ["", "c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2\n", "\nc2sp.org/tlog-proof@v1\n"]
    {
        assert_eq!(wrong(text), ProofFileError::FirstLine, "{text:?}");
    }
    let truncated = format!("{first}index 5\n{hash}\n");
    assert_eq!(wrong(&truncated), ProofFileError::Truncated);
    for extra in ["extra ", "extra A", "extra AR==", "extra  AQ==", "extra AQ== "] {
        let file = format!("{first}{extra}\nindex 5\n\n{note}");
        assert_eq!(wrong(&file), ProofFileError::Extra, "{extra:?}");
    }
    for index in [
        "",
        "index",
        "index ",
        "index -1",
        "index 05",
        "index  5",
        "index 5 ",
        "index 18446744073709551616",
        "Index 5",
        "extra",
        "extra AQ==\nextra AQ==\nindex 5",
        "index x\nextra AQ==",
    ] {
        let file = format!("{first}{index}\n\n{note}");
        assert_eq!(wrong(&file), ProofFileError::Index, "{index:?}");
    }
    for line in ["AAAA", "index 5", "extra AQ==", " "] {
        let file = format!("{first}index 5\n{hash}\n{line}\n\n{note}");
        assert_eq!(wrong(&file), ProofFileError::Hash(2), "{line:?}");
    }
    let hashes = format!("{hash}\n").repeat(64);
    assert!(ProofFile::parse(format!("{first}index 5\n{hashes}\n{note}").as_bytes()).is_ok());
    let file = format!("{first}index 5\n{hashes}{hash}\n\n{note}");
    assert_eq!(wrong(&file), ProofFileError::TooManyHashes);
    let unsigned = format!("{first}index 5\n\ntext\n");
    assert_eq!(wrong(&unsigned), ProofFileError::Note(NoteError::Unsigned));
    let crlf = good.replace('\n', "\r\n");
    assert_eq!(wrong(&crlf), ProofFileError::FirstLine);
}
