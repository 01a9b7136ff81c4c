//! The documentation of the code, with broken links denied.

use crate::process::{cargo, run as run_command};

/// What fails it: a link that leads nowhere for whoever reads the published pages, and whatever else
/// rustdoc warns of.
const DENIED: &str =
    "-D warnings -D rustdoc::broken_intra_doc_links -D rustdoc::private_intra_doc_links";

/// Fails when a page has a broken link.
pub(crate) fn run() -> anyhow::Result<()> {
    run_command(
        cargo(&["doc", "--workspace", "--no-deps", "--quiet", "--keep-going"])
            .env("RUSTDOCFLAGS", DENIED),
    )
}
