//! Which type of event belongs in which kind of stream. Of the types that this program knows a map says it; of those of
//! later versions a rule: `mandate.<kind>.<event>.v<n>` belongs in a stream of `<kind>`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::facts;

/// The kind of stream of each type of event that is known.
static KINDS: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| facts::all().into_iter().map(|it| (it.name, it.aggregate)).collect());

/// Of so many characters is a kind at most: manifests list no longer ones.
pub(crate) const LONGEST: usize = 36;

/// In a stream of which kind an event of this type belongs, and whether this program knows the type; none if it is no
/// type's name.
pub fn stream_kind(event_type: &str) -> Option<(&str, bool)> {
    let known = KINDS.get(event_type).map(|kind| (*kind, true));
    known.or_else(|| Some((by_rule(event_type)?, false)))
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
pub fn is_stream_kind(kind: &[u8]) -> bool {
    kind.len() <= LONGEST
        && kind
            .split(|byte| *byte == b'-')
            .all(|word| !word.is_empty() && word.iter().all(u8::is_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Service;

    #[test]
    fn the_rule_says_of_what_is_known_the_same_as_the_map() {
        assert!(!KINDS.is_empty());
        for event in facts::all() {
            assert_eq!(stream_kind(event.name), Some((event.aggregate, true)));
            assert_eq!(by_rule(event.name), Some(event.aggregate));
            assert!(is_stream_kind(event.aggregate.as_bytes()), "{}", event.aggregate);
            let mut writers =
                Service::ALL.iter().filter(|it| it.aggregates().contains(&event.aggregate));
            assert!(writers.next().is_some(), "nobody records {}", event.aggregate);
        }
        assert_eq!(stream_kind("mandate.unicorn.seen.v12"), Some(("unicorn", false)));
        for no_type in
            ["app.created", "mandate.app.created.v", "mandate.app.created.v1.2", "mandate.app..v1"]
        {
            assert_eq!(stream_kind(no_type), None, "{no_type}");
        }
    }

    #[test]
    fn a_kind_is_words_with_hyphens() {
        for kind in ["app", "consent-link", "a"] {
            assert!(is_stream_kind(kind.as_bytes()), "{kind}");
        }
        for kind in ["", "-", "app-", "App", "app1", "a b", "ü", "\u{1b}", &"a".repeat(37)] {
            assert!(!is_stream_kind(kind.as_bytes()), "{kind}");
        }
    }
}
