//! Where files of the log are read from: a [`Server`], or a [`Folder`]. Whoever keeps them may lie, so that
//! nothing is read beyond the size that it can have.

mod folder;
mod server;
mod unpack;

use contract::Service;
use contract::manifest::MAX_LIST_BYTES;
use translog::{Coordinates, FULL_WIDTH, Hash, Resource, Tile};

pub(crate) use folder::Folder;
pub(crate) use server::Server;

/// The file with the log's signed size and root.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// How many bytes the largest bundle has: 256 entries, each after its length.
const MAX_BUNDLE_BYTES: usize =
    FULL_WIDTH as usize * (translog::bundle::MAX_ENTRY_BYTES + size_of::<u16>());

/// Files by their path below the log's prefix.
pub(crate) trait Source: Sync {
    /// The bytes of this file, `limit` at most; none when there is no such file.
    fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, SourceError>;

    /// The same of a file that the format lets be packed with gzip, which are bundles (tlog-tiles) and lists of manifests:
    /// the unpacked bytes. No other file is ever unpacked.
    fn read_unpacked(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, SourceError> {
        self.read(path, limit)
    }

    /// How many threads are worth reading with: as many as processors, and more where they wait.
    fn readers(&self) -> usize;
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// It is larger than it can be.
    #[error("it has over {0} bytes, more than it can have")]
    TooLarge(usize),
    /// It is compressed, and not as gzip is.
    #[error("it is compressed and cannot be unpacked: {0}")]
    Compression(std::io::Error),
    /// It is not of the length that its place demands.
    #[error("it has {0} bytes, not 32 for each of its {1} hashes")]
    TileLength(usize, u16),
    /// It cannot be known: nothing is wrong with the log.
    #[error("{0}")]
    Unreadable(String),
}

/// The hashes of a tile; none when it is not there. The full one may stand in for a partial one.
pub(crate) fn tile(source: &dyn Source, tile: Tile) -> Result<Option<Vec<Hash>>, SourceError> {
    let limit = usize::from(FULL_WIDTH) * Hash::BYTES;
    let read = |path: &str| source.read(path, limit);
    let Some((bytes, is_full)) = partial_or_full(Resource::Tile(tile), tile.at(), read)? else {
        return Ok(None);
    };
    let width = tile.at().width();
    let (hashes, rest) = bytes.as_chunks::<{ Hash::BYTES }>();
    let expected = if is_full { FULL_WIDTH } else { width };
    if !rest.is_empty() || hashes.len() != usize::from(expected) {
        return Err(SourceError::TileLength(bytes.len(), expected));
    }
    let hashes = hashes[..usize::from(width)].iter().copied();
    Ok(Some(hashes.map(Hash::from_bytes).collect()))
}

/// The unpacked bytes of an entry bundle, and whether they are the full one's, which may stand in for a
/// partial one; none when it is not there.
pub(crate) fn bundle(
    source: &dyn Source,
    at: Coordinates,
) -> Result<Option<(Vec<u8>, bool)>, SourceError> {
    let read = |path: &str| source.read_unpacked(path, MAX_BUNDLE_BYTES);
    partial_or_full(Resource::Entries(at), at, read)
}

/// The unpacked list of a service's manifest of this version; none when it is not there.
pub(crate) fn manifest_list(
    source: &dyn Source,
    service: Service,
    version: i32,
) -> Result<Option<Vec<u8>>, SourceError> {
    source.read_unpacked(&format!("manifests/{service}/{version}"), MAX_LIST_BYTES)
}

/// What is at these coordinates, or the full one in place of a partial one, and whether it is full.
fn partial_or_full(
    resource: Resource,
    at: Coordinates,
    read: impl Fn(&str) -> Result<Option<Vec<u8>>, SourceError>,
) -> Result<Option<(Vec<u8>, bool)>, SourceError> {
    if let Some(bytes) = read(&resource.to_string())? {
        return Ok(Some((bytes, at.is_full())));
    }
    if at.is_full() {
        return Ok(None);
    }
    let Some(full) = Coordinates::new(at.index(), FULL_WIDTH) else { return Ok(None) };
    let full = match resource {
        Resource::Entries(_) => Some(Resource::Entries(full)),
        Resource::Tile(tile) => Tile::new(tile.level(), full).map(Resource::Tile),
    };
    let Some(full) = full else { return Ok(None) };
    Ok(read(&full.to_string())?.map(|bytes| (bytes, true)))
}
