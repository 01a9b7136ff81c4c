//! Where a path leads that is written in a module.

use super::{names::ModuleId, tree::Crate};

/// Where a path of the crate leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To a module itself.
    Module(ModuleId),
    /// To something that this module defines.
    ItemOf(ModuleId),
}

impl Crate {
    /// Where a path leads that is written in this module; `None` if out of the crate.
    pub(crate) fn resolve(&self, from: ModuleId, path: &[String]) -> Option<Leads> {
        self.resolve_within(from, path, &mut Vec::new())
    }

    fn resolve_within(
        &self,
        from: ModuleId,
        path: &[String],
        // Imports that are being followed: two may name each other.
        followed: &mut Vec<(ModuleId, String)>,
    ) -> Option<Leads> {
        let (first, rest) = path.split_first()?;
        let (mut at, mut rest) = match first.as_str() {
            "crate" => (0, rest),
            "self" => (from, rest),
            "super" => (self.modules[from].parent?, rest),
            _ => (from, path),
        };
        let begins_at_name = rest.len() == path.len();
        while let Some((name, after)) = rest.split_first() {
            if name == "super" {
                at = self.modules[at].parent?;
                rest = after;
                continue;
            }
            match self.look_up(at, name, after.is_empty(), followed) {
                Some(Leads::Module(module)) => {
                    at = module;
                    rest = after;
                }
                // What follows a type is its own: a variant, a function.
                Some(item) => return Some(item),
                // What no module defines may come from a macro there; a name out of the blue is
                // another crate's.
                None if begins_at_name && rest.len() == path.len() => return None,
                None => return Some(Leads::ItemOf(at)),
            }
        }
        Some(Leads::Module(at))
    }

    fn look_up(
        &self,
        module: ModuleId,
        name: &str,
        is_last: bool,
        followed: &mut Vec<(ModuleId, String)>,
    ) -> Option<Leads> {
        let names = &self.modules[module].names;
        let child = names.children.get(name).map(|id| Leads::Module(*id));
        // A function or a type and a module may bear one name; what is inside is the module's.
        if child.is_some() && !is_last {
            return child;
        }
        if names.defined.iter().any(|defined| defined == name) {
            return Some(Leads::ItemOf(module));
        }
        let key = (module, name.to_owned());
        if followed.contains(&key) {
            return child;
        }
        followed.push(key);
        let imported = names
            .imports
            .iter()
            .filter(|import| import.name == name)
            .find_map(|import| self.resolve_within(module, &import.path, followed));
        let found = imported.or(child).or_else(|| {
            names.globs.iter().find_map(|(path, _)| {
                match self.resolve_within(module, path, followed)? {
                    Leads::Module(source) => self.look_up(source, name, is_last, followed),
                    Leads::ItemOf(_) => None,
                }
            })
        });
        followed.pop();
        found
    }
}
