//! The last checkpoint as a file, outside of the database: it shows that the database was restored from a backup that
//! is older than what others were told.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file's name within the folder.
const FILE: &str = "checkpoint";

/// Where checkpoints are kept. Each replica may have one of its own: a copy that is behind is no mismatch.
#[derive(Debug, Clone)]
pub(crate) struct KeepDir(PathBuf);

impl KeepDir {
    /// This folder, made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn at(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self(folder.to_owned()))
    }

    /// The file.
    pub(crate) fn file(&self) -> PathBuf {
        Self::file_in(&self.0)
    }

    /// The file of this folder, whether it is there or not.
    pub(crate) fn file_in(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// The checkpoint that was kept last; none if none was.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.file()) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps a checkpoint in place of the last: all of it, or the last stays.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, note: &[u8]) -> io::Result<()> {
        // Of this process alone: another may keep its own in the same folder.
        let next = self.0.join(format!("{FILE}.{}.next", std::process::id()));
        let mut file = File::create(&next)?;
        file.write_all(note)?;
        file.sync_all()?;
        // Crash point (checkpoint-written): the last one is still there, whole.
        fs::rename(&next, self.file())?;
        File::open(&self.0)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_checkpoint_is_kept_and_a_half_written_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let keep = KeepDir::at(&folder.path().join("a/b")).unwrap();
        assert_eq!(keep.read().unwrap(), None);
        keep.write(b"one").unwrap();
        let half = format!("checkpoint.{}.next", std::process::id());
        fs::write(keep.0.join(half), b"tw").unwrap();
        assert_eq!(keep.read().unwrap().unwrap(), b"one");
        keep.write(b"two").unwrap();
        assert_eq!(keep.read().unwrap().unwrap(), b"two");
    }
}
