//! What other services ask.

use contract::rpc::{AddLinkToken, CountConsents, CountGrants, LiveGrants, UsableLink};
use contract::secret::SecretHash;
use service::{Resources, RpcRefusal, StartError};

use crate::Settings;
use crate::as_of::AsOf;
use crate::store::apps::{self, Standing};
use crate::store::{app_activity, links, passings};

/// Answers the questions of `contract::rpc` that are the consent broker's.
pub(crate) async fn answer(resources: &Resources, settings: &Settings) -> Result<(), StartError> {
    let (asked, url_prefix) = (resources.clone(), settings.url_prefix());
    resources
        .serve_rpc(move |_, question: AddLinkToken| {
            let (resources, url_prefix) = (asked.clone(), url_prefix.clone());
            async move {
                let usable = add_link_token(&resources, &question).await?;
                Ok(usable.then_some(UsableLink { url_prefix }))
            }
        })
        .await?;
    let asked = resources.clone();
    resources
        .serve_rpc(move |_, question: CountConsents| {
            let resources = asked.clone();
            async move {
                let as_of = AsOf::now(&resources);
                Ok(app_activity::count(&resources.pool, question.app_id, as_of).await?)
            }
        })
        .await?;
    let asked = resources.clone();
    resources
        .serve_rpc(move |_, question: CountGrants| {
            let resources = asked.clone();
            async move { Ok(count_grants(&resources, &question).await?) }
        })
        .await
}

/// Whoever asks has found out who may know.
async fn count_grants(
    resources: &Resources,
    question: &CountGrants,
) -> Result<Vec<LiveGrants>, sqlx::Error> {
    let as_of = AsOf::now(resources);
    let counted = app_activity::count_each(&resources.pool, &question.app_ids, as_of).await?;
    Ok(counted.into_values().map(|app| app.live).collect())
}

/// Whether the token leads to a link that can be used. What may be done with it is decided when it is used.
async fn add_link_token(
    resources: &Resources,
    question: &AddLinkToken,
) -> Result<bool, RpcRefusal> {
    let AddLinkToken { link_id, pass_on_id, token_sha256 } = question;
    let mut hash = [0; 32];
    if hex::decode_to_slice(token_sha256, &mut hash).is_err() {
        return Err(RpcRefusal::new(400, "invalid-request", "`token_sha256` is no SHA-256 in hex"));
    }
    let (pool, now) = (&resources.pool, resources.env.now());
    let Some(link) = links::by_id(pool, *link_id).await? else { return Ok(false) };
    if link.usable(now).is_err() || apps::standing(pool, link.app_id).await? == Standing::Ended {
        return Ok(false);
    }
    Ok(passings::add_token(pool, *link_id, *pass_on_id, &SecretHash(hash), now).await?)
}
