//! How many entries a page may have, as callers ask for it.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Entries a page has at most.
pub const MAX_LIMIT: u32 = 200;

/// What serde hands on of a limit that is none; `extract` makes a fault of it.
pub(super) const WRONG_LIMIT: &str = "must be a whole number from 1 to 200";

/// Takes a number or its digits: a flattened field of a query string arrives as text.
pub(super) fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum NumberOrText {
        Number(u32),
        Text(String),
    }
    let number = match NumberOrText::deserialize(deserializer) {
        Ok(NumberOrText::Number(number)) => Some(number),
        Ok(NumberOrText::Text(text)) => text.parse().ok(),
        Err(_) => None,
    };
    let number = number.filter(|number| (1..=MAX_LIMIT).contains(number));
    number.map(Some).ok_or_else(|| D::Error::custom(WRONG_LIMIT))
}
