//! Ending API tokens and sessions whose tokens somebody has found and reported.

use contract::facts::{ApiTokenRevocation, SessionEnding};
use contract::rpc::{EndLeaked, LeakedToken};
use contract::secret::{BearerKind, SecretHash};
use contract::{Actor, ApiTokenId, Authority, PersonId, SessionId};
use eventstore::{AppendError, Unit};
use service::{CallContext, Permit, RpcRefusal};

use crate::store::holders;
use crate::{Directory, revoke, sessions, store};

/// Ends what these tokens belong to. Those that are nobody's, or open nothing any more, are passed over.
pub(crate) async fn end(
    directory: &Directory,
    context: &CallContext,
    question: &EndLeaked,
) -> Result<(), RpcRefusal> {
    if question.tokens.len() > EndLeaked::MOST {
        return Err(RpcRefusal::new(400, "too-many-tokens", "Too many tokens in one question."));
    }
    // Nobody has said who they are; that they have the token is what allows it.
    let (actor, authority) = (Actor::Anonymous, Authority::role("bearer_token"));
    let permit = Permit::by_question(&directory.resources, context, actor, authority, None);
    for token in &question.tokens {
        let Some(hash) = hash(token) else { continue };
        let mut unit = permit.begin();
        let ended = match token.kind {
            BearerKind::ApiToken => end_api_token(directory, &mut unit, hash).await?,
            BearerKind::Session => end_session(directory, &mut unit, hash).await?,
        };
        // Without an event there is nothing to commit.
        if ended {
            unit.commit().await?;
        }
    }
    Ok(())
}

/// What is no hash is nobody's.
fn hash(token: &LeakedToken) -> Option<SecretHash> {
    let mut hash = [0; 32];
    hex::decode_to_slice(&token.token_sha256, &mut hash).ok()?;
    Some(SecretHash(hash))
}

/// Whether there was something to end.
async fn end_api_token(
    directory: &Directory,
    unit: &mut Unit<'_>,
    hash: SecretHash,
) -> Result<bool, AppendError> {
    let now = directory.resources.env.now();
    let connection = unit.connection().await?;
    let found = holders::of_api_tokens(connection, &[hash]).await?.remove(&hash);
    let found: Option<(ApiTokenId, PersonId)> = found.map(|(token, _)| (token.id, token.person_id));
    let Some((id, person)) = found else { return Ok(false) };
    store::people::lock(connection, person).await?;
    let token = store::api_tokens::find(connection, id).await?;
    let Some(token) = token.filter(|token| token.is_live(now)) else { return Ok(false) };
    revoke::with_children(unit, &token, ApiTokenRevocation::Leaked, now).await?;
    Ok(true)
}

async fn end_session(
    directory: &Directory,
    unit: &mut Unit<'_>,
    hash: SecretHash,
) -> Result<bool, AppendError> {
    let (now, lifetimes) = (directory.resources.env.now(), directory.settings.session_lifetimes());
    let connection = unit.connection().await?;
    let found = holders::of_sessions(connection, &[hash]).await?.remove(&hash);
    let found: Option<(SessionId, PersonId)> =
        found.map(|(session, _)| (session.id, session.person_id));
    let Some((id, person)) = found else { return Ok(false) };
    store::people::lock(connection, person).await?;
    let session = store::sessions::find(connection, id).await?;
    let Some(session) = session.filter(|session| session.is_live(now, lifetimes)) else {
        return Ok(false);
    };
    sessions::end(unit, std::slice::from_ref(&session), SessionEnding::Leaked, now).await?;
    Ok(true)
}
