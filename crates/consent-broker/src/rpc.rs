//! What other services ask.

use contract::rpc::{AddLinkToken, UsableLink};
use contract::secret::SecretHash;
use service::{Resources, RpcRefusal, StartError};

use crate::store::apps::{self, Standing};
use crate::store::{links, passings};

/// Answers the questions of `contract::rpc` that are the consent broker's.
pub(crate) async fn answer(resources: &Resources) -> Result<(), StartError> {
    let asked = resources.clone();
    resources
        .serve_rpc(move |_, question: AddLinkToken| {
            let resources = asked.clone();
            async move { add_link_token(&resources, &question).await }
        })
        .await
}

/// [`AddLinkToken`]. What may be done with the link is decided when its token is used.
async fn add_link_token(
    resources: &Resources,
    question: &AddLinkToken,
) -> Result<Option<UsableLink>, RpcRefusal> {
    let AddLinkToken { link_id, pass_on_id, token_sha256 } = question;
    let mut hash = [0; 32];
    if hex::decode_to_slice(token_sha256, &mut hash).is_err() {
        return Err(RpcRefusal::new(400, "invalid-request", "`token_sha256` is no SHA-256 in hex"));
    }
    let (pool, now) = (&resources.pool, resources.env.now());
    let Some(link) = links::by_id(pool, *link_id).await? else { return Ok(None) };
    if link.usable(now).is_err() || apps::standing(pool, link.app_id).await? == Standing::Ended {
        return Ok(None);
    }
    let known = passings::add_token(pool, *link_id, *pass_on_id, &SecretHash(hash), now).await?;
    Ok(known.then_some(UsableLink { expires_at: link.expires_at }))
}
