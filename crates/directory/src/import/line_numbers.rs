//! The numbers of lines, as an editor shows them. The reader of CSV counts line feeds only, and counts empty
//! lines that it leaves out to the record that follows them.

/// Counts the lines of a text from its beginning on.
pub(super) struct LineNumbers<'t> {
    bytes: &'t [u8],
    /// Up to here was counted.
    counted: usize,
    line: u64,
}

impl<'t> LineNumbers<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { bytes: text.as_bytes(), counted: 0, line: 1 }
    }

    /// The number of the last line of these bytes.
    pub(super) fn last_of(bytes: &[u8]) -> u64 {
        1 + line_ends(bytes)
    }

    /// The line on which a record begins that the reader found at this byte, or behind line ends from there on.
    /// Records are asked for in their order.
    pub(super) fn of_record(&mut self, byte: u64) -> u64 {
        let at = usize::try_from(byte).unwrap_or(usize::MAX).clamp(self.counted, self.bytes.len());
        let empty =
            self.bytes[at..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.line += line_ends(&self.bytes[self.counted..at + empty]);
        self.counted = at + empty;
        self.line
    }
}

/// LF, CR LF or CR.
fn line_ends(bytes: &[u8]) -> u64 {
    let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
        b'\r' => true,
        b'\n' => at.checked_sub(1).is_none_or(|before| bytes[before] != b'\r'),
        _ => false,
    });
    ends.map(|_| 1).sum()
}
