//! axe-core: the part of WCAG that a machine can judge.

use std::{fs, path::Path, sync::OnceLock};

use local_servers::testing::Node;

use crate::Browser;

/// axe-core as npm has it, at the version of tests/node/package-lock.json.
fn source() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node");
        let node = Node::provide(&lists).unwrap_or_else(|error| panic!("no axe-core: {error}"));
        let file = node.package("axe-core").join("axe.min.js");
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    })
}

impl Browser {
    /// What axe-core finds wrong with the page under `wcag2a` to `wcag22aa`, a line each.
    ///
    /// It is handed in by the DevTools protocol, so the page's own policy need not allow it.
    ///
    /// # Panics
    /// When it cannot be had or does not run.
    pub(crate) async fn violations(&self) -> Vec<String> {
        // It waits within the page, where nothing runs then; the page is the same as with scripts.
        if !self.runs_scripts() {
            return Vec::new();
        }
        let script = format!("{}\n{}", source(), include_str!("axe.js"));
        self.execute(&script, Vec::new()).await
    }
}
