//! The key issuer: keys of apps, the keys that sign, and the tokens they bring (rules 13 to 15 and
//! 27 to 29).
//!
//! Only an active app has keys; each is a client id and a secret that is shown once. A key is
//! traded for an access token at `POST /oauth2/token`; every token is an event that is durable before it
//! leaves, and refusals are recorded or counted.
//!
//! In reading order:
//!
//! 1. `key`: a key and its decisions, with `key_replacement`, `key_notice` and `key_leak`; `key_limit`: how many an app
//!    may have; `policy`: who may do what; `allowed`: what somebody may do now. Pure.
//! 2. `token_request`, `client`: a request for a token is read, and decided. Pure.
//! 3. `signing_key`, `access_token`: cryptography. Pure.
//! 4. `http`, one file an endpoint: the way of every change, from request to answer; `issuing`: the way
//!    of every token.
//! 5. `store`: the SQL; `migrations/key-issuer` holds the same rules once more as constraints.
//! 6. `clients` and `token_events`: one round trip for all who wait; `token_rates`: how many an app may ask
//!    for.
//! 7. `projection`, `ending`, [`expiry`], `notices`, `last_use`, `activity`, `keyring`: what happens without a request;
//!    `leaks`: what follows from a report; `rpc`: what other services ask.

mod access_token;
mod activity;
mod allowed;
mod client;
mod clients;
mod ending;
pub mod expiry;
mod http;
mod issuing;
mod key;
mod key_leak;
mod key_limit;
mod key_name;
mod key_notice;
mod key_replacement;
mod keyring;
mod last_use;
mod leaks;
mod notices;
mod policy;
mod projection;
#[cfg(test)]
mod properties;
mod rpc;
mod settings;
mod signing_key;
mod store;
mod token_events;
mod token_rates;
mod token_request;

use std::sync::Arc;
use std::time::Duration;

use eventstore::ViewAge;
use service::{Resources, ServiceState, StartError, mail_requests};

pub use settings::Settings;

use crate::access_token::AccessTokens;
use crate::activity::RefusalCounts;
use crate::clients::Clients;
use crate::key_notice::NoticeDays;
use crate::last_use::LastUse;
use crate::projection::AppProjection;
use crate::token_events::TokenEvents;
use crate::token_rates::TokenRates;

/// The running service: what its handlers work with.
pub(crate) struct KeyIssuer {
    resources: Resources,
    settings: Settings,
    tokens: AccessTokens,
    clients: Arc<Clients>,
    token_events: TokenEvents,
    last_use: LastUse,
    refusal_counts: RefusalCounts,
    /// How many days before a key's expiry it is told.
    notice_days: NoticeDays,
    /// How old the view of apps is.
    apps_age: ViewAge,
    token_rates: TokenRates,
}

impl ServiceState for KeyIssuer {
    fn resources(&self) -> &Resources {
        &self.resources
    }
}

/// The documentation of the routes (OpenAPI 3.1).
pub fn openapi() -> utoipa::openapi::OpenApi {
    http::router().into_openapi()
}

/// How often counts of refused requests are forgotten that are too old to be shown.
const SWEEP: Duration = Duration::from_mins(10);

/// How long a start waits for the age of the view of apps.
const ASKING: Duration = Duration::from_secs(5);

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
    let notice_days = settings.notice_days()?;
    notices::follow_days(&resources.events, &notice_days).await?;
    let tokens =
        AccessTokens::new(signing_key, settings.issuer.clone(), settings.audience().to_owned());
    let clients = Arc::new(Clients::start(&resources));
    let token_events = resources.group_commit("token-events");
    let projection = AppProjection::new(Arc::clone(&clients));
    let apps_age = resources.project(projection, settings.late_apps_age());
    // The database answered just now, and is asked for the age first of all. If it does not tell (it is not
    // migrated, perhaps), no token is issued until it does.
    let _ = tokio::time::timeout(ASKING, apps_age.known()).await;
    let token_rates = TokenRates::new(resources.limits.settings().tokens_per_app);
    let issuer = Arc::new(KeyIssuer {
        resources,
        settings,
        tokens,
        clients,
        token_events,
        last_use: LastUse::default(),
        refusal_counts: RefusalCounts::default(),
        notice_days,
        apps_age,
        token_rates,
    });
    issuer.write_last_use();
    issuer.sweep_expired();
    issuer.tell_of_expiries();
    issuer.sweep_refusals();
    ending::spawn(&issuer.resources);
    mail_requests::spawn(&issuer.resources);
    let asked = Arc::clone(&issuer);
    issuer
        .resources
        .serve_rpc(move |_, question| rpc::authenticate_app(Arc::clone(&asked), question))
        .await?;
    let (router, _documentation) = http::router().with_state(issuer).split_for_parts();
    Ok(router)
}

impl KeyIssuer {
    /// Not [`service::Tasks::every`]: what was noted last is written at shutdown.
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
                    issuer.write_noted().await?;
                }
                issuer.write_noted().await
            }
        });
    }

    async fn write_noted(&self) -> Result<(), sqlx::Error> {
        self.last_use.flush(&self.resources.pool).await?;
        self.refusal_counts.flush(&self.resources.pool).await
    }

    fn tell_of_expiries(&self) {
        let (events, days) = (self.resources.events.clone(), self.notice_days.clone());
        let pause = Duration::from_secs(self.settings.expiry_sweep_seconds.into());
        self.resources.tasks.every(pause, "key-notices", move || {
            let (events, days) = (events.clone(), days.clone());
            async move {
                while notices::tell(&events, &days).await? > 0 {}
                Ok::<(), eventstore::AppendError>(())
            }
        });
    }

    fn sweep_refusals(&self) {
        let resources = self.resources.clone();
        self.resources.tasks.every(SWEEP, "token-refusals", move || {
            let resources = resources.clone();
            async move {
                let before = activity::first_hour(resources.env.now());
                while store::activity::sweep(&resources.pool, before).await? {}
                Ok::<(), sqlx::Error>(())
            }
        });
    }

    fn sweep_expired(&self) {
        let events = self.resources.events.clone();
        let pause = Duration::from_secs(self.settings.expiry_sweep_seconds.into());
        self.resources.tasks.every(pause, "key-expiry", move || {
            let events = events.clone();
            async move {
                while expiry::record_expiries(&events).await? > 0 {}
                Ok::<(), eventstore::AppendError>(())
            }
        });
    }
}
