//! The SQL of the audit index.
//!
//! * [`append`]: recording entries, in one dense order; [`heads`]: how far it reaches;
//! * [`tree`]: the tree over them; [`checkpoints`]: what was signed of it; [`log_keys`]: with which key;
//!   [`continuation`]: how another begins;
//! * [`pages`]: which entries answer a query, at a cost that does not grow with history;
//! * [`entries`]: the entries themselves; [`places`]: where those of some events are;
//! * [`parts`]: what is kept beside them, and [`awaited_parts`], what of it is to come;
//! * [`index_rows`]: the whole rows, for auditors;
//! * [`manifests`]: what services say that they have recorded;
//! * [`conflicts`]: what contradicts the record;
//! * [`gaps`]: what is known to be missing;
//! * [`reconciliation`]: how far producers were compared with the record; [`confirmation`]: how far the record
//!   was compared with its producers.

pub(crate) mod append;
pub(crate) mod awaited_parts;
pub(crate) mod checkpoints;
pub(crate) mod confirmation;
pub(crate) mod conflicts;
pub(crate) mod continuation;
mod decode;
pub(crate) mod entries;
pub(crate) mod gaps;
pub(crate) mod heads;
pub(crate) mod index_rows;
pub(crate) mod log_keys;
pub(crate) mod manifests;
pub(crate) mod pages;
pub(crate) mod parts;
pub(crate) mod places;
pub(crate) mod reconciliation;
pub(crate) mod tree;
