//! The answers that operations have in common, added to their descriptions in one place: what the
//! layers around all handlers answer, and what the extractors that read requests do.

use std::mem;

use service::problem;
use utoipa::openapi::content::Content;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, Ref, RefOr, Response, ResponseBuilder};

use crate::parameters;

/// Where the schema of a problem is.
const PROBLEM: &str = "#/components/schemas/Problem";

/// The media type of forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// How errors are answered that the layers and extractors find.
#[derive(Clone, Copy)]
struct Errors {
    media_type: &'static str,
    schema: &'static str,
}

impl Errors {
    /// As problem details, but below `/oauth2/` as RFC 6749 says.
    fn at(path: &str) -> Self {
        if path.starts_with("/oauth2/") {
            Self { media_type: "application/json", schema: "#/components/schemas/OAuthError" }
        } else {
            Self { media_type: problem::CONTENT, schema: PROBLEM }
        }
    }
}

/// Completes the descriptions of all operations.
pub(crate) fn complete(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let PathItem { get, put, post, delete, patch, .. } = item;
        let changing = [put, post, delete, patch].map(|operation| (operation, true));
        for (operation, changes) in [(get, false)].into_iter().chain(changing) {
            let Some(operation) = operation else {
                continue;
            };
            name_problems(operation);
            add_missing(operation, changes, parameters::are_refused_at(path), Errors::at(path));
        }
    }
}

pub(crate) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// Every problem is answered as `application/problem+json` (RFC 9457 section 3).
fn name_problems(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else {
            continue;
        };
        for (media_type, content) in mem::take(&mut response.content) {
            let media_type =
                if is_problem(&content) { problem::CONTENT.to_owned() } else { media_type };
            response.content.insert(media_type, content);
        }
    }
}

fn is_problem(content: &RefOr<Content>) -> bool {
    match content {
        RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. }) => {
            schema.ref_location == PROBLEM
        }
        _ => false,
    }
}

fn add_missing(operation: &mut Operation, changes: bool, refuses_parameters: bool, errors: Errors) {
    let parameters = operation.parameters.iter().flatten();
    let mut is_repeatable = false;
    for parameter in parameters {
        if let RefOr::T(parameter) = parameter {
            is_repeatable |= parameter.name == "Idempotency-Key";
        }
    }
    let is_sent = operation.request_body.is_some();
    // The token endpoint reads its form itself.
    let has_body = match &operation.request_body {
        Some(RefOr::T(body)) => !body.content.contains_key(FORM),
        Some(RefOr::Ref(_)) => true,
        None => false,
    };
    let mut add = |needed: bool, status: u16, description: &str| {
        let responses = &mut operation.responses.responses;
        let status = status.to_string();
        // The layers answer these to every operation, whatever else it answers with them.
        let of_layers = status.starts_with('5');
        if needed && (of_layers || !responses.contains_key(&status)) {
            let new = || RefOr::T(Response::new(description));
            add_error(responses.entry(status).or_insert_with(new), errors);
        }
    };
    add(
        has_body,
        400,
        "The request cannot be read: a body that breaks off or is malformed, an unusable header.",
    );
    add(is_sent, 408, "The body did not come in time.");
    add(is_repeatable, 409, "A request with this Idempotency-Key is being carried out.");
    add(has_body, 413, "The body is larger than this operation takes.");
    add(has_body, 415, "The body is of a type that this operation does not take.");
    add(
        has_body || refuses_parameters,
        422,
        "The request can be read and is wrong: `errors` names fields and parameters, the unknown ones too.",
    );
    add(
        changes,
        429,
        "The caller changes more than they may in a minute: repeat it after `Retry-After`.",
    );
    add(true, 500, "Our mistake, logged under `x-request-id`.");
    add(
        true,
        503,
        "Something the answer needs does not respond, or there are too many requests at a time: \
         repeat it after `Retry-After`.",
    );
}

/// Adds an error to what a response may be, unless it is of that media type already.
fn add_error(response: &mut RefOr<Response>, errors: Errors) {
    let RefOr::T(response) = response else {
        return;
    };
    if !response.content.contains_key(errors.media_type) {
        let made = ResponseBuilder::from(mem::take(response))
            .content(errors.media_type, Content::new(Some(Ref::new(errors.schema))))
            .build();
        *response = made;
    }
}
