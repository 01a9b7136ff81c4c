//! The documentation of the code, with broken links denied.

use crate::process::{cargo, run as run_command};

/// What fails it: a link that leads nowhere, and whatever else rustdoc warns of. A link to what is
/// private leads somewhere for whoever reads the code, which is who reads this.
const DENIED: &str = "-D warnings -A rustdoc::private_intra_doc_links";

/// Fails when a page has a broken link.
pub(crate) fn run() -> anyhow::Result<()> {
    run_command(
        cargo(&["doc", "--workspace", "--no-deps", "--quiet", "--keep-going"])
            .env("RUSTDOCFLAGS", DENIED),
    )
}
