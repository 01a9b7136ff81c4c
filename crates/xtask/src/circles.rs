//! Circular imports: no two files of a crate may need each other, by whatever way round.
//!
//! A file imports another when it names something that the other defines: by `use`, or by a path in
//! the code, in a macro or in an attribute. What a front page hands on (`pub use`) counts as the
//! file's that defines it. A front page puts together what is below it, so its way down is no import;
//! a file that uses what a front page above it defines imports that. Not seen: methods and fields of a
//! type that a file never names, and names that macros make.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::{Path, PathBuf},
};

use anyhow::bail;
use quote::ToTokens as _;
use syn::{Item, Visibility};

use crate::{
    packages::packages,
    source::{Crate, Leads, ModuleId, identifiers, paths},
};

/// Which files each file imports.
type Imports = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// Fails when files of a crate import each other in a circle.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut found = Vec::new();
    for package in packages()? {
        for root in &package.programs {
            let imports = imports(&Crate::read(root)?);
            for circle in circles(&imports) {
                let names: Vec<_> = circle.iter().map(|file| file.display().to_string()).collect();
                found.push(format!("{}: {} → {}", package.name, names.join(" → "), names[0]));
            }
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    bail!("files that import each other in a circle:\n  {}", found.join("\n  "))
}

fn imports(source: &Crate) -> Imports {
    let mut imports = Imports::new();
    for (id, module) in source.modules.iter().enumerate() {
        let named = named_modules(source, id);
        let imported = named.into_iter().filter(|named| !source.is_above(id, *named));
        let files = imported.map(|module| source.modules[module].file.clone());
        let of_file = imports.entry(module.file.clone()).or_default();
        of_file.extend(files.filter(|file| *file != module.file));
    }
    imports
}

/// The modules whose items a module names.
fn named_modules(source: &Crate, id: ModuleId) -> BTreeSet<ModuleId> {
    let module = &source.modules[id];
    let (mut words, mut written) = (BTreeSet::new(), BTreeSet::new());
    for item in module.items.iter().filter(|item| !matches!(item, Item::Use(_))) {
        identifiers(item.to_token_stream(), &mut words);
        paths(item.to_token_stream(), &mut written);
    }
    let handed_on = |name: &String, visibility: &Visibility| {
        !matches!(visibility, Visibility::Inherited) && !words.contains(name)
    };
    for import in &module.names.imports {
        if !handed_on(&import.name, &import.visibility) {
            written.insert(import.path.clone());
        }
    }
    let globs = module.names.globs.iter();
    let globs = globs.filter(|(_, visibility)| matches!(visibility, Visibility::Inherited));
    let globs = globs.filter_map(|(path, _)| match source.resolve(id, path)? {
        Leads::Module(module) | Leads::ItemOf(module) => Some(module),
    });
    let named = written.iter().filter_map(|path| match source.resolve(id, path)? {
        Leads::ItemOf(module) => Some(module),
        // The name of a module alone needs nothing of it.
        Leads::Module(_) => None,
    });
    globs.chain(named).collect()
}

/// One shortest circle through each file that is on one, but for those that are on a circle that was
/// found already.
fn circles(imports: &Imports) -> Vec<Vec<&Path>> {
    let mut circles: Vec<Vec<&Path>> = Vec::new();
    for file in imports.keys() {
        if !circles.iter().any(|circle| circle.contains(&file.as_path())) {
            circles.extend(shortest_way_back(imports, file));
        }
    }
    circles
}

fn shortest_way_back<'a>(imports: &'a Imports, start: &'a Path) -> Option<Vec<&'a Path>> {
    let mut came_from: BTreeMap<&Path, &Path> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(at) = next.pop_front() {
        for imported in imports.get(at).into_iter().flatten() {
            if imported == start {
                let mut way = vec![at];
                while let Some(before) = came_from.get(way[way.len() - 1]) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(imported.as_path()) {
                came_from.insert(imported, at);
                next.push_back(imported);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The circles of a crate with these files.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let imports = imports(&Crate::read(&folder.path().join("lib.rs")).unwrap());
        let circles = circles(&imports);
        let names = |circle: &Vec<&Path>| {
            circle.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" → ")
        };
        circles.iter().map(names).collect()
    }

    #[test]
    fn two_files_that_name_each_others_items_are_a_circle() {
        let files = [
            ("lib.rs", "mod app; mod offer;"),
            ("app.rs", "use crate::offer::Offer; pub struct App(Offer);"),
            ("offer.rs", "pub struct Offer; impl Offer { fn of(app: &crate::app::App) {} }"),
        ];
        assert_eq!(found(&files), ["app.rs → offer.rs"]);
    }

    #[test]
    fn a_long_way_round_is_found_through_groups_renames_globs_and_macros() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a.rs", "use super::{b::{self as other}}; fn f() { other::g() }"),
            ("b.rs", "use crate::c::*; pub fn g() {}"),
            ("c.rs", "pub fn h() { go!(crate::d::i) }"),
            ("d.rs", "pub fn i() { fn j() { use super::a::f; } }"),
        ];
        assert_eq!(found(&files), ["a.rs → b.rs → c.rs → d.rs"]);
    }

    #[test]
    fn a_front_page_that_hands_on_its_childrens_items_imports_nothing() {
        let files = [
            ("lib.rs", "mod store; fn use_it() { store::find() }"),
            ("store/mod.rs", "mod pages; mod rows; pub(crate) use pages::find;"),
            ("store/pages.rs", "use super::rows::Row; pub fn find() -> Row {}"),
            ("store/rows.rs", "pub struct Row; pub fn again() { super::find() }"),
        ];
        assert_eq!(found(&files), ["store/pages.rs → store/rows.rs"]);
    }

    #[test]
    fn a_front_page_and_what_is_below_it_are_no_circle_but_a_detour_over_it_is() {
        let page = "mod a; mod b; pub struct Shared; fn f() { a::g(); b::h() }";
        let a = ("a.rs", "use super::Shared; pub fn g() { crate::b::h() }");
        let files = [("lib.rs", page), a, ("b.rs", "pub fn h() { let x = super::Shared; }")];
        assert!(found(&files).is_empty());

        let page = "mod a; mod c; pub fn f() {}";
        let below = ("c/mod.rs", "mod d; pub fn i() { crate::a::g() }");
        let files = [
            ("lib.rs", page),
            ("a.rs", "pub fn g() { crate::c::i() }"),
            below,
            ("c/d.rs", "fn j() { crate::f() }"),
        ];
        assert_eq!(found(&files), ["a.rs → c/mod.rs"]);
    }

    #[test]
    fn tests_and_other_crates_do_not_count() {
        let files = [
            ("lib.rs", "mod a; mod b; #[cfg(test)] mod gone;"),
            ("a.rs", "use b::B; #[cfg(test)] mod tests { use crate::b::B; } pub fn f() {}"),
            ("b.rs", "use crate::a::f; pub struct B;"),
        ];
        assert!(found(&files).is_empty());
    }
}
