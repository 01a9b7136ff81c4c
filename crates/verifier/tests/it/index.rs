//! The index of a database beside a log: rows that say what their entries do, and rows that do not.

use std::collections::{BTreeMap, VecDeque};

use contract::{Envelope, INDEX_SPAN, IndexRow, IndexSpan, Indexed};
use verifier::Index;

use crate::log::{Log, Said, backdated, event, events, run_with};

/// An index, row by row, and why it cannot be read after that.
struct Rows {
    all: VecDeque<IndexRow>,
    broken: Option<&'static str>,
    /// None if the login may not read it.
    searched: Option<i64>,
    /// None if the login may not read them.
    spans: Option<Vec<IndexSpan>>,
}

impl Index for Rows {
    fn searched(&mut self) -> Result<Option<i64>, String> {
        Ok(self.searched)
    }

    fn spans(&mut self, _last: i64) -> Result<Option<Vec<IndexSpan>>, String> {
        Ok(self.spans.clone())
    }

    fn next(&mut self) -> Result<Option<IndexRow>, String> {
        match (self.all.pop_front(), self.broken) {
            (None, Some(why)) => Err(why.to_owned()),
            (row, _) => Ok(row),
        }
    }
}

impl Rows {
    /// What an index is to have of these entries.
    fn of(entries: &[Vec<u8>]) -> Self {
        let rows = (1..).zip(entries).map(|(position, entry)| {
            let columns = Indexed::of(&Envelope::parse(entry).unwrap()).unwrap().columns();
            let recorded_at = Some(recorded_at(position));
            IndexRow { position, envelope: entry.clone(), columns, recorded_at }
        });
        let rows: VecDeque<IndexRow> = rows.collect();
        let times = rows.iter().map(|row| {
            let time = row.columns.iter().find(|(name, _)| *name == "occurred_at");
            (row.position / INDEX_SPAN, time.unwrap().1.clone())
        });
        let mut spans: BTreeMap<i64, Vec<Option<String>>> = BTreeMap::new();
        times.for_each(|(span, time)| spans.entry(span).or_default().push(time));
        let spans = spans.into_iter().map(|(span, times)| IndexSpan {
            span,
            earliest: times.iter().min().cloned().flatten(),
            latest: times.into_iter().max().flatten(),
        });
        let searched = rows.back().map_or(0, |last| last.position);
        Self { all: rows, broken: None, searched: Some(searched), spans: Some(spans.collect()) }
    }

    fn verify(mut self, log: &Log) -> Said {
        let folder = log.folder().to_str().unwrap();
        run_with(Some(&mut self), &["--folder", folder, "--key", &log.key()])
    }
}

/// Two entries are recorded at once, a second after the two before them.
fn recorded_at(position: i64) -> String {
    let second = position / 2;
    format!("2026-01-02T{:02}:{:02}:{:02}.000000Z", second / 3600, second / 60 % 60, second % 60)
}

#[test]
fn rows_that_say_what_their_entries_do_are_well_and_newer_ones_are_not_looked_at() {
    let log = Log::new();
    Rows::of(&log.entries).verify(&log).is(0, &["the rows of 1000 entries say what these do"]);
    let more = [&log.entries[..], &[event(0, 999)]].concat();
    Rows::of(&more).verify(&log).is(0, &[]);
    assert!(!log.verify(&[]).text.contains("index  "), "it is not compared unless asked for");
}

#[test]
fn a_row_with_another_value_is_named_with_its_column() {
    let log = Log::new();
    let columns = Rows::of(&log.entries).all[700].columns.clone();
    for (at, (name, value)) in columns.into_iter().enumerate() {
        let mut rows = Rows::of(&log.entries);
        rows.all[700].columns[at].1 = if value.is_some() { None } else { Some("other".to_owned()) };
        let said = rows.verify(&log);
        said.is(7, &[&format!("entry 701 (index 700): its row in the index has `{name}`")]);
        assert_eq!(said.text.matches("FAILED").count(), 1, "{}", said.text);
    }
    let mut rows = Rows::of(&log.entries);
    rows.all[255].envelope = backdated(&log.entries[255]);
    rows.verify(&log)
        .is(7, &["entry 256 (index 255): its row in the index has another `envelope`"]);
}

#[test]
fn a_time_of_recording_that_runs_backwards_is_named_once() {
    let log = Log::new();
    let changed = |changes: &[(usize, Option<&str>)], texts: &[&str]| {
        let mut rows = Rows::of(&log.entries);
        for (at, recorded_at) in changes {
            rows.all[*at].recorded_at = recorded_at.map(str::to_owned);
        }
        let said = rows.verify(&log);
        said.is(7, texts);
        assert_eq!(said.text.matches("FAILED").count(), texts.len(), "{}", said.text);
    };
    let (earlier, later) =
        (Some("2026-01-01T09:00:00.000000Z"), Some("2026-01-03T09:00:00.000000Z"));
    changed(
        &[(500, earlier)],
        &[
            "entry 501 (index 500): its row in the index has `recorded_at` 2026-01-01T09:00:00.000000Z, before the \
            2026-01-02T00:04:10.000000Z of the entry before it",
        ],
    );
    changed(
        &[(500, later)],
        &[
            "entry 501 (index 500): its row in the index has `recorded_at` 2026-01-03T09:00:00.000000Z, after the \
            2026-01-02T00:04:11.000000Z of the entry after it",
        ],
    );
    changed(
        &[(300, later), (301, later)],
        &["entry 303 (index 302): its row in the index has `recorded_at`"],
    );
    changed(&[(998, later)], &["entry 999 (index 998)"]);
    // Of two alone none is the one.
    changed(&[(0, later)], &["entry 2 (index 1)"]);
    for none in [None, Some("infinity"), Some("2026-01-02 00:00:00+00")] {
        changed(
            &[(500, none)],
            &["entry 501 (index 500): its row in the index has no time in `recorded_at`"],
        );
    }
}

#[test]
fn a_row_that_is_missing_or_too_many_is_named() {
    let log = Log::new();
    let mut rows = Rows::of(&log.entries);
    rows.all.remove(300);
    let said = rows.verify(&log);
    said.is(7, &["entry 301 (index 300): the index has no row of it"]);
    assert_eq!(said.text.matches("FAILED").count(), 1, "{}", said.text);

    let mut rows = Rows::of(&log.entries);
    let mut first = Rows::of(&log.entries).all.remove(0).unwrap();
    first.position = -5;
    rows.all.push_front(first);
    rows.verify(&log).is(7, &["the index has a row at position -5, where none is"]);

    let mut rows = Rows::of(&log.entries);
    rows.all.truncate(999);
    rows.verify(&log).is(7, &["entry 1000 (index 999): the index has no row of it"]);
}

#[test]
fn a_row_that_is_there_twice_or_out_of_order_is_named_also_after_the_last_entry() {
    let log = Log::new();
    let row = |at: usize| Rows::of(&log.entries).all.remove(at).unwrap();
    let once = |rows: Rows, text: &str| {
        let said = rows.verify(&log);
        said.is(7, &[text]);
        assert_eq!(said.text.matches("FAILED").count(), 1, "{}", said.text);
    };
    let mut rows = Rows::of(&log.entries);
    rows.all.insert(400, row(399));
    once(rows, "entry 401 (index 400): before it the index has another row at position 400");
    let mut rows = Rows::of(&log.entries);
    rows.all.push_back(row(999));
    once(rows, "entry 1001 (index 1000): before it the index has another row at position 1000");
    let mut rows = Rows::of(&log.entries);
    rows.all.push_back(row(7));
    once(rows, "the index has a row at position 8 after one at position 1000");
}

#[test]
fn an_index_goes_on_without_a_gap_after_the_last_entry() {
    let log = Log::new();
    let more = [&log.entries[..], &[event(0, 999)], &[event(0, 1000)]].concat();
    let mut rows = Rows::of(&more);
    rows.all.remove(1000);
    let text = "entry 1001 (index 1000): the checkpoint does not cover it, and the index has no row of it, but one at position 1002";
    rows.verify(&log).is(7, &[text]);
    // Nor later, however far away, nor twice.
    for (positions, text) in [
        (
            vec![1001, 1_000_000],
            "entry 1002 (index 1001): the checkpoint does not cover it, and the index has no row",
        ),
        (
            vec![1001, 1001],
            "entry 1002 (index 1001): before it the index has another row at position 1001",
        ),
        (vec![i64::MAX], "entry 1001 (index 1000): the checkpoint does not cover it"),
    ] {
        let mut rows = Rows::of(&log.entries);
        for position in positions {
            let mut row = Rows::of(&more).all.remove(1000).unwrap();
            row.position = position;
            rows.all.push_back(row);
        }
        rows.verify(&log).is(7, &[text]);
    }
}

type Change = fn(&mut IndexSpan);

#[test]
fn spans_that_do_not_enclose_the_times_of_their_entries_are_named() {
    let mut entries = events(1000);
    entries[3] = backdated(&entries[3]);
    let log = Log::of(entries);
    let earlier = Rows::of(&log.entries).spans.unwrap()[0].earliest.clone().unwrap();
    let later = "9999-12-31T23:59:59.000000Z".to_owned();
    let changes: [(Change, &str); 6] = [
        (
            |span| span.earliest = span.latest.clone(),
            "entry 4 (index 3): the index has a span from",
        ),
        (|span| span.latest = span.earliest.clone(), "a search by time passes it over"),
        (|span| span.latest = None, "to none, and the entry says"),
        (|span| span.span = 7, "the index has no span of it"),
        (|span| span.earliest = Some("-infinity".to_owned()), "a span from -infinity to"),
        (
            |span| span.latest = Some("9999-12-31 00:00:00+00 BC".to_owned()),
            "a search by time passes",
        ),
    ];
    for (change, text) in changes {
        let mut rows = Rows::of(&log.entries);
        change(&mut rows.spans.as_mut().unwrap()[0]);
        let said = rows.verify(&log);
        said.is(7, &[text]);
        assert_eq!(said.text.matches("FAILED").count(), 1, "{}", said.text);
    }
    // Nor is one that is there twice believed, nor do rows at the last position that there is hide anything.
    let mut rows = Rows::of(&log.entries);
    let twice = rows.spans.as_ref().unwrap()[0].clone();
    rows.spans.as_mut().unwrap().push(twice);
    rows.verify(&log).is(7, &["the index has its span twice"]);
    let mut rows = Rows::of(&log.entries);
    for _ in 0..2 {
        let mut row = Rows::of(&log.entries).all.remove(9).unwrap();
        row.position = i64::MAX;
        rows.all.push_back(row);
    }
    rows.spans.as_mut().unwrap().clear();
    rows.verify(&log).is(7, &["the index has no span of it", "entry 1001 (index 1000)"]);
    // A span that says more costs time and hides nothing; and whoever may not read them is told.
    let mut rows = Rows::of(&log.entries);
    let span = &mut rows.spans.as_mut().unwrap()[0];
    (span.earliest, span.latest) = (Some(earlier), Some(later));
    rows.verify(&log).is(0, &[]);
    let mut rows = Rows::of(&log.entries);
    rows.spans = None;
    rows.verify(&log).is(0, &["Note: this login may not read audit.spans"]);
}

#[test]
fn searches_go_to_the_last_row_and_no_further() {
    let log = Log::new();
    let more = [&log.entries[..], &[event(0, 999)], &[event(0, 1000)]].concat();
    for (searched, text) in [
        (
            990,
            "entry 991 (index 990): audit.head in the database says that the log has 990 entries",
        ),
        (1001, "entry 1002 (index 1001): audit.head in the database says"),
        (1003, "entry 1003 (index 1002): audit.head in the database says"),
        (-1, "entry 1 (index 0): audit.head in the database says that the log has 0 entries"),
    ] {
        let mut rows = Rows::of(&more);
        rows.searched = Some(searched);
        let said = rows.verify(&log);
        said.is(7, &[text]);
        assert_eq!(said.text.matches("FAILED").count(), 1, "{}", said.text);
    }
    let mut rows = Rows::of(&more);
    rows.searched = None;
    rows.verify(&log).is(0, &["Note: this login may not read audit.head"]);
}

/// An index whose rows do not end.
struct Endless(Rows, i64);

impl Index for Endless {
    fn searched(&mut self) -> Result<Option<i64>, String> {
        self.0.searched()
    }

    fn spans(&mut self, last: i64) -> Result<Option<Vec<IndexSpan>>, String> {
        self.0.spans(last)
    }

    fn next(&mut self) -> Result<Option<IndexRow>, String> {
        if self.0.all.len() > 1 {
            return self.0.next();
        }
        self.1 += 1;
        let last = &self.0.all[0];
        let (columns, recorded_at) = (last.columns.clone(), last.recorded_at.clone());
        Ok(Some(IndexRow {
            position: self.1,
            envelope: last.envelope.clone(),
            columns,
            recorded_at,
        }))
    }
}

#[test]
fn rows_without_an_end_are_not_read_for_ever() {
    let log = Log::new();
    let mut index = Endless(Rows::of(&log.entries), 999);
    let folder = log.folder().to_str().unwrap();
    run_with(Some(&mut index), &["--folder", folder, "--key", &log.key()])
        .is(0, &["Note: the index has over 1000000 rows that the checkpoint does not cover: those after position 1001000"]);
}

#[test]
fn a_log_is_verified_to_its_end_although_its_index_cannot_be_read() {
    let log = Log::new();
    let mut rows = Rows::of(&log.entries[..400]);
    rows.broken = Some("the database went away");
    rows.verify(&log).is(1, &["ok      tree", "ok      streams", "index        not checked"]);
    let mut rows = Rows::of(&log.entries);
    rows.broken = Some("the database went away");
    rows.verify(&log).is(1, &["ok      tree", "Not finished: the database went away"]);
    let mut changed = Log::new();
    let mut rows = Rows::of(&changed.entries[..400]);
    rows.broken = Some("the database went away");
    changed.entries[900] = backdated(&changed.entries[900]);
    changed.write_entries();
    rows.verify(&changed).is(3, &["entry 901 (index 900)", "the database went away"]);
}

#[test]
fn an_index_that_cannot_be_read_is_no_wrong_index() {
    let log = Log::new();
    let mut rows = Rows::of(&log.entries[..400]);
    rows.broken = Some("the database went away");
    let said = rows.verify(&log);
    said.is(1, &["Not finished: the database went away", "index        not checked"]);
}

#[test]
fn what_is_wrong_with_the_tree_comes_first() {
    let mut log = Log::new();
    let rows = Rows::of(&log.entries);
    log.entries[10] = backdated(&log.entries[10]);
    log.write_entries();
    rows.verify(&log)
        .is(3, &["entry 11 (index 10)", "its row in the index has another `envelope`"]);
}
