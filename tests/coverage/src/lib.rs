//! The API's own description as the measure of a running system.
//!
//! [`promise`] reads what every operation says of itself: which events it leaves and who may call it. [`document`] reads the whole document, and says of an answer
//! whether it is one that the document promises. The tests in `tests/it` make every call that the
//! description allows or forbids, and look at what it leaves.

pub mod document;
pub mod promise;
