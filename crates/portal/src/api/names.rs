//! `/v1/names`

use std::collections::BTreeMap;

use axum::http::Method;
use contract::ids::PersonId;
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// The most ids in one question.
const MOST: usize = 100;

/// Names.
#[derive(Debug, Deserialize)]
struct Names {
    people: Vec<PersonName>,
}

/// What a person is called.
#[derive(Debug, Deserialize)]
struct PersonName {
    id: PersonId,
    /// None, if the caller has nothing to do with them.
    name: Option<String>,
}

/// What people are called, as far as the caller may know.
pub(crate) async fn of_people(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    people: &[PersonId],
) -> Result<BTreeMap<PersonId, String>, ApiError> {
    if people.is_empty() {
        return Ok(BTreeMap::new());
    }
    let asked = &people[..people.len().min(MOST)];
    let question = Question::new(Method::POST, "/v1/names").of(token);
    let question = question.with(json!({ "people": asked }));
    let names: Names = api.ask(browser, question).await.map_err(ApiError::of_session)?;
    Ok(names.people.into_iter().filter_map(|known| Some((known.id, known.name?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Names>("Names");
        answer::<PersonName>("PersonName");
    }
}
