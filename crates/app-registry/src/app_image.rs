//! An app's image: what is accepted as one.
//!
//! Its bytes decide, never a name or a header (rule 7). The dimensions are read and bounded before
//! anything is decoded: a few kilobytes can announce gigabytes of pixels. What is stored, and shown to everybody,
//! has the pixels, their colour profile and their orientation, and nothing else of the file.

use std::io::Cursor;

use contract::facts::ImageMediaType;
use image::{ImageFormat, ImageReader, Limits};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

mod exif;
mod icc;
mod jpeg;
mod png;

/// What an image may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageLimits {
    /// How many bytes it may have.
    pub max_bytes: usize,
    /// How many pixels it may be wide, and high.
    pub max_side: u32,
}

impl Default for ImageLimits {
    fn default() -> Self {
        Self { max_bytes: 500 * 1000, max_side: 4096 }
    }
}

/// A PNG or JPEG that could be decoded within the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppImage {
    /// What it is a file of.
    pub(crate) media_type: ImageMediaType,
    /// SHA-256 of the bytes.
    pub(crate) sha256: [u8; 32],
    /// The bytes, without what is not needed to show it.
    pub(crate) bytes: Vec<u8>,
}

/// Bytes that are no image for an app.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ImageRefused {
    /// Too many bytes.
    #[error("the image may have at most {limit} bytes")]
    TooLarge {
        /// How many it may have.
        limit: usize,
    },
    /// Neither a PNG nor a JPEG by its first bytes.
    #[error("the image must be a PNG or a JPEG; its bytes say otherwise")]
    OtherFormat,
    /// Too many pixels.
    #[error("the image is {width} by {height} pixels; at most {limit} by {limit} are allowed")]
    TooManyPixels {
        /// How wide it says it is.
        width: u32,
        /// How high it says it is.
        height: u32,
        /// How wide and high it may be.
        limit: u32,
    },
    /// It begins like an image and is none.
    #[error("the image is broken: {0}")]
    Broken(String),
}

impl AppImage {
    /// Checks the bytes, by decoding them. Takes up to a few hundred milliseconds of computing.
    pub(crate) fn check(bytes: &[u8], limits: &ImageLimits) -> Result<Self, ImageRefused> {
        if bytes.len() > limits.max_bytes {
            return Err(ImageRefused::TooLarge { limit: limits.max_bytes });
        }
        let (media_type, bytes) = match image::guess_format(bytes) {
            Ok(ImageFormat::Png) => (ImageMediaType::Png, check_png(bytes, limits.max_side)?),
            Ok(ImageFormat::Jpeg) => (ImageMediaType::Jpeg, check_jpeg(bytes, limits.max_side)?),
            _ => return Err(ImageRefused::OtherFormat),
        };
        // A profile that was packed tightly can become longer.
        if bytes.len() > limits.max_bytes {
            return Err(ImageRefused::TooLarge { limit: limits.max_bytes });
        }
        Ok(Self { media_type, sha256: Sha256::digest(&bytes).into(), bytes })
    }

    /// Its size in bytes.
    pub(crate) fn size(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }
}

fn check_png(bytes: &[u8], limit: u32) -> Result<Vec<u8>, ImageRefused> {
    let broken = |error: image::ImageError| ImageRefused::Broken(error.to_string());
    let bytes = png::essence(bytes)
        .ok_or_else(|| ImageRefused::Broken("its chunks end early".to_owned()))?;
    let reader = || ImageReader::with_format(Cursor::new(bytes.as_slice()), ImageFormat::Png);
    let (width, height) = reader().into_dimensions().map_err(broken)?;
    if width > limit || height > limit {
        return Err(ImageRefused::TooManyPixels { width, height, limit });
    }
    let mut decoding = reader();
    let mut bounds = Limits::no_limits();
    bounds.max_image_width = Some(limit);
    bounds.max_image_height = Some(limit);
    // Four channels of 16 bits, and as much again to work with.
    bounds.max_alloc = Some(16 * u64::from(limit) * u64::from(limit));
    decoding.limits(bounds);
    decoding.decode().map_err(broken)?;
    Ok(bytes)
}

fn check_jpeg(bytes: &[u8], limit: u32) -> Result<Vec<u8>, ImageRefused> {
    let read = jpeg::read(bytes, limit).map_err(|error| ImageRefused::Broken(error.to_string()))?;
    let (width, height) = (read.frame.width.into(), read.frame.height.into());
    if width > limit || height > limit {
        return Err(ImageRefused::TooManyPixels { width, height, limit });
    }
    jpeg::decode(&read.essence, limit).map_err(|error| ImageRefused::Broken(error.to_string()))?;
    Ok(read.essence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn check(bytes: impl AsRef<[u8]>) -> Result<AppImage, ImageRefused> {
        AppImage::check(bytes.as_ref(), &ImageLimits::default())
    }

    #[test]
    fn png_and_jpeg_are_known_by_their_bytes() {
        assert_eq!(check(encoded(ImageFormat::Png, 8, 8)).unwrap().media_type, ImageMediaType::Png);
        assert_eq!(
            check(encoded(ImageFormat::Jpeg, 8, 8)).unwrap().media_type,
            ImageMediaType::Jpeg
        );
    }

    #[test]
    fn nothing_else_is_an_image() {
        for bytes in [
            &b""[..],
            b"GIF89a\x01\x00\x01\x00\x00",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"image.png",
        ] {
            assert_eq!(check(bytes), Err(ImageRefused::OtherFormat));
        }
    }

    #[test]
    fn an_image_has_at_most_500_kilobytes() {
        let mut bytes = encoded(ImageFormat::Png, 8, 8);
        bytes.resize(500_000, 0);
        assert!(check(&bytes).is_ok(), "what follows the end of a PNG is not kept");
        bytes.push(0);
        assert_eq!(check(bytes), Err(ImageRefused::TooLarge { limit: 500_000 }));
    }

    #[test]
    fn a_pixel_bomb_is_refused_by_what_it_announces() {
        let mut bomb = encoded(ImageFormat::Png, 8, 8);
        // The IHDR chunk: width and height at byte 16, its CRC at byte 29.
        bomb[16..20].copy_from_slice(&50_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&50_000_u32.to_be_bytes());
        let crc = crc32(&bomb[12..29]).to_be_bytes();
        bomb[29..33].copy_from_slice(&crc);
        let refused = check(bomb).unwrap_err();
        assert_eq!(
            refused,
            ImageRefused::TooManyPixels { width: 50_000, height: 50_000, limit: 4096 }
        );
    }

    #[test]
    fn half_an_image_is_none() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let bytes = encoded(format, 64, 64);
            let refused = check(&bytes[..bytes.len() / 4]);
            assert!(matches!(refused, Err(ImageRefused::Broken(_))), "{format:?}: {refused:?}");
        }
    }

    /// CRC-32 as PNG uses it (ISO 3309), a bit at a time.
    fn crc32(bytes: &[u8]) -> u32 {
        let step = |crc: u32, byte: &u8| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
        };
        !bytes.iter().fold(!0, step)
    }
}
