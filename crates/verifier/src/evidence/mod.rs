//! Evidence: one zip file with what proves some entries of a log, for whoever has nothing but it and the log's
//! key: the signed checkpoint, the hash tiles from these entries up to its root, the entries, the manifests'
//! lists, and a page that tells it in words.
//!
//! In reading order: `files` (which files there are, and what they are called), `zip` (the one form that the
//! zip has), `description` (`evidence.json`), `package` (all of it in memory), `page`, `words` and `types` (the
//! page); then how it is made: `arguments`, `collect` (which entries), `make` (the rest of it); and how it is
//! verified: `verify`, `whole` (the streams that have to be there), `manifests`, `replacements` (keys before the one that
//! signed).

mod arguments;
mod collect;
mod description;
mod files;
mod make;
mod manifests;
mod package;
mod page;
mod replacements;
mod types;
mod verify;
mod whole;
mod words;
mod zip;

#[cfg(test)]
mod tests;

pub use arguments::Arguments;
pub use make::make;

pub(crate) use verify::verify;
