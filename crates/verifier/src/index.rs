//! The index that a database has of the log: whoever searches is answered from it. Each row is compared with its entry.

use contract::IndexColumns;
use translog::Hash;

use crate::failure::{Check, Failure, Failures};

/// An index, row by row.
pub trait Index {
    /// The next row, by position. The first is read after the checkpoint.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn next(&mut self) -> Result<Option<IndexRow>, String>;
}

/// A row of an index.
#[derive(Debug)]
pub struct IndexRow {
    /// The entry's position, counted from 1.
    pub position: i64,
    /// The entry.
    pub envelope: Vec<u8>,
    /// What it has of it.
    pub columns: IndexColumns,
}

/// An index as it is compared, in the order of the entries.
pub(crate) struct Comparison<'a> {
    index: &'a mut dyn Index,
    next: Option<IndexRow>,
    is_begun: bool,
}

impl<'a> Comparison<'a> {
    pub(crate) fn of(index: &'a mut dyn Index) -> Self {
        Self { index, next: None, is_begun: false }
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
        let mut fail = |what: &str| failures.push(Failure::of_entry(Check::Index, index, what));
        let position = i64::try_from(index + 1).map_err(|error| error.to_string())?;
        if !self.is_begun {
            self.advance()?;
            self.is_begun = true;
        }
        while let Some(row) = self.next.as_ref().filter(|row| row.position < position) {
            fail(&format!(
                "before it the index has a row at position {}, where none is",
                row.position
            ));
            self.advance()?;
        }
        let Some(row) = self.next.as_ref().filter(|row| row.position == position) else {
            fail("the index has no row of it");
            return Ok(());
        };
        if Hash::of_leaf(&row.envelope) != leaf {
            fail("its row in the index has another `envelope`");
        }
        for (found, expected) in row.columns.iter().zip(expected.into_iter().flatten()) {
            if found != expected {
                let text =
                    |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
                fail(&format!(
                    "its row in the index has `{}` {}, and the entry says {}",
                    found.0,
                    text(&found.1),
                    text(&expected.1)
                ));
            }
        }
        self.advance()
    }

    fn advance(&mut self) -> Result<(), String> {
        self.next = self.index.next()?;
        Ok(())
    }
}
