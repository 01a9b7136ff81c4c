//! A folder, as tools for tlog-tiles mirror a log.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::num::NonZero;
use std::path::PathBuf;

use super::{Source, SourceError, unpack};

/// A folder with `checkpoint`, `tile/…` and `tile/entries/…`.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// # Errors
    /// When it is no folder.
    pub(crate) fn new(folder: PathBuf) -> Result<Self, SourceError> {
        if folder.is_dir() {
            Ok(Self(folder))
        } else {
            Err(SourceError::Unreadable(format!("{} is no folder", folder.display())))
        }
    }
}

impl Source for Folder {
    fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, SourceError> {
        let path = self.0.join(path);
        let unreadable =
            |error: std::io::Error| SourceError::Unreadable(format!("{}: {error}", path.display()));
        // Looked at before it is opened: to open a pipe would wait for its writer.
        let length = match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            Ok(_) => return Ok(None),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(unreadable(error)),
        };
        let file = File::open(&path).map_err(unreadable)?;
        // One more: that its end was reached shows without growing.
        let expected = usize::try_from(length).unwrap_or(limit).min(limit);
        let mut bytes = Vec::with_capacity(expected + 1);
        file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() > limit { Err(SourceError::TooLarge(limit)) } else { Ok(Some(bytes)) }
    }

    /// A mirror has these as the log served them, packed or not, and nothing beside that says which.
    fn read_unpacked(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, SourceError> {
        let Some(bytes) = self.read(path, unpack::packed_limit(limit))? else { return Ok(None) };
        if unpack::is_packed(&bytes) {
            unpack::unpack(&bytes, limit).map(Some)
        } else {
            unpack::within(bytes, limit).map(Some)
        }
    }

    fn readers(&self) -> usize {
        std::thread::available_parallelism().map_or(1, NonZero::get)
    }
}
