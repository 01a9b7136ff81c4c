//! A log in a folder, and the command over it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{CommandFactory as _, Parser as _};
use contract::envelope::{Commitments, EventHeader};
use contract::facts::AppSuspended;
use contract::{AppId, Envelope, Environment, Provenance, Service, Version};
use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;
use translog::{Checkpoint, Hash, Signer, Tile, Tree, bundle};
use uuid::Uuid;
use verifier::{Arguments, Index, Meanwhile};

/// The log's name.
pub(crate) const ORIGIN: &str = "log.example.com/audit/log";

/// So many streams are in the log, in turn.
const STREAMS: u64 = 40;

/// A folder with a log, whoever made its entries.
pub(crate) struct Log {
    folder: TempDir,
    pub(crate) signer: Signer,
    pub(crate) entries: Vec<Vec<u8>>,
}

/// What the command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: u8,
    pub(crate) text: String,
}

#[derive(Debug, clap::Parser)]
struct Command {
    #[command(flatten)]
    arguments: Arguments,
}

/// Runs the command.
pub(crate) fn run(arguments: &[&str]) -> Said {
    run_all(None, None, arguments)
}

/// Reads a command line.
pub(crate) fn parsed(line: &[&str]) -> Result<Arguments, clap::Error> {
    Command::try_parse_from(line).map(|command| command.arguments)
}

#[derive(Debug, clap::Parser)]
struct EvidenceCommand {
    #[command(flatten)]
    arguments: verifier::evidence::Arguments,
}

/// Reads a command line of `mandate evidence`.
pub(crate) fn parsed_evidence(line: &[&str]) -> Result<verifier::evidence::Arguments, clap::Error> {
    EvidenceCommand::try_parse_from(line).map(|command| command.arguments)
}

/// The help of the command.
pub(crate) fn help() -> String {
    Command::command().render_long_help().to_string()
}

/// Runs the command before somebody who looks on.
pub(crate) fn run_before(meanwhile: Meanwhile<'_>, arguments: &[&str]) -> Said {
    run_all(None, Some(meanwhile), arguments)
}

/// Runs the command with an index to compare.
pub(crate) fn run_with(index: Option<&mut dyn Index>, arguments: &[&str]) -> Said {
    run_all(index, None, arguments)
}

fn run_all(
    index: Option<&mut dyn Index>,
    meanwhile: Option<Meanwhile<'_>>,
    arguments: &[&str],
) -> Said {
    let arguments = parsed(&[&["verify"], arguments].concat()).unwrap();
    let mut text = Vec::new();
    let code = verifier::run(&arguments, index, &mut text, meanwhile).unwrap();
    Said { code, text: String::from_utf8(text).unwrap() }
}

impl Said {
    /// This exit code, and each of these texts.
    #[track_caller]
    pub(crate) fn is(&self, code: u8, texts: &[&str]) {
        assert_eq!(self.code, code, "{}", self.text);
        for text in texts {
            assert!(self.text.contains(text), "`{text}` is not in\n{}", self.text);
        }
    }
}

/// The bytes of an event at this place of a stream.
pub(crate) fn event(stream: u64, version: u64) -> Vec<u8> {
    let id = Uuid::from_u128(u128::from(stream) + 1);
    let environment = Environment::system();
    let provenance = Provenance::system(Service::AppRegistry, None, environment.new_id());
    let header = EventHeader {
        id: environment.new_id(),
        stream: id,
        version: Version::new(version.try_into().unwrap()).unwrap(),
        time: environment.now(),
        source: Service::AppRegistry,
    };
    let fact = AppSuspended { app_id: AppId::from_uuid(id) };
    let envelope = Envelope::of(&header, &provenance, Commitments::default(), &fact).unwrap();
    envelope.canonical().unwrap()
}

/// So many events, of streams in turn.
pub(crate) fn events(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|index| event(index % STREAMS, index / STREAMS + 1)).collect()
}

impl Log {
    /// The log of these entries.
    pub(crate) fn of(entries: Vec<Vec<u8>>) -> Self {
        let signer = Signer::generate(ORIGIN.parse().unwrap());
        let log = Self { folder: tempfile::tempdir().unwrap(), signer, entries };
        log.write_entries();
        log.write_tiles();
        log.sign();
        log
    }

    /// A log of 1,000 events.
    pub(crate) fn new() -> Self {
        Self::of(events(1000))
    }

    /// Writes all bundles.
    pub(crate) fn write_entries(&self) {
        let _ = fs::remove_dir_all(self.path("tile/entries"));
        for (index, entries) in self.entries.chunks(256).enumerate() {
            let partial =
                if entries.len() < 256 { format!(".p/{}", entries.len()) } else { String::new() };
            self.write(&format!("tile/entries/{index:03}{partial}"), &bundle_of(entries));
        }
    }

    /// Writes all tiles of these entries.
    pub(crate) fn write_tiles(&self) {
        let size = self.entries.len() as u64;
        for row in Tree::new().append(self.leaves()) {
            if Tile::among(row.tile.level(), row.tile.at().index(), size) == Some(row.tile) {
                self.write(&row.tile.to_string(), &row.bytes);
            }
        }
    }

    /// Signs these entries, and writes the key.
    pub(crate) fn sign(&self) {
        let key = self.key();
        self.write("key", format!("{key}\n").as_bytes());
        self.write("checkpoint", self.checkpoint().as_bytes());
    }

    /// The signed checkpoint of these entries.
    pub(crate) fn checkpoint(&self) -> String {
        let mut tree = Tree::new();
        tree.append(self.leaves());
        let origin = self.signer.verifier_key().name().clone();
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
        checkpoint.sign(&self.signer).unwrap().to_string()
    }

    fn leaves(&self) -> impl Iterator<Item = Hash> {
        self.entries.iter().map(|entry| Hash::of_leaf(entry))
    }

    /// The key to verify with.
    pub(crate) fn key(&self) -> String {
        self.signer.verifier_key().to_string()
    }

    /// A file of the folder.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Writes a file of the folder.
    pub(crate) fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Changes a file of the folder.
    pub(crate) fn change(&self, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.path(file)).unwrap();
        change(&mut bytes);
        self.write(file, &bytes);
    }

    /// Packs a file of the folder.
    pub(crate) fn compress(&self, file: &str) {
        self.change(file, |bytes| *bytes = gzip(bytes));
    }

    /// Keeps the checkpoint as it is now, in another folder's file.
    pub(crate) fn kept_checkpoint(&self) -> Kept {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("kept"), self.checkpoint()).unwrap();
        Kept(folder)
    }

    /// The command over the folder with the log's own key, which the auditor has from elsewhere.
    pub(crate) fn verify(&self, more: &[&str]) -> Said {
        let key = self.key();
        let folder = self.folder.path().to_str().unwrap();
        run(&[&["--folder", folder, "--key", &key], more].concat())
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A checkpoint that was kept.
pub(crate) struct Kept(TempDir);

impl Kept {
    /// Its file.
    pub(crate) fn file(&self) -> String {
        self.0.path().join("kept").to_str().unwrap().to_owned()
    }
}

/// The bundle of these entries.
pub(crate) fn bundle_of(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        bundle::push(&mut bytes, entry).unwrap();
    }
    bytes
}

/// The bytes packed.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The entry with another digit in the time at which it happened: an event still, of the same length.
pub(crate) fn backdated(entry: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(entry.to_vec()).unwrap();
    let changed = text.replace(r#""time":"20"#, r#""time":"19"#);
    assert_ne!(changed, text);
    changed.into_bytes()
}
