//! `GET /v1/grants/{id}/receipt`

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use contract::facts::ConsentDetails;
use contract::rpc::StreamEvents;
use contract::{Envelope, GrantId, Version};
use eventstore::producer;
use service::http::{Json, Path};
use service::{Attempt, Problem, Resources, Target};

use super::grant_view::{GrantView, Grantor};
use super::receipt_view::{
    ConsentParties, ConsentPurposes, ConsentReceipt, ConsentTimes, ReceiptAccount, ReceiptApp,
    ReceiptEvent, ReceiptOrganization, SCHEMA, ShownWords,
};
use crate::allowed::Viewer;
use crate::as_of::AsOf;
use crate::grant::Grant;
use crate::remote_services::RemoteServices;
use crate::store::{grants, shown_texts};
use crate::{ConsentBroker, policy};

/// So many events a receipt names at most: the first, and the last ones.
const EVENTS: i64 = 100;

/// Get the receipt of a consent
///
/// For both sides, at any time, whether the consent counts, was renewed, was revoked or has expired: who, which app of
/// which organization, which account, for what in the words that were shown, until when, and the events with
/// their places in the log. Who gave it is told to those who hold a role on the account, and to operators.
#[utoipa::path(
    get,
    path = "/v1/grants/{id}/receipt",
    operation_id = "getConsentReceipt",
    tag = "grants",
    security(("api_token" = [])),
    params(("id" = GrantId, Path, description = "The grant")),
    responses(
        (status = 200, description = "The receipt", body = ConsentReceipt),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 404, description = "No such grant, or none the caller sees", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["account:admin", "account:business_manager", "account:technical_manager", "account:analyst", "account:viewer", "owner", "developer", "auditor", "operator"])),
    ),
)]
pub(crate) async fn get_receipt(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(id): Path<GrantId>,
) -> Result<Json<ConsentReceipt>, Problem> {
    let resources = &broker.resources;
    let as_of = AsOf::now(resources);
    let grant = grants::by_id(&resources.pool, id, as_of).await?;
    let grant = grant.ok_or_else(Problem::no_such::<GrantId>)?;
    let account = grant.account_id;
    let remote = RemoteServices::of(&broker, &attempt.facts);
    let held = remote.roles_of(attempt.caller.person_id, [account]).await?;
    let viewer = Viewer {
        person_id: attempt.caller.person_id,
        operator: attempt.caller.operator,
        role: held.iter().find(|held| held.account_id == account).map(|held| held.role),
    };
    let in_organization = attempt.role_in(grant.organization_id).await?;
    let decision = policy::read_grant(viewer.role, in_organization, viewer.operator);
    let target = Target::of(id, grant.organization_id);
    let _permit = attempt.permit("consent.read", target, decision).await?;

    let events = events(resources, &grant).await?;
    let (text_sha256, shown) = shown(resources, id, &events).await?;
    let named = GrantView::people(&grant).filter(|_| viewer.knows_people()).collect();
    let (people, mut accounts, mut apps, mut organizations, places) = tokio::try_join!(
        remote.name_people(named),
        remote.name_accounts(BTreeSet::from([account])),
        remote.name_apps(BTreeSet::from([grant.app_id])),
        remote.name_organizations(BTreeSet::from([grant.organization_id])),
        // A receipt is to be had while the log is not.
        async {
            Ok(remote.places_of(events.iter().map(|event| event.id)).await.unwrap_or_default())
        },
    )?;
    let grantor =
        |person_id, role| Grantor { person_id, name: people.get(&person_id).cloned(), role };
    let organization = organizations.remove(&grant.organization_id);
    let parties = ConsentParties {
        granted_by: viewer.knows_people().then(|| grantor(grant.granted_by, grant.role)),
        renewed_by: grant
            .renewal
            .filter(|_| viewer.knows_people())
            .map(|renewal| grantor(renewal.by, renewal.role)),
        organization: ReceiptOrganization {
            id: grant.organization_id,
            name: organization.as_ref().map(|known| known.name.clone()),
            contact_email: organization.map(|known| known.contact_email),
        },
        app: ReceiptApp { id: grant.app_id, name: apps.remove(&grant.app_id) },
        account: ReceiptAccount {
            id: account,
            name: accounts.remove(&account),
            service: grant.service.clone(),
        },
    };
    let events: Vec<ReceiptEvent> = events
        .into_iter()
        .map(|event| {
            let place = places.get(&event.id);
            ReceiptEvent::of(event, place)
        })
        .collect();
    Ok(Json(ConsentReceipt {
        schema: SCHEMA.to_owned(),
        schema_version: "1".to_owned(),
        record_id: id,
        issued_at: as_of.now,
        parties,
        state: ConsentTimes {
            name: grant.state_name(as_of.now),
            granted_at: grant.granted_at,
            link_id: grant.link_id,
            expires_at: grant.expires_at,
            renewed_at: grant.renewal.map(|renewal| renewal.at),
            ended_at: grant.ended_at(as_of.now),
        },
        purposes: ConsentPurposes { domains: grant.domains, shown, text_sha256 },
        events_left_out: grant.version.number()
            - i64::try_from(events.len()).map_err(Problem::internal)?,
        events,
    }))
}

/// What happened to the grant: its first event and its last ones.
async fn events(resources: &Resources, grant: &Grant) -> Result<Vec<Envelope>, Problem> {
    let stream_id = grant.id.uuid();
    let first = StreamEvents { stream_id, from: Version::FIRST, to: Version::FIRST };
    let from = Version::new((grant.version.number() - EVENTS + 2).max(2));
    let from = from.ok_or_else(|| Problem::internal("it lies between two versions"))?;
    let last = StreamEvents { stream_id, from, to: grant.version };
    let mut events = producer::stream_events(&resources.pool, &first).await?;
    events.extend(producer::stream_events(&resources.pool, &last).await?);
    let parsed = events.iter().map(|event| Envelope::parse(event.envelope.as_bytes()));
    parsed.collect::<Result<_, _>>().map_err(Problem::internal)
}

/// The hash of the words that were shown, and they themselves as far as they are kept.
async fn shown(
    resources: &Resources,
    id: GrantId,
    events: &[Envelope],
) -> Result<(Option<String>, Option<ShownWords>), Problem> {
    let kept = shown_texts::of_grant(&resources.pool, id).await?;
    let (sha256, text) = match kept {
        Some(kept) => (Some(hex::encode(kept.sha256)), kept.text.map(String::into_bytes)),
        // From before they were kept here: beside its event, unless they were erased there.
        None => match events.first() {
            Some(granted) => (None, producer::details_of(&resources.pool, granted.id).await?),
            None => (None, None),
        },
    };
    let details = text.map(|text| serde_json::from_slice::<ConsentDetails>(&text)).transpose();
    Ok((sha256, details.map_err(Problem::internal)?.map(ShownWords::from)))
}
