//! Numbers as pages tell them: in groups of three, as the reader's language writes them.

use crate::texts::Language;

impl Language {
    /// `5,000` in English, `5 000` in French, at whose spaces no line breaks.
    pub(crate) fn grouped(self, number: impl TryInto<u64>) -> String {
        let separator = match self {
            Self::English => ",",
            Self::French => "\u{202f}",
        };
        grouped(number, separator)
    }
}

/// In groups of three, with this between them. What is below zero is told as zero: things are counted.
pub(crate) fn grouped(number: impl TryInto<u64>, separator: &str) -> String {
    let digits = number.try_into().unwrap_or_default().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 * separator.len());
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push_str(separator);
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_groups_of_three() {
        assert_eq!(Language::English.grouped(7), "7");
        assert_eq!(Language::English.grouped(999), "999");
        assert_eq!(Language::English.grouped(5_000), "5,000");
        assert_eq!(Language::French.grouped(1_184_201), "1\u{202f}184\u{202f}201");
        assert_eq!(grouped(184_201, "\u{a0}"), "184\u{a0}201");
    }
}
