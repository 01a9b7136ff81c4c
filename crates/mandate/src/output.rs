//! What commands write to the terminal. Whoever reads it may go at any time (`mandate up | head`), and the standard
//! library's `print!` and `eprint!` panic then: they are not used here (a lint holds it).

use std::io::{ErrorKind, Write, stderr, stdout};

/// Says something beside the work that is done: that nobody reads it ends nothing.
pub(crate) fn say(line: &str) {
    let _ = show(&format!("{line}\n"));
}

/// The same on standard error.
pub fn note(line: &str) {
    let _ = stderr().write_all(format!("{line}\n").as_bytes());
}

/// Prints what a command is asked for. A reader that has read enough is no failure.
///
/// # Errors
/// When it cannot be written down: the disk is full, say.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    match show(text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        shown => shown,
    }
}

/// Shows what nobody can be shown again.
///
/// # Errors
/// When it cannot be written down, or nobody reads it.
pub(crate) fn show(text: &str) -> std::io::Result<()> {
    let mut stdout = stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
