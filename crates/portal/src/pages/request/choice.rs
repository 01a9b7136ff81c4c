//! Which accounts are chosen. The form carries it outside of the list, so that no search loses it.

use std::collections::BTreeSet;

use contract::ids::{AccountId, PersonId};
use serde_json::{Value, json};

/// What is chosen.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// One by one.
    pub(super) some: BTreeSet<AccountId>,
    /// All that this search finds, in place of those.
    pub(super) all: Option<String>,
    /// But for these.
    pub(super) except: BTreeSet<AccountId>,
}

/// What a button asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    Search,
    /// The next page of the list.
    More,
    /// Choose all that match.
    All,
    /// Choose none.
    None,
    Review,
    Deny,
    /// Ask somebody who may consent for this account.
    PassOn(AccountId, PersonId),
}

/// A form as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) act: Act,
    pub(super) choice: Choice,
    pub(super) q: String,
    /// Where the next page begins.
    pub(super) next: Option<String>,
    pub(super) text_sha256: String,
    /// How many accounts the review showed.
    pub(super) reviewed: Option<usize>,
}

impl Sent {
    /// Reads the fields of the form; what is no id is nobody's.
    pub(super) fn read(fields: &[(String, String)]) -> Self {
        let value = |name: &str| {
            let found = fields.iter().find(|(field, _)| field == name);
            found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
        };
        let ids = |name: &str| -> BTreeSet<AccountId> {
            value(name).unwrap_or_default().split(',').filter_map(|id| id.parse().ok()).collect()
        };
        let ticked = fields.iter().filter(|(field, _)| field == "account");
        let ticked: BTreeSet<AccountId> = ticked.filter_map(|(_, id)| id.parse().ok()).collect();
        let mut choice = Choice {
            some: ids("some"),
            all: fields.iter().find(|(field, _)| field == "all").map(|(_, q)| q.clone()),
            except: ids("except"),
        };
        choice.take(&ids("shown"), &ticked);
        let pass_on = value("pass_on").and_then(|both| {
            let (account, person) = both.split_once('/')?;
            Some(Act::PassOn(account.parse().ok()?, person.parse().ok()?))
        });
        let act = match value("do") {
            _ if pass_on.is_some() => pass_on.unwrap_or(Act::Search),
            Some("more") => Act::More,
            Some("all") => Act::All,
            Some("none") => Act::None,
            Some("review") => Act::Review,
            Some("deny") => Act::Deny,
            _ => Act::Search,
        };
        Self {
            act,
            choice,
            q: value("q").unwrap_or_default().trim().to_owned(),
            next: value("next").map(str::to_owned),
            text_sha256: value("text").unwrap_or_default().to_owned(),
            reviewed: value("reviewed").and_then(|count| count.parse().ok()),
        }
    }
}

impl Choice {
    /// Takes what was ticked of those that were shown.
    fn take(&mut self, shown: &BTreeSet<AccountId>, ticked: &BTreeSet<AccountId>) {
        let open: BTreeSet<_> = shown.difference(ticked).copied().collect();
        if self.all.is_some() {
            self.except = self.except.difference(shown).copied().chain(open).collect();
        } else {
            let kept = self.some.difference(shown).copied();
            self.some = kept.chain(ticked.iter().copied()).collect();
        }
    }

    /// Whether an account is chosen, that is shown and can be.
    pub(super) fn has(&self, account: AccountId) -> bool {
        match self.all {
            Some(_) => !self.except.contains(&account),
            None => self.some.contains(&account),
        }
    }

    /// How many are chosen, if so many can be that `all` finds.
    pub(super) fn count(&self, selectable: u32) -> usize {
        match self.all {
            Some(_) => (selectable as usize).saturating_sub(self.except.len()),
            None => self.some.len(),
        }
    }

    /// As an approval says it.
    pub(super) fn body(&self) -> Value {
        match &self.all {
            Some(q) if q.is_empty() => json!({ "all": {}, "except": self.except }),
            Some(q) => json!({ "all": { "q": q }, "except": self.except }),
            None => json!({ "accounts": self.some }),
        }
    }

    /// The hidden fields of the form that carry it.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        match &self.all {
            Some(q) => vec![("all", q.clone()), ("except", joined(&self.except))],
            None => vec![("some", joined(&self.some))],
        }
    }
}

/// Ids as one field has them.
pub(super) fn joined<'a>(ids: impl IntoIterator<Item = &'a AccountId>) -> String {
    ids.into_iter().map(AccountId::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> AccountId {
        format!("0195b2a0-0000-7000-8000-0000000000{number:02}").parse().unwrap()
    }

    fn sent(fields: &[(&str, String)]) -> Sent {
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Sent::read(&fields)
    }

    #[test]
    fn a_search_loses_nothing_that_was_chosen() {
        let (chosen, shown) = ([id(1), id(2)], [id(2), id(3), id(4)]);
        let read = sent(&[
            ("q", " tea ".to_owned()),
            ("some", joined(&chosen)),
            ("shown", joined(&shown)),
            ("account", id(3).to_string()),
            ("do", "search".to_owned()),
        ]);
        // The first is not shown and stays; the second was unticked, the third ticked.
        assert_eq!(read.choice.some, [id(1), id(3)].into());
        assert_eq!((read.act, read.q.as_str()), (Act::Search, "tea"));
    }

    #[test]
    fn of_all_those_are_left_out_that_are_unticked() {
        let read = sent(&[
            ("all", String::new()),
            ("except", joined(&[id(1), id(2)])),
            ("shown", joined(&[id(2), id(3)])),
            ("account", id(2).to_string()),
            ("do", "review".to_owned()),
        ]);
        assert_eq!(read.choice.except, [id(1), id(3)].into());
        assert_eq!(read.choice.count(5_000), 4_998);
        assert!(read.choice.has(id(2)) && !read.choice.has(id(3)));
        let body = read.choice.body();
        assert_eq!(body["all"], json!({}));
        assert_eq!(body["except"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_id_is_nobodys() {
        let read = sent(&[("some", "x,,y".to_owned()), ("account", "../..".to_owned())]);
        assert_eq!(read.choice, Choice::default());
        assert_eq!(sent(&[("pass_on", "x/y".to_owned())]).act, Act::Search);
    }
}
