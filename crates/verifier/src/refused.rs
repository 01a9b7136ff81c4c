//! What is read to be verified, and why there is nothing to go on with.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::failure::{Check, Failure};
use crate::source::{Source, SourceError};

/// Why there is nothing to go on with.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It could not be read: nothing is known.
    Unreadable(String),
    /// It is wrong.
    Wrong(Failure),
}

impl Refused {
    /// The same, with this to be said of what is wrong, too.
    pub(crate) fn and(self, more: &str) -> Self {
        match self {
            Self::Wrong(failure) => Self::Wrong(failure.and(more)),
            unreadable @ Self::Unreadable(_) => unreadable,
        }
    }
}

/// A file of the log; none if it has none.
pub(crate) fn served(
    source: &dyn Source,
    path: &str,
    limit: usize,
) -> Result<Option<Vec<u8>>, Refused> {
    source.read(path, limit).map_err(|error| match error {
        SourceError::Unreadable(why) => Refused::Unreadable(why),
        error => wrong(path, &error.to_string()),
    })
}

/// A file of the auditor's own.
pub(crate) fn file(path: &Path, limit: usize) -> Result<Vec<u8>, Refused> {
    let unreadable = |error| Refused::Unreadable(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > limit {
        return Err(Refused::Unreadable(format!("{} has over {limit} bytes", path.display())));
    }
    Ok(bytes)
}

/// What is wrong with a file that is signed.
pub(crate) fn wrong(file: &str, what: &str) -> Refused {
    Refused::Wrong(Failure::of_file(Check::Signature, file, what))
}
