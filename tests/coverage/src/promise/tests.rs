//! What the extensions may and may not be.

use serde_json::json;

use super::*;

fn entry(kinds: &[&str], count: Count) -> Entry {
    Entry { kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(), count }
}

fn entries(list: &Value) -> Vec<Entry> {
    events(&json!({ "x": list }), "x").unwrap().unwrap()
}

#[test]
fn every_form_of_an_entry_is_read() {
    let promise = Promise::read(&json!({
        "x-mandate-events": ["app.archived"],
        "x-mandate-follows": [{"event": "key.deleted", "per": "key"}, {"event": "a.b", "if": "so"}],
        "x-mandate-refusals": [{"one_of": ["a.b", "a.c"]}],
        "x-mandate-roles": ["owner", "account:admin", "operator"],
    }));
    let roles =
        [Role::Member("owner".to_owned()), Role::Account("admin".to_owned()), Role::Operator];
    let expected = Promise {
        events: vec![entry(&["app.archived"], Count::One)],
        follows: vec![entry(&["key.deleted"], Count::OnePer), entry(&["a.b"], Count::OneIf)],
        refusals: vec![entry(&["a.b", "a.c"], Count::One)],
        roles: BTreeSet::from(roles),
    };
    assert_eq!(promise, Ok(expected));
}

#[test]
fn alternatives_and_conditions_say_how_many_are_left() {
    let list = entries(&json!([
        {"one_of": ["a.b", "a.c"]}, {"event": "d.e", "if": "so"}, {"event": "f.g", "per": "h"},
    ]));
    for good in [&["a.b"][..], &["a.c", "d.e"], &["a.b", "f.g", "f.g", "d.e"]] {
        assert!(permits(&list, good), "{good:?}");
    }
    for bad in [&[][..], &["a.b", "a.c"], &["a.b", "a.b"], &["a.b", "d.e", "d.e"], &["a.b", "x.y"]]
    {
        assert!(!permits(&list, bad), "{bad:?}");
    }
    assert_eq!(unconditional(&list), None);
    assert_eq!(unconditional(&entries(&json!(["a.b", "c.d"]))), Some(vec!["a.b", "c.d"]));
    assert_eq!(unconditional(&entries(&json!([]))), Some(Vec::new()));
}

#[test]
fn what_is_not_exactly_right_is_refused() {
    let missing = |name: &str| Promise::read(&json!({ name: [] })).unwrap_err();
    assert_eq!(missing("x-mandate-events"), UnclearPromise::Missing("x-mandate-roles"));
    assert_eq!(missing("x-mandate-roles"), UnclearPromise::Missing("x-mandate-events"));
    for bad in [
        json!("a.b"),
        json!(["a"]),
        json!(["A.b"]),
        json!(["a.b."]),
        json!([{"event": "a.b"}]),
        json!([{"event": "a.b", "if": "c", "per": "d"}]),
        json!([{"event": "a.b", "sometimes": "c"}]),
    ] {
        let operation = json!({ "x-mandate-events": bad, "x-mandate-roles": ["owner"] });
        let refused = Promise::read(&operation).unwrap_err();
        assert!(matches!(refused, UnclearPromise::Malformed("x-mandate-events", _)), "{bad}");
    }
    for bad in ["owners", "account:owner"] {
        let operation = json!({ "x-mandate-events": [], "x-mandate-roles": [bad] });
        let refused = Promise::read(&operation).unwrap_err();
        assert!(matches!(refused, UnclearPromise::Malformed("x-mandate-roles", _)), "{bad}");
    }
    let twice = json!({ "x-mandate-events": ["a.b", "a.b"], "x-mandate-roles": ["owner"] });
    assert_eq!(Promise::read(&twice), Err(UnclearPromise::Twice("a.b".to_owned())));
}
