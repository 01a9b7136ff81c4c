//! The packages of the workspace, as cargo knows them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::process::{cargo, output, root};

/// A package of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Where its `Cargo.toml` is.
    pub(crate) manifest: PathBuf,
    /// The names of the packages that it uses itself.
    pub(crate) dependencies: Vec<String>,
    /// The root files of all that cargo builds of it.
    pub(crate) targets: Vec<PathBuf>,
    /// The root file of its library, if it has one.
    pub(crate) library: Option<PathBuf>,
    /// The root files of what is not for tests, examples or measurements.
    pub(crate) programs: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Described>,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
}

impl Package {
    /// The folder that it is in.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(&self.manifest)
    }

    /// Whether it is production code, which all in `crates/` is.
    pub(crate) fn is_production(&self) -> bool {
        self.folder().starts_with(root().join("crates"))
    }
}

/// All packages of the workspace.
pub(crate) fn packages() -> anyhow::Result<Vec<Package>> {
    let metadata = output(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Metadata = serde_json::from_slice(&metadata)?;
    Ok(metadata.packages.into_iter().map(Package::from).collect())
}

impl From<Described> for Package {
    fn from(described: Described) -> Self {
        let of_kind = |wanted: &[&str]| -> Vec<PathBuf> {
            let targets = described.targets.iter();
            let fit = targets.filter(|it| it.kind.iter().any(|kind| wanted.contains(&&**kind)));
            fit.map(|target| target.src_path.clone()).collect()
        };
        Self {
            library: of_kind(&["lib"]).pop(),
            programs: of_kind(&["lib", "bin"]),
            targets: described.targets.iter().map(|target| target.src_path.clone()).collect(),
            dependencies: described.dependencies.into_iter().map(|it| it.name).collect(),
            manifest: described.manifest_path,
            name: described.name,
        }
    }
}
