//! `GET /v1/events`

use std::sync::Arc;

use axum::extract::{OriginalUri, RawQuery, State};
use axum::http::HeaderName;
use axum::response::Response;
use contract::{AccountId, OrganizationId};
use service::http::{Page, decode_cursor, encode_cursor};
use service::{Attempt, Denied, Problem};

use super::item::Item;
use super::window;
use crate::Audit;
use crate::plan::Plan;
use crate::policy::{self, Asking, Scope};
use crate::query::{InvalidParameter, Order, Query};
use crate::store::{entries, heads, pages};

/// The size of the log when the page was read.
const LOG_SIZE: HeaderName = HeaderName::from_static("x-mandate-log-size");

/// Read the log
///
/// Answers the events that meet all conditions, in pages by position. Members see the events of
/// their organizations; holders of a role on an account see that account's, when they ask for it.
///
/// A page is complete: nothing is ever recorded before a position that was given out. Where
/// conditions match few of many events, a page may have fewer items than asked for, even none, and
/// still a `next_cursor`: go on until there is none. So it is for members of more than 50 organizations who
/// name none.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "listEvents",
    tag = "events",
    security(("api_token" = [])),
    params(
        ("type" = Option<Vec<String>>, Query, style = Form, explode = true,
            description = "Of these types; several by repetition or commas; `mandate.app.*` for all that begin so.",
            example = json!(["mandate.app.*", "mandate.consent.granted.v1"])),
        ("organization_id" = Option<uuid::Uuid>, Query, description = "On behalf of this organization."),
        ("app_id" = Option<uuid::Uuid>, Query, description = "Concerning this app."),
        ("account_id" = Option<uuid::Uuid>, Query, description = "Concerning this account."),
        ("actor" = Option<String>, Query,
            description = "Caused by: `user/<id>`, `app/<id>`, `system/<service>` or `anonymous`."),
        ("stream" = Option<String>, Query, description = "Of this stream: `<aggregate>/<id>`, such as an event's `subject`."),
        ("from" = Option<chrono::DateTime<chrono::Utc>>, Query, description = "Not before this time (RFC 3339)."),
        ("to" = Option<chrono::DateTime<chrono::Utc>>, Query, description = "Before this time (RFC 3339)."),
        ("order" = Option<String>, Query, description = "`desc`, newest first (the default), or `asc`."),
        ("limit" = Option<u16>, Query, description = "At most so many items: 1 to 200, by default 50."),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before.")
    ),
    responses(
        (status = 200, description = "A page of the log", body = Page<Item>, headers(
            ("Link" = String, description = "The next page, as `rel=\"next\"`"),
            ("x-mandate-log-size" = i64, description = "The size of the log when the page was read: the page \
                lacks nothing up to this position")
        )),
        (status = 401, body = Problem, description = "No valid API token"),
        (status = 403, body = Problem, description = "Nothing in the log is the caller's business"),
        (status = 404, body = Problem, description = "No such organization or account, or none of the caller's business"),
        (status = 422, body = Problem, description = "Parameters are wrong; `errors` names them")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["operator", "owner", "developer", "auditor", "account:admin", "account:business_manager", "account:technical_manager", "account:analyst", "account:viewer"])),
    ),
)]
pub(super) async fn list(
    State(audit): State<Arc<Audit>>,
    attempt: Attempt,
    RawQuery(query): RawQuery,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let query = Query::parse(query.as_deref().unwrap_or_default()).map_err(invalid_request)?;
    let after = query.cursor.as_deref().map(decode_cursor::<i64>).transpose()?;
    let (organization, account) = (query.filter.organization, query.filter.account);
    let scope = policy::scope(asking(&audit, &attempt, organization, account).await?)
        .map_err(|denied| refusal(denied, organization))?;

    let mut conn = audit.resources.pool.acquire().await?;
    let size = heads::size(&mut conn).await?;
    let limit = if scope == Scope::Memberships { window::WINDOW } else { query.limit };
    let mut plan = Plan::new(query.filter, &scope, query.order, limit, size);
    if let Some(position) = after {
        plan.go_on_after(position);
    }
    let mut positions = pages::positions(&mut conn, plan).await?;
    if scope == Scope::Memberships {
        // Without the connection: another service is asked.
        drop(conn);
        positions = window::seen(&audit, &attempt, positions, query.limit).await?;
        conn = audit.resources.pool.acquire().await?;
    }
    let mut recorded = entries::at(&mut conn, &positions.found).await?;
    drop(conn);
    if query.order == Order::Descending {
        recorded.reverse();
    }
    let items = recorded
        .into_iter()
        .map(|entry| Item::of(entry, &attempt.caller))
        .collect::<Result<_, _>>()?;
    let next_cursor = positions.next.map(|position| encode_cursor(&position)).transpose()?;
    let mut response = Page { items, next_cursor }.into_response_for(&uri);
    response.headers_mut().insert(LOG_SIZE, size.into());
    Ok(response)
}

/// What the caller has to do with what they ask for.
async fn asking(
    audit: &Audit,
    attempt: &Attempt,
    organization: Option<OrganizationId>,
    account: Option<AccountId>,
) -> Result<Asking, Problem> {
    let operator = attempt.caller.operator;
    let organization = match organization {
        Some(organization) => Some((organization, attempt.role_in(organization).await?)),
        None => None,
    };
    let account = match account {
        Some(account) => Some(!operator && audit.holds_role(attempt, account).await?),
        None => None,
    };
    Ok(Asking { operator, organization, account, organizations: attempt.organizations() })
}

fn invalid_request(invalid: Vec<InvalidParameter>) -> Problem {
    let problem =
        Problem::unprocessable("invalid-request", "Some parameters of the request are wrong.");
    invalid
        .into_iter()
        .fold(problem, |problem, parameter| problem.with_field(parameter.field, parameter.message))
}

fn refusal(denied: Denied, organization: Option<OrganizationId>) -> Problem {
    match denied {
        Denied::Hidden if organization.is_some() => Problem::no_such::<OrganizationId>(),
        Denied::Hidden => Problem::no_such::<AccountId>(),
        // Not recorded: it was aimed at nothing of anybody's.
        Denied::Role => Problem::forbidden(
            "role-not-allowed",
            "You are a member of no organization. Name an account on which you hold a role as account_id.",
        ),
    }
}
