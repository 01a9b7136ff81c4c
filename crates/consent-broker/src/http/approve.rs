//! `POST /v1/consent-requests/{token}/approve`

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use contract::{AccountId, AppId, GrantId, LinkId};
use serde::{Deserialize, Serialize};
use service::http::{Json, Path};
use service::{Caller, Problem, RequestFacts};
use utoipa::ToSchema;

use super::consent_page::ConsentedBy;
use super::{Attempt, request};
use crate::choice::{self, ChoiceError};
use crate::neighbours::Neighbours;
use crate::redemption::{Redeemed, Redeemer, RedemptionError};
use crate::{ConsentBroker, policy};

/// Which accounts consent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The accounts: at least one, at most 1,000, each once.
    #[schema(min_items = 1, max_items = 1000)]
    pub accounts: Vec<AccountId>,
}

/// A request that was approved.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Approved {
    /// The link; it cannot be used again.
    pub link_id: LinkId,
    /// The app that may act now.
    pub app_id: AppId,
    /// When.
    pub approved_at: DateTime<Utc>,
    /// The accounts that consent because of it.
    pub granted: Vec<NewGrant>,
    /// The chosen accounts that had consented before. Their grants are left as they were.
    pub already_granted: Vec<EarlierGrant>,
}

/// A grant that the approval made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NewGrant {
    /// The grant.
    pub grant_id: GrantId,
    /// The account.
    pub account_id: AccountId,
}

/// A grant that was there before.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EarlierGrant {
    /// The grant.
    pub grant_id: GrantId,
    /// The account.
    pub account_id: AccountId,
    /// Who granted it.
    pub granted_by: ConsentedBy,
    /// When.
    pub granted_at: DateTime<Utc>,
}

/// Approve a request for consent
///
/// Uses the link up and makes a grant for each chosen account, in one transaction: of any number of
/// approvals of one link at the same time exactly one succeeds, the others are told when it was
/// used. The person's role on each account is checked at this moment, and must be one that may
/// consent for the service, as the catalogue says. What the app asks for is granted as a whole.
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
        (status = 409, description = "`link-already-used`: it says when; `app-not-active`", body = Problem),
        (status = 410, description = "`link-expired`, `link-revoked`", body = Problem),
        (status = 422, description = "No account, the same one twice, or one the person does not see", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!(["consent-link.redeemed", {"event": "consent.granted", "per": "account that had not consented"}])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["account:admin", "account:business_manager", "account:technical_manager"])),
    ),
)]
pub async fn approve(
    State(broker): State<Arc<ConsentBroker>>,
    caller: Caller,
    facts: RequestFacts,
    Path(token): Path<String>,
    Json(approval): Json<Approval>,
) -> Result<Json<Approved>, Problem> {
    let link = request::find(&broker, &token).await?;
    let attempt = Attempt::at_request("consent-request.approve", &link, &caller, &facts);
    if let Err(closed) = link.usable(broker.resources.env.now()) {
        return Err(attempt.refuse_closed(&broker, closed).await);
    }
    choice::check_form(&approval.accounts).map_err(refusal)?;
    let neighbours = Neighbours::of(&broker, &facts);
    let (app, service) = request::asking_app(&neighbours, &link).await?;

    // The page may be an hour old: what counts is the role the person holds now.
    let held = neighbours.roles_of(caller.person_id, Some(approval.accounts.clone())).await?;
    let roles = policy::consent_roles(&broker.resources.catalogue, &service);
    let approvals = match choice::approvals(&approval.accounts, &held, &service, roles) {
        Ok(approvals) => approvals,
        Err(error) => {
            if matches!(error, ChoiceError::RoleMayNotConsent { .. }) {
                attempt.refuse(&broker, "role_not_allowed").await;
            }
            return Err(refusal(error));
        }
    };

    let person =
        Redeemer { resources: &broker.resources, facts: &facts, person_id: caller.person_id };
    match person.approve(&link, &app, &service, &approvals).await {
        Ok(redeemed) => Ok(Json(answer(link.id, app.id, redeemed, &neighbours).await)),
        Err(RedemptionError::Closed(closed)) => Err(attempt.refuse_closed(&broker, closed).await),
        Err(error) => Err(error.into()),
    }
}

async fn answer(
    link_id: LinkId,
    app_id: AppId,
    redeemed: Redeemed,
    neighbours: &Neighbours,
) -> Approved {
    // The approval stands, whether or not the directory finds the names for its answer.
    let people = redeemed.already_granted.iter().map(|grant| grant.granted_by).collect();
    let names = neighbours.name_people(people).await.unwrap_or_default();
    let granted = redeemed
        .granted
        .into_iter()
        .map(|(grant_id, account_id)| NewGrant { grant_id, account_id });
    let earlier = redeemed.already_granted.into_iter().map(|grant| EarlierGrant {
        grant_id: grant.id,
        account_id: grant.account_id,
        granted_by: ConsentedBy {
            person_id: grant.granted_by,
            name: names.get(&grant.granted_by).cloned(),
        },
        granted_at: grant.granted_at,
    });
    Approved {
        link_id,
        app_id,
        approved_at: redeemed.at,
        granted: granted.collect(),
        already_granted: earlier.collect(),
    }
}

fn refusal(error: ChoiceError) -> Problem {
    let message = error.to_string();
    match error {
        ChoiceError::Empty | ChoiceError::TooMany => Problem::invalid_field("accounts", message),
        ChoiceError::Twice(position) | ChoiceError::NotVisible(position) => {
            Problem::invalid_field(format!("accounts[{position}]"), message)
        }
        ChoiceError::RoleMayNotConsent { position, .. } => Problem::forbidden(
            "role-not-allowed",
            "Your role on a chosen account may not consent for this service.",
        )
        .with_field(format!("accounts[{position}]"), message),
    }
}
