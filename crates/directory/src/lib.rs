//! The directory: organizations, people, memberships, accounts, the roles on accounts, sessions, API tokens.
//!
//! In reading order:
//!
//! 1. `fields` and `password`: what a single value must be.
//! 2. `organization` (and its `profile` and `enabled_domains`), `membership`, `person`, `account`,
//!    `account_role`, `invitation`, `domain_request`, `session`, `api_token`, `sign_in`, `contact_confirmation`,
//!    `password_reset`: what there is and what may change, as pure functions that answer with the next state and the fact; `import`: the same for a file of accounts. `policy`: who
//!    may. `mail` is what is written to whom, `mailed_link` how what a link is for is used once. `sign_in_limits` and `sign_in_counter`: how
//!    often passwords may be tried.
//!    `identity_provider` (and its `identity_provider_setup`) and `sign_in_flow`: single sign-on.
//! 3. `providers`: what is asked of identity providers. `store`: the SQL.
//! 4. `http` (one file an endpoint), `rpc` (what other services ask), `authenticator` (whose token it
//!    is), `sessions` (opening and ending them), `issue` and `revoke` (the same for API tokens), `leaked` (ends
//!    what was found by others), `invite`,
//!    `acceptance` and `invitation_expiry` (what becomes of invitations), `mailing` (asks for mails, and sends them),
//!    `confirming` and `resetting` (ask for the two links), `single_sign_on` (who signs in at a provider), and for the command line `operators` (the
//!    first operator of an empty installation), [`organization_exists`] and [`rewrite_emails`].
//!
//! Emails, people's names and password hashes are personal: they are in this service's tables and its
//! answers, never in events. What is typed to describe an organization goes beside its events.

mod acceptance;
mod account;
mod account_role;
mod api_token;
mod authenticator;
mod confirming;
mod contact_confirmation;
mod country;
mod domain_request;
mod email_forms;
mod enabled_domains;
mod fields;
mod http;
mod identity_provider;
mod identity_provider_setup;
mod import;
mod invitation;
mod invitation_expiry;
mod invitation_settings;
mod invite;
mod issue;
mod language;
mod leaked;
mod mail;
mod mailed_link;
mod mailing;
mod membership;
mod operators;
mod organization;
mod password;
mod password_reset;
mod person;
mod policy;
mod profile;
#[cfg(test)]
mod properties;
mod providers;
mod resetting;
mod revoke;
mod rpc;
mod session;
mod sessions;
mod settings;
mod sign_in;
mod sign_in_counter;
mod sign_in_flow;
mod sign_in_limits;
mod single_sign_on;
mod store;

use std::sync::Arc;
use std::time::Duration;

use contract::OrganizationId;
use openidconnect::RedirectUrl;
use service::master_key::MasterKey;
use service::outgoing::Outgoing;
use service::{Problem, Resources, ServiceState, StartError};
use sqlx::PgPool;

pub use authenticator::StoreAuthenticator;
pub use email_forms::{SharedEmail, rewrite_emails};
pub use invitation_expiry::sweep_invitations;
pub use invitation_settings::InvitationSettings;
pub use mailing::settings::MailSettings;
pub use operators::{AddOperatorError, NewOperator, add_first_operator};
pub use password::PasswordSettings;
pub use sessions::record_session_ends;
pub use settings::Settings;

use crate::mailing::memory::Memory;
use crate::providers::Providers;
use crate::sign_in_counter::SignInCounter;

/// How often attempts to sign in are forgotten that are too old to count.
const SWEEP: Duration = Duration::from_mins(5);
/// How often the ends of sessions that have ended by themselves are recorded.
const SESSION_SWEEP: Duration = Duration::from_mins(1);

/// How often is looked for invitations that have expired. It only tells how soon that becomes an event.
const INVITATION_SWEEP: Duration = Duration::from_secs(30);
/// So long after its end it is still known that a sign-in at a provider was used or expired.
const FLOWS_KEPT: chrono::Duration = chrono::Duration::hours(1);

/// What the handlers share.
struct Directory {
    resources: Resources,
    settings: Settings,
    passwords: password::Passwords,
    sign_in_counter: SignInCounter,
    providers: Providers,
    master_key: Option<MasterKey>,
    /// The last mails, where they are kept in place of being sent.
    mail_memory: Option<Arc<Memory>>,
}

impl Directory {
    /// Fails when a bound is senseless, or the password settings are out of argon2's.
    fn new(resources: Resources, settings: Settings) -> Result<Self, StartError> {
        if let Some(refusal) = settings.refusal() {
            return Err(StartError::setting("directory", refusal));
        }
        let passwords = password::Passwords::new(settings.passwords.clone(), resources.env.clone())
            .map_err(|error| StartError::setting("directory.passwords", error))?;
        let master_key = settings
            .master_key()
            .map_err(|error| StartError::setting("directory.master_key", error))?;
        let return_url = RedirectUrl::new(settings.sign_in_return_url.clone())
            .map_err(|error| StartError::setting("directory.sign_in_return_url", error))?;
        let outgoing = Outgoing::new(settings.outgoing.clone());
        let providers = Providers::new(outgoing, resources.env.clone(), return_url);
        let mail_memory = mailing::start(&resources, &settings.mail, &settings.public_base_url)
            .map_err(|refusal| StartError::setting("directory", refusal))?;
        let sign_in_counter = SignInCounter::default();
        Ok(Self {
            resources,
            settings,
            passwords,
            sign_in_counter,
            providers,
            master_key,
            mail_memory,
        })
    }

    /// The key that seals the client secrets of identity providers.
    ///
    /// # Errors
    /// 503 if this installation has none.
    fn master_key(&self) -> Result<&MasterKey, Problem> {
        self.master_key.as_ref().ok_or_else(|| {
            let detail =
                "This installation has no directory.master_key to seal client secrets with.";
            Problem::unavailable("single-sign-on-unavailable", detail)
        })
    }
}

impl Directory {
    fn sweep_sign_ins(&self) {
        let resources = self.resources.clone();
        self.resources.tasks.every(SWEEP, "sign-in-sweep", move || {
            let resources = resources.clone();
            async move {
                let now = resources.env.now();
                while store::sign_in_flows::sweep(&resources.pool, now - FLOWS_KEPT).await? {}
                SignInCounter::sweep(&resources).await
            }
        });
    }

    fn sweep_sessions(&self) {
        let events = self.resources.events.clone();
        let settings = self.settings.clone();
        self.resources.tasks.every(SESSION_SWEEP, "session-sweep", move || {
            let (events, settings) = (events.clone(), settings.clone());
            async move {
                while record_session_ends(&events, &settings).await? > 0 {}
                Ok::<(), eventstore::AppendError>(())
            }
        });
    }
}

impl Directory {
    fn sweep_invitations(&self) {
        let resources = self.resources.clone();
        let forget_after = self.settings.invitations.email_lifetime();
        self.resources.tasks.every(INVITATION_SWEEP, "invitation-expiry", move || {
            let resources = resources.clone();
            async move { sweep_invitations(&resources, forget_after).await }
        });
    }
}

impl ServiceState for Directory {
    fn resources(&self) -> &Resources {
        &self.resources
    }
}

/// The description of the routes (OpenAPI 3.1).
pub fn openapi() -> utoipa::openapi::OpenApi {
    http::router(&Settings::default()).into_openapi()
}

/// Whether there is this organization, asked on the database alone: for the command line, which works
/// while no service runs. There is no end to an organization, so the answer stays true.
///
/// # Errors
/// When the database does not answer or refuses.
pub async fn organization_exists(pool: &PgPool, id: OrganizationId) -> sqlx::Result<bool> {
    Ok(store::organizations::find(&mut *pool.acquire().await?, id).await?.is_some())
}

/// Whether there is an operator, asked on the database alone.
///
/// # Errors
/// When the database does not answer or refuses.
pub async fn operator_exists(pool: &PgPool) -> sqlx::Result<bool> {
    let mut transaction = pool.begin().await?;
    store::people::lock_operators(&mut transaction, None).await
}

/// Starts answering the other services and gives the routes.
///
/// # Errors
/// When a setting is wrong or NATS refuses.
pub async fn start(resources: Resources, settings: Settings) -> Result<axum::Router, StartError> {
    let directory = Arc::new(Directory::new(resources, settings)?);
    // Boxed: it has every question, and whoever starts a service should not have to hold that.
    Box::pin(rpc::answer(&directory)).await?;
    directory.sweep_sign_ins();
    directory.sweep_invitations();
    directory.sweep_sessions();
    let (routes, _) = http::router(&directory.settings).split_for_parts();
    Ok(routes.with_state(directory))
}
