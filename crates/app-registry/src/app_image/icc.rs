//! Colour profiles (ICC.1:2022, section 7.2).

/// The size of a profile's header, and of the table that follows it.
const LEAST: usize = 128 + 4;

/// The profile at the beginning of the bytes, as long as it says it is. None if they are no profile: other
/// things are stored in its place, which nothing that shows pictures would read.
pub(super) fn profile(bytes: &[u8]) -> Option<&[u8]> {
    let length = usize::try_from(u32::from_be_bytes(*bytes.first_chunk()?)).ok()?;
    let profile = bytes.get(..length)?;
    (length >= LEAST && profile[36..40] == *b"acsp").then_some(profile)
}

#[cfg(test)]
pub(super) fn sample(length: u32) -> Vec<u8> {
    let mut profile = vec![7; usize::try_from(length).unwrap()];
    profile[..4].copy_from_slice(&length.to_be_bytes());
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_as_long_as_it_says() {
        let good = sample(200);
        assert_eq!(profile(&good), Some(&good[..]));
        assert_eq!(profile(&[&good[..], b"behind"].concat()), Some(&good[..]));
        assert_eq!(profile(&good[..199]), None);
        assert_eq!(profile(b""), None);
        let mut other = good;
        other[36] = b'x';
        assert_eq!(profile(&other), None);
        assert_eq!(profile(&100_u32.to_be_bytes()), None);
    }
}
