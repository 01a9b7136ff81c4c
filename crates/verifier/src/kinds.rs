//! Which type of event belongs in which kind of stream, and who writes it. Of the types that this program knows a map says
//! it, the contract's; of those of later versions a rule: `mandate.<kind>.<event>.v<n>` belongs in a stream of `<kind>`.

use std::collections::HashMap;
use std::sync::LazyLock;

use contract::{Service, facts};

/// The kind of stream of each type of event that is known.
static KINDS: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| facts::all().into_iter().map(|it| (it.name, it.aggregate)).collect());

/// Of so many characters is a kind at most: manifests list no longer ones.
const LONGEST: usize = 36;

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a stream of the kind in which its type belongs, by the service that writes that.
    Own,
    /// Its type, of which only the rule says that it may be there.
    Unknown(Box<str>),
    /// It belongs elsewhere, in words.
    Wrong(Box<str>),
}

/// Whether this service records an event of this type in a stream of this kind.
pub(crate) fn place(source: Service, kind: &str, event_type: &str) -> Place {
    let known = KINDS.get(event_type).copied();
    let Some(own) = known.or_else(|| by_rule(event_type)) else {
        let what = format!("its type is `{event_type}`, not mandate.<kind>.<event>.v<n>");
        return Place::Wrong(what.into());
    };
    if own != kind {
        let what = format!(
            "its type is `{event_type}`, which belongs in a stream of {own}, not of {kind}"
        );
        return Place::Wrong(what.into());
    }
    let is_own = source.aggregates().contains(&kind);
    if !is_own && Service::ALL.iter().any(|it| it.aggregates().contains(&kind)) {
        return Place::Wrong(format!("{source} records no events of {kind}").into());
    }
    if is_own && known.is_some() { Place::Own } else { Place::Unknown(event_type.into()) }
}

/// The kind that a type's name says.
fn by_rule(event_type: &str) -> Option<&str> {
    let mut words = event_type.split('.');
    let (product, kind, event, version) =
        (words.next()?, words.next()?, words.next()?, words.next()?);
    let is_number = version
        .strip_prefix('v')
        .is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()));
    let is_one = product == "mandate" && !event.is_empty() && is_number && words.next().is_none();
    is_one.then_some(kind)
}

/// Whether a stream can be of this kind: lower-case words with hyphens between them, as manifests list them.
pub(crate) fn is_kind(kind: &[u8]) -> bool {
    kind.len() <= LONGEST
        && kind
            .split(|byte| *byte == b'-')
            .all(|word| !word.is_empty() && word.iter().all(u8::is_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_the_contracts_and_the_rule_says_the_same() {
        assert!(!KINDS.is_empty());
        for event in facts::all() {
            assert_eq!(by_rule(event.name), Some(event.aggregate));
            assert!(is_kind(event.aggregate.as_bytes()), "{}", event.aggregate);
            let writers =
                Service::ALL.iter().filter(|it| it.aggregates().contains(&event.aggregate));
            assert!(writers.clone().next().is_some(), "nobody records {}", event.aggregate);
            for service in Service::ALL {
                let place = place(service, event.aggregate, event.name);
                let is_own = service.aggregates().contains(&event.aggregate);
                assert_eq!(place == Place::Own, is_own, "{} by {service}", event.name);
            }
        }
    }

    #[test]
    fn what_later_versions_record_is_unknown_and_what_stands_elsewhere_is_wrong() {
        let of = |kind, name| place(Service::AppRegistry, kind, name);
        assert_eq!(
            of("app", "mandate.app.created.v2"),
            Place::Unknown("mandate.app.created.v2".into())
        );
        assert!(matches!(of("unicorn", "mandate.unicorn.seen.v1"), Place::Unknown(_)));
        for (kind, name, why) in [
            ("app", "mandate.key.created.v1", "belongs in a stream of key, not of app"),
            ("key", "mandate.app.created.v1", "belongs in a stream of app, not of key"),
            ("key", "mandate.key.created.v1", "app-registry records no events of key"),
            ("key", "mandate.key.frozen.v7", "app-registry records no events of key"),
            ("app", "app.created", "not mandate.<kind>.<event>.v<n>"),
            ("app", "mandate.app.created.v", "not mandate.<kind>.<event>.v<n>"),
            ("app", "mandate.app.created.v1.2", "not mandate.<kind>.<event>.v<n>"),
        ] {
            match of(kind, name) {
                Place::Wrong(what) => assert!(what.contains(why), "{name}: {what}"),
                place => panic!("{name} in {kind}: {place:?}"),
            }
        }
    }

    #[test]
    fn a_kind_is_words_with_hyphens() {
        for kind in ["app", "consent-link", "a"] {
            assert!(is_kind(kind.as_bytes()), "{kind}");
        }
        for kind in ["", "-", "app-", "App", "app1", "a b", "ü", "\u{1b}", &"a".repeat(37)] {
            assert!(!is_kind(kind.as_bytes()), "{kind}");
        }
    }
}
