//! Huffman codes of a JPEG (ITU-T T.81, annexes C and F.2.2), and the bits they are read from.

use super::Damage;

/// The code of one table.
#[derive(Debug, Clone)]
pub(super) struct Code {
    /// Of each length from 1 to 16 bits: the first code, the place of its value, and how many there are.
    lengths: [(u32, usize, u32); 16],
    values: Vec<u8>,
}

impl Code {
    /// Reads a table without the byte that names it, and answers what follows it.
    pub(super) fn read(table: &[u8]) -> Result<(Self, &[u8]), Damage> {
        let (counts, rest) = table.split_first_chunk::<16>().ok_or(Damage::Segment)?;
        let (mut code, mut place) = (0_u32, 0_usize);
        let mut lengths = [(0, 0, 0); 16];
        for (length, count) in lengths.iter_mut().zip(counts) {
            let count = u32::from(*count);
            *length = (code, place, count);
            place += usize::try_from(count).map_err(|_| Damage::Segment)?;
            code = (code + count) << 1;
        }
        // Each length has as many codes as its bits allow; beyond them the table is no code.
        let fits =
            lengths.iter().zip(1..).all(|((code, _, count), bits)| code + count <= 1 << bits);
        let (values, rest) = rest.split_at_checked(place).ok_or(Damage::Segment)?;
        if !fits || place > 256 {
            return Err(Damage::Segment);
        }
        Ok((Self { lengths, values: values.to_vec() }, rest))
    }
}

/// The bits of a scan. A zero byte that follows 0xFF is none of them (section F.1.2.3).
#[derive(Debug)]
pub(super) struct Bits<'b> {
    bytes: &'b [u8],
    /// Where the next byte is.
    at: usize,
    /// The byte that is read.
    byte: u8,
    /// How many of its bits are left.
    left: u8,
}

impl<'b> Bits<'b> {
    pub(super) fn of(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, byte: 0, left: 0 }
    }

    /// The next bit. A marker, or the end, in its place is damage.
    pub(super) fn bit(&mut self) -> Result<u32, Damage> {
        if self.left == 0 {
            self.byte = match self.bytes.get(self.at..) {
                Some([0xFF, 0, ..]) => {
                    self.at += 2;
                    0xFF
                }
                Some([byte, ..]) if *byte != 0xFF => {
                    self.at += 1;
                    *byte
                }
                Some([0xFF, _, ..]) => return Err(Damage::Scan),
                _ => return Err(Damage::BreaksOff),
            };
            self.left = 8;
        }
        self.left -= 1;
        Ok(u32::from(self.byte >> self.left & 1))
    }

    /// The next bits as a number.
    pub(super) fn number(&mut self, bits: u8) -> Result<u32, Damage> {
        (0..bits).try_fold(0, |number, _| Ok(number << 1 | self.bit()?))
    }

    /// The value of the next code.
    pub(super) fn value(&mut self, code: &Code) -> Result<u8, Damage> {
        let mut found = 0;
        for (first, place, count) in &code.lengths {
            found = found << 1 | self.bit()?;
            if let Some(nth) = u32::checked_sub(found, *first).filter(|nth| nth < count) {
                let place = place + usize::try_from(nth).map_err(|_| Damage::Scan)?;
                return code.values.get(place).copied().ok_or(Damage::Scan);
            }
        }
        Err(Damage::Scan)
    }

    /// Leaves out the rest of the byte, and goes past this restart marker.
    pub(super) fn restart(&mut self, number: u8) -> Result<(), Damage> {
        self.left = 0;
        let rest = self.bytes.get(self.at..).ok_or(Damage::BreaksOff)?;
        let fill = rest.iter().take_while(|byte| **byte == 0xFF).count();
        match rest.get(fill) {
            Some(marker) if fill > 0 && *marker == 0xD0 + number => {
                self.at += fill + 1;
                Ok(())
            }
            Some(_) => Err(Damage::Scan),
            None => Err(Damage::BreaksOff),
        }
    }

    /// How many bytes were read. The rest of the last one fills it up.
    pub(super) fn read(&self) -> usize {
        self.at
    }
}
