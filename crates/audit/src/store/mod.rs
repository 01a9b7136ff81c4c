//! The SQL of the audit index.
//!
//! * [`append`]: recording entries, in one dense order;
//! * [`pages`]: which entries answer a query, at a cost that does not grow with history;
//! * [`entries`]: the entries themselves;
//! * [`contexts`]: the personal data beside them, and [`awaited_parts`], those that are to come;
//! * [`conflicts`]: what contradicts the record;
//! * [`holes`]: what is known to be missing;
//! * [`reconciliation`]: how far producers were compared with the record.

pub(crate) mod append;
pub(crate) mod awaited_parts;
pub(crate) mod conflicts;
pub(crate) mod contexts;
pub(crate) mod entries;
pub(crate) mod holes;
pub(crate) mod pages;
pub(crate) mod reconciliation;
