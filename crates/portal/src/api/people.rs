//! `/v1/people`

use std::collections::BTreeMap;

use axum::http::Method;
use contract::ids::{OrganizationId, PersonId};
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::names::{self, PersonName};
use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// The signed-in person.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Me {
    pub(crate) id: PersonId,
    pub(crate) name: String,
    pub(crate) email: String,
    /// In which language they are written to, as a BCP 47 tag.
    pub(crate) language: String,
    pub(crate) memberships: Vec<Membership>,
    /// Their roles on accounts, or the first of very many.
    #[serde(default)]
    pub(crate) account_roles: Vec<AccountRoleHeld>,
    /// What those are called who were asked for with it.
    #[serde(default)]
    pub(crate) names: Vec<PersonName>,
}

/// A role on an account: that there is one is all that pages ask for.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct AccountRoleHeld {}

/// Their role in an organization.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Membership {
    pub(crate) organization_id: OrganizationId,
    pub(crate) organization_name: String,
    /// What they may do in it now.
    pub(crate) allowed: Vec<OrganizationOperation>,
}

/// What some members can do in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrganizationOperation {
    /// What it tells of itself can be changed, and its contact address be confirmed.
    Edit,
    /// Others can be invited.
    Invite,
    /// Domains on request can be asked for.
    RequestDomain,
    /// Something that these pages do not offer.
    #[serde(other)]
    Other,
}

impl Membership {
    pub(crate) fn allows(&self, operation: OrganizationOperation) -> bool {
        self.allowed.contains(&operation)
    }
}

impl Me {
    /// Their membership in an organization.
    pub(crate) fn in_organization(&self, id: OrganizationId) -> Option<&Membership> {
        self.memberships.iter().find(|membership| membership.organization_id == id)
    }
}

/// Who is signed in.
pub(crate) async fn me(api: &Api, browser: &Browser, token: &SessionToken) -> Result<Me, ApiError> {
    let question = Question::new(Method::GET, "/v1/people/me").of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Who is signed in, and what these people are called as far as they may know: up to 100.
pub(crate) async fn me_and_names(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    people: &[PersonId],
) -> Result<(Me, BTreeMap<PersonId, String>), ApiError> {
    let asked: Vec<_> = people.iter().take(names::MOST).map(ToString::to_string).collect();
    let asked = asked.join(",");
    let query: &[_] = if asked.is_empty() { &[] } else { &[("names", asked.as_str())] };
    let path = super::with_query("/v1/people/me", query);
    let question = Question::new(Method::GET, path).of(token);
    let mut me: Me = api.ask(browser, question).await.map_err(ApiError::of_session)?;
    let names = names::known(std::mem::take(&mut me.names));
    Ok((me, names))
}

/// Changes what they are called, and in which language they are written to.
pub(crate) async fn edit(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    name: &str,
    language: &str,
) -> Result<(), ApiError> {
    let body = json!({ "name": name, "language": language });
    let question = Question::new(Method::PATCH, "/v1/people/me").of(token).with(body);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// Another password. All their other sessions end.
pub(crate) async fn change_password(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    current: &str,
    new: &str,
) -> Result<(), ApiError> {
    let body = json!({ "current_password": current, "new_password": new });
    let question = Question::new(Method::PUT, "/v1/people/me/password").of(token).with(body);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// All that is held on them, as the API tells it: the pages of its lists put together.
pub(crate) async fn export(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
) -> Result<Map<String, Value>, ApiError> {
    let mut whole = Map::new();
    let mut cursor: Option<String> = None;
    loop {
        let query: Vec<_> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
        let path = super::with_query("/v1/people/me/export", &query);
        let question = Question::new(Method::GET, path).of(token);
        let page: Map<String, Value> =
            api.ask(browser, question).await.map_err(ApiError::of_session)?;
        match put_together(&mut whole, page) {
            None => return Ok(whole),
            next => cursor = next,
        }
    }
}

/// Adds a page of an export: where the next begins.
fn put_together(whole: &mut Map<String, Value>, mut page: Map<String, Value>) -> Option<String> {
    let next = page.remove("next_cursor");
    for (name, value) in page {
        match (whole.get_mut(&name), value) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
            (_, value) => drop(whole.insert(name, value)),
        }
    }
    next.as_ref().and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Me>("Me");
        answer::<Membership>("MyMembership");
        answer::<AccountRoleHeld>("MyAccountRole");
    }

    #[test]
    fn an_export_of_several_pages_is_one() {
        let page = |json: Value| json.as_object().cloned().unwrap();
        let mut whole = Map::new();
        let first = json!({ "person": { "name": "A" }, "mails": [1, 2], "next_cursor": "x" });
        assert_eq!(put_together(&mut whole, page(first)).as_deref(), Some("x"));
        let last = json!({ "person": { "name": "A" }, "mails": [3], "next_cursor": null });
        assert_eq!(put_together(&mut whole, page(last)), None);
        let expected = json!({ "person": { "name": "A" }, "mails": [1, 2, 3] });
        assert_eq!(Value::Object(whole), expected);
    }
}
