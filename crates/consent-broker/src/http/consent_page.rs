//! What an account owner is shown before they decide.

use chrono::{DateTime, Utc};
use contract::catalogue::{Catalogue, DomainLevel, Level};
use contract::ids::{AccountId, AppId, LinkId, OrganizationId, PersonId};
use contract::rpc::{
    AccountKind, AccountRole, AppView, NamedPerson, OrganizationView, VisibleAccount,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::choice::Unselectable;
use crate::link::{Link, LinkStateName};
use crate::neighbours::Names;

/// A request for consent: who asks, for what, and for which accounts it can be given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConsentPage {
    /// The link.
    pub link_id: LinkId,
    /// Whether it was opened before.
    pub state: LinkStateName,
    /// Until when it can be answered.
    pub expires_at: DateTime<Utc>,
    /// Who asks.
    pub organization: Asker,
    /// The app.
    pub app: AskingApp,
    /// The service whose accounts it is about.
    pub service: AskedService,
    /// What the app wants to do: all of it or nothing.
    pub domains: Vec<AskedDomain>,
    /// How long a consent lasts.
    pub duration: String,
    /// How it can be ended.
    pub how_to_end: String,
    /// The accounts of the service that the person sees.
    pub accounts: Vec<AccountChoice>,
}

/// The organization that asks.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Asker {
    /// The organization.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Where it can be reached.
    pub contact_email: String,
    /// Its website.
    pub website: Option<String>,
}

/// The app that asks.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AskingApp {
    /// The app.
    pub id: AppId,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Whether `/v1/apps/{id}/image` has one.
    pub has_image: bool,
}

/// The catalogue's service.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AskedService {
    /// Its name in the catalogue.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// A sentence on what it is.
    pub description: String,
}

/// A domain that the app asks for, in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AskedDomain {
    /// Its name in the catalogue.
    pub domain: String,
    /// Its name for people.
    pub title: String,
    /// How much of it.
    pub level: Level,
    /// What the app could do, a sentence each: manage implies read, so it has both.
    pub descriptions: Vec<String>,
}

/// An account, and whether it can be chosen.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AccountChoice {
    /// The account.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub kind: AccountKind,
    /// The person's role on it.
    pub role: AccountRole,
    /// Whether it can be chosen.
    pub selectable: bool,
    /// Why not.
    pub reason: Option<WhyNot>,
}

/// Why an account cannot be chosen.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WhyNot {
    /// `role_may_not_consent` or `already_granted`.
    pub code: WhyNotCode,
    /// The same as a sentence.
    pub text: String,
    /// Who could approve, when the person's role does not suffice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consenters: Option<Vec<NamedPerson>>,
    /// Who has consented already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted_by: Option<ConsentedBy>,
    /// When they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted_at: Option<DateTime<Utc>>,
}

/// Why an account cannot be chosen, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyNotCode {
    /// The person's role on the account may not consent for this service.
    RoleMayNotConsent,
    /// The account has consented to this app already.
    AlreadyGranted,
}

/// The person who consented already.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConsentedBy {
    /// The person.
    pub person_id: PersonId,
    /// Their name, if it is still known.
    pub name: Option<String>,
}

impl ConsentPage {
    /// The page, but for the accounts.
    pub fn of(
        link: &Link,
        now: DateTime<Utc>,
        app: &AppView,
        organization: OrganizationView,
        service: AskedService,
        domains: Vec<AskedDomain>,
    ) -> Self {
        Self {
            link_id: link.id,
            state: link.state_name(now),
            expires_at: link.expires_at,
            organization: Asker {
                id: organization.id,
                name: organization.name,
                contact_email: organization.contact_email,
                website: organization.website,
            },
            app: AskingApp {
                id: app.id,
                name: app.name.clone(),
                description: app.description.clone(),
                has_image: app.has_image,
            },
            service,
            domains,
            duration: "Until you revoke it: a consent does not expire by itself.".to_owned(),
            how_to_end: "Whoever may consent for an account can revoke its consent, or all consents to the app, \
                         at any time. It counts at once."
                .to_owned(),
            accounts: Vec::new(),
        }
    }
}

impl AskedService {
    /// The service as the catalogue describes it.
    pub fn of(catalogue: &Catalogue, name: &str) -> Self {
        let entry = catalogue.services.get(name);
        Self {
            name: name.to_owned(),
            title: entry.map_or_else(|| name.to_owned(), |entry| entry.title.clone()),
            description: entry.map(|entry| entry.description.clone()).unwrap_or_default(),
        }
    }
}

impl AskedDomain {
    /// The domain in the catalogue's words. A domain that an operator has since taken out of the
    /// catalogue is still named: it is still part of what the app asks for.
    pub fn of(catalogue: &Catalogue, service: &str, asked: &DomainLevel) -> Self {
        let entry =
            catalogue.services.get(service).and_then(|service| service.domains.get(&asked.domain));
        let words = |level: Level| {
            entry.and_then(|entry| entry.level(level)).map(|level| level.description.clone())
        };
        let levels: &[Level] = match asked.level {
            Level::Read => &[Level::Read],
            Level::Manage => &[Level::Read, Level::Manage],
        };
        Self {
            domain: asked.domain.clone(),
            title: entry.map_or_else(|| asked.domain.clone(), |entry| entry.title.clone()),
            level: asked.level,
            descriptions: levels.iter().filter_map(|level| words(*level)).collect(),
        }
    }
}

impl AccountChoice {
    /// The account, and why it can be chosen or not.
    pub fn of(
        account: VisibleAccount,
        selectable: Result<(), Unselectable>,
        names: &Names,
    ) -> Self {
        Self {
            id: account.id,
            name: account.name,
            kind: account.kind,
            role: account.role,
            selectable: selectable.is_ok(),
            reason: selectable.err().map(|why| WhyNot::of(why, names)),
        }
    }
}

impl WhyNot {
    fn of(why: Unselectable, names: &Names) -> Self {
        match why {
            Unselectable::RoleMayNotConsent { consenters } => Self {
                code: WhyNotCode::RoleMayNotConsent,
                text: match consenters.as_slice() {
                    [] => "Your role on this account may not consent, and nobody else's does."
                        .to_owned(),
                    _ => "Your role on this account may not consent; those named here can approve."
                        .to_owned(),
                },
                consenters: Some(consenters),
                granted_by: None,
                granted_at: None,
            },
            Unselectable::AlreadyGranted { by, at } => Self {
                code: WhyNotCode::AlreadyGranted,
                text: "This account has consented to the app already.".to_owned(),
                consenters: None,
                granted_by: Some(ConsentedBy {
                    person_id: by,
                    name: names.people.get(&by).cloned(),
                }),
                granted_at: Some(at),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manage_is_told_in_the_words_of_both_levels() {
        let asked = DomainLevel { domain: "campaigns".to_owned(), level: Level::Manage };
        let told = AskedDomain::of(&Catalogue::default(), "retail_media", &asked);
        assert_eq!(told.title, "Campaigns");
        assert_eq!(
            told.descriptions,
            [
                "See your campaigns and line items.",
                "Create, change and stop your campaigns and line items."
            ]
        );
    }

    #[test]
    fn a_domain_that_left_the_catalogue_is_still_named() {
        let asked = DomainLevel { domain: "gone".to_owned(), level: Level::Read };
        let told = AskedDomain::of(&Catalogue::default(), "retail_media", &asked);
        assert_eq!((told.title.as_str(), told.descriptions.len()), ("gone", 0));
    }
}
