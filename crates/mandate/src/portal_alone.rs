//! The portal by itself, before an API elsewhere: `mandate serve portal`.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use axum::Router;
use contract::Environment;
use portal::Api;
use service::http::{Limits, serve, site};
use service::{Health, Metrics};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::configuration::Configuration;
use crate::system::listen;

/// A running portal without services. It needs neither PostgreSQL nor NATS.
#[derive(Debug)]
pub(crate) struct PortalAlone {
    /// Where it is served.
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl PortalAlone {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not know where the API is, or its own address is taken.
    pub(crate) async fn start(
        mut configuration: Configuration,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        configuration.http.check()?;
        let api_url = api_url(&configuration.portal.api_url)?;
        let client = reqwest::Client::builder().build().context("a client of the API")?;
        let health = Health::new();
        let (ready, probing) = (api_url.join("/readyz")?, client.clone());
        health.probe("api", move || {
            let asked = probing.get(ready.clone()).send();
            async move {
                let answer = asked.await.map_err(|error| error.without_url().to_string())?;
                answer.error_for_status().map(drop).map_err(|error| error.without_url().to_string())
            }
        });
        let (listener, address) = listen(configuration.listen).await?;
        let base_url = configuration.settle_base_url(address);
        let settings = configuration.portal.clone();
        let api = Api::Remote(client, api_url);
        let pages = portal::router(environment.clone(), api, settings, &base_url)?;
        let metrics = Metrics::default();
        let pages = site(pages, environment, &configuration.http, &metrics);
        let routes = Router::new().merge(health.router()).fallback_service(pages);
        let stop = CancellationToken::new();
        let limits = Limits::from(&configuration.http);
        let serving = tokio::spawn(serve(listener, routes, stop.clone(), limits));
        Ok(Self { address, stop, serving })
    }

    /// Stops: requests in progress end.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "serving ended with a panic");
        }
    }
}

/// The API's address. Its paths begin at the root: what stands behind a slash would be lost.
fn api_url(text: &str) -> anyhow::Result<Url> {
    if text.is_empty() {
        bail!(
            "`portal.api_url` is not set: name the address at which the API is reached, as in \
             MANDATE_PORTAL__API_URL=https://api.mandate.example"
        );
    }
    let url: Url = text.parse().with_context(|| format!("`portal.api_url` is {text}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.path() != "/" || url.query().is_some() {
        bail!("`portal.api_url` is {text}: http:// or https://, a host, perhaps a port, no path");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::api_url;

    #[test]
    fn the_apis_address_is_a_host_and_nothing_behind_it() {
        for fine in ["http://127.0.0.1:8080", "https://api.mandate.example/"] {
            assert!(api_url(fine).is_ok(), "{fine}");
        }
        for wrong in
            ["", "api.mandate.example", "ftp://a", "https://a/v1", "https://a/?b", "http://"]
        {
            let error = format!("{:#}", api_url(wrong).unwrap_err());
            assert!(error.contains("`portal.api_url`"), "{error}");
        }
    }
}
