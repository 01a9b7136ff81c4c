//! Opening and ending sessions, each with its event.
//!
//! Whoever opens or ends sessions of a person locks the person first (`store::people::lock`). So none is opened
//! while those that are to end are being looked for. What has ended by itself is recorded by [`record_session_ends`].

use chrono::{DateTime, Utc};
use contract::facts::SessionEnding;
use contract::secret::SessionToken;
use contract::{Environment, IdentityProviderId, PersonId, Provenance, Service, SessionId};
use eventstore::{AppendError, EventStore, Unit};

use crate::Settings;
use crate::session::{Lifetimes, Session};
use crate::store;

/// So many ends one transaction records.
const BATCH: i64 = 100;

/// Opens a session of a person who is locked, and has just signed in: through this provider, or with a password
/// of ours. The token is handed over this once. If they have as many as they can have, the one ends that was used
/// longest ago: whoever signs in is not kept out by sessions that they forgot.
pub(crate) async fn open(
    unit: &mut Unit<'_>,
    environment: &Environment,
    settings: &Settings,
    person_id: PersonId,
    identity_provider_id: Option<IdentityProviderId>,
    user_agent: Option<&str>,
) -> Result<(Session, SessionToken), AppendError> {
    let (now, lifetimes) = (environment.now(), settings.session_lifetimes());
    let conn = unit.connection().await?;
    let mut live = store::sessions::live(conn, person_id, lifetimes, now).await?;
    live.sort_by_key(|session| (session.last_used_at, session.id));
    let most = usize::try_from(settings.max_sessions).unwrap_or(usize::MAX);
    let too_many = (live.len() + 1).saturating_sub(most);
    end(unit, &live[..too_many], SessionEnding::TooMany, now).await?;

    let token = SessionToken::generate(environment);
    let id = environment.new_id();
    let (session, created) =
        Session::open(id, person_id, identity_provider_id, user_agent, lifetimes, now);
    store::sessions::insert(unit.connection().await?, &session, &token.hash()).await?;
    unit.record(id.uuid(), session.version, &created)?;
    Ok((session, token))
}

/// Ends all live sessions of a person who is locked, but for this one. Answers how many.
pub(crate) async fn end_all(
    unit: &mut Unit<'_>,
    person_id: PersonId,
    but_for: Option<SessionId>,
    because: SessionEnding,
    lifetimes: Lifetimes,
    now: DateTime<Utc>,
) -> Result<usize, AppendError> {
    let conn = unit.connection().await?;
    let mut live = store::sessions::live(conn, person_id, lifetimes, now).await?;
    live.retain(|session| Some(session.id) != but_for);
    end(unit, &live, because, now).await?;
    Ok(live.len())
}

/// Ends these sessions of a person who is locked.
pub(crate) async fn end(
    unit: &mut Unit<'_>,
    sessions: &[Session],
    because: SessionEnding,
    now: DateTime<Utc>,
) -> Result<(), AppendError> {
    let ended: Vec<_> = sessions.iter().filter_map(|session| session.end(because, now)).collect();
    if ended.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = ended.iter().map(|(session, _)| session).collect();
    store::sessions::save_ended(unit.connection().await?, &rows, now).await?;
    for (session, fact) in &ended {
        unit.record(session.id.uuid(), session.version, fact)?;
    }
    Ok(())
}

/// Records that some sessions have ended by themselves, each once, whatever other replicas do at the same time.
/// Answers how many; none means that nothing is left to do.
///
/// # Errors
/// When the database fails; what was not recorded is found again.
pub async fn record_session_ends(
    events: &EventStore,
    settings: &Settings,
) -> Result<usize, AppendError> {
    let environment = events.environment();
    let (now, lifetimes) = (environment.now(), settings.session_lifetimes());
    let sweep = Provenance::system(Service::Directory, None, environment.new_id());
    let mut unit = events.begin(&sweep);
    let conn = unit.connection().await?;
    let over = store::sessions::lock_idle(conn, now - lifetimes.idle, BATCH).await?;
    let mut recorded = 0;
    for session in over {
        if let Some(because) = session.end_by_itself(now, lifetimes) {
            end(&mut unit, std::slice::from_ref(&session), because, now).await?;
            recorded += 1;
        }
    }
    // Without an event there is nothing to commit: dropping the unit lets go of the rows.
    if recorded > 0 {
        unit.commit().await?;
    }
    Ok(recorded)
}
