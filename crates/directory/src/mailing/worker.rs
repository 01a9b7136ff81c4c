//! Sends mails: one at a time, however many workers there are, in however many processes.
//!
//! A worker holds the mail's row over the dialogue with the server, so that nobody else sends it meanwhile. It is
//! sent again only if the process died, or the database, between the server's answer and the commit that notes it. If
//! there is nothing to tell any more by then, it is noted as abandoned, although it came.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use contract::facts::{MailAbandoned, MailAbandonment, MailSent, MailTemplate};
use contract::mail::MailRequest;
use contract::secret::MailToken;
use contract::{Provenance, Service, Version};
use eventstore::AppendError;
use service::Resources;
use sqlx::PgConnection;
use tokio::time::Instant;

use crate::mail::Template;
use crate::mailing::content::Content;
use crate::mailing::failure::{Failure, Step};
use crate::mailing::memory::Memory;
use crate::mailing::render::{Rendered, message, render};
use crate::mailing::requests::{self, LookupError};
use crate::mailing::schedule::{self, Next};
use crate::mailing::smtp::{Smtp, Taken};
use crate::store;
use crate::store::mails::{Due, Outcome};

/// A worker takes one mail after the other for so long, and then has another turn.
const TURN: Duration = Duration::from_secs(15);

/// When a mail is looked at again that this version of the program does not know.
const LATER: TimeDelta = TimeDelta::hours(1);

/// So much longer than a try takes, the transaction around it may be idle.
const IDLE_MARGIN: Duration = Duration::from_secs(10);

/// Where mails go.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// To a mail server.
    Smtp(Box<Smtp>),
    /// Into the memory of this process.
    Memory(Arc<Memory>),
}

/// What mails are sent with.
#[derive(Debug)]
pub(crate) struct Worker {
    /// The directory's.
    pub(crate) resources: Resources,
    /// Where to.
    pub(crate) delivery: Delivery,
    /// Where links lead, without a slash at its end.
    pub(crate) base_url: String,
    /// What mails end with.
    pub(crate) closing: BTreeMap<String, String>,
    /// How long a try may take.
    pub(crate) patience: Duration,
    /// For how long a mail is tried.
    pub(crate) longest: TimeDelta,
}

/// What came of a try.
enum Tried {
    /// The mail is sent. The server is not told goodbye before this is noted.
    Sent(Option<Taken>),
    /// There is nothing to tell any more.
    Outdated,
    /// It was not taken.
    Failed(Failure),
}

impl Worker {
    /// Sends what is due.
    ///
    /// # Errors
    /// When the database fails. What was being sent may be sent again then.
    pub(crate) async fn turn(&self) -> Result<(), AppendError> {
        let began = Instant::now();
        while began.elapsed() < TURN && self.deliver_next().await? {}
        Ok(())
    }

    /// Tries a mail that is due; false if there is none.
    async fn deliver_next(&self) -> Result<bool, AppendError> {
        let Resources { pool, env, events, .. } = &self.resources;
        let mut transaction = pool.begin().await?;
        let idle = self.patience + IDLE_MARGIN;
        let Some(due) = store::mails::claim(&mut transaction, env.now(), idle).await? else {
            return Ok(false);
        };
        let Some(template) = due.template else {
            // A later version of the program has written it, and will send it.
            let (id, now) = (due.asked.id, env.now());
            let later = Outcome::Retried(now + LATER);
            store::mails::note(&mut transaction, id, later, Some("unknown"), now).await?;
            transaction.commit().await?;
            return Ok(true);
        };
        // Crash point: up to the answer of the server, the mail is due as before.
        let tried = self.send(&due, template).await?;
        // Crash point: the server has taken the mail, and nobody knows. It is sent again, under the same
        // Message-ID, by which mailboxes tell that they have it.
        let (id, now) = (due.asked.id, env.now());
        let attempts = due.attempts.unsigned_abs() + 1;
        let (outcome, error, abandoned) = self.decide(&due, &tried, attempts);
        store::mails::note(&mut transaction, id, outcome, error.as_deref(), now).await?;
        let end = (template.kind(), attempts, abandoned);
        if outcome == Outcome::Sent || abandoned.is_some() {
            self.record(&mut transaction, &due, end).await?;
        }
        transaction.commit().await?;
        events.wake_relays();
        if let Tried::Sent(Some(taken)) = tried {
            taken.end().await;
        }
        Ok(true)
    }

    /// Records that the mail has ended: it is sent, unless it was abandoned.
    async fn record(
        &self,
        transaction: &mut PgConnection,
        due: &Due,
        (template, attempts, abandoned): (MailTemplate, u32, Option<MailAbandonment>),
    ) -> Result<(), AppendError> {
        let asked = &due.asked;
        let mut provenance =
            Provenance::system(Service::Directory, asked.organization, asked.correlation);
        provenance.causation = Some(asked.event);
        let mut unit = self.resources.events.join(transaction, &provenance);
        let (stream, mail_id) = (asked.id.uuid(), asked.id);
        match abandoned {
            None => {
                unit.record(stream, Version::FIRST, &MailSent { mail_id, template, attempts })?
            }
            Some(because) => {
                let abandoned = MailAbandoned { mail_id, template, attempts, because };
                unit.record(stream, Version::FIRST, &abandoned)?
            }
        };
        unit.flush().await
    }

    fn decide(
        &self,
        due: &Due,
        tried: &Tried,
        attempts: u32,
    ) -> (Outcome, Option<String>, Option<MailAbandonment>) {
        let (id, env) = (due.asked.id, &self.resources.env);
        let failure = match tried {
            Tried::Sent(_) => return (Outcome::Sent, None, None),
            Tried::Outdated => {
                let because = MailAbandonment::Outdated;
                return (Outcome::Abandoned, Some("outdated".to_owned()), Some(because));
            }
            Tried::Failed(failure) => *failure,
        };
        let [random] = env.bytes::<1>();
        let created_at = due.asked.now;
        match schedule::after(failure, attempts, created_at, self.longest, random, env.now()) {
            Next::Retry(at) => {
                tracing::info!(mail = %id, attempts, %failure, "a mail was not taken and is tried again");
                (Outcome::Retried(at), Some(failure.to_string()), None)
            }
            Next::Abandon(because) => {
                tracing::warn!(mail = %id, attempts, %failure, "a mail is not tried any more");
                (Outcome::Abandoned, Some(failure.to_string()), Some(because))
            }
        }
    }

    async fn send(&self, due: &Due, template: Template) -> Result<Tried, AppendError> {
        let Resources { pool, env, .. } = &self.resources;
        let now = env.now();
        let content = match self.content(template, now).await {
            Ok(Some(content)) => content,
            Ok(None) => return Ok(Tried::Outdated),
            // It holds up no other mail.
            Err(LookupError::Later | LookupError::Database(sqlx::Error::Decode(_))) => {
                return Ok(Tried::Failed(Failure::of(Step::Render, None)));
            }
            Err(LookupError::Database(error)) => return Err(error.into()),
        };
        let mut link = None;
        if let Template::Requested(MailRequest::ConsentPassedOn { link_id, pass_on_id, .. }) =
            template
        {
            match requests::consent_url(&self.resources, link_id, pass_on_id).await {
                Ok(Some(url)) => link = Some(url),
                Ok(None) => return Ok(Tried::Outdated),
                Err(_) => return Ok(Tried::Failed(Failure::of(Step::Render, None))),
            }
        }
        let mut connection = pool.acquire().await?;
        if let Some((purpose, subject)) = template.link() {
            let token = MailToken::generate(env);
            let of = (purpose, subject);
            // Committed before anybody can read the mail: a link that was mailed works, whatever happens to us.
            store::mailed_links::insert(&mut connection, token.hash(), due.asked.id, of, now)
                .await?;
            link = Some(format!("{}{}/{}", self.base_url, purpose.page(), token.reveal()));
        }
        drop(connection);
        let closing = self.closing.get(due.language.as_str()).map(String::as_str);
        let mail = render(&content, due.language, link.as_deref(), closing);
        Ok(self.hand_over(due, mail).await)
    }

    /// What the mail tells; nothing, if what it is about has ended.
    async fn content(
        &self,
        template: Template,
        now: DateTime<Utc>,
    ) -> Result<Option<Content>, LookupError> {
        match template {
            Template::Requested(request) => {
                requests::find_content(&self.resources, request, now).await
            }
            own => {
                let mut connection = self.resources.pool.acquire().await?;
                Ok(store::mail_contents::find(&mut connection, own, now).await?)
            }
        }
    }

    async fn hand_over(&self, due: &Due, mail: Rendered) -> Tried {
        let smtp = match &self.delivery {
            Delivery::Memory(memory) => {
                memory.keep(due.asked.id, mail);
                return Tried::Sent(None);
            }
            Delivery::Smtp(smtp) => smtp,
        };
        let asked = &due.asked;
        match message(&mail, asked.id, smtp.sender(), &due.recipient, asked.now) {
            // An address that mail cannot carry is refused as a server would.
            Err(_) => Tried::Failed(Failure::of(Step::Recipient, Some(553))),
            Ok(message) => match smtp.send(&due.recipient, &message).await {
                Ok(taken) => Tried::Sent(Some(taken)),
                Err(failure) => Tried::Failed(failure),
            },
        }
    }
}
