//! What an auditor runs: verifies a whole transparency log, on a server or in a folder as others mirror it,
//! and trusts nobody but the key that it is given.
//!
//! In reading order: [`Arguments`] (the command line), `source` (reads files of the log: from a server, from
//! a folder), `refused` (what is read to be verified), `signature` (key and checkpoints), `replacement` and `succession` (from a key to
//! the next), `walk` (every bundle once, on all cores, in order), `bundle`, `plain_event` and `event` (one bundle, one
//! entry), `kinds` (which event belongs in which stream), `streams` (versions without holes), `manifests` (what was
//! recorded is there), `index` (rows of the database beside the entries), `tiles` (what the log says its hashes are),
//! `consistency` (that the log goes on from what was signed earlier), `kept_hashes` (where a log differs that was
//! rewritten), `verification` (the checks in their order), `outcome` (what is said, and the exit code), `failure` (one thing
//! that is wrong), `words` and `printable` (in a form that commands no terminal), `progress` (said meanwhile); [`evidence`]: some entries and their proof in a file of their own; and `proof`
//! and `proven`: the file that proves one event.

mod arguments;
mod bundle;
mod consistency;
mod event;
pub mod evidence;
mod failure;
mod index;
mod kept_hashes;
mod kinds;
mod manifests;
mod outcome;
mod plain_event;
mod printable;
mod progress;
mod proof;
mod proven;
mod refused;
mod replacement;
mod signature;
mod source;
mod streams;
mod succession;
mod tiles;
mod verification;
mod walk;
mod words;

use std::io::{self, Write};

pub use arguments::Arguments;
pub use index::Index;
pub use progress::Meanwhile;

use arguments::Place;
use failure::{Audited, Check};
use outcome::Outcome;
use source::{Folder, Server, Source, SourceError};

/// Verifies the log, or what was taken from it, writes the outcome, and tells the exit code: 0 when all is well, else
/// of which kind the first failure is. The codes are listed in the help of [`Arguments`]. What two signed checkpoints say
/// against each other, and how far it has come, is said meanwhile, if somebody reads that. `index` is what the database of
/// [`Arguments::database_url`] has.
///
/// # Errors
/// When the outcome cannot be written.
pub fn run(
    arguments: &Arguments,
    index: Option<&mut dyn Index>,
    out: &mut dyn Write,
    meanwhile: Option<Meanwhile<'_>>,
) -> io::Result<u8> {
    let (place, given) = (arguments.place.to_string(), arguments.given());
    let mut outcome;
    let mut hashes = None;
    if let Some(file) = &arguments.place.evidence {
        outcome = Outcome::new(place, Audited::Evidence);
        evidence::verify(given, file, &mut outcome);
    } else if let Some(file) = &arguments.place.proof {
        outcome = Outcome::new(place, Audited::Proof);
        proof::verify(given, file, &mut outcome);
    } else {
        outcome = Outcome::new(place, Audited::Log);
        if index.is_some() {
            outcome.ask(Check::Index);
        }
        match open(arguments) {
            Ok(source) => {
                hashes = verification::verify(given, &*source, index, meanwhile, &mut outcome);
            }
            Err(error) => outcome.stop(&error.to_string()),
        }
    }
    let verified = outcome.verified_note().map(<[u8]>::to_vec);
    if let (Some(keep), Some(note)) = (&arguments.keep, verified) {
        if let Err(error) = signature::keep(keep, &note, hashes.as_ref()) {
            outcome.stop(&format!("the checkpoint was not kept in {}: {error}", keep.display()));
        } else {
            outcome.kept_in(keep);
        }
    }
    outcome.write(arguments.json, out)?;
    Ok(outcome.exit_code())
}

fn open(arguments: &Arguments) -> Result<Box<dyn Source>, SourceError> {
    let Place { server, folder, .. } = &arguments.place;
    match (server, folder) {
        (Some(url), _) => Ok(Box::new(Server::new(url, arguments.token_file.as_deref())?)),
        (None, Some(folder)) => Ok(Box::new(Folder::new(folder.clone())?)),
        (None, None) => Err(SourceError::Unreadable("name --server or --folder".to_owned())),
    }
}
