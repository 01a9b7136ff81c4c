//! `POST /v1/consent-requests/{token}/approve`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use contract::{AccountId, LinkId};
use serde_json::json;
use service::http::{Json, Path};
use service::{Attempt, Permit, Problem, Target};

use super::approval::{Approval, Approved};
use super::choice::Choice;
use super::request;
use super::selectable_accounts::Seen;
use crate::account_selection::SelectedAccount;
use crate::consent_text::ConsentText;
use crate::consent_words::ConsentWords;
use crate::link::Closed;
use crate::redemption::{self, ApprovedAccount, RedemptionError};
use crate::remote_services::RemoteServices;
use crate::store::grants;
use crate::{ConsentBroker, policy};

const OPERATION: &str = "consent-request.approve";

/// Approve a request for consent
///
/// Uses the link up and makes a grant for each chosen account, in one transaction: of any number of
/// approvals of one link at the same time exactly one succeeds, the others are told when it was
/// used, and whoever used it, what came of it (`granted`). The person's role on each account is checked at this moment, and must be one that may
/// consent for the service, as the catalogue says. What the app asks for is granted as a whole.
/// A consent whose time has run out is in nobody's way: its `consent.expired`, which would have followed by itself, comes
/// before the new grant.
///
/// `accounts` names them one by one, and all must stand. `all` is whatever its search finds at this moment and can be
/// chosen, but not what is in `except`; accounts there that it does not find change nothing. The answer says how many
/// were left out, and why.
#[utoipa::path(
    post,
    path = "/v1/consent-requests/{token}/approve",
    operation_id = "approveConsentRequest",
    tag = "consent requests",
    security(("api_token" = [])),
    params(("token" = String, Path, description = "The token in the link's URL")),
    request_body = Approval,
    responses(
        (status = 200, description = "It is approved", body = Approved),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 403, description = "`role-not-allowed`: `errors` names the accounts", body = Problem),
        (status = 404, description = "No such request", body = Problem),
        (status = 409, description = "`link-already-used`: it says when; `app-not-active`; `consent-text-changed`", body = Problem),
        (status = 410, description = "`link-expired`, `link-revoked`", body = Problem),
        (status = 413, description = "The body is larger than the most accounts need", body = Problem),
        (status = 503, description = "`busy`: the caller approves more than 1,000 accounts already", body = Problem),
        (status = 422, description = "No account, too many, the same one twice, or one the person does not see; `nothing-to-choose`: `all` finds none that can be chosen", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!(["consent-link.redeemed", {"event": "consent.granted", "per": "account that had not consented"}])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["account:admin", "account:business_manager", "account:technical_manager"])),
    ),
)]
pub(crate) async fn approve(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(token): Path<String>,
    Json(approval): Json<Approval>,
) -> Result<Json<Approved>, Problem> {
    let link = request::find(&broker, &token).await?;
    let target = Target::of(link.id, link.organization_id);
    if let Err(closed) = link.usable(broker.resources.env.now()) {
        return Err(refuse_closed(&broker, &attempt, target, link.id, closed).await);
    }
    let most = broker.settings.max_accounts_per_approval as usize;
    let text_sha256 = approval.text_sha256.clone();
    let choice = Choice::read(approval, most)?;
    let remote = RemoteServices::of(&broker, &attempt.facts);
    let (app, service) = request::asking_app(&broker, &remote, &link).await?;
    let by = attempt.caller.person_id;
    let seen = Seen { person_id: by, app_id: app.id, service: &service };
    // The page may be an hour old: what counts are the roles that the person holds now.
    let chosen = choice.resolve(&broker, &attempt, &remote, (OPERATION, target), seen).await?;
    let catalogue = &broker.resources.catalogue;
    let roles = policy::consent_roles(catalogue, &service);
    let selected = &chosen.selected;
    let decision = policy::consent_for_all(selected, roles);
    let permit = attempt.permit(OPERATION, target, decision).await?;
    let each =
        selected.iter().map(|account| (*account, target, policy::consent(account.role, roles)));
    let (permitted, _) = attempt.permit_each(OPERATION, each.collect()).await?;

    let (organization, names) =
        tokio::try_join!(request::asking_organization(&remote, app.organization_id), async {
            let ids = selected.iter().map(|account| account.account_id).collect();
            Ok(remote.name_accounts(ids).await?)
        })?;
    let lifetime = request::lifetime(catalogue, &link, &service);
    let text_in =
        |words| ConsentText::of(catalogue, &app, &organization, &service, words, lifetime);
    let text = match text_sha256 {
        // In whichever language it was shown.
        Some(shown) => ConsentWords::offered(catalogue)
            .into_iter()
            .map(text_in)
            .find(|text| text.sha256() == shown)
            .ok_or_else(text_changed)?,
        None => text_in(Default::default()),
    };
    let accounts = named(permitted, names)?;
    let (app, service, text, link_id) = (&app, service.as_str(), &text, link.id);
    let approval = redemption::Approval {
        link_id,
        app,
        service,
        by,
        text,
        lifetime,
        notice_days: &broker.settings.notice_days,
        accounts,
    };
    let redeemed = match redemption::approve(&broker.resources, &permit, approval).await {
        Ok(redeemed) => redeemed,
        Err(RedemptionError::Closed(closed)) => {
            return Err(refuse_closed(&broker, &attempt, target, link_id, closed).await);
        }
        Err(error) => return Err(error.into()),
    };
    // The approval stands, whether or not the directory finds the names for its answer.
    let people = redeemed.already_granted.iter().map(|grant| grant.granted_by).collect();
    let names = remote.name_people(people).await.unwrap_or_default();
    Ok(Json(Approved::of(&link, redeemed, chosen.left_out, &names)))
}

/// What a link that is closed answers. Whoever used it, and asks again since perhaps the answer was lost, is told what
/// came of it.
async fn refuse_closed(
    broker: &ConsentBroker,
    attempt: &Attempt,
    target: Target,
    link: LinkId,
    closed: Closed,
) -> Problem {
    let problem = request::refuse_closed(attempt, OPERATION, target, closed).await;
    match closed {
        Closed::Used { by, .. } if by == attempt.caller.person_id => {}
        _ => return problem,
    }
    match grants::made_by(&broker.resources.pool, link).await {
        // It was denied.
        Ok(made) if made.is_empty() => problem,
        Ok(made) => {
            let made = made.into_iter();
            let granted =
                made.map(|(grant, account)| json!({ "grant_id": grant, "account_id": account }));
            problem.with_member("granted", granted.collect::<Vec<_>>())
        }
        Err(error) => error.into(),
    }
}

/// The accounts with their names, which are part of what was shown.
fn named(
    permitted: Vec<(SelectedAccount, Permit)>,
    mut names: BTreeMap<AccountId, String>,
) -> Result<Vec<ApprovedAccount>, Problem> {
    let accounts = permitted.into_iter().map(|(selected, permit)| {
        let name = names.remove(&selected.account_id);
        let name = name.ok_or_else(|| Problem::internal("an account with a role has a name"))?;
        Ok(ApprovedAccount { selected, name, permit })
    });
    accounts.collect()
}

fn text_changed() -> Problem {
    Problem::conflict(
        "consent-text-changed",
        "What you were shown has changed since. Open the request again.",
    )
}
