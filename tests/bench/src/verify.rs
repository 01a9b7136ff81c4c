//! Entries per second that `mandate verify` verifies in a folder, against the same entries hashed to leaves by all
//! processors, from memory; and what the simplest programs make that read the folder, too, make the root of each of its
//! bundles, and read its entries as JSON of which they keep nothing.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use clap::Parser as _;
use contract::envelope::{Commitments, EventHeader};
use contract::facts::AppArchived;
use contract::{
    AppId, Commitment, Envelope, Environment, Provenance, Service, TraceParent, Version,
};
use serde::de::IgnoredAny;
use translog::{
    Checkpoint, Coordinates, FULL_WIDTH, FullTile, Hash, Resource, Signer, Tile, Tree, bundle,
};

use crate::report::{Report, Row};

/// At least this much of the limit.
const AIM: f64 = 0.7;
/// How often each is measured, in turn: the fastest of each counts.
const ROUNDS: usize = 5;
/// Of so many events is a stream.
const IN_A_STREAM: usize = 3;

#[derive(Debug, clap::Parser)]
struct Verify {
    #[command(flatten)]
    arguments: verifier::Arguments,
}

/// Makes a log of so many entries in a folder, hashes its entries, and verifies it.
pub(crate) fn measure(events: usize, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let entries = entries(&Environment::system(), events)?;
    let key = write(folder.path(), &entries)?;
    let place = folder.path().to_str().context("a path of ours is UTF-8")?;
    let verify = ["verify", "--folder", place, "--key", &key];
    let arguments = Verify::try_parse_from(verify)?.arguments;
    let files = bundles(folder.path(), events)?;
    let [mut hashing, mut reading, mut growing, mut parsing] = [f64::INFINITY; 4];
    let [mut least, mut verifying] = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        fastest(&mut hashing, || {
            each(&entries, Hash::of_leaf);
            Ok(())
        })?;
        fastest(&mut parsing, || {
            each(&entries, hash_and_parse);
            Ok(())
        })?;
        fastest(&mut reading, || each_of_files(&files, hashes))?;
        fastest(&mut growing, || each_of_files(&files, root))?;
        fastest(&mut least, || each_of_files(&files, |it| (root(it), are_json(it))))?;
        fastest(&mut verifying, || {
            let mut said = Vec::new();
            let code = verifier::run(&arguments, None, &mut said, None)?;
            ensure!(code == 0, "it does not verify: {}", String::from_utf8_lossy(&said));
            Ok(())
        })?;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let (count, bytes) = (events as f64, entries.iter().map(Vec::len).sum::<usize>() as f64);
    let row = |what: &str, seconds: f64, aim: Option<f64>, note: String| Row {
        what: what.to_owned(),
        measured: count / seconds,
        limit: Some(count / hashing),
        unit: "1/s",
        ratio: Some(hashing / seconds),
        aim,
        p50_ms: None,
        p99_ms: None,
        note,
    };
    let of = format!("{events} entries of {:.0} bytes", bytes / count);
    let limit = "limit: their leaves hashed by all processors";
    report.add(row("verification", verifying, Some(AIM), format!("{of} in a folder; {limit}")));
    let mut floor = |what: &str, seconds: f64, place: &str| {
        report.add(row(what, seconds, None, format!("{of} {place}; {limit}")));
    };
    floor("… the least: read and hashed", reading, "in a folder");
    floor("… the least: read, and hashed to the root of each bundle", growing, "in a folder");
    floor("… the least: hashed, and read as JSON that is thrown away", parsing, "in memory");
    floor("… the least: both, and read as JSON that is thrown away", least, "in a folder");
    Ok(())
}

/// Does this, and keeps how long it took in seconds if it was never faster.
fn fastest(seconds: &mut f64, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let began = Instant::now();
    work()?;
    *seconds = seconds.min(began.elapsed().as_secs_f64());
    Ok(())
}

fn hash_and_parse(entry: &[u8]) -> (Hash, bool) {
    (Hash::of_leaf(entry), serde_json::from_slice::<IgnoredAny>(entry).is_ok())
}

fn hashes(entries: &[&[u8]]) -> Vec<Hash> {
    entries.iter().map(|entry| Hash::of_leaf(entry)).collect()
}

fn root(entries: &[&[u8]]) -> Option<Hash> {
    FullTile::new(hashes(entries)).map(|tile| tile.root())
}

fn are_json(entries: &[&[u8]]) -> bool {
    entries.iter().all(|entry| serde_json::from_slice::<IgnoredAny>(entry).is_ok())
}

/// The files of all bundles, and how many entries each has.
fn bundles(folder: &Path, events: usize) -> anyhow::Result<Vec<(PathBuf, u16)>> {
    let size = u64::try_from(events)?;
    let bundle = |index| {
        let at = Coordinates::among(index, size).context("a bundle is within the log")?;
        Ok((folder.join(Resource::Entries(at).to_string()), at.width()))
    };
    (0..size.div_ceil(u64::from(FULL_WIDTH))).map(bundle).collect()
}

/// Does this with the entries of each of these files, on all processors, each of which reads into the same memory again.
fn each_of_files<T>(
    files: &[(PathBuf, u16)],
    work: impl Fn(&[&[u8]]) -> T + Sync,
) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    let read = || {
        let mut bytes = Vec::new();
        while let Some((path, width)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            bytes.clear();
            File::open(path)?.read_to_end(&mut bytes)?;
            std::hint::black_box(work(&bundle::parse(&bytes, *width)?));
        }
        anyhow::Ok(())
    };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..processors).map(|_| scope.spawn(read)).collect();
        threads.into_iter().try_for_each(|it| it.join().expect("nothing panics here"))
    })
}

/// Does this with all entries, on all processors.
fn each<T>(entries: &[Vec<u8>], work: impl Fn(&[u8]) -> T + Copy + Send) {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for part in entries.chunks(entries.len().div_ceil(processors).max(1)) {
            scope.spawn(move || {
                for entry in part {
                    std::hint::black_box(work(entry));
                }
            });
        }
    });
}

/// As many events, with all attributes that an event can have.
fn entries(environment: &Environment, count: usize) -> anyhow::Result<Vec<Vec<u8>>> {
    let organization = Some(environment.new_id());
    let commitment = || Some(Commitment(environment.bytes()));
    let mut app_id: AppId = environment.new_id();
    let mut entries = Vec::with_capacity(count);
    for number in 0..count {
        let place = number % IN_A_STREAM;
        if place == 0 {
            app_id = environment.new_id();
        }
        let mut provenance =
            Provenance::system(Service::AppRegistry, organization, environment.new_id());
        provenance.causation = Some(environment.new_id());
        provenance.traceparent = Some(TraceParent::start(environment));
        let header = EventHeader {
            id: environment.new_id(),
            stream: app_id.uuid(),
            version: Version::new(i64::try_from(place)? + 1).context("it is at least 1")?,
            time: environment.now(),
            source: Service::AppRegistry,
        };
        let commitments = Commitments { context: commitment(), details: commitment() };
        let fact = AppArchived { app_id };
        let envelope = Envelope::of(&header, &provenance, commitments, &fact)?;
        entries.push(envelope.canonical()?);
    }
    Ok(entries)
}

/// Writes the log of these entries, and gives its key.
fn write(folder: &Path, entries: &[Vec<u8>]) -> anyhow::Result<String> {
    let signer = Signer::generate("log.example.com/audit/log".parse()?);
    let mut tree = Tree::new();
    let rows = tree.append(entries.iter().map(|entry| Hash::of_leaf(entry)));
    let size = tree.size();
    for row in rows {
        if Tile::among(row.tile.level(), row.tile.at().index(), size) == Some(row.tile) {
            file(folder, &row.tile.to_string(), &row.bytes)?;
        }
    }
    for (index, entries) in (0..).zip(entries.chunks(usize::from(FULL_WIDTH))) {
        let at = Coordinates::among(index, size).context("a bundle is within the log")?;
        let mut bytes = Vec::new();
        for entry in entries {
            bundle::push(&mut bytes, entry)?;
        }
        file(folder, &Resource::Entries(at).to_string(), &bytes)?;
    }
    let origin = signer.verifier_key().name().clone();
    let checkpoint = Checkpoint { origin, size, root: tree.root() };
    file(folder, "checkpoint", checkpoint.sign(&signer)?.to_string().as_bytes())?;
    Ok(signer.verifier_key().to_string())
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
    Ok(std::fs::write(path, bytes)?)
}
