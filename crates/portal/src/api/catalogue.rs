//! `/v1/catalogue`

use std::collections::BTreeMap;

use axum::http::Method;
use contract::secret::SessionToken;
use serde::Deserialize;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// What apps can ask for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Catalogue {
    services: BTreeMap<String, Service>,
}

#[derive(Debug, Deserialize)]
struct Service {
    title: String,
}

impl Catalogue {
    /// What a service is called; one that has left the catalogue keeps its bare name.
    pub(crate) fn title(&self, service: &str) -> String {
        self.services.get(service).map_or_else(|| service.to_owned(), |found| found.title.clone())
    }
}

/// The catalogue.
pub(crate) async fn read(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
) -> Result<Catalogue, ApiError> {
    let question = Question::new(Method::GET, "/v1/catalogue").of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}
