//! Mails that other services ask for: taking the question, and looking up what such a mail tells.

use std::time::Duration;

use chrono::{DateTime, Utc};
use contract::mail::{MailRecipient, MailRequest, RequestedMail};
use contract::rpc::{
    AddLinkToken, AskedIds, MailsTaken, NameApps, NamedApp, RequestMails, ServiceRequest,
    UsableLink,
};
use contract::secret::LinkToken;
use contract::{AppId, LinkId, OrganizationId, PassOnId};
use service::{CallContext, Resources, RpcRefusal};
use sqlx::PgConnection;
use tokio::time::timeout;

use crate::fields::Email;
use crate::language::Language;
use crate::mail::{Mail, Template};
use crate::mailing::content::Content;
use crate::store;
use crate::store::mails::Asked;

/// As long as an organization's contact is not confirmed, so many of its owners are written to.
const MOST_OWNERS: i64 = 20;

/// So long another service may take to say what something is called. The mail's row is held meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why it is not known what a mail tells.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    /// Another service does not answer at the moment.
    #[error("another service does not answer")]
    Later,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Takes mails that another service asks for: all of them, or none.
pub(crate) async fn take(
    resources: &Resources,
    question: &RequestMails,
) -> Result<MailsTaken, RpcRefusal> {
    if question.mails.len() > RequestMails::MOST {
        return Err(RpcRefusal::new(400, "too-many-mails", "Too many mails in one question."));
    }
    let mut transaction = resources.pool.begin().await?;
    let mut new = 0;
    for asked in &question.mails {
        if take_one(resources, &mut transaction, asked).await? {
            new += 1;
        }
    }
    transaction.commit().await?;
    Ok(MailsTaken { new })
}

/// Whether it was not taken before. Where there is nobody to write to any more, nothing is written.
async fn take_one(
    resources: &Resources,
    connection: &mut PgConnection,
    asked: &RequestedMail,
) -> sqlx::Result<bool> {
    let env = &resources.env;
    let recipient = match asked.recipient {
        MailRecipient::Person(person) => person.uuid(),
        MailRecipient::Contact(organization) => organization.uuid(),
    };
    let (event, now) = (asked.event_id, env.now());
    if !store::mail_requests::take(connection, event, recipient, now).await? {
        return Ok(false);
    }
    for (recipient, language) in addresses(connection, asked.recipient).await? {
        let of = Asked {
            id: env.new_id(),
            event,
            organization: asked.organization_id,
            correlation: asked.correlation_id,
            now,
        };
        let mail = Mail { template: Template::Requested(asked.mail), recipient, language };
        store::mails::insert(connection, &of, &mail).await?;
    }
    Ok(true)
}

async fn addresses(
    connection: &mut PgConnection,
    recipient: MailRecipient,
) -> sqlx::Result<Vec<(Email, Language)>> {
    match recipient {
        MailRecipient::Person(person) => {
            let person = store::people::find(connection, person).await?;
            let person = person.filter(|person| person.deactivated_at.is_none());
            Ok(person.into_iter().map(|person| (person.email, person.language)).collect())
        }
        MailRecipient::Contact(id) => {
            let Some(organization) = store::organizations::find(connection, id).await? else {
                return Ok(Vec::new());
            };
            if organization.confirmed_at.is_some() {
                let profile = organization.profile;
                return Ok(vec![(profile.contact_email, profile.language)]);
            }
            store::mail_requests::owners(connection, id, MOST_OWNERS).await
        }
    }
}

/// What a mail that was asked for tells at this time; nothing, if what it is about has ended.
///
/// # Errors
/// See [`LookupError`].
pub(crate) async fn find_content(
    resources: &Resources,
    request: MailRequest,
    now: DateTime<Utc>,
) -> Result<Option<Content>, LookupError> {
    let (app_id, until) = match request {
        MailRequest::ConsentExpiring { app_id, expires_at, .. }
        | MailRequest::KeyExpiring { app_id, expires_at, .. } => (app_id, Some(expires_at)),
        MailRequest::KeyLeaked { app_id, .. } | MailRequest::ConsentPassedOn { app_id, .. } => {
            (app_id, None)
        }
    };
    if until.is_some_and(|until| until <= now) {
        return Ok(None);
    }
    let Some(NamedApp { name: app, organization_id, .. }) = find_app(resources, app_id).await?
    else {
        return Ok(None);
    };
    let mut connection = resources.pool.acquire().await?;
    match request {
        MailRequest::ConsentExpiring { account_id, expires_at: until, .. } => {
            let account = store::accounts::names(&mut connection, &[account_id]).await?.pop();
            let organization = organization_name(&mut connection, organization_id).await?;
            let named = organization.zip(account.map(|account| account.name));
            Ok(named.map(|(organization, account)| Content::ConsentExpiring {
                organization,
                app,
                account,
                until,
            }))
        }
        MailRequest::KeyExpiring { key_id, expires_at: until, .. } => {
            Ok(Some(Content::KeyExpiring { app, client_id: key_id.client_id(), until }))
        }
        MailRequest::KeyLeaked { key_id, .. } => {
            Ok(Some(Content::KeyLeaked { app, client_id: key_id.client_id() }))
        }
        MailRequest::ConsentPassedOn { by, .. } => {
            let by = store::people::names(&mut connection, &[by]).await?.pop();
            let organization = organization_name(&mut connection, organization_id).await?;
            let named = organization.zip(by.map(|by| by.name));
            Ok(named.map(|(organization, by)| Content::ConsentPassedOn { by, organization, app }))
        }
    }
}

/// The URL by which whoever gets the mail comes to a consent link that was passed on; none, if that cannot be used any
/// more. Each try has a token of its own, of which the consent broker knows before the mail is sent.
///
/// # Errors
/// See [`LookupError`].
pub(crate) async fn consent_url(
    resources: &Resources,
    link_id: LinkId,
    pass_on_id: PassOnId,
) -> Result<Option<String>, LookupError> {
    let token = LinkToken::generate(&resources.env);
    let token_sha256 = hex::encode(token.hash().0);
    let question = AddLinkToken { link_id, pass_on_id, token_sha256 };
    let link = ask(resources, &question).await?;
    // Crash point: the token leads to the link, and nobody has it. The next try makes another.
    Ok(link.map(|link: UsableLink| link.url_prefix + token.reveal()))
}

async fn find_app(resources: &Resources, app: AppId) -> Result<Option<NamedApp>, LookupError> {
    let named = ask(resources, &NameApps { app_ids: AskedIds::one(app) }).await;
    named.map(|mut named| named.pop())
}

async fn ask<R: ServiceRequest>(
    resources: &Resources,
    question: &R,
) -> Result<R::Reply, LookupError> {
    let asked = resources.rpc.call(CallContext::new(&resources.env), question);
    match timeout(PATIENCE, asked).await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(error)) => {
            tracing::info!(%error, "a mail waits for what another service knows");
            Err(LookupError::Later)
        }
        Err(_) => Err(LookupError::Later),
    }
}

async fn organization_name(
    connection: &mut PgConnection,
    id: OrganizationId,
) -> sqlx::Result<Option<String>> {
    let found = store::organizations::find(connection, id).await?;
    Ok(found.map(|organization| organization.profile.name))
}
