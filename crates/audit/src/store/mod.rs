//! The SQL of the audit index.
//!
//! * [`append`]: recording entries, in one order without gaps;
//! * [`pages`]: which entries answer a question, at a cost that does not grow with history;
//! * [`entries`]: the entries themselves;
//! * [`contexts`]: the personal data beside them;
//! * [`conflicts`]: what contradicts the record;
//! * [`gaps`]: what is known to be missing, and how far producers were compared.

pub(crate) mod append;
pub(crate) mod conflicts;
pub(crate) mod contexts;
pub(crate) mod entries;
pub(crate) mod gaps;
pub(crate) mod pages;
