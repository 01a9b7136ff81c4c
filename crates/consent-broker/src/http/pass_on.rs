//! `POST /v1/consent-requests/{token}/pass-on`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use chrono::{DateTime, Utc};
use contract::instant::rfc3339;
use contract::rpc::{AccountRole, FindConsenter};
use contract::{AccountId, LinkId, PassOnId, PersonId};
use serde::{Deserialize, Serialize};
use service::http::{Json, Path};
use service::limits::Limited;
use service::{Attempt, Fault, FaultCode, Problem, Target};
use utoipa::ToSchema;

use super::request;
use crate::as_of::AsOf;
use crate::link::{Link, NotPassedOn, PassOn};
use crate::passing_on::{self, PassingOnError};
use crate::redemption::RedemptionError;
use crate::remote_services::RemoteServices;
use crate::store::grants;
use crate::{ConsentBroker, policy};

const OPERATION: &str = "consent-request.pass-on";

/// To whom a request is passed on, and because of which account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PassingOn {
    /// An account that the caller sees on the request, and for which their role may not consent.
    pub(crate) account_id: AccountId,
    /// One who may: one of the account's `consenters`, or another.
    pub(crate) person_id: PersonId,
}

/// A request that was passed on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "they are named as the API names them")]
pub(crate) struct PassedOn {
    /// The link: it can still be used once, by whoever comes first.
    pub(crate) link_id: LinkId,
    /// This passing on.
    pub(crate) pass_on_id: PassOnId,
    /// When.
    pub(crate) passed_on_at: DateTime<Utc>,
}

/// Pass a request for consent on
///
/// Whoever sees an account for which their role may not consent asks somebody whose role may: they get a mail with a
/// link to the same request. The link can still be used once. A link is passed on at most 20 times, and to the same
/// person once in 60 minutes, unless the installation says otherwise.
#[utoipa::path(
    post,
    path = "/v1/consent-requests/{token}/pass-on",
    operation_id = "passConsentRequestOn",
    tag = "consent requests",
    security(("api_token" = [])),
    params(("token" = String, Path, description = "The token in the link's URL")),
    request_body = PassingOn,
    responses(
        (status = 202, description = "It is passed on; the mail follows", body = PassedOn),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 404, description = "No such request", body = Problem),
        (status = 409, description = "`link-already-used`: it says when; `app-not-active`; `already-granted`; `passed-on-too-often`; `passed-on-just-now`: `Retry-After` says until when", body = Problem),
        (status = 410, description = "`link-expired`, `link-revoked`", body = Problem),
        (status = 422, description = "`role-may-consent`: the caller's own does; `not-a-consenter`: theirs does not; or an account that the caller does not see", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!(["consent-link.passed-on"])),
        ("x-mandate-follows" = json!(["mail.sent"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["account:analyst", "account:viewer"])),
    ),
)]
pub(crate) async fn pass_on(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(token): Path<String>,
    Json(body): Json<PassingOn>,
) -> Result<(StatusCode, Json<PassedOn>), Problem> {
    let link = request::find(&broker, &token).await?;
    let target = Target::of(link.id, link.organization_id);
    if let Err(closed) = link.usable(broker.resources.env.now()) {
        return Err(request::refuse_closed(&attempt, OPERATION, target, closed).await);
    }
    let role = check(&broker, &attempt, &link, &body).await?;
    let permit = attempt.permit(OPERATION, target, Ok(policy::pass_on(role))).await?;

    let (env, from) = (&broker.resources.env, attempt.caller.person_id);
    let passing = PassOn { id: env.new_id(), from, to: body.person_id };
    let passed = (link.id, body.account_id, passing);
    match passing_on::pass_on(&broker.resources, &broker.settings, &permit, passed).await {
        Ok(passed_on_at) => {
            let answer = PassedOn { link_id: link.id, pass_on_id: passing.id, passed_on_at };
            Ok((StatusCode::ACCEPTED, Json(answer)))
        }
        Err(
            PassingOnError::Refused(NotPassedOn::Closed(closed))
            | PassingOnError::Unusable(RedemptionError::Closed(closed)),
        ) => Err(request::refuse_closed(&attempt, OPERATION, target, closed).await),
        Err(PassingOnError::Refused(refused)) => Err(not_now(&refused, env.now())),
        Err(PassingOnError::Unusable(error)) => Err(error.into()),
    }
}

/// The caller's role on the account, if they may not consent for it, and the other may. Of an account that the caller
/// does not see they learn nothing.
async fn check(
    broker: &ConsentBroker,
    attempt: &Attempt,
    link: &Link,
    &PassingOn { account_id, person_id }: &PassingOn,
) -> Result<AccountRole, Problem> {
    let remote = RemoteServices::of(broker, &attempt.facts);
    let (app, service) = request::asking_app(broker, &remote, link).await?;
    let roles = policy::consent_roles(&broker.resources.catalogue, &service);
    let held = remote.roles_of(attempt.caller.person_id, [account_id]).await?;
    let Some(held) = held.into_iter().find(|held| held.service == service) else {
        let message = "is not an account of this service that you can see";
        return Err(Problem::invalid_field("account_id", Fault::new(FaultCode::NotFound, message)));
    };
    let (pool, as_of) = (&broker.resources.pool, AsOf::now(&broker.resources));
    if !grants::live_on(pool, app.id, &[account_id], as_of).await?.is_empty() {
        let detail = "The account has consented to the app already: nobody needs to be asked.";
        return Err(Problem::conflict("already-granted", detail));
    }
    if roles.contains(&held.role) {
        let detail = "Your own role on the account may consent: approve or deny the request.";
        let message = "is one for which you may consent";
        return Err(Problem::unprocessable("role-may-consent", detail)
            .with_field("account_id", Fault::new(FaultCode::NotAllowed, message)));
    }
    let consent_roles = roles.to_vec();
    let question = FindConsenter { person_id, account_id, consent_roles };
    if remote.consenter(&question).await?.is_none() {
        let detail = "That person may not consent for the account.";
        let message = "is nobody who may consent for the account";
        return Err(Problem::unprocessable("not-a-consenter", detail)
            .with_field("person_id", Fault::new(FaultCode::NotAllowed, message)));
    }
    Ok(held.role)
}

fn not_now(refused: &NotPassedOn, now: DateTime<Utc>) -> Problem {
    match refused {
        NotPassedOn::JustNow { again_at } => {
            let wait = Limited::after((*again_at - now).to_std().unwrap_or_default()).seconds();
            let detail = format!(
                "The request was passed on to that person a short while ago. It can be again at {}.",
                rfc3339(*again_at)
            );
            Problem::conflict("passed-on-just-now", detail).with_header(RETRY_AFTER, wait.into())
        }
        refused => {
            let mut detail = refused.to_string();
            detail.replace_range(..1, "T");
            detail.push('.');
            Problem::conflict("passed-on-too-often", detail)
        }
    }
}
