//! Public items that nobody uses: what a library offers to other crates and none of them names.
//!
//! The compiler tells of what is `pub` and cannot be reached (`unreachable_pub`), and of what is
//! private and unused. What can be reached it takes for used. So for each library of the workspace:
//!
//! * `offers` lists what can be reached from its root: modules, functions, types, constants, and the
//!   functions of its types, each by its last word;
//! * the words are looked for in the packages that depend on the library, and in the library's own
//!   tests, examples and programs, also in macros and attributes.
//!
//! An item of which only the word is found elsewhere, with another meaning, is not noticed. Fields,
//! variants, and what a trait demands are not looked at. A type that nobody names is no finding when it
//! stands in a public signature: it is used by whoever calls that.

mod offers;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, anyhow, bail};

use crate::{
    packages::{Package, packages},
    process::{output, root},
    source::{Crate, identifiers},
};

use offers::Offers;

/// Fails when a library offers what nobody uses.
pub(crate) fn run() -> anyhow::Result<()> {
    let packages = packages()?;
    let words = words()?;
    let mut found = Vec::new();
    for package in packages.iter().filter(|package| package.is_production()) {
        let Some(library) = &package.library else { continue };
        let used = used(package, library, &packages, &words)?;
        let offers = Offers::of(&Crate::read(library)?);
        for (item, file) in offers.unused(&used) {
            found.push(format!("{} {item} ({})", package.name, file.display()));
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    bail!("public, and named by no other crate or test:\n  {}", found.join("\n  "))
}

/// The words of every file of Rust that git knows, or would take up.
fn words() -> anyhow::Result<BTreeMap<PathBuf, BTreeSet<String>>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.rs"]);
    let listed = String::from_utf8(output(git.current_dir(root()))?)?;
    let mut words = BTreeMap::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let path = root().join(name);
        // Deleted, and still listed until that is committed.
        if path.exists() {
            let text = fs::read_to_string(&path).with_context(|| name.to_owned())?;
            let tokens = text.parse().map_err(|error| anyhow!("{name}: {error}"))?;
            identifiers(tokens, words.entry(path).or_default());
        }
    }
    Ok(words)
}

/// The words of all who may use this library.
fn used(
    package: &Package,
    library: &Path,
    packages: &[Package],
    words: &BTreeMap<PathBuf, BTreeSet<String>>,
) -> anyhow::Result<BTreeSet<String>> {
    let mut used = BTreeSet::new();
    let own = library.parent().context("a file is in a folder")?;
    let users = packages.iter().filter(|user| user.dependencies.contains(&package.name));
    let folders: Vec<&Path> = users.map(Package::folder).collect();
    for (file, words) in words {
        let is_own_program = package.programs.contains(file) && file != library;
        let is_own = file.starts_with(package.folder()) && !file.starts_with(own);
        let is_users = folders.iter().any(|folder| file.starts_with(folder));
        if is_own_program || is_own || (is_users && !file.starts_with(own)) {
            used.extend(words.iter().cloned());
        }
    }
    Ok(used)
}
