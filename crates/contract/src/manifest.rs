//! Manifests: by which a stream that is missing in the log shows. Here are their streams and the form of what they
//! list; [`ManifestWritten`] is the event.
//!
//! The list of a manifest is text, a line for each stream that has events since the manifest before: its kind, its
//! id, the version of the first of these events and that of the last, with a space between and a line feed at the
//! end. The lines are sorted by their bytes, and the event has the SHA-256 of the whole.
//!
//! ```text
//! app 0192aaaa-bbbb-7ccc-8ddd-eeeeffff0001 1 4
//! app 0192aaaa-bbbb-7ccc-8ddd-eeeeffff0002 17 17
//! ```

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::envelope::Version;
use crate::facts::ManifestWritten;
use crate::ids::{ManifestId, Service};
use crate::kinds::is_stream_kind;

/// At most so many events are in one list: it fits into a NATS message, and into memory.
pub const MOST_EVENTS: u32 = 10_000;

/// At most so many bytes has a list: a line of it has less than 100.
pub const MAX_LIST_BYTES: usize = MOST_EVENTS as usize * 100;

impl ManifestId {
    /// The stream of a service's manifests, the same in every installation: the first 128 bits of the SHA-256 of
    /// `manifest/<service>`, as a UUID of version 8 (RFC 9562 section 5.8).
    pub fn of(service: Service) -> Self {
        let hash: [u8; 32] = Sha256::digest(format!("manifest/{service}")).into();
        let (first, _) = hash.split_first_chunk().expect("32 bytes are more than 16");
        Self::from_uuid(Builder::from_custom_bytes(*first).into_uuid())
    }
}

/// No service records events of so many kinds.
const MOST_KINDS: usize = 64;

impl ManifestWritten {
    /// Whether it says what a manifest can: a log may say anything, and what it says is kept to its end.
    ///
    /// # Errors
    /// Why it does not, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_hash = |text: &String| text.len() == 64 && text.bytes().all(is_digit);
        if !is_hash(&self.list_hash) || !self.previous.as_ref().is_none_or(is_hash) {
            return Err("names what is no SHA-256");
        }
        let mut kinds = self.kinds.iter();
        if self.kinds.len() > MOST_KINDS || !kinds.all(|of| is_stream_kind(of.kind.as_bytes())) {
            return Err("counts what are no kinds of streams");
        }
        Ok(())
    }
}

/// What a manifest says of one stream. Lines are in the order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ManifestLine<'a> {
    /// The kind of the stream.
    pub kind: &'a str,
    /// The stream.
    pub stream: Uuid,
    /// The first of its events that are in no manifest before.
    pub from: Version,
    /// The last.
    pub to: Version,
}

impl ManifestLine<'_> {
    /// How many events these are.
    pub fn events(&self) -> u64 {
        (self.to.number() - self.from.number()).unsigned_abs() + 1
    }
}

/// Text that is no manifest's list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidList {
    /// It ends within a line.
    #[error("its last line does not end")]
    Unfinished,
    /// A line is none.
    #[error("line {0} is not `<kind> <stream id> <from> <to>`")]
    Line(usize),
    /// A line comes after one that it belongs before, or is of the same stream.
    #[error("line {0} is not after the one before it, in the order of the bytes")]
    Order(usize),
    /// There are too many.
    #[error("it is of more than {MOST_EVENTS} events")]
    TooMany,
    /// It is not UTF-8.
    #[error("it is no text")]
    NotText,
    /// It is not the one that its manifest names.
    #[error("its SHA-256 is {found}, and {recorded} was recorded")]
    Other {
        /// What it has.
        found: String,
        /// What the manifest says.
        recorded: String,
    },
}

/// The list of these lines, which are of different streams.
pub fn write_list(lines: &mut [ManifestLine<'_>]) -> String {
    // The kind is the first word, and a space is before every character that a kind has: in this order the bytes
    // are sorted.
    lines.sort_unstable();
    let mut list = String::with_capacity(lines.len() * 64);
    for ManifestLine { kind, stream, from, to } in lines {
        // Writing to a string does not fail.
        let _ = writeln!(list, "{kind} {stream} {from} {to}");
    }
    list
}

/// Reads a list: only what [`write_list`] could have written.
///
/// # Errors
/// See [`InvalidList`].
pub fn read_list(list: &str) -> Result<Vec<ManifestLine<'_>>, InvalidList> {
    let mut lines: Vec<ManifestLine<'_>> = Vec::new();
    let mut events = 0;
    for (number, line) in (1..).zip(list.split_inclusive('\n')) {
        let line = line.strip_suffix('\n').ok_or(InvalidList::Unfinished)?;
        let line = read_line(line).ok_or(InvalidList::Line(number))?;
        let before = lines.last().map(|before| (before.kind, before.stream));
        if before.is_some_and(|before| before >= (line.kind, line.stream)) {
            return Err(InvalidList::Order(number));
        }
        events += line.events();
        if events > u64::from(MOST_EVENTS) {
            return Err(InvalidList::TooMany);
        }
        lines.push(line);
    }
    Ok(lines)
}

/// Reads the list of the manifest that names this SHA-256, in lower-case hexadecimal.
///
/// # Errors
/// When it is another, or none.
pub fn read_list_of<'a>(
    list_hash: &str,
    list: &'a [u8],
) -> Result<Vec<ManifestLine<'a>>, InvalidList> {
    let found = sha256_hex(list);
    if found != list_hash {
        return Err(InvalidList::Other { found, recorded: list_hash.to_owned() });
    }
    read_list(str::from_utf8(list).map_err(|_| InvalidList::NotText)?)
}

fn read_line(line: &str) -> Option<ManifestLine<'_>> {
    let mut words = line.split(' ');
    let (kind, stream, from, to) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || !is_stream_kind(kind.as_bytes()) {
        return None;
    }
    let read = ManifestLine {
        kind,
        stream: Uuid::parse_str(stream).ok()?,
        from: Version::new(from.parse().ok()?)?,
        to: Version::new(to.parse().ok()?)?,
    };
    // Numbers and ids have other forms, which are read as well.
    let is_canonical =
        line == format!("{kind} {} {} {}", read.stream, read.from, read.to) && read.from <= read.to;
    is_canonical.then_some(read)
}

/// The SHA-256 of these bytes in lower-case hex digits: of a list, or of the manifest before.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn line(kind: &str, stream: u128, from: i64, to: i64) -> ManifestLine<'_> {
        let [from, to] = [from, to].map(|number| Version::new(number).unwrap());
        ManifestLine { kind, stream: Uuid::from_u128(stream), from, to }
    }

    #[test]
    fn the_streams_of_manifests_are_these_for_ever() {
        let ids = Service::ALL.map(|service| ManifestId::of(service).to_string());
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len());
        for id in &ids {
            assert_eq!(Uuid::parse_str(id).unwrap().get_version_num(), 8, "{id}");
        }
        assert_eq!(ids[0], OF_DIRECTORY);
    }

    /// `printf manifest/directory | sha256sum`, with the version and the variant put in.
    const OF_DIRECTORY: &str = "34e2701b-6ea0-86f6-90e2-3016666eeab2";

    #[test]
    fn a_list_is_sorted_and_reads_back() {
        let mut lines =
            [line("consent-link", 2, 1, 1), line("consent", 9, 3, 7), line("consent", 1, 1, 2)];
        let list = write_list(&mut lines);
        let sorted: Vec<&str> = list.lines().collect();
        assert!(sorted.is_sorted(), "{list}");
        assert!(list.starts_with("consent 00000000-0000-0000-0000-000000000001 1 2\n"), "{list}");
        assert_eq!(read_list(&list).unwrap(), lines);
        assert_eq!(read_list("").unwrap(), []);
    }

    #[test]
    fn what_is_no_list_is_refused_with_the_line() {
        let one = "app 00000000-0000-0000-0000-000000000001 1 2\n";
        let two = "app 00000000-0000-0000-0000-000000000002 1 2\n";
        assert_eq!(read_list(one.trim_end()), Err(InvalidList::Unfinished));
        assert_eq!(read_list(&format!("{two}{one}")), Err(InvalidList::Order(2)));
        assert_eq!(read_list(&format!("{one}{one}")), Err(InvalidList::Order(2)));
        for wrong in [
            "\n",
            "app\n",
            "app 00000000-0000-0000-0000-000000000002 1 2 3\n",
            "app 00000000-0000-0000-0000-000000000002 2 1\n",
            "app 00000000-0000-0000-0000-000000000002 0 1\n",
            "app 00000000-0000-0000-0000-000000000002 01 1\n",
            "app 00000000-0000-0000-0000-000000000002 +1 1\n",
            "app 00000000000000000000000000000002 1 1\n",
            "App 00000000-0000-0000-0000-000000000002 1 1\n",
            "app- 00000000-0000-0000-0000-000000000002 1 1\n",
            " 00000000-0000-0000-0000-000000000002 1 1\n",
            "app 00000000-0000-0000-0000-000000000002 1 99999999999\n",
            "app 00000000-0000-0000-0000-000000000002 1 1\r\n",
        ] {
            assert_eq!(read_list(&format!("{one}{wrong}")), Err(InvalidList::Line(2)), "{wrong}");
        }
        let many = "app 00000000-0000-0000-0000-000000000002 1 10000\n";
        assert_eq!(read_list(&format!("{one}{many}")), Err(InvalidList::TooMany));
        assert!(read_list(many).is_ok());
    }

    #[test]
    fn the_largest_list_fits_a_message() {
        let kind = "k".repeat(crate::kinds::LONGEST);
        let highest = i64::from(i32::MAX);
        let mut lines: Vec<_> = (0..u128::from(MOST_EVENTS))
            .map(|stream| line(&kind, stream, highest, highest))
            .collect();
        let list = write_list(&mut lines);
        assert!(list.len() <= MAX_LIST_BYTES, "{} bytes", list.len());
        let message = serde_json::to_vec(&list).unwrap();
        assert!(message.len() < 1024 * 1024 - 1024, "{} bytes", message.len());
        assert_eq!(read_list(&list).unwrap(), lines);
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_sorted_by_its_bytes_and_reads_back(
            streams in prop::collection::btree_map(
                ("[a-z]{1,3}(-[a-z]{1,3})?", any::<u128>()), (1..50_i64, 0..50_i64), 0..40,
            ),
        ) {
            let streams: BTreeMap<(String, u128), (i64, i64)> = streams;
            let mut lines: Vec<_> = streams
                .iter()
                .map(|((kind, stream), (from, more))| line(kind, *stream, *from, from + more))
                .collect();
            lines.reverse();
            let list = write_list(&mut lines);
            prop_assert!(list.lines().is_sorted_by(|a, b| a.as_bytes() < b.as_bytes()));
            prop_assert_eq!(read_list(&list).unwrap(), lines);
        }

        #[test]
        fn nothing_that_is_read_makes_it_panic(text in "\\PC{0,40}(app [0-9a-f-]{36} [0-9]{1,3} [0-9]{1,3}\n){0,3}") {
            if let Ok(mut lines) = read_list(&text) {
                prop_assert_eq!(write_list(&mut lines), text);
            }
        }
    }
}
