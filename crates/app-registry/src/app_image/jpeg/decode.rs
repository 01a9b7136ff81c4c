//! Decoding a JPEG to its pixels: that its segments are right does not yet say that it can be shown.

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Decodes it, strictly: what is damaged is an error and not a grey area.
pub(in crate::app_image) fn decode(jpeg: &[u8], max_side: u32) -> Result<(), DecodeErrors> {
    let side = usize::try_from(max_side).unwrap_or(usize::MAX);
    let options =
        DecoderOptions::default().set_strict_mode(true).set_max_width(side).set_max_height(side);
    JpegDecoder::new_with_options(ZCursor::new(jpeg), options).decode()?;
    Ok(())
}
