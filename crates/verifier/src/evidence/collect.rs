//! Which entries are evidence of what was asked, read from the API.
//!
//! Of one consent: all events of its stream, of the link that it came through, and of its app, and where
//! producers write manifests, the first one after each of these streams' last events that lists it to there. What else
//! happened in the same requests is not followed (a link that is redeemed for a hundred accounts makes a hundred
//! consents): the events' `correlationid` says what belongs together.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use contract::facts::ConsentGranted;
use contract::{Envelope, GrantId, ManifestId, Service};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::form_urlencoded;

use super::description::{Asked, Stream};
use super::files::File;
use super::manifests::{self, MANIFEST};
use super::whole;
use crate::source::{Server, SourceError};

/// So many entries are in one file at most, and so many bytes of them and of what manifests among them list.
const MAX_ENTRIES: usize = 50_000;
const MAX_ENTRIES_BYTES: usize = 200 << 20;
/// How many bytes a page of the API can have: 200 events with what is beside them.
const MAX_PAGE_BYTES: usize = 64 << 20;
/// So many pages are read of one search: each event is on one, and a page may have few of those that this caller may see.
const MAX_PAGES: usize = 5_000;
/// So many manifests are looked through for one that lists a stream.
const MANIFESTS_TRIED: usize = 20;

/// What there is, as far as the checkpoint covers it.
pub(super) struct Collected {
    pub(super) entries: BTreeMap<u64, Vec<u8>>,
    pub(super) manifests: BTreeMap<(Service, i64), Vec<u8>>,
    /// The streams that are there as a whole.
    pub(super) streams: Vec<Stream>,
    /// Nothing was left out for being newer than the checkpoint.
    pub(super) is_covered: bool,
}

/// A page of `GET /v1/events`.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<Item<'a>>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Item<'a> {
    position: u64,
    /// The bytes as they were recorded.
    #[serde(borrow)]
    event: &'a RawValue,
}

/// Reads what was asked of a log of this size.
///
/// # Errors
/// What cannot be read, in words.
pub(super) fn collect(server: &Server, asked: Asked, size: u64) -> Result<Collected, String> {
    let mut reading = Reading::of(server, size);
    match asked {
        Asked::Grant(grant) => {
            reading.stream(whole::of_consent(grant))?;
            if let Some(granted) = reading.granted(grant) {
                for stream in whole::beside(&granted) {
                    reading.needed_stream(&stream)?;
                }
            }
            reading.covering_manifests()?;
        }
        Asked::Recorded { from, to } => {
            let (from, to) = (time(from), time(to));
            reading.all(&[("from", &from), ("to", &to), ("order", "asc"), ("limit", "200")])?;
            reading.lists()?;
        }
    }
    Ok(reading.found)
}

struct Reading<'a> {
    server: &'a Server,
    size: u64,
    found: Collected,
    bytes: usize,
}

impl<'a> Reading<'a> {
    /// Nothing is read yet.
    const fn of(server: &'a Server, size: u64) -> Self {
        let found = Collected {
            entries: BTreeMap::new(),
            manifests: BTreeMap::new(),
            streams: Vec::new(),
            is_covered: true,
        };
        Self { server, size, found, bytes: 0 }
    }

    /// All entries of a stream; it is described if there are any.
    fn stream(&mut self, stream: String) -> Result<(), String> {
        let before = self.found.entries.len();
        self.all(&[("stream", &stream), ("order", "asc"), ("limit", "200")])?;
        let events = (self.found.entries.len() - before) as u64;
        if events > 0 {
            self.found.streams.push(Stream { stream, events });
        }
        Ok(())
    }

    /// The same of one without which there is no evidence. What the checkpoint does not cover yet is waited for.
    fn needed_stream(&mut self, stream: &str) -> Result<(), String> {
        let before = self.found.streams.len();
        self.stream(stream.to_owned())?;
        if self.found.streams.len() == before && self.found.is_covered {
            return Err(format!(
                "--grant: this token may not read of {stream}, and evidence of a consent has all of its link and its app: name the token of an operator, or of a developer of the app"
            ));
        }
        Ok(())
    }

    /// All entries that meet these conditions, which are answered in the order of the log.
    fn all(&mut self, conditions: &[(&str, &str)]) -> Result<(), String> {
        let (mut cursor, mut last): (Option<String>, _) = (None, 0);
        for _ in 0..MAX_PAGES {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(conditions);
            if let Some(cursor) = &cursor {
                query.append_pair("cursor", cursor);
            }
            let (next, end) = self.page(&query.finish())?;
            // Else a server could answer the same events for ever.
            if end.is_some_and(|end| end <= last) {
                return Err(format!("{} answers events out of their order", self.server.address()));
            }
            last = end.unwrap_or(last);
            cursor = next;
            if cursor.is_none() || last > self.size {
                return Ok(());
            }
        }
        Err(format!("{} answers more pages than there can be", self.server.address()))
    }

    /// Takes the events of a page. Where the next begins, and the position of the last.
    fn page(&mut self, query: &str) -> Result<(Option<String>, Option<u64>), String> {
        let path = format!("/v1/events?{query}");
        let answer = self.server.api(&path, MAX_PAGE_BYTES).map_err(|error| error.to_string())?;
        let answer =
            answer.ok_or_else(|| format!("{} has no /v1/events", self.server.address()))?;
        let page: Page<'_> = serde_json::from_slice(&answer)
            .map_err(|error| format!("{path} answers no page of events: {error}"))?;
        let last = page.items.last().map(|item| item.position);
        for item in page.items {
            self.take(item.position, item.event.get().as_bytes())?;
        }
        Ok((page.next_cursor, last))
    }

    fn take(&mut self, position: u64, entry: &[u8]) -> Result<(), String> {
        if position == 0 || position > self.size {
            self.found.is_covered = false;
            return Ok(());
        }
        if self.found.entries.insert(position, entry.to_vec()).is_none() {
            return self.count(entry.len());
        }
        Ok(())
    }

    /// So many bytes more are kept, of an entry or of what a manifest lists.
    fn count(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes += bytes;
        if self.found.entries.len() > MAX_ENTRIES || self.bytes > MAX_ENTRIES_BYTES {
            return Err(format!(
                "these are over {MAX_ENTRIES} entries, or {MAX_ENTRIES_BYTES} bytes with what manifests list: ask for a shorter time"
            ));
        }
        Ok(())
    }

    /// How the consent was granted.
    fn granted(&self, grant: GrantId) -> Option<ConsentGranted> {
        let events = self.found.entries.values().filter_map(|entry| Envelope::parse(entry).ok());
        whole::granted(grant, events)
    }

    /// For each stream, the first manifest after its last event that lists it to there: one that was begun before that
    /// event was recorded may stand after it.
    fn covering_manifests(&mut self) -> Result<(), String> {
        for stream in self.found.streams.clone() {
            let last = self.found.entries.iter().rev().find_map(|(position, entry)| {
                let event = Envelope::parse(entry).ok()?;
                (event.subject == stream.stream).then_some((*position, event))
            });
            if let Some((position, last)) = last
                && self.list(last.source, 1)?.is_some()
            {
                self.covering_manifest(&last, position)?;
            }
        }
        Ok(())
    }

    /// Looks for it among the first manifests of the service after this event, the last of its stream.
    fn covering_manifest(&mut self, event: &Envelope, after: u64) -> Result<(), String> {
        let service = event.source;
        let mut later = Reading::of(self.server, self.size);
        let after = after.to_string();
        let mut query = form_urlencoded::Serializer::new(String::new());
        // Of this service alone: others may write hundreds in the same hour.
        let of_service = format!("manifest/{}", ManifestId::of(service));
        query.extend_pairs([("stream", &*of_service), ("after", &after), ("limit", "200")]);
        later.page(&query.finish())?;
        let of_service = later.found.entries.into_iter().filter_map(|(position, entry)| {
            let written = Envelope::parse(&entry).ok()?;
            (written.source == service).then_some((position, entry, written.streamversion.number()))
        });
        for (position, entry, version) in of_service.take(MANIFESTS_TRIED) {
            let Some(list) = self.list(service, version)? else { continue };
            if manifests::lists(&list, &event.subject, event.streamversion.number()) {
                self.found.manifests.insert((service, version), list);
                return self.take(position, &entry);
            }
        }
        Ok(())
    }

    /// The lists of all manifests among the entries.
    fn lists(&mut self) -> Result<(), String> {
        let events = self.found.entries.values().filter_map(|entry| Envelope::parse(entry).ok());
        let of: Vec<_> = events
            .filter(|event| event.kind == MANIFEST)
            .map(|event| (event.source, event.streamversion.number()))
            .collect();
        for (service, version) in of {
            if let Some(list) = self.list(service, version)? {
                self.count(list.len())?;
                self.found.manifests.insert((service, version), list);
            }
        }
        Ok(())
    }

    /// The list of a manifest, if there is one and whoever asks may read it.
    fn list(&self, service: Service, version: i64) -> Result<Option<Vec<u8>>, String> {
        let file = File::Manifest(service, version);
        let list = self.server.read_if_permitted(&file.to_string(), file.limit());
        list.map_err(|error| match error {
            SourceError::Unreadable(why) => why,
            error => format!("{file}: {error}"),
        })
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
