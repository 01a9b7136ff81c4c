//! The frame of a JPEG (ITU-T T.81, section B.2.2): its size, and how its components are sampled.

use super::Damage;

/// What is common to all scans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app_image) struct Frame {
    /// Whether its coefficients come in many scans, each with a part of them.
    pub(super) progressive: bool,
    /// Pixels of a line.
    pub(in crate::app_image) width: u16,
    /// Lines.
    pub(in crate::app_image) height: u16,
    /// One for grey, three for colours, four for inks.
    pub(super) components: Vec<Component>,
}

/// A component: a picture in one colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Component {
    /// What scans call it.
    pub(super) id: u8,
    /// Blocks of 8 by 8 in a unit, across.
    pub(super) across: u8,
    /// And down.
    pub(super) down: u8,
}

impl Frame {
    pub(super) fn read(marker: u8, payload: &[u8]) -> Result<Self, Damage> {
        let Some(([precision, height @ .., w1, w2, count], components)) =
            payload.split_first_chunk::<6>()
        else {
            return Err(Damage::Segment);
        };
        if *precision != 8 {
            return Err(Damage::Process);
        }
        let (height, width) = (u16::from_be_bytes(*height), u16::from_be_bytes([*w1, *w2]));
        let (each, rest) = components.as_chunks::<3>();
        if width == 0 || height == 0 || each.len() != usize::from(*count) || !rest.is_empty() {
            return Err(Damage::Segment);
        }
        let components: Vec<Component> = each
            .iter()
            .map(|[id, sampling, _]| Component {
                id: *id,
                across: sampling >> 4,
                down: sampling & 15,
            })
            .collect();
        let sampled = |c: &Component| (1..=4).contains(&c.across) && (1..=4).contains(&c.down);
        let unique =
            |c: &Component| components.iter().filter(|other| other.id == c.id).count() == 1;
        let fit = (1..=4).contains(&components.len());
        if !fit || !components.iter().all(|c| sampled(c) && unique(c)) {
            return Err(Damage::Segment);
        }
        Ok(Self { progressive: marker == 0xC2, width, height, components })
    }

    /// Units of all components, across and down.
    pub(super) fn units(&self) -> (usize, usize) {
        let (across, down) = self.largest();
        (usize::from(self.width).div_ceil(8 * across), usize::from(self.height).div_ceil(8 * down))
    }

    /// Blocks of one component that have a pixel in the picture, across and down.
    pub(super) fn blocks(&self, component: Component) -> (usize, usize) {
        let (across, down) = self.largest();
        (
            (usize::from(self.width) * usize::from(component.across)).div_ceil(8 * across),
            (usize::from(self.height) * usize::from(component.down)).div_ceil(8 * down),
        )
    }

    fn largest(&self) -> (usize, usize) {
        let across = self.components.iter().map(|c| c.across).max().unwrap_or(1);
        let down = self.components.iter().map(|c| c.down).max().unwrap_or(1);
        (usize::from(across), usize::from(down))
    }
}

/// Whether the segment is full of tables of 64 numbers of 8 or 16 bits (section B.2.4.1).
pub(super) fn check_quantization_tables(mut payload: &[u8]) -> Result<(), Damage> {
    while let Some((kind, rest)) = payload.split_first() {
        let length = match kind >> 4 {
            0 => 64,
            1 => 128,
            _ => return Err(Damage::Segment),
        };
        payload = rest.get(length..).ok_or(Damage::Segment)?;
    }
    Ok(())
}
