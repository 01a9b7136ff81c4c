//! What holds for any query of the log.

use proptest::prelude::*;

use crate::query::{MAX_LIMIT, Query};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A query is bounded, or refused with a bounded answer.
    #[test]
    fn any_query_string_is_a_bounded_query_or_refused(
        bytes in "\\PC{0,200}",
        pairs in prop::collection::vec(("(type|limit|from|to|occurred_from|order|stream|actor|cursor|app_id)", "\\PC{0,20}|mandate\\.[a-z]{1,8}|[0-9]{1,6}"), 0..40),
    ) {
        let parameters: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        for text in [bytes, parameters.join("&")] {
            match Query::parse(&text) {
                Ok(query) => {
                    prop_assert!((1..=MAX_LIMIT).contains(&query.limit));
                    let types = query.filter.types.unwrap_or_default();
                    prop_assert!(types.len() <= 100 && types.is_sorted());
                }
                Err(faults) => prop_assert!((1..=20).contains(&faults.len())),
            }
        }
    }
}
