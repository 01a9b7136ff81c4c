//! What somebody chose, and what it becomes where domains cannot be combined. The rules are the API's: it says which
//! cannot, here it is only decided which of two gives way, so that the last choice counts.

use std::collections::BTreeMap;

use contract::catalogue::Level;
use serde_json::Value;

use crate::api::FieldFault;
use crate::api::catalogue::Resolved;

/// The chosen domains, each at its level.
pub(super) type Selection = BTreeMap<String, Level>;

/// Something that a rule did to a domain.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Acted {
    /// The domain that it was done to.
    pub(super) on: String,
    /// At which level it was.
    pub(super) was: Option<Level>,
    /// At which it is now.
    pub(super) is: Option<Level>,
    /// The domain because of which.
    pub(super) by: String,
}

/// What is to be shown, and what rules did to get there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) selection: Selection,
    pub(super) acted: Vec<Acted>,
}

/// Settles what was chosen, `before` being what was saved.
pub(super) fn settle(before: &Selection, chosen: &Selection, resolved: &Resolved) -> Settled {
    let mut selection: Selection =
        resolved.domains.iter().map(|found| (found.domain.clone(), found.level)).collect();
    let mut acted = Vec::new();
    for excluded in resolved.conflicts.iter().filter(|fault| fault.code == "excluded") {
        let (Some(domain), Some(exclusive)) =
            (text(excluded, "domain"), text(excluded, "exclusive_domain"))
        else {
            continue;
        };
        // The exclusive one gives way only if it was there before and the other was not.
        let newer = |name: &str| before.get(name) != chosen.get(name);
        let (gives_way, stays) = if newer(domain) && !newer(exclusive) {
            (exclusive, domain)
        } else {
            (domain, exclusive)
        };
        // Manage alone is exclusive: it includes read, which is left.
        let is = (gives_way == exclusive && chosen.get(exclusive) == Some(&Level::Manage))
            .then_some(Level::Read);
        let was = match is {
            Some(level) => selection.insert(gives_way.to_owned(), level),
            None => selection.remove(gives_way),
        };
        if was.is_some() && was != is {
            acted.push(Acted { on: gives_way.to_owned(), was, is, by: stays.to_owned() });
        }
    }
    for found in &resolved.domains {
        let (was, is) = (chosen.get(&found.domain).copied(), Some(found.level));
        if let Some(by) = &found.because.domain
            && was != is
            && selection.get(&found.domain) == Some(&found.level)
        {
            acted.push(Acted { on: found.domain.clone(), was, is, by: by.clone() });
        }
    }
    Settled { selection, acted }
}

fn text<'a>(fault: &'a FieldFault, name: &str) -> Option<&'a str> {
    fault.parameters.get(name).and_then(Value::as_str)
}

/// A selection as the value of a button.
pub(super) fn written(selection: &Selection) -> String {
    let levels = selection.iter().map(|(domain, level)| format!("{domain}:{level}"));
    levels.collect::<Vec<_>>().join(",")
}

/// The selection of such a value; what is none of it is left out.
pub(super) fn read(text: &str) -> Selection {
    let pairs = text.split(',').filter_map(|pair| pair.split_once(':'));
    pairs.filter_map(|(domain, level)| Some((domain.to_owned(), level_of(level)?))).collect()
}

/// The level of this name.
pub(super) fn level_of(name: &str) -> Option<Level> {
    serde_json::from_value(Value::from(name)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn conflict(domain: &str) -> Value {
        json!({ "field": "domains[0]", "code": "excluded", "parameters": {
            "domain": domain, "level": "manage", "exclusive_domain": "accounts", "exclusive_level": "manage" } })
    }

    fn resolved(domains: &Value, conflicts: &Value) -> Resolved {
        serde_json::from_value(json!({ "domains": domains, "conflicts": conflicts })).unwrap()
    }

    #[test]
    fn what_is_chosen_last_stays_and_what_it_excludes_gives_way() {
        let domains = json!([
            { "domain": "accounts", "level": "manage", "because": { "code": "chosen" } },
            { "domain": "campaigns", "level": "read", "because": { "code": "brought_by", "domain": "accounts", "level": "manage" } },
            { "domain": "catalog", "level": "manage", "because": { "code": "chosen" } },
        ]);
        let resolved = resolved(&domains, &json!([conflict("catalog")]));
        let (before, chosen) = (read("catalog:manage"), read("accounts:manage,catalog:manage"));
        let settled = settle(&before, &chosen, &resolved);
        assert_eq!(settled.selection, read("accounts:manage,campaigns:read"));
        let done: Vec<_> =
            settled.acted.iter().map(|acted| (&*acted.on, acted.is, &*acted.by)).collect();
        assert_eq!(
            done,
            [("catalog", None, "accounts"), ("campaigns", Some(Level::Read), "accounts")]
        );

        // The other way round: accounts was there, and catalog is new.
        let settled = settle(&read("accounts:manage"), &chosen, &resolved);
        assert_eq!(settled.selection, read("accounts:read,campaigns:read,catalog:manage"));
        assert_eq!(settled.acted[0].on, "accounts");
    }

    #[test]
    fn what_no_rule_touches_is_as_it_was_chosen() {
        let domains =
            json!([{ "domain": "catalog", "level": "read", "because": { "code": "chosen" } }]);
        let chosen = read("catalog:read");
        let settled = settle(&Selection::new(), &chosen, &resolved(&domains, &json!([])));
        assert_eq!(settled, Settled { selection: chosen, acted: Vec::new() });
    }

    #[test]
    fn a_selection_is_read_as_it_was_written() {
        let selection = read("a:read,b:manage,c:none,d");
        assert_eq!(written(&selection), "a:read,b:manage");
    }
}
