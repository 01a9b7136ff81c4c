//! A bounded list of ids: what a question may name at a time.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// At most so many ids in one question. An answer has an entry for each at most, and the largest entry is
/// below 1,500 bytes: a name of 200 characters is at most 800, or 1,200 if JSON escapes them all. So an
/// answer stays below the 1 MiB that a NATS message may have by default.
pub const MOST_IDS: usize = 500;

/// The ids of a question: at most [`MOST_IDS`]. What has more cannot be made, and is refused where it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<I>")]
pub struct AskedIds<I>(Vec<I>);

/// A question named more ids than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at most {MOST_IDS} ids can be asked for at a time")]
pub struct TooManyIds;

impl<I> AskedIds<I> {
    /// This one alone.
    pub fn one(id: I) -> Self {
        Self(vec![id])
    }

    /// All of these, as many at a time as a question may name.
    pub fn portions(ids: impl IntoIterator<Item = I>) -> Vec<Self> {
        let mut portions = Vec::new();
        let mut ids = ids.into_iter();
        loop {
            let portion: Vec<I> = ids.by_ref().take(MOST_IDS).collect();
            if portion.is_empty() {
                return portions;
            }
            portions.push(Self(portion));
        }
    }
}

impl<I> TryFrom<Vec<I>> for AskedIds<I> {
    type Error = TooManyIds;

    fn try_from(ids: Vec<I>) -> Result<Self, TooManyIds> {
        if ids.len() > MOST_IDS { Err(TooManyIds) } else { Ok(Self(ids)) }
    }
}

impl<I> Deref for AskedIds<I> {
    type Target = [I];
    fn deref(&self) -> &[I] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_of_too_many_ids_can_neither_be_made_nor_read() {
        let many: Vec<u32> = (0..=500).collect();
        assert_eq!(AskedIds::try_from(many.clone()), Err(TooManyIds));
        let text = serde_json::to_string(&many).unwrap();
        let error = serde_json::from_str::<AskedIds<u32>>(&text).unwrap_err();
        assert!(error.to_string().starts_with("at most 500 ids"), "{error}");
    }

    #[test]
    fn portions_have_all_ids_once_in_their_order() {
        for (count, lengths) in
            [(0, vec![]), (1, vec![1]), (500, vec![500]), (1_001, vec![500, 500, 1])]
        {
            let portions = AskedIds::portions(0..count);
            assert_eq!(portions.iter().map(|portion| portion.len()).collect::<Vec<_>>(), lengths);
            assert!(portions.iter().flat_map(|portion| portion.iter().copied()).eq(0..count));
        }
    }
}
