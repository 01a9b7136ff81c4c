//! `GET /v1/events`

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::http::header::LINK;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use contract::{AccountId, OrganizationId};
use serde::Serialize;
use service::http::{decode_cursor, encode_cursor, next_link};
use service::{Attempt, Denied, Fault, FaultCode, Problem};
use utoipa::ToSchema;

use super::item::Item;
use super::window;
use crate::Audit;
use crate::plan::Plan;
use crate::policy::{self, Asking, Scope};
use crate::query::{InvalidParameter, Order, Query};
use crate::store::{entries, heads, pages};

/// The size of the log when the page was read.
const LOG_SIZE: HeaderName = HeaderName::from_static("x-mandate-log-size");
/// When its last entry had been recorded then.
const LOG_RECORDED_AT: HeaderName = HeaderName::from_static("x-mandate-log-recorded-at");

/// A page of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogPage)]
pub(super) struct LogPage {
    /// The events, in the order of positions that was asked for.
    items: Vec<Item>,
    /// Where the next page begins; null on the last page.
    next_cursor: Option<String>,
    /// Null when the page is full, and on the last page. Else only so much of the log was read, up to this
    /// position and with it: nothing up to there is missing.
    searched_to: Option<i64>,
    /// The highest position that this page deals with, also if it is empty: `after` it is what this page and those
    /// before it do not have.
    #[schema(minimum = 0)]
    last_position: i64,
}

/// Read the log
///
/// Answers the events that meet all conditions, in pages by position. Members see the events of
/// their organizations; holders of a role on an account see that account's, when they ask for it.
///
/// A page is complete: nothing is ever recorded before a position that was given out. Each condition alone
/// makes full pages, and so do these together: `organization_id` with `type`, `app_id`, `account_id` or
/// `actor`; `app_id` or `account_id` with `type`, and `organization_id` beside them; each with `from` and `to`.
/// Any other combination reads a bounded number of entries a page: it may have fewer items than asked for, even
/// none; so it is for members of more than 50 organizations who name none. It then says in `searched_to` up to which position it has looked, and `next_cursor` goes on from there.
///
/// To follow the log, ask with `after` for what comes after a position, and again with the answer's `last_position`:
/// every page has one, also the last and an empty one. Following it by time misses what is recorded late.
///
/// `from` and `to` are times of recording. A range of them that ends at `x-mandate-log-recorded-at` or before
/// never changes its answer.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "listEvents",
    tag = "events",
    security(("api_token" = [])),
    params(
        ("type" = Option<Vec<String>>, Query, style = Form, explode = true,
            description = "Of these types; several by repetition or commas; `mandate.app.*` for all that begin so. \
                What there is none of is refused.",
            example = json!(["mandate.app.*", "mandate.consent.granted.v1"])),
        ("organization_id" = Option<uuid::Uuid>, Query, description = "On behalf of this organization."),
        ("app_id" = Option<uuid::Uuid>, Query, description = "Concerning this app."),
        ("account_id" = Option<uuid::Uuid>, Query, description = "Concerning this account."),
        ("actor" = Option<String>, Query,
            description = "Caused by: `user/<id>`, `app/<id>`, `system/<service>` or `anonymous`."),
        ("stream" = Option<String>, Query, description = "Of this stream: `<aggregate>/<id>`, such as an event's `subject`."),
        ("from" = Option<chrono::DateTime<chrono::Utc>>, Query, description = "Recorded not before this time (RFC 3339)."),
        ("to" = Option<chrono::DateTime<chrono::Utc>>, Query, description = "Recorded before this time (RFC 3339)."),
        ("occurred_from" = Option<chrono::DateTime<chrono::Utc>>, Query,
            description = "With a `time` not before this one (RFC 3339). Events that happened before are still recorded."),
        ("occurred_to" = Option<chrono::DateTime<chrono::Utc>>, Query,
            description = "With a `time` before this one (RFC 3339). Events that happened before are still recorded."),
        ("order" = Option<String>, Query, description = "`desc`, newest first (the default), or `asc`, the default beside `after`, where there is no other."),
        ("limit" = Option<u16>, Query, description = "At most so many items: 1 to 200, by default 50."),
        ("after" = Option<i64>, Query,
            description = "Recorded after this position, the oldest first: the `last_position` of an answer, or 0 for the beginning."),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before.")
    ),
    responses(
        (status = 200, description = "A page of the log", body = LogPage, headers(
            ("Link" = String, description = "The next page, as `rel=\"next\"`"),
            ("x-mandate-log-size" = i64, description = "The size of the log when the page was read: the page \
                lacks nothing up to this position"),
            ("x-mandate-log-recorded-at" = chrono::DateTime<chrono::Utc>, description = "When the last of these \
                entries was recorded: none is recorded before that any more")
        )),
        (status = 401, body = Problem, description = "No valid API token or session"),
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
    let cursor = query.cursor.as_deref().map(decode_cursor::<i64>).transpose()?;
    let (organization, account) = (query.filter.organization, query.filter.account);
    let scope = policy::scope(asking(&audit, &attempt, organization, account).await?)
        .map_err(|denied| refusal(denied, organization))?;

    let mut conn = audit.resources.pool.acquire().await?;
    let head = heads::log_head(&mut conn).await?;
    let after = query.after.map(|position| within(position, head.size)).transpose()?;
    let limit = if scope == Scope::Memberships { window::WINDOW } else { query.limit };
    let mut plan = Plan::new(query.filter, &scope, query.order, limit, head.size);
    for position in [after, cursor].into_iter().flatten() {
        plan.go_on_after(position);
    }
    let newest = plan.below - 1;
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
    let link = next_cursor.as_deref().and_then(|cursor| next_link(&uri, cursor));
    let page = LogPage {
        items,
        next_cursor,
        searched_to: positions.searched_to,
        last_position: positions.last(query.order, newest),
    };
    let mut response = Json(page).into_response();
    let headers = response.headers_mut();
    headers.extend(link.map(|link| (LINK, link)));
    headers.insert(LOG_SIZE, head.size.into());
    let recorded_at = head.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true);
    headers.insert(LOG_RECORDED_AT, HeaderValue::try_from(recorded_at).map_err(Problem::internal)?);
    Ok(response)
}

/// What the caller has to do with what they ask for.
async fn asking(
    audit: &Audit,
    attempt: &Attempt,
    organization: Option<OrganizationId>,
    account: Option<AccountId>,
) -> Result<Asking, Problem> {
    let whole_log = attempt.caller.reads_whole_log();
    let organization = match organization {
        Some(organization) => Some((organization, attempt.role_in(organization).await?)),
        None => None,
    };
    let account = match account {
        Some(account) => Some(!whole_log && audit.holds_role(attempt, account).await?),
        None => None,
    };
    Ok(Asking { whole_log, organization, account, organizations: attempt.organizations() })
}

/// A position to go on from. One beyond the end was given out by another log, or by this one before it was restored
/// from a backup: whoever waited there would miss all that is recorded until then.
fn within(position: i64, size: i64) -> Result<i64, Problem> {
    if position <= size {
        return Ok(position);
    }
    let message = format!("is beyond the end of the log, which is {size}");
    let fault = Fault::new(FaultCode::OutOfRange, message).with("min", 0).with("max", size);
    Err(Problem::invalid_field("after", fault))
}

fn invalid_request(invalid: Vec<InvalidParameter>) -> Problem {
    let problem =
        Problem::unprocessable("invalid-request", "Some parameters of the request are wrong.");
    invalid
        .into_iter()
        .fold(problem, |problem, parameter| problem.with_field(parameter.field, parameter.fault))
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
