//! Whether the tiles are those of the entries; and where they are not, which of both is wrong.

use std::collections::HashSet;

use translog::{FULL_WIDTH, Hash, Resource, Row, Tile, Tiles};

use crate::bundle::{Served, Wanted, wrong_entries};
use crate::failure::{Check, Failure, Failures};
use crate::source::{self, Source};

/// So many tiles that differ are kept to be looked at; the rest is counted.
const LOOKED_AT: usize = 64;

/// The tiles that are not those of the entries, as far as they were compared.
#[derive(Default)]
pub(crate) struct Differences {
    listed: Vec<Difference>,
    /// Level and index of all of them.
    all: HashSet<(u8, u64)>,
    failures: Vec<Failure>,
    /// Why they were not all compared.
    unread: Option<String>,
}

struct Difference {
    tile: Tile,
    /// What the entries make.
    made: Vec<Hash>,
    served: Vec<Hash>,
}

impl Differences {
    /// Takes up what was compared.
    pub(crate) fn take(&mut self, tile: Tile, made: &[Hash], served: Served) {
        match served {
            Served::Same => {}
            Served::Other(served) => {
                self.all.insert((tile.level(), tile.at().index()));
                if self.listed.len() < LOOKED_AT {
                    let made = made.to_vec();
                    self.listed.push(Difference { tile, made, served });
                }
            }
            Served::Failed(failure) => self.failures.push(failure),
            Served::Unread(why) => self.unread = self.unread.take().or(why),
        }
    }

    /// Why not all tiles were compared, if they were not.
    pub(crate) fn unread(&self) -> Option<&str> {
        self.unread.as_deref()
    }

    /// Compares a tile above the leaves with what the entries make.
    pub(crate) fn compare(&mut self, source: &dyn Source, row: &Row, wanted: &Wanted) {
        let (hashes, _) = row.bytes.as_chunks::<{ Hash::BYTES }>();
        let made: Vec<Hash> = hashes.iter().copied().map(Hash::from_bytes).collect();
        let served = wanted.compare(source, row.tile, &made);
        self.take(row.tile, &made, served);
    }

    /// Says of every difference what is wrong: the entries, when they may be wrong and the tile leads to the
    /// signed root; else the tile. They may not be wrong when they make the signed root.
    pub(crate) fn judge(
        self,
        source: &dyn Source,
        (size, root): (u64, Hash),
        may_be_entries: bool,
        failures: &mut Failures,
    ) {
        let not_looked_at = self.all.len() - self.listed.len();
        for failure in self.failures {
            failures.push(failure);
        }
        for difference in &self.listed {
            let Difference { tile, made, served } = difference;
            let width = u64::from(FULL_WIDTH);
            let first = tile.at().index() * width;
            let of_leaves = tile.level() == 0;
            let signed = |hashes| is_signed(source, *tile, hashes, size, root);
            if of_leaves && may_be_entries && signed(served) {
                for failure in wrong_entries(first, made, served) {
                    failures.push(failure);
                }
                continue;
            }
            // Entries that were changed together with the tile over them.
            let are_entries = !of_leaves && may_be_entries && signed(served);
            let is_made_right = !may_be_entries || !of_leaves || signed(made);
            let differ = (0..).zip(made.iter().zip(served)).filter(|(_, (made, of))| made != of);
            for (at, _) in differ {
                let at: u64 = at;
                let below = first + at;
                let what = if of_leaves {
                    format!("its hash {at} is not that of entry {} (index {below})", below + 1)
                } else if self.all.contains(&(tile.level() - 1, below)) {
                    // What is wrong below is wrong above, too.
                    continue;
                } else if are_entries {
                    failures.push(not_signed(tile.level(), below, size));
                    continue;
                } else {
                    format!("its hash {at} is not that of tile {below} of the level below")
                };
                let both = if is_made_right {
                    ""
                } else {
                    "; by the tiles above, neither is what was signed"
                };
                failures
                    .push(Failure::of_resource(Resource::Tile(*tile), &format!("{what}{both}")));
            }
        }
        failures.leave_out(Check::Tree, not_looked_at as u64);
    }
}

/// The entries below the tile at this place of the level below are not those that were signed.
fn not_signed(level: u8, below: u64, size: u64) -> Failure {
    let width = u64::from(FULL_WIDTH).saturating_pow(level.into());
    let first = below.saturating_mul(width);
    let end = first.saturating_add(width).min(size);
    let what = "they are not those that were signed, by the tiles above";
    Failure::of_entries(Check::Tree, first..end, what)
}

/// Whether this tile leads to the root, by the tiles above it.
fn is_signed(source: &dyn Source, tile: Tile, hashes: &[Hash], size: u64, root: Hash) -> bool {
    let mut tiles = Tiles::new();
    if tiles.insert(tile, &bytes(hashes)).is_err() {
        return false;
    }
    for above in tiles.to_authenticate(size) {
        if !fetch(source, above, &mut tiles) {
            return false;
        }
    }
    tiles.authenticate(size, root).is_ok()
}

/// Reads a tile; whether it is there.
pub(crate) fn fetch(source: &dyn Source, tile: Tile, into: &mut Tiles) -> bool {
    match source::tile(source, tile) {
        Ok(Some(hashes)) => into.insert(tile, &bytes(&hashes)).is_ok(),
        _ => false,
    }
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}
