//! `/v1/consent-requests`: what a link asks for, and the answer to it. The token of a link is a secret, and in the path:
//! whoever logs a path here logs a secret.

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::catalogue::Level;
use contract::ids::{AccountId, AppId, GrantId, LinkId, PersonId};
use contract::rpc::AccountRole;
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Api, ApiError, Question, with_query};
use crate::browser::Browser;
use crate::parts::able::Domain;

/// How many accounts a page lists.
pub(crate) const PAGE: &str = "50";

/// What a link asks for.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Request {
    pub(crate) app: AskingApp,
    pub(crate) organization: AskingOrganization,
    pub(crate) service: AskedService,
    pub(crate) domains: Vec<AskedDomain>,
    /// Which words were shown: an approval brings it back.
    pub(crate) text_sha256: String,
    /// From when consents that are given now count no more; never, if there is none.
    pub(crate) grants_expire_at: Option<DateTime<Utc>>,
    pub(crate) lifetime_days: Option<u32>,
    /// Until when it can be answered.
    pub(crate) expires_at: DateTime<Utc>,
    /// Where one is sent afterwards.
    pub(crate) redirect_uri: Option<String>,
    /// Of all accounts of the service that the person sees.
    pub(crate) counts: Counts,
}

/// The app, as it describes itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AskingApp {
    pub(crate) id: AppId,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) has_image: bool,
}

/// The organization, as far as it is known here.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AskingOrganization {
    pub(crate) name: String,
    pub(crate) contact_email: String,
    /// The domain of the contact, if it was confirmed that mail arrives there.
    pub(crate) contact_domain: Option<String>,
    pub(crate) member_since: Option<DateTime<Utc>>,
    pub(crate) website: Option<String>,
}

/// Whose accounts it is about.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AskedService {
    pub(crate) title: String,
}

/// What is asked for, in plain words.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AskedDomain {
    pub(crate) title: String,
    pub(crate) level: Level,
    pub(crate) descriptions: Vec<String>,
}

impl Domain for AskedDomain {
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

/// How many accounts a search finds.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Counts {
    pub(crate) matching: u32,
    pub(crate) selectable: u32,
}

/// A page of accounts.
#[derive(Debug, Deserialize)]
pub(crate) struct Accounts {
    pub(crate) items: Vec<Account>,
    pub(crate) next_cursor: Option<String>,
    /// On the first page of a search.
    pub(crate) counts: Option<Counts>,
}

/// An account of the person's.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) name: String,
    pub(crate) external_id: Option<String>,
    pub(crate) role: AccountRole,
    pub(crate) selectable: bool,
    pub(crate) reason: Option<Reason>,
}

/// Why it cannot be chosen.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Reason {
    pub(crate) code: ReasonCode,
    pub(crate) granted_by: Option<Named>,
    pub(crate) granted_at: Option<DateTime<Utc>>,
    /// Who could approve.
    #[serde(default)]
    pub(crate) consenters: Option<Vec<Named>>,
}

/// The same for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReasonCode {
    RoleMayNotConsent,
    AlreadyGranted,
    #[serde(other)]
    Other,
}

/// A person.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Named {
    pub(crate) person_id: PersonId,
    pub(crate) name: Option<String>,
}

/// A request that was approved.
#[derive(Debug, Deserialize)]
pub(crate) struct Approved {
    pub(crate) link_id: LinkId,
    pub(crate) granted: Vec<NewGrant>,
    pub(crate) granted_count: u32,
    /// The chosen accounts that had consented before.
    pub(crate) already_granted: Vec<EarlierGrant>,
}

/// A consent that was there before: that there is one is all that pages ask for.
#[derive(Debug, Deserialize)]
pub(crate) struct EarlierGrant {}

/// A consent that came of it.
#[derive(Debug, Deserialize)]
pub(crate) struct NewGrant {
    pub(crate) grant_id: GrantId,
}

fn path(link: &str, rest: &str) -> String {
    let link: String = url::form_urlencoded::byte_serialize(link.as_bytes()).collect();
    format!("/v1/consent-requests/{link}{rest}")
}

/// What the link asks for. The first look of somebody outside of the organization is noted.
pub(crate) async fn get(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    link: &str,
) -> Result<Request, ApiError> {
    let question = Question::new(Method::GET, path(link, "")).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// The accounts that a search finds; all, for an empty one.
pub(crate) async fn accounts(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    link: &str,
    (q, cursor, limit): (&str, Option<&str>, &str),
) -> Result<Accounts, ApiError> {
    let mut query = vec![("limit", limit)];
    if !q.is_empty() {
        query.push(("q", q));
    }
    if let Some(cursor) = cursor {
        query.push(("cursor", cursor));
    }
    let question = Question::new(Method::GET, with_query(&path(link, "/accounts"), &query));
    api.ask(browser, question.of(token)).await.map_err(ApiError::of_session)
}

/// Approves it for the chosen accounts, in exactly the words that were shown.
pub(crate) async fn approve(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    link: &str,
    mut chosen: Value,
    text_sha256: &str,
) -> Result<Approved, ApiError> {
    chosen["text_sha256"] = text_sha256.into();
    let question = Question::new(Method::POST, path(link, "/approve")).of(token).with(chosen);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Denies it.
pub(crate) async fn deny(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    link: &str,
) -> Result<(), ApiError> {
    let question = Question::new(Method::POST, path(link, "/deny")).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// Asks somebody who may consent for this account.
pub(crate) async fn pass_on(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    link: &str,
    account: AccountId,
    person: PersonId,
) -> Result<(), ApiError> {
    let body = json!({ "account_id": account, "person_id": person });
    let question = Question::new(Method::POST, path(link, "/pass-on")).of(token).with(body);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Request>("ConsentPage");
        answer::<AskingOrganization>("Asker");
        answer::<Accounts>("SelectableAccounts");
        answer::<Account>("SelectableAccount");
        answer::<Reason>("UnselectableReason");
        answer::<Approved>("Approved");
    }
}
