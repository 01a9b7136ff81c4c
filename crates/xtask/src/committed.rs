//! Generated files that are committed: brought up to date, or compared.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

/// Files of one folder by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Reads the files of a folder whose name passes; a folder that is not there has none.
pub(crate) fn read(folder: &Path, passes: impl Fn(&str) -> bool) -> anyhow::Result<Files> {
    let mut files = Files::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name.filter(|name| passes(name) && path.is_file()) {
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            files.insert(name.to_owned(), bytes);
        }
    }
    Ok(files)
}

/// Whether a file's name ends in `.json`.
pub(crate) fn is_json(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "json")
}

/// What is committed in a folder, and what should be.
pub(crate) struct Comparison {
    pub(crate) folder: PathBuf,
    pub(crate) committed: Files,
    pub(crate) made: Files,
    /// The command that brings the folder up to date.
    pub(crate) command: &'static str,
}

impl Comparison {
    /// Compares, or brings up to date and says what changed.
    pub(crate) fn settle(&self, check: bool) -> anyhow::Result<()> {
        let differences = self.differences();
        if check {
            if differences.is_empty() {
                return Ok(());
            }
            bail!(
                "{} is not up to date:\n  {}\nrun `{}` and commit what it changes",
                self.folder.display(),
                differences.join("\n  "),
                self.command
            );
        }
        fs::create_dir_all(&self.folder).with_context(|| self.folder.display().to_string())?;
        for (name, bytes) in &self.made {
            if self.committed.get(name) != Some(bytes) {
                let path = self.folder.join(name);
                fs::write(&path, bytes).with_context(|| path.display().to_string())?;
            }
        }
        for name in self.stale() {
            let path = self.folder.join(name);
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
        println!("{}: {} files", self.folder.display(), self.made.len());
        for difference in differences {
            println!("  {difference}");
        }
        Ok(())
    }

    fn differences(&self) -> Vec<String> {
        let changed = self.made.iter().filter_map(|(name, bytes)| match self.committed.get(name) {
            None => Some(format!("{name} is missing")),
            Some(committed) if committed != bytes => Some(format!("{name} differs")),
            Some(_) => None,
        });
        let stale = self.stale().map(|name| format!("{name} is stale"));
        changed.chain(stale).collect()
    }

    fn stale(&self) -> impl Iterator<Item = &String> {
        self.committed.keys().filter(|name| !self.made.contains_key(*name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(contents: &[(&str, &str)]) -> Files {
        contents.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn comparison(folder: &Path, made: &[(&str, &str)]) -> Comparison {
        Comparison {
            folder: folder.to_owned(),
            committed: read(folder, |_| true).unwrap(),
            made: files(made),
            command: "cargo xtask example",
        }
    }

    #[test]
    fn drift_is_listed_and_then_repaired() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [("same", "1"), ("old", "1"), ("gone", "1")] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let made = [("same", "1"), ("old", "2"), ("new", "2")];

        let refused = comparison(dir.path(), &made).settle(true).unwrap_err();
        let message = refused.to_string();
        for part in ["new is missing", "old differs", "gone is stale", "run `cargo xtask example`"]
        {
            assert!(message.contains(part), "{message}");
        }

        comparison(dir.path(), &made).settle(false).unwrap();
        comparison(dir.path(), &made).settle(true).unwrap();
        assert!(!dir.path().join("gone").exists());
    }
}
