//! The length of files: one over 400 lines holds more than one thing. Tests in files of their own may
//! be longer.

use std::fs;

use anyhow::{Context as _, bail};

use crate::{
    packages::{Package, packages},
    process::root,
    source::Crate,
};

/// How many lines a file of production code may have.
const LIMIT: usize = 400;

/// Fails when a file of production code is over the limit.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut found = Vec::new();
    for package in packages()?.iter().filter(|package| package.is_production()) {
        for (file, lines) in too_long(package)? {
            found.push(format!("{file}: {lines} lines"));
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    bail!("files of over {LIMIT} lines:\n  {}", found.join("\n  "))
}

fn too_long(package: &Package) -> anyhow::Result<Vec<(String, usize)>> {
    let mut found = Vec::new();
    for program in &package.programs {
        let base = program.parent().context("a file is in a folder")?;
        for file in Crate::read(program)?.files() {
            let path = base.join(file);
            let lines = fs::read_to_string(&path)?.lines().count();
            if lines > LIMIT {
                let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
                found.push((name, lines));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found_and_a_long_test_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("lib.rs", "mod long;\nmod short;\n#[cfg(test)]\nmod tests;\n");
        write("long.rs", &"const _: () = ();\n".repeat(LIMIT + 1));
        write("short.rs", &"const _: () = ();\n".repeat(LIMIT));
        write("tests.rs", &"const _: () = ();\n".repeat(LIMIT + 1));
        let library = folder.path().join("lib.rs");
        let package = Package {
            name: "example".into(),
            manifest: folder.path().join("Cargo.toml"),
            dependencies: Vec::new(),
            targets: vec![library.clone()],
            library: Some(library.clone()),
            programs: vec![library],
        };
        let found = too_long(&package).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].0.ends_with("long.rs"), "{found:?}");
        assert_eq!(found[0].1, LIMIT + 1);
    }
}
