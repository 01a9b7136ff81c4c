//! The key issuer: keys of apps, the keys that sign, and the tokens they bring (rules 13 to 15 and
//! 27 to 29).
//!
//! Only an active app has keys; each is a client id and a secret that is shown once. A key is
//! traded for an access token at `POST /oauth2/token`; every token, and every refusal, is an event
//! that is durable before the answer leaves.
//!
//! In reading order:
//!
//! 1. [`key`]: a key and its decisions; [`policy`]: who may do what. Pure.
//! 2. [`token_request`], [`client`]: a request for a token is read, and decided. Pure.
//! 3. [`signing_key`], [`master_key`], [`access_token`]: cryptography. Pure.
//! 4. [`store`]: the SQL; `migrations/key-issuer` holds the same rules once more as constraints.
//! 5. `clients` and [`ledger`]: one round trip for all who wait.
//! 6. [`following_apps`], [`expiry`], [`last_use`], [`keyring`]: what happens without a request.
//! 7. `http`, one file an endpoint, and `rpc`, what other services ask.

pub mod access_token;
pub mod client;
mod clients;
pub mod expiry;
pub mod following_apps;
mod http;
pub mod key;
pub mod keyring;
pub mod last_use;
pub mod ledger;
pub mod master_key;
pub mod policy;
#[cfg(test)]
mod properties;
mod rpc;
mod settings;
pub mod signing_key;
pub mod store;
pub mod token_request;

use std::sync::Arc;
use std::time::Duration;

use service::{Resources, StartError};
use utoipa_axum::router::OpenApiRouter;

pub use settings::Settings;

use crate::access_token::AccessTokens;
use crate::clients::Clients;
use crate::following_apps::FollowingApps;
use crate::last_use::LastUse;
use crate::ledger::Ledger;

/// The running service: what its handlers work with.
pub struct KeyIssuer {
    resources: Resources,
    settings: Settings,
    tokens: AccessTokens,
    clients: Clients,
    ledger: Ledger,
    last_use: LastUse,
}

/// The routes with their documentation.
pub fn router() -> OpenApiRouter<Arc<KeyIssuer>> {
    http::router()
}

/// Starts the service: reads or makes the signing key, follows apps, records expiries, answers
/// other services' questions, and gives the routes to serve.
///
/// # Errors
/// When a setting is wrong, the signing key does not open, or a server does not answer.
pub async fn start(resources: Resources, settings: Settings) -> Result<axum::Router, StartError> {
    settings.check()?;
    let master = settings
        .master_key()
        .map_err(|error| StartError::setting("key_issuer.master_key", error))?;
    let signing_key = keyring::load_or_create(&resources.events, &master)
        .await
        .map_err(|error| StartError::Other(Box::new(error)))?;
    let tokens =
        AccessTokens::new(signing_key, settings.issuer.clone(), settings.audience().to_owned());
    let clients = Clients::start(&resources);
    let ledger = resources.group_commit("token-ledger");
    let issuer = Arc::new(KeyIssuer {
        resources,
        settings,
        tokens,
        clients,
        ledger,
        last_use: LastUse::default(),
    });
    issuer.write_last_use();
    issuer.sweep_expired();
    issuer.resources.project(FollowingApps::new(issuer.resources.events.clone()));
    let asked = Arc::clone(&issuer);
    issuer
        .resources
        .serve_rpc(move |_, question| rpc::authenticate_app(Arc::clone(&asked), question))
        .await?;
    let (router, _documentation) = router().with_state(issuer).split_for_parts();
    Ok(router)
}

impl KeyIssuer {
    fn write_last_use(self: &Arc<Self>) {
        let issuer = Arc::clone(self);
        self.resources.tasks.spawn("key-last-use", move |shutdown| {
            let issuer = Arc::clone(&issuer);
            async move {
                while shutdown
                    .run_until_cancelled(tokio::time::sleep(last_use::FLUSH))
                    .await
                    .is_some()
                {
                    issuer.last_use.flush(&issuer.resources.pool).await?;
                }
                issuer.last_use.flush(&issuer.resources.pool).await
            }
        });
    }

    fn sweep_expired(&self) {
        let events = self.resources.events.clone();
        let pause = Duration::from_secs(self.settings.expiry_sweep_seconds.into());
        self.resources.tasks.spawn("key-expiry", move |shutdown| {
            let events = events.clone();
            async move {
                loop {
                    while expiry::record_expiries(&events).await? > 0 {}
                    if shutdown.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                        return Ok::<(), eventstore::AppendError>(());
                    }
                }
            }
        });
    }
}
