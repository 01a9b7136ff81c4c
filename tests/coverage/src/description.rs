//! The lines with which an operation's description ends.
//!
//! ```text
//! Events: consent-link.redeemed, consent.granted (one per account that had not consented).
//! Follows: key.deleted (one per key).
//! Refusals: access.refused.
//! Roles: owner, account:admin.
//! ```
//!
//! *Events* are left by a call that succeeds and changes something, in its own name. *Follows* are
//! left by other services because of it, in theirs. *Refusals* are left by a call that is refused.
//! `Events` and `Roles` are always there, the others only where there is something to name. Each
//! list ends with a full stop and is either `none` or entries separated by commas. An entry is an
//! event, or several of which one is left, separated by `or`; it may end with a condition in
//! parentheses: `(if …)` for what is left only then, `(one per …)` for as many as there are of those.

use std::collections::{BTreeMap, BTreeSet};

/// What an operation's description promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// What a call that succeeds leaves.
    pub events: Vec<Entry>,
    /// What other services do because of it.
    pub follows: Vec<Entry>,
    /// What a call that is refused leaves.
    pub refusals: Vec<Entry>,
    /// Who may call.
    pub roles: BTreeSet<Role>,
}

/// An entry of a list of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The event, such as `app.created`; several, if one of them is left.
    pub kinds: Vec<String>,
    /// How many of it are left.
    pub count: Count,
}

/// How many events an entry stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// One.
    One,
    /// One or none: `(if …)`.
    OneIf,
    /// As many as there are: `(one per …)`.
    OnePer,
}

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Everyone, without credentials.
    Anyone,
    /// An app, with its key or its access token.
    App,
    /// Every person who signed in.
    Person,
    /// Those who operate the platform.
    Operator,
    /// Members of the organization with this role.
    Member(String),
    /// Those with this role on the account.
    Account(String),
}

/// Roles of members.
pub const MEMBER_ROLES: [&str; 3] = ["owner", "developer", "auditor"];
/// Roles on accounts.
pub const ACCOUNT_ROLES: [&str; 5] =
    ["admin", "business_manager", "technical_manager", "analyst", "viewer"];

/// A description that does not say what it must.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnclearDescription {
    /// A line that must be there is not.
    #[error("there is no line `{0}: …`")]
    Missing(&'static str),
    /// A line comes twice, or after one that it must precede.
    #[error("the line `{0}: …` is not in its place: Events, Follows, Refusals, Roles")]
    Misplaced(&'static str),
    /// A list does not end.
    #[error("the list of `{0}` does not end with a full stop, or goes on after it")]
    Unended(&'static str),
    /// An entry that cannot be read.
    #[error("`{0}` is no event: <aggregate>.<past participle> in lower case")]
    NoEvent(String),
    /// A condition that cannot be read.
    #[error("`({0})` is no condition: (if …) or (one per …)")]
    NoCondition(String),
    /// Somebody who does not exist.
    #[error("`{0}` is no role")]
    NoRole(String),
    /// Two entries for one event: how many are left would not be clear.
    #[error("`{0}` is named twice")]
    Twice(String),
}

/// The lines, in their order.
const LABELS: [&str; 4] = ["Events", "Follows", "Refusals", "Roles"];

impl Promise {
    /// Reads a description.
    ///
    /// # Errors
    /// When a line is missing or not exactly of the form above.
    pub fn read(description: &str) -> Result<Self, UnclearDescription> {
        let lists = lists(description)?;
        let entries = |label: &'static str| match lists.get(label) {
            Some(list) => read_entries(list),
            None => Ok(Vec::new()),
        };
        let roles = lists
            .get("Roles")
            .ok_or(UnclearDescription::Missing("Roles"))?
            .split(", ")
            .map(read_role)
            .collect::<Result<_, _>>()?;
        if !lists.contains_key("Events") {
            return Err(UnclearDescription::Missing("Events"));
        }
        Ok(Self {
            events: entries("Events")?,
            follows: entries("Follows")?,
            refusals: entries("Refusals")?,
            roles,
        })
    }

    /// Whether anyone is allowed without saying who they are.
    pub fn allows_anyone(&self) -> bool {
        self.roles.contains(&Role::Anyone)
    }

    /// Whether people may call it, rather than apps.
    pub fn is_for_people(&self) -> bool {
        self.roles.iter().any(|role| *role != Role::App)
    }
}

/// Whether these events are what the list promises: of each entry as many as it allows, nothing else.
pub fn permits(list: &[Entry], kinds: &[&str]) -> bool {
    let named = |kind: &str| list.iter().any(|entry| entry.has(kind));
    kinds.iter().all(|kind| named(kind))
        && list.iter().all(|entry| {
            let found = kinds.iter().filter(|kind| entry.has(kind)).count();
            match entry.count {
                Count::One => found == 1,
                Count::OneIf => found <= 1,
                Count::OnePer => true,
            }
        })
}

/// The events of the list, if it promises them without any condition or alternative.
pub fn unconditional(list: &[Entry]) -> Option<Vec<&str>> {
    list.iter()
        .map(|entry| match (entry.kinds.as_slice(), entry.count) {
            ([kind], Count::One) => Some(kind.as_str()),
            _ => None,
        })
        .collect()
}

/// Every event that the list names.
pub fn named(list: &[Entry]) -> impl Iterator<Item = &str> {
    list.iter().flat_map(|entry| entry.kinds.iter().map(String::as_str))
}

impl Entry {
    fn has(&self, kind: &str) -> bool {
        self.kinds.iter().any(|of| of == kind)
    }
}

/// The text of each list, without label and full stop. A list may go on over several lines.
fn lists(description: &str) -> Result<BTreeMap<&'static str, String>, UnclearDescription> {
    let mut lists: BTreeMap<&'static str, String> = BTreeMap::new();
    let mut reached = None;
    for line in description.lines().map(str::trim) {
        let label = LABELS.iter().enumerate().find_map(|(place, label)| {
            let rest = line.strip_prefix(label)?.strip_prefix(": ")?;
            Some((place, *label, rest))
        });
        if let Some((place, label, rest)) = label {
            if reached.is_some_and(|(before, _)| before >= place) {
                return Err(UnclearDescription::Misplaced(label));
            }
            if let Some((_, open)) = reached {
                ended(&lists, open)?;
            }
            reached = Some((place, label));
            lists.insert(label, rest.to_owned());
        } else if let Some((_, open)) = reached {
            // Whatever follows belongs to the list, and is refused if the list has ended.
            let list = lists.entry(open).or_default();
            if !line.is_empty() {
                list.push(' ');
                list.push_str(line);
            }
        }
    }
    if let Some((_, open)) = reached {
        ended(&lists, open)?;
    }
    for list in lists.values_mut() {
        list.pop();
    }
    Ok(lists)
}

/// A full stop ends a list when a space or nothing follows: events have one inside.
fn ended(
    lists: &BTreeMap<&'static str, String>,
    label: &'static str,
) -> Result<(), UnclearDescription> {
    let ends_once =
        lists.get(label).is_some_and(|list| list.ends_with('.') && !list.contains(". "));
    if ends_once { Ok(()) } else { Err(UnclearDescription::Unended(label)) }
}

fn read_entries(list: &str) -> Result<Vec<Entry>, UnclearDescription> {
    if list == "none" {
        return Ok(Vec::new());
    }
    let entries: Vec<Entry> =
        split_outside_parentheses(list).into_iter().map(read_entry).collect::<Result<_, _>>()?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = named(&entries).find(|kind| !seen.insert(kind.to_owned())) {
        return Err(UnclearDescription::Twice(twice.to_owned()));
    }
    Ok(entries)
}

fn split_outside_parentheses(list: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 0_u32);
    for (at, character) in list.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&list[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[begin..]);
    parts.into_iter().map(|part| part.strip_prefix(' ').unwrap_or(part)).collect()
}

fn read_entry(text: &str) -> Result<Entry, UnclearDescription> {
    let (kinds, count) = match text.split_once(" (") {
        None => (text, Count::One),
        Some((kinds, rest)) => {
            let bad = || UnclearDescription::NoCondition(rest.trim_end_matches(')').to_owned());
            let condition = rest.strip_suffix(')').ok_or_else(bad)?;
            let says = |beginning: &str| {
                let more = condition.strip_prefix(beginning);
                more.is_some_and(|more| !more.trim().is_empty() && !more.contains(['(', ')']))
            };
            if says("if ") {
                (kinds, Count::OneIf)
            } else if says("one per ") {
                (kinds, Count::OnePer)
            } else {
                return Err(bad());
            }
        }
    };
    let kinds = kinds
        .split(" or ")
        .map(|kind| {
            if is_event(kind) {
                Ok(kind.to_owned())
            } else {
                Err(UnclearDescription::NoEvent(kind.to_owned()))
            }
        })
        .collect::<Result<_, _>>()?;
    Ok(Entry { kinds, count })
}

fn is_event(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word.split('-').all(|part| !part.is_empty())
            && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    };
    matches!(text.split_once('.'), Some((aggregate, event)) if is_word(aggregate) && is_word(event))
}

fn read_role(text: &str) -> Result<Role, UnclearDescription> {
    let role = match text {
        "anyone" => Role::Anyone,
        "app" => Role::App,
        "person" => Role::Person,
        "operator" => Role::Operator,
        member if MEMBER_ROLES.contains(&member) => Role::Member(member.to_owned()),
        other => match other.strip_prefix("account:") {
            Some(role) if ACCOUNT_ROLES.contains(&role) => Role::Account(role.to_owned()),
            _ => return Err(UnclearDescription::NoRole(text.to_owned())),
        },
    };
    Ok(role)
}

#[cfg(test)]
mod tests;
