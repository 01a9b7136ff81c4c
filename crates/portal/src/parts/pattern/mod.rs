//! The drawn picture of an app that has none of its own: ellipses around a point, as the app's id says.

use askama::Template;
use sha2::{Digest, Sha256};

/// A picture that is always the same for one id.
#[derive(Template)]
#[template(path = "parts/pattern/part.html")]
pub(crate) struct Pattern {
    /// Where the ellipses' middle is.
    x: u32,
    /// Their radii.
    radius: u32,
    height: u32,
    /// By how many degrees each is turned.
    turns: Vec<u32>,
}

impl Pattern {
    pub(crate) fn of(id: &str) -> Self {
        let hash = Sha256::digest(id.as_bytes());
        let pick =
            |place: usize, from: u32, to: u32| from + u32::from(hash[place]) % (to - from + 1);
        let count = pick(0, 5, 12);
        let (x, most) = match pick(1, 0, 2) {
            0 => (pick(2, 33, 38), 14),
            _ => (28, 21),
        };
        // A whole turn for those beside the middle, half of one for those around it.
        let whole = if x == 28 { 180 } else { 360 };
        let turns = (0..count).map(|step| step * whole / count).collect();
        Self { x, radius: most, height: pick(3, 4, most - 4), turns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_always_the_same_and_stays_inside_its_frame() {
        for number in 0..200 {
            let id = number.to_string();
            let picture = Pattern::of(&id);
            assert_eq!(picture.render().unwrap(), Pattern::of(&id).render().unwrap());
            assert!(picture.height < picture.radius);
            assert!(picture.x + picture.radius <= 56, "{}", picture.x);
        }
    }
}
