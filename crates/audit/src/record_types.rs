//! Event types that are records.

use std::sync::LazyLock;

use contract::facts::EventClass;

static RECORD_TYPES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let records =
        contract::facts::all().into_iter().filter(|kind| kind.class == EventClass::Record);
    records.map(|kind| kind.name.to_owned()).collect()
});

/// Their names.
pub(crate) fn record_types() -> &'static [String] {
    &RECORD_TYPES
}
