//! The module tree of a crate, as its `mod` declarations say.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use syn::{Attribute, Item};

use super::names::{ModuleId, Names};

/// A crate without its tests.
pub(crate) struct Crate {
    /// All modules, parents before their children.
    pub(crate) modules: Vec<Module>,
}

/// A module: a file, or a part of one in braces.
pub(crate) struct Module {
    /// The file that it is in, relative to the folder of the crate's root file.
    pub(crate) file: PathBuf,
    pub(crate) parent: Option<ModuleId>,
    pub(crate) is_public: bool,
    /// What is in it, without its child modules and its tests.
    pub(crate) items: Vec<Item>,
    pub(crate) names: Names,
}

/// What of a crate is still to be read.
struct Pending {
    parent: Option<(ModuleId, String)>,
    is_public: bool,
    file: PathBuf,
    /// Where the files of child modules are.
    folder: PathBuf,
    items: Vec<Item>,
}

impl Crate {
    /// Reads the crate whose root is this file.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let base = root.parent().context("a file is in a folder")?;
        let mut modules: Vec<Module> = Vec::new();
        let mut pending = vec![Pending {
            parent: None,
            is_public: true,
            file: root.to_owned(),
            folder: base.to_owned(),
            items: parse(root)?,
        }];
        while let Some(next) = pending.pop() {
            let id = modules.len();
            if let Some((parent, name)) = &next.parent {
                modules[*parent].names.add_child(name, id);
            }
            let mut items = Vec::new();
            for item in next.items {
                match item {
                    item if is_test(attributes(&item)) => {}
                    Item::Mod(child) => {
                        let name = child.ident.to_string();
                        let folder = next.folder.join(&name);
                        let (file, items) = if let Some((_, items)) = child.content {
                            (next.file.clone(), items)
                        } else {
                            let file = file_of(&next.folder, &name)?;
                            let items = parse(&file)?;
                            (file, items)
                        };
                        let is_public = is_public(&child.vis);
                        let parent = Some((id, name));
                        pending.push(Pending { parent, is_public, file, folder, items });
                    }
                    item => items.push(item),
                }
            }
            modules.push(Module {
                file: next.file.strip_prefix(base).unwrap_or(&next.file).to_owned(),
                parent: next.parent.map(|(parent, _)| parent),
                is_public: next.is_public,
                names: Names::of(&items),
                items,
            });
        }
        Ok(Self { modules })
    }

    /// Whether one module is above another in the tree.
    pub(crate) fn is_above(&self, upper: ModuleId, lower: ModuleId) -> bool {
        let mut parent = self.modules[lower].parent;
        while let Some(at) = parent {
            if at == upper {
                return true;
            }
            parent = self.modules[at].parent;
        }
        false
    }

    /// The files, each once.
    pub(crate) fn files(&self) -> Vec<&Path> {
        let mut files: Vec<&Path> =
            self.modules.iter().map(|module| module.file.as_path()).collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}

/// Whether other crates may name it, as far as it alone decides.
pub(crate) fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

fn parse(file: &Path) -> anyhow::Result<Vec<Item>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let parsed = syn::parse_file(&text).with_context(|| file.display().to_string())?;
    Ok(parsed.items)
}

fn file_of(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let candidates = [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")];
    match candidates.into_iter().find(|file| file.exists()) {
        Some(file) => Ok(file),
        None => bail!("no file for the module {name} in {}", folder.display()),
    }
}

/// Whether it is there in tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|argument| argument == "test")
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}
