//! The names that a module has: its children, what it defines, what it imports.

use std::collections::BTreeMap;

use syn::{Item, UseTree, Visibility};

/// The place of a module among those of its crate; the root has 0.
pub(crate) type ModuleId = usize;

/// A name that a `use` brings into a module.
pub(crate) struct Import {
    pub(crate) name: String,
    pub(crate) path: Vec<String>,
    pub(crate) visibility: Visibility,
}

/// The names of one module.
#[derive(Default)]
pub(crate) struct Names {
    pub(super) children: BTreeMap<String, ModuleId>,
    pub(super) defined: Vec<String>,
    pub(crate) imports: Vec<Import>,
    /// The paths before a `*`.
    pub(crate) globs: Vec<(Vec<String>, Visibility)>,
}

impl Names {
    /// The names that these items bring in, wherever in them.
    pub(crate) fn of(items: &[Item]) -> Self {
        let mut names = Self::default();
        for item in items {
            names.defined.extend(name_of(item));
            syn::visit::Visit::visit_item(&mut names, item);
        }
        names
    }

    pub(super) fn add_child(&mut self, name: &str, id: ModuleId) {
        self.children.insert(name.to_owned(), id);
    }

    /// Its child modules.
    pub(crate) fn children(&self) -> impl Iterator<Item = (&str, ModuleId)> {
        self.children.iter().map(|(name, id)| (name.as_str(), *id))
    }

    fn add_use(&mut self, tree: &UseTree, path: &mut Vec<String>, visibility: &Visibility) {
        let import =
            |name: String, path: Vec<String>| Import { name, path, visibility: visibility.clone() };
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.add_use(&part.tree, path, visibility);
                path.pop();
            }
            UseTree::Name(last) if last.ident == "self" => {
                if let Some(name) = path.last() {
                    self.imports.push(import(name.clone(), path.clone()));
                }
            }
            UseTree::Name(last) => {
                let mut path = path.clone();
                path.push(last.ident.to_string());
                self.imports.push(import(last.ident.to_string(), path));
            }
            UseTree::Rename(last) => {
                let mut path = path.clone();
                if last.ident != "self" {
                    path.push(last.ident.to_string());
                }
                self.imports.push(import(last.rename.to_string(), path));
            }
            UseTree::Glob(_) => self.globs.push((path.clone(), visibility.clone())),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, path, visibility);
                }
            }
        }
    }
}

impl<'ast> syn::visit::Visit<'ast> for Names {
    /// Those in the bodies of functions, too.
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            self.add_use(&item.tree, &mut Vec::new(), &item.vis);
        }
    }
}

/// What an item is called, if it brings a name into its module.
pub(crate) fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(it) => &it.ident,
        Item::Enum(it) => &it.ident,
        Item::Fn(it) => &it.sig.ident,
        Item::Macro(it) => it.ident.as_ref()?,
        Item::Static(it) => &it.ident,
        Item::Struct(it) => &it.ident,
        Item::Trait(it) => &it.ident,
        Item::Type(it) => &it.ident,
        _ => return None,
    };
    Some(ident.to_string())
}
