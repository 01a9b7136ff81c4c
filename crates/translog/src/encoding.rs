//! Numbers and bytes as text, in the one form that each has: two texts that mean the same would be
//! two notes, of which only one is signed.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A number in decimal digits, without sign, spaces or leading zeros. None for anything else, and for
/// what is over 64 bits.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// Bytes in standard base64 with its padding (RFC 4648 section 4). None for anything else, such as
/// line ends, missing padding, or bits after the last byte that are not zero.
pub(crate) fn parse_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// These bytes in standard base64 with its padding.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form() {
        assert_eq!(parse_decimal("0"), Some(0));
        assert_eq!(parse_decimal("18446744073709551615"), Some(u64::MAX));
        for text in
            ["", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "0x1", "١", "18446744073709551616"]
        {
            assert_eq!(parse_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_have_one_form() {
        assert_eq!(parse_base64("AQ=="), Some(vec![1]));
        assert_eq!(parse_base64(""), Some(vec![]));
        for text in ["AQ", "AQ=", "AR==", "AQ==\n", " AQ==", "AQ==AQ==", "_-==", "A", "===="] {
            assert_eq!(parse_base64(text), None, "{text}");
        }
    }
}
