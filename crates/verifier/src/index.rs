//! The index that a database has of the log: whoever searches is answered from it. Each row is compared with its entry.

use std::collections::BTreeMap;

use contract::{INDEX_SPAN, IndexColumns, IndexRow, IndexSpan};
use translog::Hash;

use crate::failure::{Check, Failure, Failures};
use crate::words::entries_in_words;

/// So many rows are read after the last entry: whoever writes them would keep whoever verifies for ever.
const FURTHER: u64 = 1_000_000;

/// An index, row by row.
pub trait Index {
    /// How many entries the log has for those who search it, read before the first row; none if that may not be read.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn searched(&mut self) -> Result<Option<i64>, String>;

    /// When what is in each span of the log happened, up to this span, read before the first row; none if that may not be
    /// read.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn spans(&mut self, last: i64) -> Result<Option<Vec<IndexSpan>>, String>;

    /// The next row, by position. The first is read after the checkpoint.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn next(&mut self) -> Result<Option<IndexRow>, String>;
}

/// An index as it is compared, in the order of the entries.
pub(crate) struct Comparison<'a> {
    index: &'a mut dyn Index,
    /// The row that was read and is not compared yet.
    next: Option<IndexRow>,
    has_ended: bool,
    /// The position of the last row that was compared.
    last: Option<i64>,
    /// When the last two entries were recorded.
    recorded: [Option<String>; 2],
    /// How many entries there are.
    size: u64,
    /// To which position searches go.
    searched: Option<i64>,
    spans: Option<Spans>,
}

/// What spans have to enclose.
#[derive(Default)]
struct Spans {
    /// What the index says, by span; of one that it has twice, nothing.
    said: BTreeMap<i64, Option<IndexSpan>>,
    /// Of each span the first and the last time that its entries have, each with its entry, counted from 0.
    times: BTreeMap<i64, [(String, u64); 2]>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn of(index: &'a mut dyn Index, size: u64) -> Self {
        Self {
            index,
            next: None,
            has_ended: false,
            last: None,
            recorded: [None, None],
            size,
            searched: None,
            spans: None,
        }
    }

    /// Reads what there is before the first row.
    ///
    /// # Errors
    /// When the index cannot be read.
    fn begin(&mut self) -> Result<(), String> {
        self.searched = self.index.searched()?;
        let last = position(self.size)? / INDEX_SPAN;
        let Some(all) = self.index.spans(last)? else { return Ok(()) };
        let mut spans = Spans::default();
        for span in all {
            let said = spans.said.entry(span.span);
            said.and_modify(|said| *said = None).or_insert(Some(span));
        }
        self.spans = Some(spans);
        Ok(())
    }

    /// Compares the row of the next entry: the one at this index, counted from 0, with this leaf. What it is to have
    /// is not known if the entry is no event.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn take(
        &mut self,
        index: u64,
        leaf: Hash,
        expected: Option<&IndexColumns>,
        failures: &mut Failures,
    ) -> Result<(), String> {
        let position = position(index + 1)?;
        if index == 0 {
            self.begin()?;
        }
        if let (Some(spans), Some(expected)) = (&mut self.spans, expected) {
            spans.take(index, position, expected);
        }
        if !self.go_to(position, index, failures)? {
            failures.push(Failure::of_entry(Check::Index, index, "the index has no row of it"));
            return Ok(());
        }
        if let Some(row) = self.next.take() {
            self.last = Some(row.position);
            for what in differences(&row, leaf, expected) {
                failures.push(Failure::of_entry(Check::Index, index, &what));
            }
            self.take_recorded(index, row.recorded_at, failures);
        }
        Ok(())
    }

    /// After the last entry: the index has no other row of any of them. Newer ones are of entries that the
    /// checkpoint does not cover yet: they go on without a gap, and searches go to the last. What was not compared.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn finish(mut self, failures: &mut Failures) -> Result<Vec<String>, String> {
        let mut notes = Vec::new();
        if let Some(spans) = &self.spans {
            spans.compare(failures);
        } else if self.size > 0 {
            let why = "this login may not read audit.spans: whether searches by time pass entries over was not compared";
            notes.push(why.to_owned());
        }
        let mut index = self.size;
        for _ in 0..FURTHER {
            // After the last position that there is, every row is another of it.
            let next = position(index.saturating_add(1)).unwrap_or(i64::MAX);
            let is_next = self.go_to(next, index, failures)?;
            let Some(row) = self.next.take() else {
                notes.extend(self.compare_end(index, failures));
                return Ok(notes);
            };
            let is_next = is_next && self.last != Some(row.position);
            self.last = Some(row.position);
            if !is_next {
                let what = format!(
                    "the checkpoint does not cover it, and the index has no row of it, but one at position {}",
                    row.position
                );
                failures.push(Failure::of_entry(Check::Index, index, &what));
            }
            index = row.position.unsigned_abs();
        }
        notes.push(format!(
            "the index has over {FURTHER} rows that the checkpoint does not cover: those after position {index} were not looked at"
        ));
        Ok(notes)
    }

    /// Searches go to the last row, neither less far nor further. What was not compared.
    fn compare_end(&self, last: u64, failures: &mut Failures) -> Option<String> {
        if self.size == 0 {
            return None;
        }
        let Some(searched) = self.searched else {
            let why = "this login may not read audit.head: whether searches go to the last entry was not compared";
            return Some(why.to_owned());
        };
        let searched = u64::try_from(searched).unwrap_or_default();
        if searched != last {
            let what = format!(
                "audit.head in the database says that the log has {}, and the last row of the index is at position {last}: searches end elsewhere than it",
                entries_in_words(searched)
            );
            failures.push(Failure::of_entry(Check::Index, searched.min(last), &what));
        }
        None
    }

    /// Compares when this entry was recorded, as its row has it. No entry says so; but searches by this time bisect the
    /// positions, in whose order it never runs backwards. Of two that do, the one that fits the entry before them is
    /// not accused.
    fn take_recorded(&mut self, index: u64, recorded: Option<String>, failures: &mut Failures) {
        let Some(recorded) = recorded.filter(|it| time(Some(it)).is_some()) else {
            let what = "its row in the index has no time in `recorded_at`";
            failures.push(Failure::of_entry(Check::Index, index, what));
            return;
        };
        let [before, last] = &mut self.recorded;
        if let Some(last) = last.as_ref().filter(|last| **last > recorded) {
            let is_last = before.as_ref().is_some_and(|before| *before <= recorded);
            let (accused, has, place, other) = if is_last {
                (index.saturating_sub(1), last, "after", &recorded)
            } else {
                (index, &recorded, "before", last)
            };
            let what = format!(
                "its row in the index has `recorded_at` {has}, {place} the {other} of the entry {place} it: a search by \
                 this time goes astray"
            );
            failures.push(Failure::of_entry(Check::Index, accused, &what));
        }
        *before = last.replace(recorded);
    }

    /// Reads up to the row at this position, which is that of the entry `index`: whether there is one. Each row before
    /// it is one too many.
    fn go_to(
        &mut self,
        position: i64,
        index: u64,
        failures: &mut Failures,
    ) -> Result<bool, String> {
        loop {
            if self.next.is_none() && !self.has_ended {
                self.next = self.index.next()?;
                self.has_ended = self.next.is_none();
            }
            let Some(row) = &self.next else { return Ok(false) };
            if row.position >= position {
                return Ok(row.position == position);
            }
            let what = too_many(row.position, self.last);
            failures.push(Failure::of_entry(Check::Index, index, &what));
            self.next = None;
        }
    }
}

impl Spans {
    /// The next entry, of which these columns are to be.
    fn take(&mut self, index: u64, position: i64, columns: &IndexColumns) {
        let time = columns.iter().find(|(name, _)| *name == "occurred_at");
        let Some((_, Some(time))) = time else { return };
        let times = self.times.entry(position / INDEX_SPAN);
        let [first, last] = times.or_insert_with(|| [(time.clone(), index), (time.clone(), index)]);
        if *time < first.0 {
            *first = (time.clone(), index);
        }
        if *time > last.0 {
            *last = (time.clone(), index);
        }
    }

    /// Whether each encloses the times of its entries.
    fn compare(&self, failures: &mut Failures) {
        for (span, [first, last]) in &self.times {
            let said = self.said.get(span);
            let span = said.and_then(Option::as_ref);
            let begins =
                |it: &IndexSpan| time(it.earliest.as_deref()).is_some_and(|it| *it <= *first.0);
            let ends = |it: &IndexSpan| time(it.latest.as_deref()).is_some_and(|it| *it >= *last.0);
            if span.is_some_and(|it| begins(it) && ends(it)) {
                continue;
            }
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
            let found = match (said, span) {
                (_, Some(IndexSpan { earliest, latest, .. })) => {
                    format!("has a span from {} to {}", text(earliest), text(latest))
                }
                (Some(_), None) => "has its span twice".to_owned(),
                (None, None) => "has no span of it".to_owned(),
            };
            // Of both times the one that it does not have.
            let (time, index) = if span.is_some_and(begins) { last } else { first };
            let what = format!(
                "the index {found}, and the entry says {time}: a search by time passes it over"
            );
            failures.push(Failure::of_entry(Check::Index, *index, &what));
        }
    }
}

/// A time of a span, if it is one that an entry can have: those can be compared as texts.
fn time(text: Option<&str>) -> Option<&str> {
    let form = b"0000-00-00T00:00:00.000000Z";
    let fits = |(it, of): (u8, &u8)| if *of == b'0' { it.is_ascii_digit() } else { it == *of };
    let text = text?;
    (text.len() == form.len() && text.bytes().zip(form).all(fits)).then_some(text)
}

/// What is wrong with a row at a position that was passed, after the last row that was compared.
fn too_many(position: i64, last: Option<i64>) -> String {
    match last {
        Some(last) if position == last => {
            format!("before it the index has another row at position {last}")
        }
        Some(last) if position < last => {
            format!(
                "before it the index has a row at position {position} after one at position {last}"
            )
        }
        _ => format!("before it the index has a row at position {position}, where none is"),
    }
}

/// A position as an index has it.
fn position(entry: u64) -> Result<i64, String> {
    i64::try_from(entry).map_err(|_| format!("no index has a position {entry}"))
}

/// What a row says that its entry does not.
fn differences(row: &IndexRow, leaf: Hash, expected: Option<&IndexColumns>) -> Vec<String> {
    let mut differences = Vec::new();
    if Hash::of_leaf(&row.envelope) != leaf {
        differences.push("its row in the index has another `envelope`".to_owned());
    }
    for (found, expected) in row.columns.iter().zip(expected.into_iter().flatten()) {
        if found != expected {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
            differences.push(format!(
                "its row in the index has `{}` {}, and the entry says {}",
                found.0,
                text(&found.1),
                text(&expected.1)
            ));
        }
    }
    differences
}
