//! Asking for mails, and sending them.
//!
//! A mail is a row that becomes true with the event that asks for it: record the event, and call [`request`] in
//! the same unit. Workers send what is due.
//!
//! Other services ask by a question: `requests` takes it, and looks up what such a mail tells.
//!
//! In reading order: `content` is what mails tell (looked up by `store::mail_contents`), `words` say it, `render`
//! makes the mail. `smtp` hands it to a server, `memory` keeps it where there is none; `failure` and `schedule`
//! are what comes of a try. `worker` does all this. A new kind of mail is a variant of `mail::Template` and of
//! `content::Content`, and its words in each language.

pub(crate) mod content;
mod failure;
pub(crate) mod memory;
pub(crate) mod render;
pub(crate) mod requests;
mod schedule;
pub(crate) mod settings;
mod smtp;
mod words;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use contract::{Environment, EventId, MailId};
use eventstore::{AppendError, Unit};
use service::Resources;

use crate::mail::Mail;
use crate::mailing::memory::Memory;
use crate::mailing::settings::MailSettings;
use crate::mailing::smtp::Smtp;
use crate::mailing::worker::{Delivery, Worker};
use crate::store;

/// How often workers look whether a mail is due. Each looks at a time of its own.
const LOOK: Duration = Duration::from_millis(500);

/// How often mails are forgotten that ended long ago.
const SWEEP: Duration = Duration::from_mins(10);

/// Asks for a mail, as a part of the unit that records `event`. An event asks for the same mail to the same
/// recipient once.
///
/// # Errors
/// When the database fails; the unit must be dropped then.
pub(crate) async fn request(
    unit: &mut Unit<'_>,
    event: EventId,
    mail: &Mail,
    environment: &Environment,
) -> Result<MailId, AppendError> {
    let (id, now) = (environment.new_id(), environment.now());
    let asked = store::mails::Asked {
        id,
        event,
        organization: unit.provenance().organization,
        correlation: unit.provenance().correlation,
        now,
    };
    store::mails::insert(unit.connection().await?, &asked, mail).await?;
    Ok(id)
}

/// Starts to send mails. Where they are kept, if they are kept in memory.
///
/// # Errors
/// What is wrong with the settings.
pub(crate) fn start(
    resources: &Resources,
    settings: &MailSettings,
    public_base_url: &str,
) -> Result<Option<Arc<Memory>>, String> {
    let delivery = if !settings.smtp.is_empty() {
        Delivery::Smtp(Box::new(Smtp::new(settings)?))
    } else if settings.kept_in_memory > 0 {
        Delivery::Memory(Arc::new(Memory::of(settings.kept_in_memory)))
    } else {
        tracing::warn!("directory.mail.smtp is not set: mails wait until it is");
        return Ok(None);
    };
    let memory = match &delivery {
        Delivery::Memory(memory) => Some(Arc::clone(memory)),
        Delivery::Smtp(_) => None,
    };
    let worker = Arc::new(Worker {
        resources: resources.clone(),
        delivery,
        base_url: public_base_url.trim_end_matches('/').to_owned(),
        closing: settings.closing.clone(),
        patience: Duration::from_secs(settings.timeout_seconds),
        longest: TimeDelta::hours(settings.abandon_after_hours.into()),
    });
    for number in 0..settings.concurrency {
        let worker = Arc::clone(&worker);
        resources.tasks.every(LOOK, format!("mail-{number}"), move || {
            let worker = Arc::clone(&worker);
            async move { worker.turn().await }
        });
    }
    let (resources, kept) = (resources.clone(), TimeDelta::days(settings.keep_days.into()));
    resources.tasks.clone().every(SWEEP, "mail-sweep", move || {
        let resources = resources.clone();
        async move {
            let mut connection = resources.pool.acquire().await?;
            let before = resources.env.now() - kept;
            while store::mails::sweep(&mut connection, before).await? {}
            while store::mail_requests::sweep(&mut connection, before).await? {}
            Ok::<(), sqlx::Error>(())
        }
    });
    Ok(memory)
}
