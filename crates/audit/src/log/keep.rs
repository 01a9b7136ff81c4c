//! The last checkpoint as a file, outside of the database: it shows that the database was restored from a backup that
//! is older than what others were told.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use contract::Environment;
use sha2::{Digest as _, Sha256};

/// The file's name within the folder.
const FILE: &str = "checkpoint";

/// Where checkpoints are kept. Each replica may have one of its own: a copy that is behind is no mismatch.
#[derive(Debug, Clone)]
pub(crate) struct KeepDir {
    folder: PathBuf,
    /// What is written first: of this process alone, since others may keep their own in the same folder.
    next: PathBuf,
}

impl KeepDir {
    /// This folder, made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn at(folder: &Path, environment: &Environment) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        // Processes of two containers may have the same number.
        let unique = u64::from_be_bytes(environment.bytes());
        Ok(Self {
            folder: folder.to_owned(),
            next: folder.join(format!("{FILE}.{unique:016x}.next")),
        })
    }

    /// The file.
    pub(crate) fn file(&self) -> PathBuf {
        Self::file_in(&self.folder)
    }

    /// The file of this folder, whether it is there or not.
    pub(crate) fn file_in(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// All that was ever kept in this folder and is still there, of this log and of those before it; nothing if there is
    /// no folder.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn all_in(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
        let files = match fs::read_dir(folder) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut kept = Vec::new();
        for file in files {
            let file = file?;
            let is_kept = file.file_name().as_encoded_bytes().starts_with(FILE.as_bytes());
            if is_kept && file.file_type()?.is_file() {
                kept.push(fs::read(file.path())?);
            }
        }
        Ok(kept)
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

    /// Leaves the one that is kept under another name, by its content: of a log that another goes on from, it is what
    /// shows how far that log was served.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub(crate) fn put_aside(&self) -> io::Result<()> {
        let hash = Sha256::digest(fs::read(self.file())?);
        let name = hash
            .iter()
            .take(4)
            .fold(format!("{FILE}.former."), |name, byte| format!("{name}{byte:02x}"));
        fs::rename(self.file(), self.folder.join(name))
    }

    /// Keeps a checkpoint in place of the last: all of it, or the last stays.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, note: &[u8]) -> io::Result<()> {
        let mut file = File::create(&self.next)?;
        file.write_all(note)?;
        file.sync_all()?;
        // Crash point (checkpoint-written): the last one is still there, whole.
        fs::rename(&self.next, self.file())?;
        File::open(&self.folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_checkpoint_is_kept_and_a_half_written_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::system();
        let folder = folder.path().join("a/b");
        let keep = KeepDir::at(&folder, &environment).unwrap();
        let other = KeepDir::at(&folder, &environment).unwrap();
        assert_ne!(keep.next, other.next);
        assert_eq!(keep.read().unwrap(), None);
        keep.write(b"one").unwrap();
        fs::write(&keep.next, b"tw").unwrap();
        assert_eq!(keep.read().unwrap().unwrap(), b"one");
        keep.write(b"two").unwrap();
        assert_eq!(keep.read().unwrap().unwrap(), b"two");
        keep.put_aside().unwrap();
        assert_eq!(keep.read().unwrap(), None);
        let aside = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let aside: Vec<_> = aside.filter(|it| it.to_str().unwrap().contains(".former.")).collect();
        assert_eq!(fs::read(&aside[0]).unwrap(), b"two");
        assert_eq!(aside.len(), 1);
        keep.write(b"three").unwrap();
        fs::write(folder.join("of-others"), b"four").unwrap();
        let mut all = KeepDir::all_in(&folder).unwrap();
        all.sort_unstable();
        assert_eq!(all, [&b"three"[..], b"two"]);
        assert!(KeepDir::all_in(&folder.join("none")).unwrap().is_empty());
    }
}
