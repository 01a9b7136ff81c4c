//! POST /v1/names

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use axum::extract::State;
use contract::catalogue::Catalogue;
use contract::rpc::{AskedIds, NameApps, NamedApp};
use contract::{AccountId, AppId, OrganizationId, PersonId};
use serde::{Deserialize, Serialize};
use service::http::Json;
use service::{Caller, Fault, Problem, RequestFacts};
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::store::{memberships, shown_names};
use crate::{Directory, policy};

/// So many names can be asked for at a time.
pub(super) const MOST_NAMES: usize = 100;

/// What to name: at most 100 ids in all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedNames {
    /// People.
    #[serde(default)]
    #[schema(max_items = 100)]
    people: Vec<PersonId>,
    /// Apps.
    #[serde(default)]
    #[schema(max_items = 100)]
    apps: Vec<AppId>,
    /// Accounts.
    #[serde(default)]
    #[schema(max_items = 100)]
    accounts: Vec<AccountId>,
    /// Organizations.
    #[serde(default)]
    #[schema(max_items = 100)]
    organizations: Vec<OrganizationId>,
}

/// Names, in the order in which they were asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Names {
    /// Of people.
    people: Vec<PersonName>,
    /// Of apps.
    apps: Vec<AppName>,
    /// Of accounts.
    accounts: Vec<AccountName>,
    /// Of organizations.
    organizations: Vec<OrganizationName>,
}

/// What a person is called.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonName {
    /// The person.
    id: PersonId,
    /// Their name; null if there is no such person, or the caller has nothing to do with them.
    name: Option<String>,
}

/// What an app is called, and whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AppName {
    /// The app.
    id: AppId,
    /// Its name; null if there is no such app, or it is another organization's draft.
    name: Option<String>,
    /// The organization that develops it; null where the name is.
    organization_id: Option<OrganizationId>,
}

/// What an account is called.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountName {
    /// The account.
    id: AccountId,
    /// Its name; null if there is no such account, or the caller holds no role on it.
    name: Option<String>,
}

/// What an organization is called.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrganizationName {
    /// The organization.
    id: OrganizationId,
    /// Its name; null if there is no such organization, or the caller is no member, and no app of its is named with it.
    name: Option<String>,
}

/// Name people, apps, accounts and organizations
///
/// What the ids in events, grants and elsewhere stand for, many in one question. What the caller is not to know is
/// null, the same as what there is not. A person's name is for fellow members, for those who manage the roles on an
/// account of theirs, and, if they may consent for an account, for whoever holds a role on it. An account's name is for
/// those who hold a role on it. An app's name is for its organization and, once it was activated, for everybody who is
/// signed in, since everybody can be asked for consent; so is the name of its organization, if it is asked for together
/// with the app. Operators see all names.
#[utoipa::path(
    post,
    path = "/v1/names",
    operation_id = "findNames",
    tag = "names",
    request_body = AskedNames,
    responses(
        (status = 200, description = "The names.", body = Names),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 422, description = "Too many ids, or what is no id.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(super) async fn names(
    State(directory): State<Arc<Directory>>,
    caller: Caller,
    facts: RequestFacts,
    Json(asked): Json<AskedNames>,
) -> Result<Json<Names>, Problem> {
    asked.check()?;
    let AskedNames { people, apps, accounts, organizations } = asked;
    // Nobody holds a connection while another service is asked.
    let known_apps = known_apps(&directory, &facts, &apps).await?;
    let mut conn = directory.resources.pool.acquire().await?;

    let people = of_people(&directory, &mut conn, &caller, people).await?;

    let found = shown_names::accounts(&mut conn, caller.person_id, &accounts).await?;
    let shown = found.into_iter().filter(|(_, _, held)| caller.operator || *held);
    let named = Shown::of(shown.map(|(id, name, _)| (id, name)));
    let accounts =
        accounts.into_iter().map(|id| AccountName { id, name: named.get(&id) }).collect();

    let of_apps = known_apps.iter().map(|app| app.organization_id);
    let all: HashSet<_> = organizations.iter().copied().chain(of_apps).collect();
    let (all, provider) = (Vec::from_iter(all), caller.identity_provider_id);
    let known = memberships::in_these(&mut conn, caller.person_id, provider, &all).await?;
    let mine: HashSet<_> = known.memberships.iter().map(|of| of.organization_id).collect();
    let sees = |app: &&NamedApp| {
        policy::sees_app_name(&caller, app.activated, mine.contains(&app.organization_id))
    };
    let shown_apps: HashMap<_, _> = known_apps.iter().filter(sees).map(|a| (a.app_id, a)).collect();
    let with_apps: HashSet<_> = shown_apps.values().map(|app| app.organization_id).collect();
    let found = shown_names::organizations(&mut conn, &organizations).await?;
    let named = Shown::of(
        found
            .into_iter()
            .filter(|(id, _)| caller.operator || mine.contains(id) || with_apps.contains(id)),
    );
    let organizations =
        organizations.into_iter().map(|id| OrganizationName { id, name: named.get(&id) }).collect();
    let apps = apps.into_iter().map(|id| AppName::of(id, shown_apps.get(&id).copied())).collect();
    Ok(Json(Names { people, apps, accounts, organizations }))
}

/// What these people are called, as far as the caller may know.
pub(super) async fn of_people(
    directory: &Directory,
    conn: &mut PgConnection,
    caller: &Caller,
    people: Vec<PersonId>,
) -> Result<Vec<PersonName>, Problem> {
    let consenting = consenting(&directory.resources.catalogue);
    let found = shown_names::people(conn, caller, &people, &consenting).await?;
    let shown = found.into_iter().filter(|(id, _, with)| policy::sees_name(caller, *id, *with));
    let named = Shown::of(shown.map(|(id, name, _)| (id, name)));
    Ok(people.into_iter().map(|id| PersonName { id, name: named.get(&id) }).collect())
}

impl AskedNames {
    /// Refused, at the list with which they become too many.
    fn check(&self) -> Result<(), Problem> {
        let mut count = 0;
        for (field, length) in [
            ("people", self.people.len()),
            ("apps", self.apps.len()),
            ("accounts", self.accounts.len()),
            ("organizations", self.organizations.len()),
        ] {
            count += length;
            if count > MOST_NAMES {
                return Err(Problem::invalid_field(field, Fault::too_many(MOST_NAMES)));
            }
        }
        Ok(())
    }
}

impl AppName {
    fn of(id: AppId, shown: Option<&NamedApp>) -> Self {
        let (name, organization_id) =
            shown.map(|app| (app.name.clone(), app.organization_id)).unzip();
        Self { id, name, organization_id }
    }
}

/// The names that the caller may know.
struct Shown<I>(HashMap<I, String>);

impl<I: Eq + Hash> Shown<I> {
    fn of(names: impl Iterator<Item = (I, String)>) -> Self {
        Self(names.collect())
    }

    /// Of an id that is asked for twice, both times.
    fn get(&self, id: &I) -> Option<String> {
        self.0.get(id).cloned()
    }
}

async fn known_apps(
    directory: &Directory,
    facts: &RequestFacts,
    ids: &[AppId],
) -> Result<Vec<NamedApp>, Problem> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let app_ids = AskedIds::try_from(ids.to_vec()).map_err(Problem::internal)?;
    Ok(directory.resources.rpc.call(facts, &NameApps { app_ids }).await?)
}

/// The roles that may consent, as `<service> <role>`.
fn consenting(catalogue: &Catalogue) -> Vec<String> {
    let of_service = |(name, service): (&String, &contract::catalogue::ServiceEntry)| {
        let roles = service.consent_roles.iter();
        roles.map(|role| format!("{name} {role}")).collect::<Vec<_>>()
    };
    catalogue.services.iter().flat_map(of_service).collect()
}
