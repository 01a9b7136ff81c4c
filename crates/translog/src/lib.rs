//! The formats of the transparency log, to the letter of C2SP's tlog-tiles, tlog-checkpoint, signed-note
//! and tlog-proof, whose readers are other people's tools. No I/O happens here.
//!
//! ```text
//!                       root ──────────────── checkpoint: origin, size, root; a signed note
//!                      /    \
//!  tile/1/000.p/2:   n0      n1               the hashes of full tiles of the level below
//!                   /  \    /  \
//!  tile/0/000 …   256 hashes each, tile/0/002.p/5 at the right edge
//!                   |
//!  tile/entries/000 … the entries themselves
//! ```
//!
//! Read it in this order:
//!
//! 1. [`Hash`](struct@Hash) and [`Node`]: the Merkle tree of RFC 6962, and the perfect subtrees that are stored of it.
//! 2. [`Tile`], [`Coordinates`], [`Resource`]: where hashes and entries are, and by which paths;
//!    [`bundle`]: the entries' bytes.
//! 3. [`Tree`]: the growing end: appends leaves, or a [`FullTile`] of them, and tells which tiles changed.
//! 4. [`Tiles`]: tiles that were read; [`proof`]: proofs made from them, and verified.
//! 5. [`VerifierKey`], [`Signer`], [`Note`], [`Checkpoint`]: what the log signs.
//! 6. [`ProofFile`]: all that one entry needs, in one file.
//!
//! # Appending, proving, verifying
//!
//! ```
//! use std::collections::HashMap;
//!
//! use translog::{Checkpoint, Hash, ProofFile, Signer, Tiles, Tree, proof};
//!
//! // The log appends entries, stores the tiles that changed, and signs what it has.
//! let signer = Signer::generate("log.example.com/audit/log".parse()?);
//! let mut stored = HashMap::new();
//! let mut tree = Tree::new();
//! let entries: Vec<String> = (0..600).map(|number| format!("entry {number}")).collect();
//! for row in tree.append(entries.iter().map(|entry| Hash::of_leaf(entry.as_bytes()))) {
//!     stored.insert(row.tile, row.bytes);
//! }
//! let origin = signer.verifier_key().name().clone();
//! let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
//! let checkpoint = checkpoint.sign(&signer)?;
//!
//! // It proves an entry: first it reads the tiles, all at once, then it calculates.
//! let mut tiles = Tiles::new();
//! for tile in proof::inclusion_tiles(42, tree.size())? {
//!     tiles.insert(tile, &stored[&tile])?;
//! }
//! let proof = proof::inclusion(42, tree.size(), &tiles)?;
//! let file = ProofFile { extra: entries[42].clone().into(), index: 42, proof, checkpoint };
//! let file = file.to_string();
//!
//! // Whoever has the file and the log's key, however old, verifies it alone.
//! let known = signer.verifier_key().to_string().parse()?;
//! let file = ProofFile::parse(file.as_bytes())?;
//! let checkpoint = file.verify(Hash::of_leaf(&file.extra), &known)?;
//! assert_eq!(checkpoint.size, 600);
//! assert!(file.verify(Hash::of_leaf(b"never logged"), &known).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bundle;
mod checkpoint;
mod coordinates;
mod encoding;
mod hash;
mod key;
mod node;
mod note;
pub mod proof;
mod proof_file;
mod tile;
mod tree;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use coordinates::{Coordinates, FULL_WIDTH, PathError, Resource, Tile};
pub use hash::{Hash, HashError};
pub use key::{KeyError, KeyId, KeyName, SignatureType, Signer, VerifierKey};
pub use node::{HashReader, MissingHash, Node};
pub use note::{MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteError, Signature};
pub use proof_file::{ProofFile, ProofFileError};
pub use tile::{TileError, Tiles};
pub use tree::{FullTile, Row, Tree, root};
