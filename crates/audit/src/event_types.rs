//! Event types as a question names them: one, or all whose names begin so. Pure.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use service::{Fault, FaultCode};

/// What a question can name: every type there is, in order.
static ALL: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| contract::facts::all().into_iter().map(|kind| kind.name).collect());

/// Beginnings that there are: `mandate.app.*`.
static BEGINNINGS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let aggregates = ALL.iter().filter_map(|name| name.split('.').nth(1));
    aggregates.map(|aggregate| format!("mandate.{aggregate}.*")).collect()
});

/// So much of what was sent is looked at and answered: an error is no echo.
const MAX_SHOWN_CHARS: usize = 64;

/// So many of what there is are named to whoever named what there is not.
const NEAREST: usize = 3;

/// The types that `mandate.app.created.v1` or `mandate.app.*` stands for: at least one.
///
/// # Errors
/// For what stands for none, with those that it was probably meant to be. Answering nothing would look like a
/// log without such events.
pub(crate) fn named(item: &str) -> Result<Vec<&'static str>, Fault> {
    let types: Vec<&str> = match item.strip_suffix('*') {
        // A beginning ends at a word.
        Some(beginning) if beginning.ends_with('.') => {
            ALL.iter().copied().filter(|name| name.starts_with(beginning)).collect()
        }
        Some(_) => Vec::new(),
        None => ALL.iter().copied().filter(|name| *name == item).collect(),
    };
    if types.is_empty() { Err(none_of_them(item)) } else { Ok(types) }
}

fn none_of_them(item: &str) -> Fault {
    let shown: String = item.chars().take(MAX_SHOWN_CHARS).collect();
    let nearest = nearest(&shown);
    let message = format!(
        "`{shown}` is no event type, and none begins so. The nearest are `{}`",
        nearest.join("`, `")
    );
    Fault::new(FaultCode::NotOneOf, message).with("nearest", nearest)
}

/// Those of which the fewest characters differ, the nearest first.
fn nearest(item: &str) -> Vec<&'static str> {
    // What all of them share may be left out, and says nothing of which is meant.
    let plain = |text: &str| {
        let text = text.strip_prefix("mandate.").unwrap_or(text);
        text.strip_suffix(".v1").unwrap_or(text).to_owned()
    };
    let mut candidates: Vec<&'static str> = if item.ends_with('*') {
        BEGINNINGS.iter().map(String::as_str).collect()
    } else {
        ALL.clone()
    };
    let asked = plain(item);
    candidates.sort_by_cached_key(|name| strsim::damerau_levenshtein(&plain(name), &asked));
    candidates.truncate(NEAREST);
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_itself_and_a_beginning_all_that_begin_so() {
        assert_eq!(named("mandate.app.created.v1"), Ok(vec!["mandate.app.created.v1"]));
        let links = named("mandate.consent-link.*").unwrap();
        assert!(links.len() > 1);
        assert!(links.iter().all(|name| name.starts_with("mandate.consent-link.")));
        assert_eq!(named("mandate.*").unwrap(), *ALL);
        let of_two_words = named("mandate.app.created.*");
        assert_eq!(of_two_words, Ok(vec!["mandate.app.created.v1"]));
    }

    #[test]
    fn what_is_no_type_is_refused_with_the_nearest() {
        for (item, first) in [
            ("mandate.app.created", "mandate.app.created.v1"),
            ("app.created", "mandate.app.created.v1"),
            ("mandate.app.craeted.v1", "mandate.app.created.v1"),
            ("mandate.app.created.v2", "mandate.app.created.v1"),
            ("mandate.consents.*", "mandate.consent.*"),
            ("mandate.app*", "mandate.app.*"),
        ] {
            let fault = named(item).unwrap_err();
            assert_eq!(fault.code, FaultCode::NotOneOf, "{item}");
            let nearest = fault.parameters["nearest"].as_array().unwrap();
            assert_eq!((nearest[0].as_str(), nearest.len()), (Some(first), NEAREST), "{item}");
            assert!(fault.message.contains(&format!("`{first}`")), "{}", fault.message);
        }
    }

    #[test]
    fn whatever_is_named_is_answered_shortly() {
        for item in ["", "*", ".*", "mandate", "mandate.", "%", &"é".repeat(5_000)] {
            let fault = named(item).unwrap_err();
            assert!(fault.message.chars().count() < 300, "{item}");
        }
    }
}
