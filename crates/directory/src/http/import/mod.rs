//! POST /v1/accounts/import

mod report;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use eventstore::{AppendError, Unit};
use serde::Deserialize;
use service::http::Query;
use service::http::extract::refused_body;
use service::{Attempt, Problem};
use utoipa::IntoParams;

use self::report::{ImportRefused, ImportReport};
use crate::import::{Change, emails, external_ids, parse, plan};
use crate::{Directory, store};

/// Whether to apply the file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ImportQuery {
    /// Only report what the import would do.
    #[serde(default)]
    dry_run: bool,
}

/// Import accounts and the roles on them
///
/// A CSV file (RFC 4180, UTF-8) whose first line is `account_name,kind,service,external_id,email,role`.
/// Every other line names an account, and with `email` and `role` the role of a registered person on
/// it. An account with the line's `external_id` is used again, so a file can be imported any number
/// of times. Rows of commas only, and empty columns at the right, are left out. The whole file is applied, or, if any line is wrong, nothing of it. A dry run applies
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
        (status = 401, description = "No valid API token or session.", body = Problem),
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
pub(in crate::http) async fn import(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let permit = attempt.permit_operator("account.import").await?;
    let body = body.map_err(refused_body)?;
    if !is_csv(&headers) {
        let detail = "The body must be of type text/csv.";
        return Err(Problem::unsupported_media_type("unsupported-media-type", detail));
    }
    let (env, catalogue) = (&directory.resources.env, &directory.resources.catalogue);
    let lines = parse(&body, directory.settings.import_max_lines, catalogue)
        .map_err(|error| Problem::unprocessable("unreadable-file", format!("{error}.")))?;

    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    store::import::lock(conn).await?;
    let known = store::import::known(conn, &external_ids(&lines), &emails(&lines)).await?;
    let now = env.now();
    let plan = plan(lines, &known, env, now);
    if plan.has_errors() {
        let report = ImportReport::of(plan.report, query.dry_run, false);
        return Ok(ImportRefused::from(report).into_response());
    }
    // Of a dry run the unit is dropped, which rolls back, and with it goes the lock.
    if !query.dry_run && !plan.changes.is_empty() {
        apply(&mut unit, plan.changes, now).await?;
        unit.commit().await?;
    }
    Ok(Json(ImportReport::of(plan.report, query.dry_run, !query.dry_run)).into_response())
}

fn is_csv(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/csv"))
}

/// So many events are written by one statement.
const EVENTS_AT_A_TIME: usize = 1_000;

/// Makes the changes: new rows in one statement a table, because files are long.
async fn apply(
    unit: &mut Unit<'_>,
    changes: Vec<Change>,
    now: DateTime<Utc>,
) -> Result<(), AppendError> {
    let (mut accounts, mut roles) = (Vec::new(), Vec::new());
    for (number, change) in changes.into_iter().enumerate() {
        if number % EVENTS_AT_A_TIME == EVENTS_AT_A_TIME - 1 {
            unit.write_recorded().await?;
        }
        match change {
            Change::AccountCreated(account, fact) => {
                unit.record(account.id.uuid(), account.version, &fact)?;
                accounts.push(account);
            }
            Change::AccountRenamed(account, fact) => {
                store::accounts::save(unit.connection().await?, &account).await?;
                unit.record(account.id.uuid(), account.version, &fact)?;
            }
            Change::RoleGranted(held, fact) => {
                unit.record(held.id.uuid(), held.version, &fact)?;
                roles.push(held);
            }
            Change::RoleChanged(held, fact) => {
                store::account_roles::save(unit.connection().await?, &held).await?;
                unit.record(held.id.uuid(), held.version, &fact)?;
            }
        }
    }
    let conn = unit.connection().await?;
    if store::import::insert(conn, &accounts, &roles, now).await? {
        Ok(())
    } else {
        Err(AppendError::Conflict)
    }
}
