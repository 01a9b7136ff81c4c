//! The orientation in EXIF data (CIPA DC-008, section 4.6.2), which are a TIFF file (TIFF 6.0, section 2).
//!
//! It is all that is kept of them: the rest tells where and when a photograph was taken, by whom and with
//! what, and has a smaller picture that may show more than the large one.

/// The tag of the orientation.
const ORIENTATION: u16 = 0x0112;

/// The type of a 16-bit number.
const SHORT: u16 = 3;

/// How the stored pixels are turned and mirrored to be shown: 2 to 8. The usual orientation, 1, is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Orientation(u8);

impl Orientation {
    /// Reads it, if EXIF data have one that changes anything.
    pub(super) fn read(tiff: &[u8]) -> Option<Self> {
        let little = match tiff.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        let short = |at: usize| {
            let bytes = *tiff.get(at..)?.first_chunk()?;
            Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
        };
        let bytes = *tiff.get(4..)?.first_chunk()?;
        let directory = if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        let directory = usize::try_from(directory).ok()?;
        let entries = directory.checked_add(2)?;
        let count = usize::from(short(directory)?);
        let found =
            (0..count).map_while(|entry| entries.checked_add(12 * entry)).find(|entry| {
                short(*entry) == Some(ORIENTATION) && short(entry.saturating_add(2)) == Some(SHORT)
            })?;
        let value = short(found.checked_add(8)?)?;
        u8::try_from(value).ok().filter(|value| (2..=8).contains(value)).map(Self)
    }

    /// EXIF data with this orientation and nothing else.
    pub(super) fn write(self) -> Vec<u8> {
        let mut tiff = b"MM\0*\0\0\0\x08\0\x01".to_vec();
        tiff.extend(ORIENTATION.to_be_bytes());
        tiff.extend(SHORT.to_be_bytes());
        // One value, at the left of its four bytes; then no further directory.
        tiff.extend([0, 0, 0, 1, 0, self.0, 0, 0, 0, 0, 0, 0]);
        tiff
    }

    #[cfg(test)]
    pub(super) fn sample() -> Self {
        Self(6)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_orientation_reads_back_as_itself() {
        for value in 2..=8 {
            let orientation = Orientation(value);
            assert_eq!(Orientation::read(&orientation.write()), Some(orientation));
        }
        assert_eq!(Orientation::read(&Orientation(1).write()), None, "the usual one");
        assert_eq!(Orientation::read(&Orientation(9).write()), None);
    }

    #[test]
    fn it_is_found_among_others_in_either_order_of_bytes() {
        let mut little = b"II*\0\x08\0\0\0\x02\0".to_vec();
        little.extend([0x0F, 0x01, 2, 0, 4, 0, 0, 0, b'C', b'a', b'm', 0]);
        little.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, 8, 0, 0, 0]);
        little.extend([0; 4]);
        assert_eq!(Orientation::read(&little), Some(Orientation(8)));
        for end in 0..little.len() - 6 {
            assert_eq!(Orientation::read(&little[..end]), None, "{end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(order in prop::bool::ANY, bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let magic: &[u8] = if order { b"II*\0" } else { b"MM\0*" };
            let read = Orientation::read(&[magic, &bytes].concat());
            prop_assert!(read.is_none_or(|read| (2..=8).contains(&read.0)));
        }
    }
}
