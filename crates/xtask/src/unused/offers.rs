//! What a library offers: the items that other crates can name, and the types in their signatures.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Fields, ImplItem, Item};

use crate::source::{Crate, Leads, ModuleId, identifiers, is_public, name_of};

/// What a library offers.
#[derive(Default)]
pub(super) struct Offers {
    /// What is shown (`Type::function`, `module`), with the word that a user writes.
    items: BTreeMap<String, (String, PathBuf)>,
    /// Types and traits, which a signature may show without anybody naming them.
    types: BTreeSet<String>,
    /// The words of public signatures.
    signatures: BTreeSet<String>,
}

impl Offers {
    /// What can be reached from the root of this crate.
    pub(super) fn of(source: &Crate) -> Self {
        let mut offers = Self::default();
        offers.enter(source, 0, &mut BTreeSet::new());
        for module in &source.modules {
            for item in &module.items {
                offers.add_functions(item, &module.file);
                // What a macro of the crate makes cannot be seen: it may make signatures.
                if let Item::Macro(made) = item {
                    offers.note(&made.mac.tokens);
                }
            }
        }
        offers
    }

    /// Those of which no word is among those used, with their files.
    pub(super) fn unused(&self, used: &BTreeSet<String>) -> Vec<(&str, &Path)> {
        let shown = |word: &String| self.types.contains(word) && self.signatures.contains(word);
        let items = self.items.iter();
        items
            .filter(|(_, (word, _))| !used.contains(word) && !shown(word))
            .map(|(item, (_, file))| (item.as_str(), file.as_path()))
            .collect()
    }

    fn enter(&mut self, source: &Crate, id: ModuleId, entered: &mut BTreeSet<ModuleId>) {
        if !entered.insert(id) {
            return;
        }
        let module = &source.modules[id];
        for item in &module.items {
            self.add(item, None, &module.file);
        }
        for (name, child) in module.names.children() {
            if source.modules[child].is_public {
                self.offer(name, name, &source.modules[child].file);
                self.enter(source, child, entered);
            }
        }
        for import in module.names.imports.iter().filter(|it| is_public(&it.visibility)) {
            match source.resolve(id, &import.path) {
                Some(Leads::Module(handed_on)) => self.enter(source, handed_on, entered),
                Some(Leads::ItemOf(owner)) => {
                    let owner = &source.modules[owner];
                    let is_it = |item: &&Item| name_of(item).as_ref() == import.path.last();
                    if let Some(item) = owner.items.iter().find(is_it) {
                        self.add(item, Some(&import.name), &owner.file);
                    }
                }
                None => {}
            }
        }
        for (path, visibility) in &module.names.globs {
            if is_public(visibility)
                && let Some(Leads::Module(handed_on)) = source.resolve(id, path)
            {
                self.enter(source, handed_on, entered);
            }
        }
    }

    fn offer(&mut self, shown: &str, word: &str, file: &Path) {
        self.items.insert(shown.to_owned(), (word.to_owned(), file.to_owned()));
    }

    /// Adds an item that can be reached, if it is public.
    fn add(&mut self, item: &Item, called: Option<&str>, file: &Path) {
        let Some(name) = name_of(item) else { return };
        let called = called.unwrap_or(&name);
        let (visibility, is_type) = match item {
            Item::Const(it) => (&it.vis, false),
            Item::Enum(it) => (&it.vis, true),
            Item::Fn(it) => (&it.vis, false),
            Item::Static(it) => (&it.vis, false),
            Item::Struct(it) => (&it.vis, true),
            Item::Trait(it) => (&it.vis, true),
            Item::Type(it) => (&it.vis, true),
            // A macro is public by an attribute, and brings names of its own with it.
            _ => return,
        };
        if !is_public(visibility) {
            return;
        }
        if is_type {
            self.types.insert(name.clone());
        }
        self.offer(called, called, file);
        match item {
            Item::Const(it) => self.note(&it.ty),
            Item::Enum(it) => self.note(&it.variants),
            Item::Fn(it) => self.note(&it.sig),
            Item::Static(it) => self.note(&it.ty),
            Item::Struct(it) => self.note_fields(&it.fields),
            Item::Trait(it) => {
                self.note(&it.supertraits);
                it.items.iter().for_each(|demanded| self.note(demanded));
            }
            Item::Type(it) => self.note(&it.ty),
            _ => {}
        }
    }

    fn note_fields(&mut self, fields: &Fields) {
        for field in fields.iter().filter(|field| is_public(&field.vis)) {
            self.note(&field.ty);
        }
    }

    fn note(&mut self, signature: &impl ToTokens) {
        let mut tokens = TokenStream::new();
        signature.to_tokens(&mut tokens);
        identifiers(tokens, &mut self.signatures);
    }

    /// Adds what the type of this `impl` offers, if it is itself offered.
    fn add_functions(&mut self, item: &Item, file: &Path) {
        let Item::Impl(block) = item else { return };
        let syn::Type::Path(of) = &*block.self_ty else { return };
        let Some(name) = of.path.segments.last().map(|last| last.ident.to_string()) else { return };
        if !self.types.contains(&name) {
            return;
        }
        if let Some((_, implemented, _)) = &block.trait_ {
            // What a type is turned into or made of is seen by whoever turns it.
            self.note(implemented);
            for item in &block.items {
                if let ImplItem::Type(associated) = item {
                    self.note(&associated.ty);
                }
            }
            return;
        }
        for item in &block.items {
            let (word, visibility) = match item {
                ImplItem::Fn(it) => (it.sig.ident.to_string(), &it.vis),
                ImplItem::Const(it) => (it.ident.to_string(), &it.vis),
                _ => continue,
            };
            if is_public(visibility) {
                self.offer(&format!("{name}::{word}"), &word, file);
                match item {
                    ImplItem::Fn(it) => self.note(&it.sig),
                    ImplItem::Const(it) => self.note(&it.ty),
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn unused(files: &[(&str, &str)], used: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let offers = Offers::of(&Crate::read(&folder.path().join("lib.rs")).unwrap());
        let used = used.iter().map(|word| (*word).to_owned()).collect();
        offers.unused(&used).into_iter().map(|(item, _)| item.to_owned()).collect()
    }

    #[test]
    fn what_can_be_reached_and_is_not_named_is_found_by_whatever_way_it_is_reached() {
        let files = [
            ("lib.rs", "pub mod open; mod closed; pub use closed::Shown as Other;"),
            ("open.rs", "pub fn called() {} pub fn forgotten() {} fn private() {}"),
            (
                "closed.rs",
                "pub struct Shown; pub struct Hidden;
                 impl Shown { pub fn used(&self) {} pub fn never(&self) {} fn own(&self) {} }
                 impl Hidden { pub fn unseen(&self) {} }",
            ),
        ];
        let used = ["open", "called", "Other", "used"];
        assert_eq!(unused(&files, &used), ["Shown::never", "forgotten"]);
        assert_eq!(
            unused(&files, &["called", "forgotten"]),
            ["Other", "Shown::never", "Shown::used", "open"]
        );
    }

    #[test]
    fn a_type_that_stands_in_a_public_signature_need_not_be_named() {
        let text = "pub struct Answer; pub struct Field; pub struct Part; pub struct Lonely;
                    pub fn ask(what: Field) -> Option<Answer> {}
                    pub struct Whole { pub part: Part, lonely: Lonely }";
        assert_eq!(unused(&[("lib.rs", text)], &["ask", "Whole"]), ["Lonely"]);
    }

    #[test]
    fn what_is_there_in_tests_only_is_not_offered() {
        let text = "#[cfg(test)] pub mod support { pub fn help() {} } #[cfg(test)] pub fn f() {}";
        assert!(unused(&[("lib.rs", text)], &[]).is_empty());
    }
}
