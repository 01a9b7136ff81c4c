//! POST /v1/accounts/import

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use contract::facts::{AccountCreated, AccountEdited, AccountRoleChanged, AccountRoleGranted};
use contract::{Environment, Version};
use eventstore::{AppendError, Unit};
use serde::{Deserialize, Serialize};
use service::authentication::Caller;
use service::http::Query;
use service::http::extract::refused_body;
use service::problem::{self, Problem};
use service::request::RequestFacts;
use sqlx::PgConnection;
use utoipa::{IntoParams, ToSchema};

use super::access::Access;
use crate::account::{Account, HeldRole};
use crate::import::{Change, Line, LineReport, Outcome, Plan, parse, plan};
use crate::{Directory, store};

/// Whether to apply the file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// Only report what the import would do.
    #[serde(default)]
    dry_run: bool,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportReport {
    /// Whether it was only asked what would be done.
    dry_run: bool,
    /// Whether the file was applied: as a whole, or not at all.
    applied: bool,
    /// How many lines create something.
    created: usize,
    /// How many lines change something.
    updated: usize,
    /// How many lines change nothing.
    unchanged: usize,
    /// How many lines are wrong.
    errors: usize,
    /// The lines, in order.
    lines: Vec<LineReport>,
}

impl ImportReport {
    fn of(lines: Vec<LineReport>, dry_run: bool, applied: bool) -> Self {
        let count = |outcome| lines.iter().filter(|line| line.outcome == outcome).count();
        Self {
            dry_run,
            applied,
            created: count(Outcome::Created),
            updated: count(Outcome::Updated),
            unchanged: count(Outcome::Unchanged),
            errors: count(Outcome::Error),
            lines,
        }
    }
}

/// A problem (RFC 9457) with the report as an extension member.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportRefused {
    /// `urn:mandate:problem:import-refused`.
    r#type: String,
    /// The kind of problem.
    title: &'static str,
    /// 422.
    status: u16,
    /// What went wrong.
    detail: String,
    /// What is wrong with which line. Left out when the file cannot be read at all.
    #[schema(required = false)]
    report: ImportReport,
}

/// Import accounts and the roles on them
///
/// A CSV file (RFC 4180, UTF-8) whose first line is `account_name,kind,service,external_id,email,role`.
/// Every other line names an account, and with `email` and `role` the role of a registered person on
/// it. An account with the line's `external_id` is used again, so a file can be imported any number
/// of times. The whole file is applied, or, if any line is wrong, nothing of it. A dry run applies
/// nothing and leaves no event.
#[utoipa::path(
    post,
    path = "/v1/accounts/import",
    operation_id = "importAccounts",
    tag = "accounts",
    params(ImportQuery),
    request_body(content = String, content_type = "text/csv", example = "account_name,kind,service,external_id,email,role\nExample Shop,advertiser,retail_media,A-1,admin@example.com,admin\n"),
    responses(
        (status = 200, description = "Applied, or what a real run would do.", body = ImportReport),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 403, description = "The caller is no operator.", body = Problem),
        (status = 413, description = "The file is too large.", body = Problem),
        (status = 415, description = "The body is not text/csv.", body = Problem),
        (status = 422, description = "Nothing was applied: lines are wrong, or the file cannot be read.", body = ImportRefused, content_type = "application/problem+json"),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([{"event": "account.created", "per": "new account"}, {"event": "account.edited", "per": "renamed account"}, {"event": "account-role.granted", "per": "new role"}, {"event": "account-role.changed", "per": "changed role"}])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(super) async fn import(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    let authority = access.as_operator("account.import").await?;
    let body = body.map_err(refused_body)?;
    if !is_csv(&headers) {
        return Err(Problem::unsupported_media_type(
            "unsupported-media-type",
            "The body must be of type text/csv.",
        ));
    }
    let resources = &directory.resources;
    let lines = parse(&body, directory.settings.import_max_lines, &resources.catalogue)
        .map_err(|error| Problem::unprocessable("unreadable-file", format!("{error}.")))?;

    let mut unit = resources.events.begin(&facts.provenance(caller.actor(), authority, None));
    let plan = decide(unit.connection().await?, lines, &resources.env).await?;
    if plan.has_errors() {
        return Ok(refused(ImportReport::of(plan.report, query.dry_run, false)));
    }
    if query.dry_run {
        // Dropping the unit rolls back, and with it goes the lock.
        return Ok(Json(ImportReport::of(plan.report, true, false)).into_response());
    }
    if !plan.changes.is_empty() {
        apply(&mut unit, &plan.changes, &resources.env).await?;
        unit.commit().await?;
    }
    Ok(Json(ImportReport::of(plan.report, false, true)).into_response())
}

fn is_csv(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/csv"))
}

fn refused(report: ImportReport) -> Response {
    let refused = ImportRefused {
        r#type: format!("{}import-refused", problem::TYPE_PREFIX),
        title: "Import refused",
        status: StatusCode::UNPROCESSABLE_ENTITY.as_u16(),
        detail: format!("{} lines are wrong, so nothing of the file was applied.", report.errors),
        report,
    };
    let mut response = (StatusCode::UNPROCESSABLE_ENTITY, Json(refused)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT));
    response
}

/// What the lines do, given what is known now; other imports wait until the transaction ends.
async fn decide(
    conn: &mut PgConnection,
    lines: Vec<Result<Line, LineReport>>,
    environment: &Environment,
) -> Result<Plan, sqlx::Error> {
    let right = || lines.iter().flatten();
    let external_ids: Vec<String> =
        right().filter_map(|line| line.account.external_id.clone()).collect();
    let emails: Vec<String> =
        right().filter_map(|line| Some(line.assignment.as_ref()?.0.as_str().to_owned())).collect();
    store::lock_imports(conn).await?;
    let known = store::known_before_import(conn, &external_ids, &emails).await?;
    Ok(plan(lines, &known, environment))
}

/// Makes the changes: new rows in one statement a table, because files are long.
async fn apply(
    unit: &mut Unit<'_>,
    changes: &[Change],
    environment: &Environment,
) -> Result<(), Problem> {
    let now = environment.now();
    let first = Version::FIRST;
    let (mut accounts, mut roles) = (Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::CreateAccount { id, details } => {
                let (kind, service) = (details.kind, details.service.clone());
                unit.record(id.uuid(), first, &AccountCreated { account_id: *id, kind, service })?;
                accounts.push(Account {
                    id: *id,
                    details: details.clone(),
                    version: 1,
                    created_at: now,
                });
            }
            Change::RenameAccount { id, version, name } => {
                let next = Version::new(version + 1).ok_or(AppendError::Conflict)?;
                store::rename_account(unit.connection().await?, *id, *version, name).await?;
                let edited = AccountEdited { account_id: *id, changed: vec!["name".to_owned()] };
                unit.record(id.uuid(), next, &edited)?;
            }
            &Change::GrantRole { id, account_id, person_id, role } => {
                let granted =
                    AccountRoleGranted { account_role_id: id, account_id, person_id, role };
                unit.record(id.uuid(), first, &granted)?;
                roles.push(HeldRole { id, account_id, person_id, role, version: 1 });
            }
            &Change::ChangeRole { held, role } => {
                let next = Version::new(held.version + 1).ok_or(AppendError::Conflict)?;
                let new = HeldRole { role, version: next.number(), ..held };
                store::update_account_role(unit.connection().await?, &new).await?;
                let fact = AccountRoleChanged {
                    account_role_id: held.id,
                    account_id: held.account_id,
                    person_id: held.person_id,
                    role,
                    previous_role: held.role,
                };
                unit.record(held.id.uuid(), next, &fact)?;
            }
        }
    }
    let conn = unit.connection().await?;
    let inserted = match store::insert_accounts(conn, &accounts, now).await {
        Ok(()) => store::insert_account_roles(conn, &roles, now).await,
        Err(error) => Err(error),
    };
    inserted.map_err(|error| match error.as_database_error() {
        // Somebody made the same account or gave the same role since we looked.
        Some(cause) if cause.is_unique_violation() => AppendError::Conflict.into(),
        _ => Problem::from(error),
    })
}
