//! The transparency log over the entries: its tree, its key, its checkpoints (formats: the crate `translog`).
//!
//! ```text
//!  a batch ── entries, tiles, size, root: one transaction       [`sequencer`]
//!     └─ then ── the committed root is signed, and stored       [`checkpoints`]
//!                  └─ at most once a second ── kept as a file   [`keep`]
//!                                               └─ and served   (http/log)
//! ```
//!
//! Nothing is signed that is not committed, and nothing is served that was not kept before. Whoever crashes in between
//! leaves a tree without a checkpoint, which the next one signs, or a checkpoint that nobody has seen.

pub(crate) mod checkpoints;
pub(crate) mod keep;
pub(crate) mod keyring;
pub(crate) mod sequencer;
