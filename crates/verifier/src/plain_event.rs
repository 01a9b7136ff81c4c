//! An event as our producers write nearly all of them, without parsing its JSON ([`PlainEnvelope`]). It takes nothing for
//! an event that [`event::read`] would not. Whatever else there is it leaves to that, which alone says what is wrong.

use std::borrow::Cow;

use contract::facts::{LogContinued, LogKeyReplaced, ManifestWritten};
use contract::{Fact as _, MAX_EVENT_BYTES, PlainEnvelope};

use crate::event::{self, Event};
use crate::kinds;

/// Reads an entry, the fast way if it goes.
///
/// # Errors
/// Why it is no event, in words.
pub(crate) fn read(entry: &[u8]) -> Result<Event, String> {
    plain(entry).map_or_else(|| event::read(entry), Ok)
}

/// The event; none if it has to be read the slow way.
fn plain(entry: &[u8]) -> Option<Event> {
    let PlainEnvelope { id, source, version, stream_kind, stream, kind } =
        PlainEnvelope::read(entry)?;
    // Of these the checks need what they say.
    let is_needed_whole =
        [ManifestWritten::TYPE, LogKeyReplaced::TYPE, LogContinued::TYPE].contains(&kind);
    if is_needed_whole || entry.len() > MAX_EVENT_BYTES {
        return None;
    }
    let known = source.aggregates().iter().find(|it| **it == stream_kind);
    Some(Event {
        id,
        stream,
        aggregate: known.map_or_else(|| stream_kind.to_owned().into(), |it| Cow::Borrowed(*it)),
        version,
        source,
        place: kinds::place(source, stream_kind, kind),
        replaced_key: None,
        restored: None,
        manifest: None,
    })
}

#[cfg(test)]
mod tests {
    use contract::{Service, facts};

    use super::*;

    /// An event of this type in a stream of this kind, of which nothing else is looked at.
    fn text(source: Service, stream_kind: &str, kind: &str) -> String {
        let (id, source) = ("0199d5b6-1f0a-7c3e-9a43-5f0a5a1c7e16", source.source());
        format!(
            concat!(
                r#"{{"actor":"anonymous","authority":"none","correlationid":"{}","data":{{}},"#,
                r#""datacontenttype":"a","dataschema":"b","id":"{}","source":"{}","specversion":"1.0","#,
                r#""streamversion":7,"subject":"{}/{}","time":"2026-11-30T12:00:00.999999Z","type":"{}"}}"#
            ),
            id, id, source, stream_kind, id, kind
        )
    }

    #[test]
    fn both_ways_read_the_same() {
        for fact in facts::all() {
            for source in Service::ALL {
                for stream_kind in [fact.aggregate, "unicorn"] {
                    let text = text(source, stream_kind, fact.name);
                    // Of some types what they say is read as well, and this one says nothing.
                    assert_eq!(plain(text.as_bytes()), event::read(text.as_bytes()).ok(), "{text}");
                }
            }
        }
    }

    #[test]
    fn what_is_longer_than_an_event_is_left_to_the_slow_way() {
        let text = text(Service::AppRegistry, "app", "mandate.app.created.v1");
        let longer = |by: usize| text.replace("{}", &format!("\"{}\"", "x".repeat(by)));
        assert!(plain(longer(MAX_EVENT_BYTES - text.len()).as_bytes()).is_some());
        let too_long = longer(MAX_EVENT_BYTES - text.len() + 1);
        assert!(plain(too_long.as_bytes()).is_none() && event::read(too_long.as_bytes()).is_err());
    }
}
