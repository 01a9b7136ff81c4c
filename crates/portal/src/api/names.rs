//! What people are called, as `/v1/people/me` tells it along.

use std::collections::BTreeMap;

use contract::ids::PersonId;
use serde::Deserialize;

/// The most ids in one question.
pub(super) const MOST: usize = 100;

/// What a person is called.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PersonName {
    id: PersonId,
    /// None, if the caller has nothing to do with them.
    name: Option<String>,
}

/// Those whose names were told.
pub(super) fn known(people: Vec<PersonName>) -> BTreeMap<PersonId, String> {
    people.into_iter().filter_map(|person| Some((person.id, person.name?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<PersonName>("PersonName");
    }
}
