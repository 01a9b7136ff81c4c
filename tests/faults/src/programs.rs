//! The programs of a run.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// The programs.
#[derive(Debug, Clone)]
pub struct Programs {
    /// `mandate`.
    pub mandate: PathBuf,
    /// `faults`, for replicas with another clock.
    pub faults: PathBuf,
}

impl Programs {
    /// The same programs under names of their own: a build that goes on beside must not swap the
    /// programs in the middle of a run.
    ///
    /// # Errors
    /// When one is not built, or cannot be linked to.
    pub(crate) fn held(&self, folder: &Path) -> anyhow::Result<Self> {
        let hold = |program: &Path| {
            let name = program.file_name().context("a program has a name")?;
            let held = folder.join(name);
            if held.exists() {
                std::fs::remove_file(&held)?;
            }
            let linked = std::fs::hard_link(program, &held);
            linked.or_else(|_| std::fs::copy(program, &held).map(drop)).with_context(|| {
                format!("{} is not built: `cargo build -p mandate -p faults`", program.display())
            })?;
            Ok::<_, anyhow::Error>(held)
        };
        Ok(Self { mandate: hold(&self.mandate)?, faults: hold(&self.faults)? })
    }
}
