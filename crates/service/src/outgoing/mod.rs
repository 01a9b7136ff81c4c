//! HTTP requests to hosts that others name, such as an organization's identity provider.
//!
//! Whoever names a host could name one inside the operator's network. So no request reaches an address that is
//! not public, unless an operator lists it ([`OutgoingSettings::reachable`]). What is checked is the address that
//! is connected to: names are resolved here, and only addresses that were checked are handed on. A redirect is
//! an answer like any other and not followed, proxies of the environment are not used, and time and size have
//! bounds.

mod address;
mod destination;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::{Request, Response};
use eventstore::inactivity::patiently;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

pub use destination::{Destination, InvalidDestination};

/// Bounds of requests to hosts that others name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutgoingSettings {
    /// Hosts and networks that are reached although they are not public: `idp.internal`, `10.1.0.0/16`. A host or
    /// an address that is listed is also reached by http.
    pub reachable: Vec<Destination>,
    /// How long a request may take, with its answer.
    pub timeout_seconds: u64,
    /// An answer may have so many bytes.
    pub max_body_bytes: usize,
}

impl Default for OutgoingSettings {
    fn default() -> Self {
        Self { reachable: Vec::new(), timeout_seconds: 10, max_body_bytes: 256 * 1024 }
    }
}

impl OutgoingSettings {
    /// What is senseless, if anything.
    pub fn refusal(&self) -> Option<&'static str> {
        if self.timeout_seconds == 0 {
            Some("outgoing.timeout_seconds is at least 1")
        } else if self.max_body_bytes < 1024 {
            Some("outgoing.max_body_bytes is at least 1024")
        } else {
            None
        }
    }
}

/// Why there is no answer. It says nothing of the request, which may carry secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    /// The address is not one to be reached: not https, not public, not listed.
    #[error("the address may not be reached")]
    Forbidden,
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
    /// The answer is larger than allowed.
    #[error("the answer is too large")]
    TooLarge,
    /// No connection, no valid certificate, or no HTTP.
    #[error("no answer")]
    Unreachable,
}

/// A client that reaches public addresses and those that an operator listed.
#[derive(Debug, Clone)]
pub struct Outgoing {
    settings: Arc<OutgoingSettings>,
    client: Arc<OnceLock<Result<reqwest::Client, OutgoingError>>>,
}

impl Outgoing {
    /// A client within these bounds.
    pub fn new(settings: OutgoingSettings) -> Self {
        Self { settings: Arc::new(settings), client: Arc::default() }
    }

    /// Whether this address could be reached, as far as can be told before its name is resolved: by https, or
    /// by http if it is listed, and no address that may not be reached.
    pub fn allows(&self, url: &Url) -> bool {
        let reachable = &self.settings.reachable;
        let Some(host) = url.host() else { return false };
        let listed = match &host {
            Host::Domain(name) => reachable.iter().any(|listed| listed.is_host(name)),
            Host::Ipv4(address) => destination::contain(reachable, (*address).into()),
            Host::Ipv6(address) => destination::contain(reachable, (*address).into()),
        };
        let public = match host {
            Host::Domain(_) => true,
            Host::Ipv4(address) => address::is_public(address.into()),
            Host::Ipv6(address) => address::is_public(address.into()),
        };
        let plain = url.username().is_empty() && url.password().is_none();
        plain && (listed && url.scheme() == "http" || (listed || public) && url.scheme() == "https")
    }

    /// The answer, whatever its status.
    ///
    /// # Errors
    /// When there is none within the bounds.
    pub async fn send(
        &self,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, OutgoingError> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| OutgoingError::Forbidden)?;
        if !self.allows(&url) {
            return Err(OutgoingError::Forbidden);
        }
        let request =
            reqwest::Request::try_from(request).map_err(|_| OutgoingError::Unreachable)?;
        let time = Duration::from_secs(self.settings.timeout_seconds);
        let answered = patiently(tokio::time::timeout(time, self.answer(request))).await;
        answered.unwrap_or(Err(OutgoingError::TimedOut))
    }

    async fn answer(&self, request: reqwest::Request) -> Result<Response<Vec<u8>>, OutgoingError> {
        let mut answer = self.client()?.execute(request).await.map_err(|error| refusal(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| refusal(&error))? {
            if body.len() + chunk.len() > self.settings.max_body_bytes {
                return Err(OutgoingError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }

    /// Made at the first request: it reads the certificates of the system, without which all else works.
    fn client(&self) -> Result<&reqwest::Client, OutgoingError> {
        let made = self.client.get_or_init(|| {
            let resolver = CheckedAddresses(Arc::clone(&self.settings));
            reqwest::Client::builder()
                .dns_resolver(resolver)
                .redirect(Policy::none())
                .no_proxy()
                .referer(false)
                .user_agent("mandate")
                .build()
                .map_err(|error| {
                    tracing::error!(%error, "there is no client for outgoing requests");
                    OutgoingError::Unreachable
                })
        });
        made.as_ref().map_err(|error| *error)
    }
}

/// Resolves names to addresses that may be connected to.
struct CheckedAddresses(Arc<OutgoingSettings>);

impl Resolve for CheckedAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let settings = Arc::clone(&self.0);
        Box::pin(async move {
            let name = name.as_str();
            let listed = settings.reachable.iter().any(|listed| listed.is_host(name));
            let found = tokio::net::lookup_host((name, 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|found| {
                    let address = found.ip();
                    listed
                        || address::is_public(address)
                        || destination::contain(&settings.reachable, address)
                })
                .collect();
            if allowed.is_empty() {
                return Err(OutgoingError::Forbidden.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// What of ours refused the request, if anything did.
fn refusal(error: &reqwest::Error) -> OutgoingError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<OutgoingError>() {
            return *refusal;
        }
        cause = error.source();
    }
    OutgoingError::Unreachable
}

#[cfg(test)]
mod tests;
