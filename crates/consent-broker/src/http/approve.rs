//! `POST /v1/consent-requests/{token}/approve`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use contract::AccountId;
use contract::facts::RefusedBecause;
use service::http::{Json, Path};
use service::{Attempt, Permit, Problem, Target};

use super::approval::{Approval, Approved};
use super::request;
use crate::account_selection::{self, AccountSelectionError, SelectedAccount};
use crate::consent_text::ConsentText;
use crate::redemption::{self, ApprovedAccount, RedemptionError};
use crate::remote_services::RemoteServices;
use crate::{ConsentBroker, policy};

const OPERATION: &str = "consent-request.approve";

/// Approve a request for consent
///
/// Uses the link up and makes a grant for each chosen account, in one transaction: of any number of
/// approvals of one link at the same time exactly one succeeds, the others are told when it was
/// used. The person's role on each account is checked at this moment, and must be one that may
/// consent for the service, as the catalogue says. What the app asks for is granted as a whole.
/// A consent whose time has run out is in nobody's way: its `consent.expired`, which would have followed by itself, comes
/// before the new grant.
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
        (status = 401, description = "No API token, or none that is valid", body = Problem),
        (status = 403, description = "`role-not-allowed`: `errors` names the accounts", body = Problem),
        (status = 404, description = "No such request", body = Problem),
        (status = 409, description = "`link-already-used`: it says when; `app-not-active`; `consent-text-changed`", body = Problem),
        (status = 410, description = "`link-expired`, `link-revoked`", body = Problem),
        (status = 413, description = "The body is larger than the most accounts need", body = Problem),
        (status = 503, description = "`busy`: the caller approves more than 1,000 accounts already", body = Problem),
        (status = 422, description = "No account, too many, the same one twice, or one the person does not see", body = Problem),
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
    Json(Approval { accounts, text_sha256 }): Json<Approval>,
) -> Result<Json<Approved>, Problem> {
    let link = request::find(&broker, &token).await?;
    let target = Target::of(link.id, link.organization_id);
    if let Err(closed) = link.usable(broker.resources.env.now()) {
        return Err(request::refuse_closed(&attempt, OPERATION, target, closed).await);
    }
    let most = broker.settings.max_accounts_per_approval as usize;
    account_selection::check_form(&accounts, most).map_err(wrong_accounts)?;
    // Before anything is looked at: what counts is how it is when it is this one's turn.
    let _turn = match accounts.len() {
        ..=redemption::AT_A_TIME => None,
        _ => Some(broker.large_approvals.turn(attempt.caller.person_id).await?),
    };
    let remote = RemoteServices::of(&broker, &attempt.facts);
    let (app, service) = request::asking_app(&broker, &remote, &link).await?;
    let by = attempt.caller.person_id;
    // The page may be an hour old: what counts is the role the person holds now.
    let held = remote.roles_of(by, accounts.iter().copied()).await?;
    let catalogue = &broker.resources.catalogue;
    let roles = policy::consent_roles(catalogue, &service);
    let selected = match account_selection::select(&accounts, &held, &service, roles) {
        Ok(selected) => selected,
        Err(error) => {
            if matches!(error, AccountSelectionError::RoleMayNotConsent { .. }) {
                attempt.refuse(OPERATION, target, RefusedBecause::RoleNotAllowed).await;
            }
            return Err(wrong_accounts(error));
        }
    };
    let decision = policy::consent_for_all(&selected, roles);
    let permit = attempt.permit(OPERATION, target, decision).await?;
    let each =
        selected.into_iter().map(|account| (account, target, policy::consent(account.role, roles)));
    let (permitted, _) = attempt.permit_each(OPERATION, each.collect()).await?;

    let (organization, names) =
        tokio::try_join!(request::asking_organization(&remote, app.organization_id), async {
            Ok(remote.name_accounts(accounts.iter().copied().collect()).await?)
        })?;
    let lifetime = request::lifetime(catalogue, &link, &service);
    let text = ConsentText::of(catalogue, &app, &organization, &service, lifetime);
    if text_sha256.is_some_and(|shown| shown != text.sha256()) {
        return Err(Problem::conflict(
            "consent-text-changed",
            "What you were shown has changed since. Open the request again.",
        ));
    }
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
            return Err(request::refuse_closed(&attempt, OPERATION, target, closed).await);
        }
        Err(error) => return Err(error.into()),
    };
    // The approval stands, whether or not the directory finds the names for its answer.
    let people = redeemed.already_granted.iter().map(|grant| grant.granted_by).collect();
    let names = remote.name_people(people).await.unwrap_or_default();
    Ok(Json(Approved::of(&link, redeemed, &names)))
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

fn wrong_accounts(error: AccountSelectionError) -> Problem {
    let message = error.to_string();
    match error {
        AccountSelectionError::Empty | AccountSelectionError::TooMany(_) => {
            Problem::invalid_field("accounts", message)
        }
        AccountSelectionError::Twice(position) | AccountSelectionError::NotVisible(position) => {
            Problem::invalid_field(format!("accounts[{position}]"), message)
        }
        AccountSelectionError::RoleMayNotConsent { position, .. } => Problem::forbidden(
            "role-not-allowed",
            "Your role on a chosen account may not consent for this service.",
        )
        .with_field(format!("accounts[{position}]"), message),
    }
}
