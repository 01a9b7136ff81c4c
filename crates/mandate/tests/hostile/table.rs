//! The table: what is sent, and the answer it gets. `docs/hostile-input.md` shows it.

use crate::contents::{bodies, imports, pictures, tokens};
use crate::requests::{addresses, credentials, http};
use crate::row::{Answer, With};

/// One input.
pub(crate) struct Row {
    pub(crate) group: &'static str,
    pub(crate) input: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) answer: Answer,
}

/// All of it.
pub(crate) fn rows(with: &With) -> Vec<Row> {
    let groups = [
        ("HTTP", http(with)),
        ("Credentials", credentials(with)),
        ("Paths and queries", addresses(with)),
        ("JSON bodies", bodies(with)),
        ("The token endpoint", tokens(with)),
        ("Images", pictures(with)),
        ("CSV imports", imports(with)),
    ];
    let rows = groups.into_iter().flat_map(|(group, rows)| {
        rows.into_iter().map(move |(input, bytes, answer)| Row { group, input, bytes, answer })
    });
    rows.collect()
}
