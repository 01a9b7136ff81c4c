//! Evidence in memory.

use std::collections::BTreeMap;

use contract::Service;
use translog::{KeyId, Tile};

use super::description::Description;
use super::files::File;
use super::zip::Files;
use crate::source::{Source, SourceError};

/// All that a zip of evidence has, but the page: that is drawn of it.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) description: Description,
    /// The signed note.
    pub(crate) checkpoint: Vec<u8>,
    /// The log's key, in a line.
    pub(crate) key: Vec<u8>,
    /// How the keys before it were replaced.
    pub(crate) replacements: BTreeMap<KeyId, Vec<u8>>,
    /// By position, counted from 1.
    pub(crate) entries: BTreeMap<u64, Vec<u8>>,
    pub(crate) manifests: BTreeMap<(Service, i64), Vec<u8>>,
    pub(crate) tiles: BTreeMap<Tile, Vec<u8>>,
}

/// Why files are no evidence: the file, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct NoPackage {
    pub(crate) file: File,
    pub(crate) what: String,
}

impl Package {
    /// The evidence in these files, and its page.
    ///
    /// # Errors
    /// When one is missing, or the description is none.
    pub(crate) fn of(mut files: Files) -> Result<(Self, Vec<u8>), NoPackage> {
        let mut taken = |file: File| {
            files
                .remove(&file)
                .ok_or_else(|| NoPackage { file, what: "it is not there".to_owned() })
        };
        let page = taken(File::Page)?;
        let description = taken(File::Description)?;
        let (checkpoint, key) = (taken(File::Checkpoint)?, taken(File::Key)?);
        let description = Description::parse(&description)
            .map_err(|what| NoPackage { file: File::Description, what })?;
        let mut replacements = BTreeMap::new();
        let (mut entries, mut manifests, mut tiles) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (file, bytes) in files {
            match file {
                File::KeyReplacement(id) => drop(replacements.insert(id, bytes)),
                File::Entry(position) => drop(entries.insert(position, bytes)),
                File::Manifest(service, version) => {
                    drop(manifests.insert((service, version), bytes));
                }
                File::Tile(tile) => drop(tiles.insert(tile, bytes)),
                File::Page | File::Description | File::Checkpoint | File::Key => {}
            }
        }
        Ok((Self { description, checkpoint, key, replacements, entries, manifests, tiles }, page))
    }
}

/// As a place from which what is signed is read, also where it is no whole evidence.
impl Source for Files {
    fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, SourceError> {
        let file = path.parse().ok().filter(|file| is_signed(*file));
        match file.and_then(|file| self.get(&file)) {
            Some(bytes) if bytes.len() > limit => Err(SourceError::TooLarge(limit)),
            bytes => Ok(bytes.cloned()),
        }
    }

    fn readers(&self) -> usize {
        1
    }
}

/// Whether what a log signed, or what leads to it, is in this file.
const fn is_signed(file: File) -> bool {
    matches!(file, File::Checkpoint | File::Key | File::KeyReplacement(_) | File::Tile(_))
}
