//! Numbers as they are told.

/// So many entries.
pub(crate) fn entries_in_words(size: u64) -> String {
    if size == 1 { "1 entry".to_owned() } else { format!("{size} entries") }
}
