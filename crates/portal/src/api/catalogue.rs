//! `/v1/catalogue`

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use contract::catalogue::Level;
use contract::ids::OrganizationId;
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Api, ApiError, FieldFault, Question};
use crate::browser::Browser;
use crate::texts::{Language, Texts};

/// What apps can ask for, in the browser's language.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Catalogue {
    /// The services, by name.
    pub(crate) services: BTreeMap<String, Service>,
}

/// A service of the platform.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Service {
    pub(crate) title: String,
    pub(crate) description: String,
    /// For how many days consents to its apps last, or `none` for those that do not end by themselves.
    #[serde(default)]
    lifetime_days: Value,
    /// Its domains, by name.
    pub(crate) domains: BTreeMap<String, Domain>,
}

/// A domain, with the levels that it has.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Domain {
    pub(crate) title: String,
    pub(crate) read: Option<LevelEntry>,
    pub(crate) manage: Option<LevelEntry>,
}

/// What a level allows.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LevelEntry {
    /// A plain sentence.
    pub(crate) description: String,
    /// Only for organizations for which an operator enabled it.
    #[serde(default)]
    pub(crate) on_request: bool,
}

/// What a selection becomes under the catalogue's rules.
#[derive(Debug, Deserialize)]
pub(crate) struct Resolved {
    pub(crate) domains: Vec<ResolvedDomain>,
    pub(crate) conflicts: Vec<FieldFault>,
}

/// A domain that an app with the selection would ask for.
#[derive(Debug, Deserialize)]
pub(crate) struct ResolvedDomain {
    pub(crate) domain: String,
    pub(crate) level: Level,
    pub(crate) because: Because,
}

/// Why it is there.
#[derive(Debug, Deserialize)]
pub(crate) struct Because {
    /// The domain that brings it along, unless it was chosen.
    pub(crate) domain: Option<String>,
}

impl Service {
    /// For how many days consents last; `None` if they do not end by themselves.
    pub(crate) fn lifetime(&self) -> Option<u32> {
        self.lifetime_days.as_u64().and_then(|days| u32::try_from(days).ok())
    }
}

impl Catalogue {
    /// What an app's service is called, if it has one yet.
    pub(crate) fn title_of(&self, service: Option<&str>, t: &Texts) -> String {
        service.map_or_else(|| t.no_service_yet(), |name| self.title(name))
    }

    /// What a service is called; one that has left the catalogue keeps its bare name.
    pub(crate) fn title(&self, service: &str) -> String {
        self.services.get(service).map_or_else(|| service.to_owned(), |found| found.title.clone())
    }
}

/// For so long an answer is kept: the catalogue changes when the API is started with another.
const KEPT: TimeDelta = TimeDelta::minutes(1);

/// The last answers, one a language: nearly every page names a service, and the catalogue is the same for everybody.
#[derive(Debug)]
pub(crate) struct Catalogues {
    api: Api,
    last: [Mutex<Option<Dated>>; Language::ALL.len()],
}

/// An answer, and when it was asked for.
type Dated = (DateTime<Utc>, Catalogue);

impl Catalogues {
    /// Of this API.
    pub(crate) fn new(api: Api) -> Self {
        Self { api, last: Default::default() }
    }

    /// The catalogue, as it was within the last minute.
    pub(crate) async fn read(
        &self,
        browser: &Browser,
        token: &SessionToken,
    ) -> Result<Catalogue, ApiError> {
        if let Some((at, catalogue)) = &*self.last(browser.language)
            && browser.now - at < KEPT
        {
            return Ok(catalogue.clone());
        }
        let question = Question::new(Method::GET, "/v1/catalogue").of(token);
        let catalogue: Catalogue =
            self.api.ask(browser, question).await.map_err(ApiError::of_session)?;
        *self.last(browser.language) = Some((browser.now, catalogue.clone()));
        Ok(catalogue)
    }

    fn last(&self, language: Language) -> MutexGuard<'_, Option<Dated>> {
        // What a thread that panicked left there is whole: it is replaced at once.
        self.last[language as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a selection of domains would become.
pub(crate) async fn resolve(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    organization: OrganizationId,
    service: &str,
    selection: &BTreeMap<String, Level>,
) -> Result<Resolved, ApiError> {
    let domains: Vec<_> = selection
        .iter()
        .map(|(domain, level)| json!({ "domain": domain, "level": level }))
        .collect();
    let body = json!({ "organization_id": organization, "service": service, "domains": domains });
    let question = Question::new(Method::POST, "/v1/catalogue/resolve").of(token).with(body);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Catalogue>("Catalogue");
        answer::<Service>("ServiceEntry");
        answer::<Resolved>("ResolvedSelection");
    }
}
