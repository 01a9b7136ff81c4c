//! What holds for any question to the log.

use proptest::prelude::*;

use crate::filter::{MAX_LIMIT, Question};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A question is bounded, or refused with a bounded answer.
    #[test]
    fn any_query_is_a_bounded_question_or_refused(
        bytes in "\\PC{0,200}",
        pairs in prop::collection::vec(("(type|limit|from|to|order|stream|actor|cursor|app_id)", "\\PC{0,20}|mandate\\.[a-z]{1,8}|[0-9]{1,6}"), 0..40),
    ) {
        let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        for query in [bytes, query.join("&")] {
            match Question::read(&query) {
                Ok(question) => {
                    prop_assert!((1..=MAX_LIMIT).contains(&question.limit));
                    let types = question.filter.types.unwrap_or_default();
                    prop_assert!(types.len() <= 100 && types.is_sorted());
                }
                Err(faults) => prop_assert!((1..=20).contains(&faults.len())),
            }
        }
    }
}
