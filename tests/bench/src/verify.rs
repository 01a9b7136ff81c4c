//! Entries per second that `mandate verify` verifies in a folder, against the same entries hashed to leaves by all
//! processors, from memory; and what the simplest program makes that reads them, too, as JSON of which it keeps nothing.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use clap::Parser as _;
use contract::envelope::{Commitments, EventHeader};
use contract::facts::AppArchived;
use contract::{
    AppId, Commitment, Envelope, Environment, Provenance, Service, TraceParent, Version,
};
use serde::de::IgnoredAny;
use translog::{Checkpoint, Coordinates, FULL_WIDTH, Hash, Resource, Signer, Tile, Tree, bundle};

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
    let (mut hashing, mut least, mut verifying) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        each(&entries, Hash::of_leaf);
        hashing = hashing.min(began.elapsed().as_secs_f64());
        let began = Instant::now();
        each(&entries, |entry| {
            (Hash::of_leaf(entry), serde_json::from_slice::<IgnoredAny>(entry).is_ok())
        });
        least = least.min(began.elapsed().as_secs_f64());
        let began = Instant::now();
        let mut said = Vec::new();
        let code = verifier::run(&arguments, None, &mut said, None)?;
        verifying = verifying.min(began.elapsed().as_secs_f64());
        ensure!(code == 0, "it does not verify: {}", String::from_utf8_lossy(&said));
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
    let what = "… the least: hashed, and read as JSON that is thrown away";
    report.add(row(what, least, None, format!("{of} in memory; {limit}")));
    Ok(())
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
