//! GET /v1/people

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use serde::Deserialize;
use service::http::page::MAX_LIMIT;
use service::http::{Page, PageQuery, Query};
use service::{Attempt, Fault, FaultCode, Problem};
use utoipa::IntoParams;

use super::PersonAnswer;
use crate::person::NAME_CHARS;
use crate::store::found_people::Wanted;
use crate::{Directory, store};

/// Whom to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ListPeople {
    /// Only those whose email begins so.
    #[param(max_length = 254)]
    email: Option<String>,
    /// Only those whose name begins so. Not together with `email`.
    #[param(max_length = 200)]
    name: Option<String>,
    /// At most so many entries.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The most characters of the beginning of an email.
const EMAIL_CHARS: usize = 254;

/// List people, or look for some
///
/// In the order of their registration; those whose email or whose name begins in a certain way, in upper or lower
/// case, in the order of emails or names. Deactivated ones are among them.
#[utoipa::path(
    get,
    path = "/v1/people",
    operation_id = "listPeople",
    tag = "people",
    params(ListPeople),
    responses(
        (status = 200, description = "A page.", body = Page<PersonAnswer>),
        (status = 401, description = "No valid token.", body = Problem),
        (status = 403, description = "The caller is no operator.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(in crate::http) async fn list(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Query(query): Query<ListPeople>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let _permit = attempt.permit_operator("person.list").await?;
    let email = query.email.as_deref().map(|text| beginning("email", text, EMAIL_CHARS));
    let name = query.name.as_deref().map(|text| beginning("name", text, NAME_CHARS));
    let (email, name) = (email.transpose()?, name.transpose()?);
    let wanted = match (&email, &name) {
        (None, None) => Wanted::Everybody,
        (Some(email), None) => Wanted::ByEmail(email),
        (None, Some(name)) => Wanted::ByName(name),
        (Some(_), Some(_)) => {
            let fault = Fault::new(FaultCode::NotAllowed, "give either email or name");
            return Err(Problem::invalid_field("name", fault));
        }
    };
    if query.limit.is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit)) {
        return Err(Problem::invalid_field("limit", Fault::out_of_range(1, MAX_LIMIT.into())));
    }
    // Not flattened into the query: unknown parameters would be let through.
    let page = PageQuery { limit: query.limit, cursor: query.cursor };
    let after = page.after()?;
    let mut conn = directory.resources.pool.acquire().await?;
    let rows = store::found_people::page(&mut conn, wanted, after, page.rows()).await?;
    let page = Page::of_rows(rows, &page, |person| person.id)?;
    Ok(page.map(PersonAnswer::from).into_response_for(&uri))
}

/// The beginning of an email or a name, as they are compared.
fn beginning(field: &'static str, text: &str, most: usize) -> Result<String, Problem> {
    let text = text.trim_start().to_lowercase();
    if text.is_empty() || text.chars().count() > most {
        let fault = Fault::new(FaultCode::OutOfRange, format!("has 1 to {most} characters"));
        return Err(Problem::invalid_field(field, fault.with("min", 1).with("max", most)));
    }
    Ok(text)
}
