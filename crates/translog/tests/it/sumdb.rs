//! Go's implementation, golang.org/x/mod/sumdb, reads what we make and makes what we read.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use local_servers::testing::Go;
use tempfile::TempDir;
use translog::{
    Checkpoint, Coordinates, Hash, Note, ProofFile, Resource, Signer, Tile, Tiles, Tree, bundle,
    proof,
};

use crate::{definition::entry, notes::signer};

const ORIGIN: &str = "log.example.com/audit/log";
/// Two full tiles and a part; and three levels, of which the highest has one hash.
const SIZES: [usize; 2] = [600, 65_700];
/// For the size before: within the first tile, and on a tile's end.
const OLDER: [usize; 2] = [200, 65_536];

/// The program of `tests/go/tlog`, built in this folder.
fn program(folder: &TempDir) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/go/tlog");
    let caches = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    let built = Go::provide().unwrap().build(&source, folder.path(), &caches);
    built.unwrap_or_else(|error| panic!("{error}"))
}

/// A log in files, as it is served.
struct Served {
    program: PathBuf,
    folder: TempDir,
    signer: Signer,
    size: usize,
}

impl Served {
    /// A log of this size that had a checkpoint, in the file `older`, at an older one.
    fn new(older: usize, size: usize, program: &Path) -> Self {
        let (folder, signer) = (tempfile::tempdir().unwrap(), signer(ORIGIN, 1));
        let served = Self { program: program.to_owned(), folder, signer, size };
        let mut tree = Tree::new();
        for (name, from, to) in [("older", 0, older), ("checkpoint", older, size)] {
            for row in tree.append((from..to).map(|number| Hash::of_leaf(&entry(number)))) {
                served.write(&row.tile.to_string(), &row.bytes);
            }
            served.write(name, served.checkpoint(&tree).to_string().as_bytes());
        }
        for at in Coordinates::changed(0, size as u64) {
            let first = usize::try_from(at.index()).unwrap() * 256;
            let mut bytes = Vec::new();
            for number in first..first + usize::from(at.width()) {
                bundle::push(&mut bytes, &entry(number)).unwrap();
            }
            served.write(&Resource::Entries(at).to_string(), &bytes);
        }
        let tiles = served.tiles(proof::consistency_tiles(older as u64, size as u64).unwrap());
        let proof = proof::consistency(older as u64, size as u64, &tiles).unwrap();
        let lines: Vec<String> = proof.iter().map(Hash::to_string).collect();
        served.write("consistency", lines.join("\n").as_bytes());
        served
    }

    fn checkpoint(&self, tree: &Tree) -> Note {
        let origin = self.signer.verifier_key().name().clone();
        Checkpoint { origin, size: tree.size(), root: tree.root() }.sign(&self.signer).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn tiles(&self, needed: Vec<Tile>) -> Tiles {
        let mut tiles = Tiles::new();
        for tile in needed {
            tiles.insert(tile, &fs::read(self.path(&tile.to_string())).unwrap()).unwrap();
        }
        tiles
    }

    /// Writes the proof file of an entry, and tells where.
    fn prove(&self, index: usize) -> PathBuf {
        let (number, size) = (index as u64, self.size as u64);
        let tiles = self.tiles(proof::inclusion_tiles(number, size).unwrap());
        let proof = proof::inclusion(number, size, &tiles).unwrap();
        let checkpoint = Note::parse(&fs::read(self.path("checkpoint")).unwrap()).unwrap();
        let file = ProofFile { extra: entry(index), index: number, proof, checkpoint };
        let name = format!("{index}.tlog-proof");
        self.write(&name, file.to_string().as_bytes());
        self.path(&name)
    }

    /// What Go says of the log and of these proofs.
    fn check(&self, further: &[PathBuf]) -> Output {
        let mut command = Command::new(&self.program);
        command.args(["check", "-key", &self.signer.verifier_key().to_string()]);
        command.arg("-older").arg(self.path("older"));
        command.arg("-consistency").arg(self.path("consistency"));
        command.arg(self.folder.path()).args(further).output().unwrap()
    }

    /// What Go says of this proof alone, to whoever trusts this key.
    fn check_proof(&self, file: &Path, key: &Signer) -> Output {
        let mut command = Command::new(&self.program);
        command.args(["proof", "-key", &key.verifier_key().to_string()]).arg(file);
        command.output().unwrap()
    }

    /// Go refuses the log after this change of a file, and says so with these words.
    fn refuses(&self, name: &str, change: impl FnOnce(&mut Vec<u8>), words: &str) {
        let before = fs::read(self.path(name)).unwrap();
        let mut bytes = before.clone();
        change(&mut bytes);
        assert_ne!(bytes, before);
        self.write(name, &bytes);
        let proof = self.path("42.tlog-proof");
        let output = self.check(&[proof]);
        self.write(name, &before);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(words), "{name}: {said}");
    }
}

fn printed(output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn go_verifies_every_entry_and_proof_of_our_log() {
    let built = tempfile::tempdir().unwrap();
    let program = program(&built);
    for (older, size) in OLDER.into_iter().zip(SIZES) {
        let log = Served::new(older, size, &program);
        let indices = [0, 42, 255, 256, 511, size - 1];
        let mut further: Vec<PathBuf> = indices.iter().map(|index| log.prove(*index)).collect();
        further.extend(indices.iter().map(|index| index.to_string().into()));
        let hashes = fs::read_to_string(log.path("consistency")).unwrap().lines().count();
        let expected = format!(
            "checkpoint of {ORIGIN}: {size} entries\n\
             all {size} entries make the root\n\
             the tree of {older} entries is the beginning\n\
             the proof of that has the same {hashes} hashes: true\n"
        );
        let proved = indices.map(|index| format!("entry {index} is proved by its file\n"));
        let included = indices.map(|index| format!("entry {index} is included\n"));
        let expected = [expected, proved.concat(), included.concat()].concat();
        assert_eq!(printed(log.check(&further)), expected);
    }
}

/// What would be worth nothing is a check that says yes to everything.
#[test]
fn go_refuses_our_log_with_a_byte_changed() {
    let built = tempfile::tempdir().unwrap();
    let log = Served::new(OLDER[0], SIZES[0], &program(&built));
    log.prove(42);
    let flip = |at: usize| move |bytes: &mut Vec<u8>| bytes[at] ^= 1;
    log.refuses("checkpoint", flip(ORIGIN.len() + 1), "invalid signature");
    log.refuses("tile/0/001", flip(100), "downloaded inconsistent tile");
    log.refuses("tile/1/000.p/2", flip(40), "downloaded inconsistent tile");
    log.refuses("tile/entries/002.p/88", flip(7), "another leaf than the entry 512");
    log.refuses("consistency", |bytes| bytes.truncate(bytes.len() - 45), "the consistency proof");
    let foreign = signer(ORIGIN, 2);
    let resigned = log.checkpoint(&Tree::new()).text().to_owned();
    let resigned = Note::sign(resigned, &foreign).unwrap().to_string();
    log.refuses("older", |bytes| *bytes = resigned.into_bytes(), "no verifiable signatures");
    let index = |bytes: &mut Vec<u8>| {
        *bytes = String::from_utf8(bytes.clone()).unwrap().replace("index 42", "index 43").into();
    };
    log.refuses("42.tlog-proof", index, "invalid transparency proof");
    let proof = log.path("42.tlog-proof");
    let proved = printed(log.check_proof(&proof, &log.signer));
    assert_eq!(proved, "entry 42 is proved by its file\n");
    for (file, key, words) in [
        (&proof, &foreign, "no verifiable signatures"),
        (&log.path("checkpoint"), &log.signer, "is no proof file"),
    ] {
        let output = log.check_proof(file, key);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(words), "{said}");
    }
}

#[test]
fn we_verify_a_log_that_go_made_and_make_the_same_tiles() {
    let built = tempfile::tempdir().unwrap();
    let program = program(&built);
    for (older, size) in OLDER.into_iter().zip(SIZES) {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let mut make = Command::new(&program)
            .args(["make", "-name", ORIGIN, "-older", &older.to_string()])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let entries: Vec<u8> = (0..size).flat_map(|it| [entry(it), vec![b'\n']].concat()).collect();
        make.stdin.take().unwrap().write_all(&entries).unwrap();
        let key = printed(make.wait_with_output().unwrap()).trim_end().parse().unwrap();

        let open = |name: &str| Checkpoint::open(&Note::parse(&read(name)).unwrap(), &key).unwrap();
        let (before, now) = (open("older"), open("checkpoint"));
        assert_eq!((before.size, now.size), (older as u64, size as u64));
        let consistency = String::from_utf8(read("consistency")).unwrap();
        let proof: Vec<Hash> = consistency.split(' ').map(|it| it.parse().unwrap()).collect();
        let (before, now) = ((before.size, before.root), (now.size, now.root));
        proof::verify_consistency(before, now, &proof).unwrap();

        let mut tree = Tree::new();
        let rows = tree.append((0..size).map(|number| Hash::of_leaf(&entry(number))));
        assert_eq!(now.1, tree.root());
        for row in rows {
            assert_eq!(read(&row.tile.to_string()), row.bytes, "{}", row.tile);
        }
        assert_eq!(files(folder.path()), Tile::changed(0, size as u64).count() + 3);
    }
}

fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}
