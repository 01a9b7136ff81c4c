//! What holds for any bytes as an image, and any text as an app's.

use std::io::Cursor;
use std::sync::LazyLock;

use contract::text::hidden;
use image::ImageFormat;
use proptest::prelude::*;

use crate::app_image::{AppImage, ImageLimits};
use crate::details::{AppName, Description};

static VALID: LazyLock<[Vec<u8>; 4]> = LazyLock::new(|| {
    let [png, jpeg] = [ImageFormat::Png, ImageFormat::Jpeg].map(|format| {
        let mut bytes = Cursor::new(Vec::new());
        let pixels = image::RgbImage::from_fn(24, 16, |x, y| {
            image::Rgb([x, y, 7].map(|n| n.to_le_bytes()[0]))
        });
        pixels.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    });
    let camera = include_bytes!("../tests/pictures/camera.jpg").to_vec();
    let progressive = include_bytes!("../tests/pictures/restarts-progressive.jpg").to_vec();
    [png, jpeg, camera, progressive]
});

const LIMITS: ImageLimits = ImageLimits { max_bytes: 4000, max_side: 64 };

/// Whatever is accepted is within the limits, and is accepted again as it was stored.
fn stands(image: &AppImage) -> bool {
    let reader = image::ImageReader::new(Cursor::new(&image.bytes)).with_guessed_format();
    let (width, height) = reader.unwrap().into_dimensions().unwrap();
    let again = AppImage::check(&image.bytes, &LIMITS);
    image.bytes.len() <= LIMITS.max_bytes
        && width.max(height) <= LIMITS.max_side
        && again.as_ref() == Ok(image)
}

proptest! {
    #[test]
    fn any_bytes_are_an_image_or_refused(start in 0_usize..3, bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let magic: &[u8] = [b"\x89PNG\r\n\x1a\n".as_slice(), b"\xff\xd8\xff\xe0", b""][start];
        if let Ok(image) = AppImage::check(&[magic, &bytes].concat(), &LIMITS) {
            prop_assert!(stands(&image));
        }
    }

    #[test]
    fn a_damaged_image_is_one_that_stands_or_refused(
        which in 0_usize..VALID.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        tail in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = VALID[which].clone();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let cut = cut.index(2 * bytes.len());
        bytes.truncate(cut);
        bytes.extend(tail);
        if let Ok(image) = AppImage::check(&bytes, &LIMITS) {
            prop_assert!(stands(&image));
        }
    }

    /// What follows the end of an image is not stored.
    #[test]
    fn nothing_hides_behind_an_image(which in 0_usize..VALID.len(), tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let alone = AppImage::check(&VALID[which], &LIMITS).unwrap();
        let image = AppImage::check(&[&VALID[which][..], &tail].concat(), &LIMITS).unwrap();
        prop_assert_eq!(image, alone);
    }

    #[test]
    fn a_name_or_description_hides_nothing(text in any::<String>()) {
        if let Ok(name) = AppName::parse(&text) {
            let text = String::from(name.clone());
            prop_assert!((1..=AppName::LIMIT).contains(&text.chars().count()));
            prop_assert_eq!(hidden(&text).count(), 0);
            prop_assert_eq!(AppName::parse(&text), Ok(name));
        }
        if let Ok(Some(description)) = Description::parse(&text) {
            let text = String::from(description);
            let only_lines = |(_, c)| matches!(c, '\n' | '\t');
            prop_assert!(hidden(&text).all(only_lines));
        }
    }
}
