//! Which files evidence has. A name is one of these or refused, so that nothing in a zip leads anywhere else.

use std::fmt;
use std::str::FromStr;

use contract::manifest::MAX_LIST_BYTES;
use contract::{MAX_EVENT_BYTES, Service};
use translog::{FULL_WIDTH, Hash, KeyId, MAX_NOTE_BYTES, Resource, Tile};

use crate::replacement;

/// How many bytes a description, a page and a key can have.
const MAX_DESCRIPTION_BYTES: usize = 4 << 20;
const MAX_PAGE_BYTES: usize = 256 << 20;
const MAX_KEY_BYTES: usize = 8192;

/// A file of evidence. Its text is its name, and their order is that in the zip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum File {
    /// The page for the auditor.
    Page,
    /// What was asked, when, of which log.
    Description,
    /// The signed checkpoint, as the log serves it.
    Checkpoint,
    /// The log's key as whoever made this was given it: it proves nothing by itself.
    Key,
    /// How the key with this id was replaced, for whoever was given that one.
    KeyReplacement(KeyId),
    /// The canonical bytes of the entry at this position, counted from 1.
    Entry(u64),
    /// The list of this manifest.
    Manifest(Service, i64),
    /// Hashes.
    Tile(Tile),
}

impl File {
    /// How many bytes it can have.
    pub(crate) const fn limit(self) -> usize {
        match self {
            Self::Page => MAX_PAGE_BYTES,
            Self::Description => MAX_DESCRIPTION_BYTES,
            Self::Checkpoint => MAX_NOTE_BYTES,
            Self::Key => MAX_KEY_BYTES,
            Self::KeyReplacement(_) => replacement::MAX_BYTES,
            Self::Entry(_) => MAX_EVENT_BYTES,
            Self::Manifest(..) => MAX_LIST_BYTES,
            Self::Tile(_) => FULL_WIDTH as usize * Hash::BYTES,
        }
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page => f.write_str("index.html"),
            Self::Description => f.write_str("evidence.json"),
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::Key => f.write_str("key"),
            Self::KeyReplacement(id) => f.write_str(&replacement::path(*id)),
            Self::Entry(position) => write!(f, "entries/{position}.json"),
            Self::Manifest(service, version) => write!(f, "manifests/{service}/{version}"),
            Self::Tile(tile) => tile.fmt(f),
        }
    }
}

/// A name that no file of evidence has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownName;

impl FromStr for File {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let file = read(name).ok_or(UnknownName)?;
        // A number has one spelling.
        if file.to_string() == name { Ok(file) } else { Err(UnknownName) }
    }
}

fn read(name: &str) -> Option<File> {
    match name {
        "index.html" => return Some(File::Page),
        "evidence.json" => return Some(File::Description),
        "checkpoint" => return Some(File::Checkpoint),
        "key" => return Some(File::Key),
        _ => {}
    }
    let (folder, rest) = name.split_once('/')?;
    match folder {
        "entries" => {
            let position = rest.strip_suffix(".json")?.parse().ok()?;
            (position > 0).then_some(File::Entry(position))
        }
        "key-replacement" => Some(File::KeyReplacement(rest.parse().ok()?)),
        "manifests" => {
            let (service, version) = rest.split_once('/')?;
            let service = Service::ALL.into_iter().find(|it| it.name() == service)?;
            let version = version.parse().ok()?;
            (version > 0).then_some(File::Manifest(service, version))
        }
        "tile" => match name.parse().ok()? {
            Resource::Tile(tile) => Some(File::Tile(tile)),
            Resource::Entries(_) => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_by_its_name() {
        let names = [
            "index.html",
            "evidence.json",
            "checkpoint",
            "key",
            "key-replacement/0a1b2c3d",
            "entries/4711.json",
            "manifests/consent-broker/12",
            "tile/0/x001/234",
            "tile/1/000.p/7",
        ];
        for name in names {
            assert_eq!(name.parse::<File>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_leads_elsewhere_or_is_spelt_otherwise_is_no_file_of_evidence() {
        let names = [
            "",
            "/key",
            "./key",
            "../key",
            "key/",
            "KEY",
            "key-replacement/",
            "key-replacement/0A1B2C3D",
            "key-replacement/0a1b2c3d4e",
            "entries/0.json",
            "entries/01.json",
            "entries/+1.json",
            "entries/../key",
            "entries\\1.json",
            "entries/1.JSON",
            "entries/18446744073709551616.json",
            "manifests/nobody/1",
            "manifests//mandate/audit/1",
            "manifests/audit/-1",
            "tile/entries/000",
            "tile/0/0",
            "tile/0/000.p/256",
        ];
        for name in names {
            assert_eq!(name.parse::<File>(), Err(UnknownName), "{name}");
        }
    }
}
