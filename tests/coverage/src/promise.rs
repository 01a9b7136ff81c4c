//! What an operation promises, from its OpenAPI extensions.
//!
//! | extension | what it lists |
//! |---|---|
//! | `x-mandate-events` | events left by a call that succeeds and changes something, in its own name |
//! | `x-mandate-follows` | events left by other services because of it, in theirs |
//! | `x-mandate-refusals` | events left by a call that is refused |
//! | `x-mandate-roles` | who may call it |
//!
//! Events and roles are always there, the others only where there is something to name. An entry is an
//! event (`"app.created"`), or an object: `{"event": "consent.granted", "per": "account"}` for as many as
//! there are of those, `{"event": …, "if": "by password"}` for what is left only then, `{"one_of": […]}`
//! for several of which one is left.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What an operation promises.
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
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
    /// One or none: `if`.
    OneIf,
    /// As many as there are: `per`.
    OnePer,
}

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
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

/// Extensions that do not say what they must.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnclearPromise {
    /// An extension that must be there is not.
    #[error("there is no `{0}`")]
    Missing(&'static str),
    /// A list that cannot be read.
    #[error("`{0}`: {1}")]
    Malformed(&'static str, String),
    /// Two entries for one event: how many are left would not be clear.
    #[error("`{0}` is named twice")]
    Twice(String),
}

/// An entry as it is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Event(String),
    Conditional(Conditional),
    OneOf(OneOf),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conditional {
    event: String,
    r#if: Option<String>,
    per: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneOf {
    one_of: Vec<String>,
}

impl TryFrom<Written> for Entry {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        let (kinds, count) = match written {
            Written::Event(kind) => (vec![kind], Count::One),
            Written::OneOf(OneOf { one_of }) => (one_of, Count::One),
            Written::Conditional(Conditional { event, r#if, per }) => match (r#if, per) {
                (Some(_), None) => (vec![event], Count::OneIf),
                (None, Some(_)) => (vec![event], Count::OnePer),
                _ => return Err(format!("`{event}` has one of `if` and `per`")),
            },
        };
        match kinds.iter().find(|kind| !is_event(kind)) {
            Some(other) => Err(format!("`{other}` is no event: <aggregate>.<past participle>")),
            None => Ok(Self { kinds, count }),
        }
    }
}

impl TryFrom<String> for Role {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Ok(match text.as_str() {
            "anyone" => Self::Anyone,
            "app" => Self::App,
            "person" => Self::Person,
            "operator" => Self::Operator,
            member if MEMBER_ROLES.contains(&member) => Self::Member(text),
            other => match other.strip_prefix("account:") {
                Some(role) if ACCOUNT_ROLES.contains(&role) => Self::Account(role.to_owned()),
                _ => return Err(format!("`{other}` is no role")),
            },
        })
    }
}

impl Promise {
    /// Reads an operation of the document.
    ///
    /// # Errors
    /// When an extension is missing or not exactly of the form above.
    pub fn read(operation: &Value) -> Result<Self, UnclearPromise> {
        let roles = list(operation, "x-mandate-roles")?;
        Ok(Self {
            events: events(operation, "x-mandate-events")?
                .ok_or(UnclearPromise::Missing("x-mandate-events"))?,
            follows: events(operation, "x-mandate-follows")?.unwrap_or_default(),
            refusals: events(operation, "x-mandate-refusals")?.unwrap_or_default(),
            roles: roles.ok_or(UnclearPromise::Missing("x-mandate-roles"))?.into_iter().collect(),
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

/// The events of the list that it promises without any condition or alternative.
pub fn always(list: &[Entry]) -> Vec<&str> {
    let sure = list.iter().filter_map(|entry| match (entry.kinds.as_slice(), entry.count) {
        ([kind], Count::One) => Some(kind.as_str()),
        _ => None,
    });
    sure.collect()
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

fn list<T: DeserializeOwned>(
    operation: &Value,
    name: &'static str,
) -> Result<Option<Vec<T>>, UnclearPromise> {
    operation
        .get(name)
        .map(Vec::<T>::deserialize)
        .transpose()
        .map_err(|error| UnclearPromise::Malformed(name, error.to_string()))
}

fn events(operation: &Value, name: &'static str) -> Result<Option<Vec<Entry>>, UnclearPromise> {
    let entries: Option<Vec<Entry>> = list(operation, name)?;
    let mut seen = BTreeSet::new();
    for kind in named(entries.as_deref().unwrap_or_default()) {
        if !seen.insert(kind) {
            return Err(UnclearPromise::Twice(kind.to_owned()));
        }
    }
    drop(seen);
    Ok(entries)
}

fn is_event(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word.split('-').all(|part| !part.is_empty())
            && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    };
    matches!(text.split_once('.'), Some((aggregate, event)) if is_word(aggregate) && is_word(event))
}

#[cfg(test)]
mod tests;
