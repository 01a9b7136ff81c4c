//! What is said before the outcome: how far it has come, on one line of a terminal.

use std::io::Write;
use std::time::{Duration, Instant};

/// How often the line is written.
const EVERY: Duration = Duration::from_millis(200);
/// Back to the beginning of the line, and clears it.
const CLEAR: &str = "\r\u{1b}[K";

/// What is said before the outcome.
pub struct Meanwhile<'a> {
    /// Where to: standard error.
    pub written_to: &'a mut dyn Write,
    /// Whether somebody looks on. Then it is said how far it has come, too.
    pub is_terminal: bool,
}

/// The line, if somebody is looking.
pub(crate) struct Progress<'a> {
    line: Option<&'a mut dyn Write>,
    of: u64,
    began: Instant,
    written: Option<Instant>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(line: Option<&'a mut dyn Write>, of: u64) -> Self {
        Self { line, of, began: Instant::now(), written: None }
    }

    /// So many entries are verified.
    pub(crate) fn at(&mut self, entries: u64) {
        let Some(line) = &mut self.line else { return };
        if self.written.is_some_and(|written| written.elapsed() < EVERY) {
            return;
        }
        self.written = Some(Instant::now());
        let percent = u128::from(entries) * 100 / u128::from(self.of.max(1));
        let rate = u128::from(entries) * 1000 / self.began.elapsed().as_millis().max(1);
        // A terminal that is gone is no reason not to verify.
        let _ = write!(line, "{CLEAR}{entries} of {} entries ({percent} %, {rate}/s)", self.of);
        let _ = line.flush();
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let (Some(line), Some(_)) = (&mut self.line, self.written) {
            let _ = write!(line, "{CLEAR}");
            let _ = line.flush();
        }
    }
}
