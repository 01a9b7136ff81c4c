//! What the lines may and may not be.

use super::*;

fn entry(kinds: &[&str], count: Count) -> Entry {
    Entry { kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(), count }
}

#[test]
fn the_lines_are_read_wherever_they_break() {
    let promise = Promise::read(
        "Ends it, for good. See also: nothing.\n\nEvents: app.archived.\n\
         Follows: key.deleted (one per key),\nconsent.revoked (one per grant, if any).\n\
         Refusals: access.refused.\nRoles: owner, account:admin, operator.\n",
    )
    .unwrap();
    assert_eq!(promise.events, [entry(&["app.archived"], Count::One)]);
    assert_eq!(
        promise.follows,
        [entry(&["key.deleted"], Count::OnePer), entry(&["consent.revoked"], Count::OnePer)]
    );
    assert_eq!(
        promise.roles,
        BTreeSet::from([
            Role::Member("owner".to_owned()),
            Role::Account("admin".to_owned()),
            Role::Operator
        ])
    );
}

#[test]
fn alternatives_and_conditions_say_how_many_are_left() {
    let list = read_entries("a.b or a.c, d.e (if so), f.g (one per h)").unwrap();
    for good in [&["a.b"][..], &["a.c", "d.e"], &["a.b", "f.g", "f.g", "d.e"]] {
        assert!(permits(&list, good), "{good:?}");
    }
    for bad in [&[][..], &["a.b", "a.c"], &["a.b", "a.b"], &["a.b", "d.e", "d.e"], &["a.b", "x.y"]]
    {
        assert!(!permits(&list, bad), "{bad:?}");
    }
    assert_eq!(unconditional(&list), None);
    assert_eq!(unconditional(&read_entries("a.b, c.d").unwrap()), Some(vec!["a.b", "c.d"]));
    assert_eq!(unconditional(&read_entries("none").unwrap()), Some(Vec::new()));
}

#[test]
fn a_line_that_is_not_exactly_right_is_refused() {
    use UnclearDescription as Unclear;
    for (description, error) in [
        ("", Unclear::Missing("Roles")),
        ("Events: a.b.", Unclear::Missing("Roles")),
        ("Roles: owner.", Unclear::Missing("Events")),
        ("Roles: owner.\nEvents: a.b.", Unclear::Misplaced("Events")),
        ("Events: a.b.\nEvents: a.b.\nRoles: owner.", Unclear::Misplaced("Events")),
        ("Events: a.b\nRoles: owner.", Unclear::Unended("Events")),
        ("Events: a.b. Or none.\nRoles: owner.", Unclear::Unended("Events")),
        ("Events: none.\nRoles: owner.\nMore.", Unclear::Unended("Roles")),
        ("Events: a.b; c.d.\nRoles: owner.", Unclear::NoEvent("a.b; c.d".to_owned())),
        ("Events: a.b,, c.d.\nRoles: owner.", Unclear::NoEvent(String::new())),
        ("Events: A.b.\nRoles: owner.", Unclear::NoEvent("A.b".to_owned())),
        ("Events: a.b (sometimes).\nRoles: owner.", Unclear::NoCondition("sometimes".to_owned())),
        ("Events: a.b, c.d or a.b.\nRoles: owner.", Unclear::Twice("a.b".to_owned())),
        ("Events: none.\nRoles: owners.", Unclear::NoRole("owners".to_owned())),
        ("Events: none.\nRoles: account:owner.", Unclear::NoRole("account:owner".to_owned())),
    ] {
        assert_eq!(Promise::read(description), Err(error), "{description}");
    }
}
