//! The transparency log over the entries: its tree, its key, its checkpoints (formats: the crate `translog`).
//!
//! ```text
//!  a batch ── entries, tiles, size, root: one transaction       [`sequencer`]
//!     └─ then ── the committed root is signed, and stored       [`checkpoints`]
//!                  └─ at most once a second ── kept as a file   [`keep`]
//!                                               └─ and served   (http/log)
//! ```
//!
//! [`keyring`] has the keys, each of which is an entry, and [`continuation`] begins another log after a restore; of which
//! logs those before it were, [`names`] says. What was signed is known to the process ([`seen`]) and as a file, and held against what is there ([`consistency`]).
//!
//! Nothing is signed that is not committed, and nothing is served that was not kept before. Whoever crashes in between
//! leaves a tree without a checkpoint, which the next one signs, or a checkpoint that nobody has seen. Each point at which
//! that may happen is named where it is (`Crash point (name)`), and a test kills a process there (tests/tests/it/log_crashes).

pub(crate) mod checkpoints;
pub(crate) mod consistency;
pub(crate) mod continuation;
pub(crate) mod keep;
pub(crate) mod keyring;
pub(crate) mod names;
pub(crate) mod seen;
pub(crate) mod sequencer;
