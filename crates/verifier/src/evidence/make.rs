//! Makes evidence from a server: verifies first what it is given, and writes nothing that does not verify.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use contract::Environment;
use translog::{Checkpoint, Tile, Tiles, VerifierKey, proof};

use super::arguments::Arguments;
use super::collect::{Collected, collect};
use super::description::{Asked, Description, FORMAT, PAGE};
use super::package::Package;
use super::{replacements, zip};
use crate::failure::Audited;
use crate::outcome::Outcome;
use crate::printable::printable;
use crate::signature::{self, Given, Refused, Signed, Trust};
use crate::source::{self, Server};

/// A checkpoint that covers what was just recorded is signed and served within a second or two.
const TRIES: u32 = 20;
const WAIT: Duration = Duration::from_millis(500);

/// Why there is no evidence, in words that can be printed to a terminal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotMade(String);

impl NotMade {
    fn because(why: &str) -> Self {
        Self(printable(why))
    }
}

impl From<Refused> for NotMade {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unreadable(why) => Self::because(&why),
            Refused::Wrong(failure) => Self::because(&failure.to_string()),
        }
    }
}

/// Makes the evidence and writes it to its file, whole or not at all. What there is to say of it.
///
/// # Errors
/// When it cannot be read, does not verify, or cannot be written.
pub fn make(arguments: &Arguments, environment: &Environment) -> Result<String, NotMade> {
    let token = arguments.token_file.as_deref();
    let server = Server::new(&arguments.server, token)
        .map_err(|error| NotMade::because(&error.to_string()))?;
    let given = Given {
        key: arguments.key.as_ref(),
        key_file: arguments.key_file.as_deref(),
        checkpoint: arguments.checkpoint.as_deref(),
    };
    let mut trust = signature::key(given, &server)?;
    let (signed, collected) = covered(&server, &mut trust, arguments.asked())?;
    let keys = trust.keys();
    let kept = given.checkpoint.map(|file| signature::kept(file, &keys)).transpose()?;
    let checkpoint = &signed.checkpoint;
    let (replaced, replacements) = replacements::read(&server, &trust, checkpoint.size)?;
    // The key that was given may have been replaced: the evidence is of the newest.
    let key = replaced.newest(trust.newest());
    let earlier = replaced.sizes().chain(kept.map(|kept| kept.size));
    let tiles = tiles(&server, &collected, checkpoint, earlier)?;
    let description = Description {
        format: FORMAT.to_owned(),
        page: PAGE,
        made_at: environment.now(),
        made_by: concat!("mandate ", env!("CARGO_PKG_VERSION")).to_owned(),
        server: server.address().to_owned(),
        log: checkpoint.origin.to_string(),
        size: checkpoint.size,
        root: checkpoint.root.to_string(),
        asked: arguments.asked(),
        positions: collected.entries.keys().copied().collect(),
        streams: collected.streams,
    };
    let package = Package {
        description,
        key: format!("{key}\n").into_bytes(),
        replacements,
        checkpoint: signed.note.clone(),
        entries: collected.entries,
        manifests: collected.manifests,
        tiles,
    };
    let zip = zip::write(&package.files()).map_err(|error| NotMade::because(&error.to_string()))?;
    // By the key that is trusted: what was kept may be signed by that, and no more by the newest.
    verified(Given { key: Some(&trust.key), key_file: None, ..given }, &zip)?;
    write(&arguments.out, &zip)
        .map_err(|error| NotMade::because(&format!("{}: {error}", arguments.out.display())))?;
    Ok(said(&package, &trust, key, &arguments.out))
}

/// A checkpoint, and what was asked up to it: all of it, if that can be had by waiting a little.
fn covered(
    server: &Server,
    trust: &mut Trust,
    asked: Asked,
) -> Result<(Signed, Collected), NotMade> {
    for tries_left in (0..TRIES).rev() {
        let signed = signature::checkpoint(server, trust)?;
        let collected =
            collect(server, asked, signed.checkpoint.size).map_err(|why| NotMade::because(&why))?;
        if collected.is_covered || tries_left == 0 {
            if collected.entries.is_empty() {
                return Err(NotMade::because(&nothing(asked, collected.is_covered)));
            }
            if let (Asked::Recorded { .. }, Some(missing)) = (asked, first_missing(&collected)) {
                return Err(NotMade::because(&format!(
                    "--from, --to: entry {missing} was not given, and those around it were: this token may read a part of that time only, or the log does not give all of it"
                )));
            }
            return Ok((signed, collected));
        }
        std::thread::sleep(WAIT);
    }
    Err(NotMade::because("no checkpoint covers the entries yet"))
}

/// The first position that is not there although those around it are.
fn first_missing(collected: &Collected) -> Option<u64> {
    let positions = collected.entries.keys();
    let mut pairs = positions.clone().zip(positions.skip(1));
    pairs.find(|(before, after)| *before + 1 < **after).map(|(before, _)| before + 1)
}

fn nothing(asked: Asked, is_covered: bool) -> String {
    match asked {
        _ if !is_covered => "no checkpoint covers these entries yet: try again".to_owned(),
        Asked::Grant(grant) => {
            format!("--grant: there is no consent {grant}, or this token may not read of it")
        }
        Asked::Recorded { from, to } => {
            format!("--from, --to: nothing was recorded from {from} to before {to}")
        }
    }
}

/// The tiles that prove these entries, and that the log goes on from earlier checkpoints of these sizes.
fn tiles(
    server: &Server,
    collected: &Collected,
    checkpoint: &Checkpoint,
    earlier: impl Iterator<Item = u64>,
) -> Result<BTreeMap<Tile, Vec<u8>>, NotMade> {
    let size = checkpoint.size;
    let failed = |error: &dyn std::error::Error| NotMade::because(&error.to_string());
    let mut needed = Vec::new();
    for position in collected.entries.keys() {
        needed.extend(proof::inclusion_tiles(position - 1, size).map_err(|error| failed(&error))?);
    }
    // One that is larger is found when it is verified.
    for earlier in earlier.filter(|earlier| *earlier <= size) {
        needed.extend(proof::consistency_tiles(earlier, size).map_err(|error| failed(&error))?);
    }
    let (mut tiles, mut read, mut room) = (Tiles::new(), BTreeMap::new(), zip::MAX_BYTES);
    let mut fetch = |tile: Tile, tiles: &mut Tiles| -> Result<(), NotMade> {
        if read.contains_key(&tile) {
            return Ok(());
        }
        let hashes = source::tile(server, tile)
            .map_err(|error| NotMade::because(&format!("{tile}: {error}")))?
            .ok_or_else(|| NotMade::because(&format!("{tile}: it is not there")))?;
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
        room = room.checked_sub(bytes.len()).ok_or_else(|| {
            NotMade::because("the tiles that prove these entries are more than a file of evidence may have: ask for less")
        })?;
        tiles.insert(tile, &bytes).map_err(|error| failed(&error))?;
        read.insert(tile, bytes);
        Ok(())
    };
    for tile in needed {
        fetch(tile, &mut tiles)?;
    }
    for tile in tiles.to_authenticate(size) {
        fetch(tile, &mut tiles)?;
    }
    Ok(read)
}

/// As whoever gets it will verify it.
fn verified(given: Given<'_>, zip: &[u8]) -> Result<(), NotMade> {
    let mut outcome = Outcome::new("the evidence".to_owned(), Audited::Evidence);
    super::verify::verify_bytes(given, zip, &mut outcome);
    if outcome.exit_code() == 0 {
        return Ok(());
    }
    let mut text = Vec::new();
    outcome.write(false, &mut text).map_err(|error| NotMade::because(&error.to_string()))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    // Its lines are printable already.
    Err(NotMade(format!("what the log gave does not verify; nothing was written\n{text}")))
}

fn write(path: &Path, zip: &[u8]) -> std::io::Result<()> {
    signature::write(path, zip)?;
    // It is to be handed on: what was written so is its owner's only.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

fn said(package: &Package, trust: &Trust, key: &VerifierKey, out: &Path) -> String {
    let Description { size, log, .. } = &package.description;
    let word = if trust.is_given {
        "the key that was given"
    } else {
        "the key that the log itself names; whoever gets this needs it from elsewhere"
    };
    let proven = format!(
        "{} entries of {log}, proven by its checkpoint of {size} entries, in {}.",
        package.entries.len(),
        out.display()
    );
    let verified = format!("Verified with {word}: {}", trust.key);
    let mut lines = vec![printable(&proven), printable(&verified)];
    if *key != trust.key {
        let newest = format!(
            "That key was replaced, which leads to {key}: take that over once the log was verified, or from elsewhere."
        );
        lines.push(printable(&newest));
    }
    format!("{}\n", lines.join("\n"))
}
