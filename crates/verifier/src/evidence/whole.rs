//! The streams that evidence of a consent has to have as a whole: the consent's, that of the link it came through, and its
//! app's. Which these are, the entry says by which it was granted, whatever the description names; and what nothing shows
//! is told, so that nobody takes it for verified.

use std::collections::HashSet;

use contract::facts::ConsentGranted;
use contract::{Envelope, GrantId};

use super::description::{Asked, Stream};
use super::files::File;
use super::manifests::Listed;
use super::package::Package;
use crate::failure::{Check, Failure};
use crate::outcome::Outcome;

/// So many streams a consent has to have: its own, its link's and its app's.
const STREAMS: usize = 3;

/// The stream of a consent.
pub(super) fn of_consent(grant: GrantId) -> String {
    format!("consent/{grant}")
}

/// The streams that belong to a consent that was granted.
pub(super) fn beside(granted: &ConsentGranted) -> [String; 2] {
    [format!("consent-link/{}", granted.link_id), format!("app/{}", granted.app_id)]
}

/// How this consent was granted, if that is among these events.
pub(super) fn granted(
    grant: GrantId,
    mut events: impl Iterator<Item = Envelope>,
) -> Option<ConsentGranted> {
    let subject = of_consent(grant);
    events.find_map(|event| event.fact().ok().filter(|_| event.subject == subject))
}

/// The description names the streams that it has to name, each once and no others. That they are there as it says is
/// counted elsewhere.
pub(super) fn verify(package: &Package, granted: Option<&ConsentGranted>, outcome: &mut Outcome) {
    let mut fail = |what: &str| {
        let file = File::Description.to_string();
        outcome.fail(Failure::of_file(Check::Evidence, &file, what));
    };
    let described = &package.description.streams;
    let Asked::Grant(grant) = package.description.asked else {
        if !described.is_empty() {
            fail("it says that streams are there as a whole, and it is evidence of a time");
        }
        return;
    };
    let Some(granted) = granted else {
        return fail(
            "none of its entries says how the consent was granted: which link and which app are its own is not known",
        );
    };
    let [link, app] = beside(granted);
    let required: [String; STREAMS] = [of_consent(grant), link, app];
    for stream in &required {
        if !described.iter().any(|it| it.stream == *stream && it.events > 0) {
            fail(&format!("it has nothing of {stream}, which has to be there as a whole"));
        }
    }
    let mut named = HashSet::new();
    for Stream { stream, .. } in described {
        if !named.insert(stream) {
            fail(&format!("it names {stream} twice"));
        } else if !required.contains(stream) {
            fail(&format!("it names {stream}, which is not of this consent, its link or its app"));
        }
    }
}

/// Tells what nothing shows: `listed` are the streams that manifests list up to their last events here.
pub(super) fn tell(package: &Package, listed: &Listed, outcome: &mut Outcome) {
    let description = &package.description;
    if matches!(description.asked, Asked::Recorded { .. }) {
        outcome.note(
            "nothing shows that these entries are of that time, and all of it: when an entry was recorded is in none"
                .to_owned(),
        );
        return;
    }
    // More do not belong to a consent, however many are named.
    for Stream { stream, events } in description.streams.iter().take(STREAMS) {
        match listed.get(stream) {
            None => outcome.note(format!(
                "nothing shows that {stream} has no event after its version {events}: no manifest that is here lists it to there"
            )),
            Some(position) => outcome.note(format!(
                "nothing shows that {stream} has no event beside those that its service had recorded when it began the manifest that is entry {position}, which lists it to version {events}"
            )),
        }
    }
}
