//! `/v1/grants`, as account owners have them.

use axum::http::{HeaderValue, Method};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::catalogue::{DomainLevel, Level};
use contract::ids::{AccountId, AppId, EventId, GrantId, LinkId, PersonId};
use contract::secret::SessionToken;
use serde::Deserialize;

use super::{Api, ApiError, Question, with_query};
use crate::browser::Browser;
use crate::parts::able::Domain;

/// The consent of one account to one app.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Consent {
    pub(crate) id: GrantId,
    pub(crate) link_id: LinkId,
    pub(crate) app: ConsentedApp,
    pub(crate) account: ConsentingAccount,
    pub(crate) domains: Vec<DomainLevel>,
    pub(crate) state: ConsentState,
    pub(crate) granted_at: DateTime<Utc>,
    /// Told to those who hold a role on the account.
    pub(crate) granted_by: Option<Grantor>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    pub(crate) allowed: Vec<ConsentOperation>,
}

/// What can be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConsentOperation {
    Renew,
    Revoke,
    #[serde(other)]
    Other,
}

/// Whether it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConsentState {
    Live,
    Expired,
    Revoked,
}

impl ConsentState {
    /// As the API's filter names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// The app that may act.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ConsentedApp {
    pub(crate) id: AppId,
    pub(crate) name: Option<String>,
    pub(crate) organization_name: Option<String>,
    pub(crate) contact_email: Option<String>,
}

/// The account on which.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ConsentingAccount {
    pub(crate) id: AccountId,
    pub(crate) name: Option<String>,
    pub(crate) service: String,
}

/// Who consented.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Grantor {
    pub(crate) person_id: PersonId,
    pub(crate) name: Option<String>,
}

/// A page of consents, newest first.
#[derive(Debug, Deserialize)]
pub(crate) struct Consents {
    pub(crate) items: Vec<Consent>,
    pub(crate) next_cursor: Option<String>,
}

/// The receipt of a consent (ISO/IEC TS 27560), as far as a page shows it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) record_id: GrantId,
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) parties: Parties,
    pub(crate) purposes: Purposes,
    pub(crate) state: Times,
    pub(crate) events: Vec<ReceiptEvent>,
}

/// Between whom.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Parties {
    pub(crate) account: NamedAccount,
    pub(crate) app: NamedApp,
    pub(crate) organization: NamedOrganization,
    pub(crate) granted_by: Option<Grantor>,
}

/// The account.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NamedAccount {
    pub(crate) name: Option<String>,
    pub(crate) id: AccountId,
}

/// The app.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NamedApp {
    pub(crate) id: AppId,
    pub(crate) name: Option<String>,
}

/// The organization.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NamedOrganization {
    pub(crate) name: Option<String>,
    pub(crate) contact_email: Option<String>,
}

/// For what.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Purposes {
    /// The words that were shown; none, if they were erased.
    pub(crate) shown: Option<ShownWords>,
    pub(crate) text_sha256: Option<String>,
}

/// The exact words.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ShownWords {
    pub(crate) app_name: String,
    pub(crate) organization_name: String,
    pub(crate) domains: Vec<ShownDomain>,
    /// Their language (BCP 47).
    pub(crate) language: String,
}

/// One domain of them.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ShownDomain {
    pub(crate) title: String,
    pub(crate) level: Level,
    pub(crate) descriptions: Vec<String>,
}

impl Domain for ShownDomain {
    fn title(&self) -> &str {
        &self.title
    }

    fn level(&self) -> Level {
        self.level
    }

    fn descriptions(&self) -> &[String] {
        &self.descriptions
    }
}

/// From when to when.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Times {
    pub(crate) name: ConsentState,
    pub(crate) granted_at: DateTime<Utc>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) link_id: LinkId,
}

/// Something that happened to it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReceiptEvent {
    pub(crate) id: EventId,
    pub(crate) time: DateTime<Utc>,
    pub(crate) position: Option<i64>,
}

/// A page of consents that the person sees.
pub(crate) async fn list(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    filter: &[(&str, &str)],
) -> Result<Consents, ApiError> {
    let question = Question::new(Method::GET, with_query("/v1/grants", filter)).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// The receipt of one.
pub(crate) async fn receipt(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: GrantId,
) -> Result<Receipt, ApiError> {
    let question = Question::new(Method::GET, format!("/v1/grants/{id}/receipt")).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// The same as it is, for a file.
pub(crate) async fn receipt_file(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: GrantId,
) -> Result<(HeaderValue, Bytes), ApiError> {
    let question = Question::new(Method::GET, format!("/v1/grants/{id}/receipt")).of(token);
    api.bytes(browser, question).await.map_err(ApiError::of_session)
}

/// Lets it last on.
pub(crate) async fn renew(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: GrantId,
) -> Result<(), ApiError> {
    let question = Question::new(Method::POST, format!("/v1/grants/{id}/renew")).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// Ends it.
pub(crate) async fn revoke(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: GrantId,
) -> Result<(), ApiError> {
    let question = Question::new(Method::DELETE, format!("/v1/grants/{id}")).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// Ends all of an app on the person's accounts.
pub(crate) async fn revoke_app(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
) -> Result<(), ApiError> {
    let question = Question::new(Method::DELETE, format!("/v1/grants?app_id={app}")).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Consent>("GrantView");
        answer::<Consents>("Page_GrantView");
        answer::<Receipt>("ConsentReceipt");
        answer::<ShownWords>("ShownWords");
        answer::<ReceiptEvent>("ReceiptEvent");
        answer::<Times>("ConsentTimes");
    }
}
