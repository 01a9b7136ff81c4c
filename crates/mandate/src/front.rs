//! What stands at the address of an installation: the API at its paths, the portal at all others.

use axum::Router;
use axum::extract::Request;
use contract::Environment;
use portal::{Api, BrandError};
use service::Metrics;
use service::http::site;
use tower::ServiceExt;

use crate::configuration::Configuration;

/// Where the API's paths begin. What is below them is never a page.
pub(crate) const API: [&str; 7] =
    ["/audit/log", "/v1", "/oauth2", "/.well-known", "/healthz", "/readyz", "/openapi.json"];

/// What the portal is made with, beside the configuration.
#[derive(Debug)]
pub(crate) struct Front<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) metrics: &'a Metrics,
    /// Where browsers reach it.
    pub(crate) base_url: &'a str,
}

impl Front<'_> {
    /// This API, and the portal that calls it without a socket.
    ///
    /// # Errors
    /// When the portal's settings name files that cannot be shown.
    pub(crate) fn with_portal(
        &self,
        api: Router,
        configuration: &Configuration,
    ) -> Result<Router, BrandError> {
        let pages = portal::router(
            self.environment.clone(),
            Api::InProcess(api.clone()),
            configuration.portal.clone(),
            self.base_url,
        )?;
        let pages = site(pages, self.environment, &configuration.http, self.metrics);
        Ok(Router::new().fallback(async move |request: Request| {
            let to = if is_api(request.uri().path()) { api } else { pages };
            let Ok(response) = to.oneshot(request).await;
            response
        }))
    }
}

/// Whether a path is the API's.
pub(crate) fn is_api(path: &str) -> bool {
    API.iter().any(|prefix| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::is_api;

    #[test]
    fn every_path_of_the_api_is_the_apis_and_pages_are_not() {
        for path in crate::api::document().paths.paths.keys() {
            assert!(is_api(path), "{path}");
        }
        for path in ["/", "/apps", "/v1x", "/healthzz", "/sign-in", "/consent/mandate_cl_x"] {
            assert!(!is_api(path), "{path}");
        }
    }
}
