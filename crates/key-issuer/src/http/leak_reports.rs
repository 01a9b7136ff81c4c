//! `POST /v1/leak-reports`

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use contract::facts::KeyLeakDetails;
use contract::rpc::{EndLeaked, LeakedToken};
use contract::secret::{BearerToken, SecretHash};
use contract::text::{UnfitText, line};
use serde::Deserialize;
use service::http::JsonList;
use service::{Fault, Problem, RequestFacts};
use tokio::time::{Instant, sleep_until};
use utoipa::ToSchema;

use crate::KeyIssuer;
use crate::leaks::{self, FoundSecret};

/// At most so many secrets in a report.
const MOST: usize = 100;
/// What else is said of a secret has at most so many characters: where it was found, and in what kind of place.
const URL_CHARS: usize = 2048;
const SOURCE_CHARS: usize = 100;

/// No report is answered sooner, so that the time does not tell whether a secret is somebody's.
const ANSWERED_AFTER: Duration = Duration::from_millis(250);

/// A secret that was found where it should not be.
#[derive(Deserialize, ToSchema)]
#[schema(as = FoundSecret)]
pub(super) struct Report {
    /// The secret: a key's, an API token or a session's token.
    #[schema(max_length = 512, example = "mandate_cs_…")]
    token: String,
    /// Where it was found.
    #[serde(default)]
    #[schema(
        max_length = 2048,
        example = "https://github.example/owner/name/blob/0123abc/config.py"
    )]
    url: Option<String>,
    /// In what kind of place it was found.
    #[serde(default)]
    #[schema(max_length = 100, example = "commit")]
    source: Option<String>,
}

/// Report leaked secrets
///
/// For anybody who has found secrets where they should not be, in the form in which secret-scanning partners send them: a
/// list of at most 100. The keys, API tokens and sessions that they belong to end at once, and the organizations of keys
/// get mail that says so. The answer is the same, after the same time, whether or not a secret is somebody's; fields that
/// are not named here are passed over.
#[utoipa::path(
    post,
    path = "/v1/leak-reports",
    operation_id = "reportLeaks",
    tag = "keys",
    request_body = Vec<Report>,
    responses(
        (status = 202, description = "What the secrets belong to has ended."),
        (status = 422, body = Problem, description = "Fields are wrong; `errors` names them"),
        (status = 429, body = Problem, description = "Too many reports came from there",
            headers(("Retry-After" = u64, description = "Seconds to wait."))),
        (status = 503, body = Problem, description = "It is not known whether all have ended: report them again")
    ),
    extensions(
        ("x-mandate-events" = json!([{"event": "key.leaked", "per": "key that works"}, {"event": "key.deleted", "per": "key that works"}, {"event": "api-token.revoked", "per": "API token that ends"}, {"event": "session.ended", "per": "live session"}])),
        ("x-mandate-follows" = json!([{"event": "mail.sent", "per": "key that works"}])),
        ("x-mandate-roles" = json!(["anyone"])),
    ),
)]
pub(super) async fn report(
    State(issuer): State<Arc<KeyIssuer>>,
    facts: RequestFacts,
    JsonList(reports): JsonList<Report>,
) -> Result<StatusCode, Problem> {
    let answer_at = Instant::now() + ANSWERED_AFTER;
    issuer
        .resources
        .limits
        .leak_report(&facts)
        .map_err(|limited| limited.problem("Too many reports came from there."))?;
    let found = read(&reports)?;
    // Whoever hangs up does not keep it from being done.
    let ending = tokio::spawn(async move { end(&issuer, &facts, found).await });
    sleep_until(answer_at).await;
    ending.await.map_err(Problem::internal)??;
    Ok(StatusCode::ACCEPTED)
}

/// What was found: secrets of keys, and tokens of people.
struct Found {
    secrets: Vec<FoundSecret>,
    tokens: Vec<LeakedToken>,
}

async fn end(issuer: &KeyIssuer, facts: &RequestFacts, found: Found) -> Result<(), Problem> {
    leaks::end(issuer, facts, &found.secrets).await?;
    if !found.tokens.is_empty() {
        issuer.resources.rpc.call(facts, &EndLeaked { tokens: found.tokens }).await?;
    }
    Ok(())
}

fn read(reports: &[Report]) -> Result<Found, Problem> {
    if !(1..=MOST).contains(&reports.len()) {
        let fault = if reports.is_empty() { Fault::required() } else { Fault::too_many(MOST) };
        return Err(Problem::invalid_field("body", fault));
    }
    let mut found = Found { secrets: Vec::new(), tokens: Vec::new() };
    for (place, report) in reports.iter().enumerate() {
        let details = KeyLeakDetails {
            url: text(place, "url", report.url.as_deref(), URL_CHARS)?,
            source: text(place, "source", report.source.as_deref(), SOURCE_CHARS)?,
        };
        match BearerToken::parse(&report.token) {
            Ok(token) => found.tokens.push(LeakedToken {
                kind: token.kind(),
                token_sha256: hex::encode(token.hash().0),
            }),
            // Whatever else it is, it is looked for among the keys.
            Err(_) => {
                found.secrets.push(FoundSecret { hash: SecretHash::of(&report.token), details });
            }
        }
    }
    Ok(found)
}

/// Text that stands on one line; none if there is nothing in it.
fn text(
    place: usize,
    field: &str,
    text: Option<&str>,
    most: usize,
) -> Result<Option<String>, Problem> {
    match text.map(|text| line(text, most)) {
        None | Some(Err(UnfitText::Empty)) => Ok(None),
        Some(Ok(text)) => Ok(Some(text.to_owned())),
        Some(Err(unfit)) => Err(Problem::invalid_field(format!("[{place}].{field}"), unfit)),
    }
}
