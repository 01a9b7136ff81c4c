//! Images that are more than they seem.

/// A PNG of this size with these chunks between its header and its pixels, and these pixels.
pub(crate) fn png(width: u32, height: u32, between: &[u8], pixels: &[u8]) -> Vec<u8> {
    // Eight bits of red, green and blue.
    let size = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    [
        b"\x89PNG\r\n\x1a\n",
        &chunk(*b"IHDR", &size)[..],
        between,
        &chunk(*b"IDAT", pixels),
        &chunk(*b"IEND", b""),
    ]
    .concat()
}

/// A JPEG as a camera writes it: with place and time, a comment, and a second picture.
pub(crate) const PHOTOGRAPH: &[u8] =
    include_bytes!("../../../app-registry/tests/pictures/camera.jpg");

/// It breaks off within its pixels.
pub(crate) fn half_a_photograph() -> Vec<u8> {
    PHOTOGRAPH[..PHOTOGRAPH.len() / 2].to_vec()
}

/// A good one.
pub(crate) fn good() -> Vec<u8> {
    png(8, 8, b"", &stored(&[0; 8 * (1 + 24)]))
}

/// A colour profile of 60 megabytes in 400 kilobytes.
pub(crate) fn profile_bomb() -> Vec<u8> {
    let profile = [b"bomb\0\0", &zeros(60_000_000)[..]].concat();
    png(8, 8, &chunk(*b"iCCP", &profile), &stored(&[0; 200]))
}

/// A text of 60 megabytes in 400 kilobytes.
pub(crate) fn text_bomb() -> Vec<u8> {
    let text = [b"bomb\0\x01\0\0\0", &zeros(60_000_000)[..]].concat();
    png(8, 8, &chunk(*b"iTXt", &text), &stored(&[0; 200]))
}

/// 60 megabytes for 64 pixels.
pub(crate) fn pixel_stream_bomb() -> Vec<u8> {
    png(8, 8, b"", &zeros(60_000_000))
}

pub(crate) fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let named = [&kind[..], data].concat();
    let checksum = crc32(&named).to_be_bytes();
    [&length[..], &named, &checksum].concat()
}

/// zlib (RFC 1950) with one stored block.
pub(crate) fn stored(plain: &[u8]) -> Vec<u8> {
    let length = u16::try_from(plain.len()).unwrap();
    let (size, inverse) = (length.to_le_bytes(), (!length).to_le_bytes());
    let sum = adler32(plain).to_be_bytes();
    [&[0x78, 1, 1], &size[..], &inverse, plain, &sum].concat()
}

/// zlib of so many zeros, with the fixed code (RFC 1951 section 3.2.6): one zero, then "258 more of
/// the same" in 13 bits each.
fn zeros(count: usize) -> Vec<u8> {
    let repeats = (count - 1) / 258;
    let mut bits = Vec::with_capacity(repeats * 13 + 32);
    // The last block, fixed code; then the literal 0, whose code is 00110000.
    bits.extend([true, true, false]);
    bits.extend([false, false, true, true, false, false, false, false]);
    for _ in 0..repeats {
        // Length 258 (symbol 285: 11000101), distance 1 (00000).
        bits.extend([true, true, false, false, false, true, false, true]);
        bits.extend([false; 5]);
    }
    bits.extend([false; 7]);
    let packed = bits.chunks(8).map(|byte| {
        byte.iter().enumerate().fold(0_u8, |packed, (place, bit)| packed | u8::from(*bit) << place)
    });
    // The sum of zeros: one, and their count.
    let sum = u32::try_from((1 + repeats * 258) % 65_521).unwrap() << 16 | 1;
    [&[0x78, 1], &packed.collect::<Vec<u8>>()[..], &sum.to_be_bytes()].concat()
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    };
    !bytes.iter().fold(!0, step)
}
