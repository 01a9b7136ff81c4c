//! GET /v1/mails

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use contract::{EventId, MailId};
use serde::{Deserialize, Serialize};
use service::http::{Page, PageQuery, Query};
use service::{Attempt, Problem};
use utoipa::ToSchema;

use crate::language::Language;
use crate::mailing::render::Rendered;
use crate::store::mails::{Listed, MailState};
use crate::{Directory, store};

/// Which mails.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ListMails {
    /// Only those in this state.
    #[serde(default)]
    state: Option<MailState>,
    #[serde(flatten)]
    page: PageQuery,
}

/// A mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mail)]
pub(in crate::http) struct MailAnswer {
    /// Its id, which is in its `Message-ID`.
    id: MailId,
    /// The event that asks for it.
    event_id: EventId,
    /// What it says.
    #[schema(example = "confirm_contact")]
    template: String,
    /// To whom.
    recipient: String,
    /// In which language.
    language: Language,
    /// When it was asked for.
    created_at: DateTime<Utc>,
    /// How often it was tried.
    attempts: i32,
    /// When it is tried next; null once it was sent or abandoned.
    next_attempt_at: Option<DateTime<Utc>>,
    /// When the mail server took it.
    sent_at: Option<DateTime<Utc>>,
    /// When it was given up.
    abandoned_at: Option<DateTime<Utc>>,
    /// What went wrong last: how far the try came, and what the mail server answered with.
    #[schema(example = "recipient 550")]
    last_error: Option<String>,
    /// The mail itself, where mails are kept in memory in place of being sent.
    content: Option<MailContent>,
}

/// A mail as it is read.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct MailContent {
    /// What stands above it.
    subject: String,
    /// As text.
    text: String,
    /// As HTML.
    html: String,
}

/// The link in it is a secret.
impl std::fmt::Debug for MailContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailContent(…)")
    }
}

/// List mails
///
/// Those that are to be sent, were sent, or were abandoned in the last 30 days, the last first. Where there is no
/// mail server, `mandate up` keeps the last hundred mails in memory, and shows them here.
#[utoipa::path(
    get,
    path = "/v1/mails",
    operation_id = "listMails",
    tag = "mails",
    params(
        ("state" = inline(Option<MailState>), Query, description = "Only those that wait, or that were abandoned."),
        PageQuery
    ),
    responses(
        (status = 200, description = "A page.", body = Page<MailAnswer>),
        (status = 401, description = "No valid API token or session.", body = Problem),
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
    Query(query): Query<ListMails>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let _permit = attempt.permit_operator("mail.list").await?;
    let (before, rows) = (query.page.after()?, query.page.rows());
    let mut conn = directory.resources.pool.acquire().await?;
    let mails = store::mails::list(&mut conn, query.state, before, rows).await?;
    let page = Page::of_rows(mails, &query.page, |mail| mail.id)?;
    let memory = directory.mail_memory.as_deref();
    let answer = page.map(|mail| {
        let content = memory.and_then(|memory| memory.find(mail.id));
        MailAnswer::of(mail, content)
    });
    Ok(answer.into_response_for(&uri))
}

impl MailAnswer {
    fn of(mail: Listed, content: Option<Rendered>) -> Self {
        let waits = mail.sent_at.is_none() && mail.abandoned_at.is_none();
        Self {
            id: mail.id,
            event_id: mail.event,
            template: mail.template,
            recipient: mail.recipient,
            language: mail.language,
            created_at: mail.created_at,
            attempts: mail.attempts,
            next_attempt_at: waits.then_some(mail.next_attempt_at),
            sent_at: mail.sent_at,
            abandoned_at: mail.abandoned_at,
            last_error: mail.last_error,
            content: content.map(|Rendered { subject, text, html }| MailContent {
                subject,
                text,
                html,
            }),
        }
    }
}
