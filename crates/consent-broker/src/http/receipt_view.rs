//! A receipt of a consent, in the manner of ISO/IEC TS 27560:2023 (consent record information structure).

use chrono::{DateTime, Utc};
use contract::catalogue::DomainLevel;
use contract::facts::{AskedDomain, AskedService, ConsentDetails};
use contract::ids::{AccountId, AppId, EventId, GrantId, LinkId, OrganizationId};
use contract::rpc::EventPlace;
use contract::{Envelope, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::grant_view::Grantor;
use crate::grant::GrantStateName;

/// The structure that a receipt follows.
pub(crate) const SCHEMA: &str = "ISO/IEC TS 27560:2023";

/// What was consented to, by whom and until when, and where that is on record.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConsentReceipt {
    /// The structure that it follows: `ISO/IEC TS 27560:2023`.
    pub(crate) schema: String,
    /// The version of this form of it: `1`. Fields may be added to it.
    pub(crate) schema_version: String,
    /// Which consent: the grant.
    pub(crate) record_id: GrantId,
    /// When the receipt was issued: it says what was so then.
    pub(crate) issued_at: DateTime<Utc>,
    /// Between whom.
    pub(crate) parties: ConsentParties,
    /// For what.
    pub(crate) purposes: ConsentPurposes,
    /// Whether it counts, and from when to when.
    pub(crate) state: ConsentTimes,
    /// What happened to it, the first and the last of it if it is very much.
    pub(crate) events: Vec<ReceiptEvent>,
    /// How many events are left out between the first and the others.
    pub(crate) events_left_out: i64,
}

/// Between whom a consent is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConsentParties {
    /// Who asked for it: the controller.
    pub(crate) organization: ReceiptOrganization,
    /// The organization's app.
    pub(crate) app: ReceiptApp,
    /// The account whose data it is about: the principal.
    pub(crate) account: ReceiptAccount,
    /// Who gave it. Only those who hold a role on the account, and operators, are told.
    pub(crate) granted_by: Option<Grantor>,
    /// Who renewed it last. Only those who hold a role on the account, and operators, are told.
    pub(crate) renewed_by: Option<Grantor>,
}

/// The organization, as it is known today.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReceiptOrganization {
    /// The organization.
    pub(crate) id: OrganizationId,
    /// Its name.
    pub(crate) name: Option<String>,
    /// Where it can be reached.
    pub(crate) contact_email: Option<String>,
}

/// The app, as it is known today.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReceiptApp {
    /// The app.
    pub(crate) id: AppId,
    /// Its name.
    pub(crate) name: Option<String>,
}

/// The account, as it is known today.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReceiptAccount {
    /// The account.
    pub(crate) id: AccountId,
    /// Its name.
    pub(crate) name: Option<String>,
    /// The catalogue's service.
    pub(crate) service: String,
}

/// For what a consent is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConsentPurposes {
    /// What the app may do.
    pub(crate) domains: Vec<DomainLevel>,
    /// The words that were shown; null if they were erased.
    pub(crate) shown: Option<ShownWords>,
    /// SHA-256, in hex, over what was shown, which the page gave as `text_sha256`; null for a consent from before it
    /// was kept.
    pub(crate) text_sha256: Option<String>,
}

/// The exact words and names that were shown to whoever consented.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ShownWords {
    /// Their language (BCP 47).
    pub(crate) language: String,
    /// The organization, as it was called.
    pub(crate) organization_name: String,
    /// The app, as it was called.
    pub(crate) app_name: String,
    /// Its description.
    pub(crate) app_description: Option<String>,
    /// The service.
    pub(crate) service: AskedService,
    /// What the app wanted to do.
    pub(crate) domains: Vec<AskedDomain>,
    /// How long the consent lasts.
    pub(crate) duration: String,
    /// How it can be ended.
    pub(crate) how_to_end: String,
}

/// From when to when a consent counts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConsentTimes {
    /// Whether it counts.
    pub(crate) name: GrantStateName,
    /// When it was given.
    pub(crate) granted_at: DateTime<Utc>,
    /// The link it came through.
    pub(crate) link_id: LinkId,
    /// From when it counts no more unless it is renewed; null if it does not end by itself.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// When it was renewed last.
    pub(crate) renewed_at: Option<DateTime<Utc>>,
    /// From when it counts no more, if it was revoked or has expired.
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// Something that happened to a consent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReceiptEvent {
    /// The event: `/v1/events/{id}` has it.
    pub(crate) id: EventId,
    /// What happened, such as `mandate.consent.granted.v1`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// When.
    pub(crate) time: DateTime<Utc>,
    /// Its place in what happened to this consent: 1, 2, 3 …
    #[schema(value_type = i64, minimum = 1)]
    pub(crate) version: Version,
    /// Its position in the log; null until it is recorded there, which takes some milliseconds, and while the log
    /// cannot be asked.
    #[schema(minimum = 1)]
    pub(crate) position: Option<i64>,
    /// When it was recorded there.
    pub(crate) recorded_at: Option<DateTime<Utc>>,
}

impl From<ConsentDetails> for ShownWords {
    fn from(kept: ConsentDetails) -> Self {
        Self {
            language: kept.language,
            organization_name: kept.organization_name,
            app_name: kept.app_name,
            app_description: kept.app_description,
            service: kept.service,
            domains: kept.domains,
            duration: kept.duration,
            how_to_end: kept.how_to_end,
        }
    }
}

impl ReceiptEvent {
    /// The event, with its place if that is known.
    pub(crate) fn of(event: Envelope, place: Option<&EventPlace>) -> Self {
        Self {
            id: event.id,
            kind: event.kind,
            time: event.time,
            version: event.streamversion,
            position: place.and_then(|place| place.position),
            recorded_at: place.and_then(|place| place.recorded_at),
        }
    }
}
