//! PUT /v1/organizations/{id}/identity-provider

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::rpc::MemberRole;
use contract::{IdentityProviderId, OrganizationId};
use serde::Deserialize;
use service::http::{Json, Path};
use service::master_key::{MasterKey, Sealed};
use service::{Attempt, Fault, Problem, Target};
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{IdentityProviderAnswer, tagged};
use crate::identity_provider::IdentityProvider;
use crate::identity_provider_setup::{ProviderSecret, RawSetup, Setup};
use crate::policy::{self, OrganizationAction};
use crate::{Directory, store};

/// How an identity provider is set up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PutIdentityProvider {
    /// Its issuer, an https URL: `/.well-known/openid-configuration` below it says the rest.
    #[schema(example = "https://login.example.com", format = "uri", max_length = 2048)]
    issuer: String,
    /// The client that this installation is there.
    #[schema(min_length = 1, max_length = 255)]
    client_id: String,
    /// The secret of that client: kept sealed, and never shown. If it is left out, the one before stays.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    client_secret: Option<String>,
    /// The email domains of those who sign in there. An operator confirms them.
    #[schema(example = json!(["example.com"]), min_items = 1, max_items = 50)]
    domains: Vec<String>,
    /// Whether its word for an email of its domains counts although it sends no `email_verified`. Set it only for a
    /// provider in which nobody chooses their own email.
    #[serde(default)]
    vouches_for_domains: bool,
    /// The role of members who appear by signing in.
    default_role: MemberRole,
    /// Whether nothing acts for the organization that does not stem from signing in there, once it is in effect.
    #[serde(default)]
    required: bool,
}

/// Set up the identity provider of an organization
///
/// It takes effect once an operator has confirmed domains; those that are confirmed and still claimed stay
/// confirmed. Another issuer is another provider, of which nothing is confirmed. Once it is in effect and required,
/// no session and no API token acts for the organization that does not stem from signing in there; an operator can
/// set that back. A change that changes nothing leaves no event.
#[utoipa::path(
    put,
    path = "/v1/organizations/{id}/identity-provider",
    operation_id = "putIdentityProvider",
    tag = "single-sign-on",
    params(("id" = OrganizationId, Path, description = "The organization.")),
    request_body = PutIdentityProvider,
    responses(
        (status = 200, description = "As it is now.", body = IdentityProviderAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
        (status = 503, description = "This installation has no key to seal the secret with.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([
            {"event": "identity-provider.removed", "if": "there was one with another issuer"},
            "identity-provider.configured"
        ])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "operator"])),
    ),
)]
pub(in crate::http) async fn put(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
    Json(body): Json<PutIdentityProvider>,
) -> Result<Response, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Edit);
    let target = Target::organization(id);
    let permit = attempt.permit("identity-provider.configure", target, decision).await?;
    let setup = Setup::parse(body.raw(), |url| directory.providers.may_reach(url))?;
    let master = directory.master_key()?;
    let env = &directory.resources.env;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::organizations::lock(conn, id).await?;
    found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let before = store::identity_providers::of_organization(conn, id).await?;
    let seal = |id, secret: &ProviderSecret| {
        let purpose = IdentityProvider::seal_purpose(id);
        master.seal(env, &purpose, secret.reveal().as_bytes())
    };
    if let Some(before) = before.as_ref().filter(|before| before.issuer == setup.issuer) {
        let replaced =
            replaced_secret(conn, master, before.id, setup.client_secret.as_ref()).await?;
        let sealed: Option<Sealed> = replaced.map(|secret| seal(before.id, secret));
        let Some((provider, configured)) = before.reconfigure(setup.clone(), sealed.is_some())
        else {
            return Ok(tagged(&directory, before.clone()));
        };
        store::identity_providers::save(conn, &provider).await?;
        if let Some(sealed) = sealed {
            store::identity_providers::save_secret(conn, provider.id, &sealed).await?;
        }
        let (stream, version) = (provider.id.uuid(), provider.version);
        unit.record_with(stream, version, &configured, &provider.details())?;
        unit.commit().await?;
        return Ok(tagged(&directory, provider));
    }
    let secret = setup.client_secret.clone();
    let secret =
        secret.ok_or_else(|| Problem::invalid_field("client_secret", Fault::required()))?;
    let removed = before.map(|before| before.remove(env.now()));
    if let Some((before, _)) = &removed {
        store::identity_providers::save(conn, before).await?;
    }
    let (provider, configured) = IdentityProvider::configure(env.new_id(), id, setup, env.now());
    let sealed = seal(provider.id, &secret);
    store::identity_providers::insert(conn, &provider, &sealed).await?;
    if let Some((before, removed)) = removed {
        unit.record(before.id.uuid(), before.version, &removed)?;
    }
    let (stream, version) = (provider.id.uuid(), provider.version);
    unit.record_with(stream, version, &configured, &provider.details())?;
    unit.commit().await?;
    Ok(tagged(&directory, provider))
}

/// The secret, if it is given and another one than is kept.
async fn replaced_secret<'s>(
    conn: &mut PgConnection,
    master: &MasterKey,
    id: IdentityProviderId,
    given: Option<&'s ProviderSecret>,
) -> Result<Option<&'s ProviderSecret>, Problem> {
    let Some(given) = given else { return Ok(None) };
    let sealed = store::identity_providers::sealed_secret(conn, id).await?;
    // What does not open any more is replaced: so a lost key is made up for.
    let kept = master.open(&IdentityProvider::seal_purpose(id), &sealed);
    let same = kept.is_ok_and(|kept| kept == given.reveal().as_bytes());
    Ok((!same).then_some(given))
}

impl PutIdentityProvider {
    fn raw(&self) -> RawSetup<'_> {
        RawSetup {
            issuer: &self.issuer,
            client_id: &self.client_id,
            client_secret: self.client_secret.as_deref(),
            domains: &self.domains,
            vouches_for_domains: self.vouches_for_domains,
            default_role: self.default_role,
            required: self.required,
        }
    }
}
