//! What an account owner is shown before they decide.

use chrono::{DateTime, Utc};
use contract::catalogue::ConsentLifetime;
use contract::facts::{AskedDomain, AskedService};
use contract::ids::{AccountId, AppId, LinkId, OrganizationId, PersonId};
use contract::rpc::{
    AccountKind, AccountRole, AppView, NamedPerson, OrganizationView, VisibleAccount,
};
use serde::{Deserialize, Serialize};
use service::http::Page;
use utoipa::ToSchema;

use super::account_counts::AccountCounts;
use crate::account_selection::Unselectable;
use crate::consent_text::ConsentText;
use crate::link::{Link, LinkStateName};
use crate::remote_services::Names;

/// A request for consent: who asks, for what, and for which accounts it can be given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConsentPage {
    /// The link.
    pub(crate) link_id: LinkId,
    /// Whether it was opened before.
    pub(crate) state: LinkStateName,
    /// Until when it can be answered.
    pub(crate) expires_at: DateTime<Utc>,
    /// Who asks.
    pub(crate) organization: Asker,
    /// The app.
    pub(crate) app: AskingApp,
    /// The service whose accounts it is about.
    pub(crate) service: AskedService,
    /// What the app wants to do: all of it or nothing.
    pub(crate) domains: Vec<AskedDomain>,
    /// How long a consent lasts.
    pub(crate) duration: String,
    /// The same as a number of days from the approval on; null if a consent does not end by itself.
    pub(crate) lifetime_days: Option<u16>,
    /// From when the consents count no more if they are given at this moment, and not renewed; null if they do not
    /// end by themselves.
    pub(crate) grants_expire_at: Option<DateTime<Utc>>,
    /// How it can be ended.
    pub(crate) how_to_end: String,
    /// The language of all words (BCP 47).
    pub(crate) language: String,
    /// The same as a code.
    pub(crate) how_to_end_code: HowToEnd,
    /// Where the person is sent after their answer. Null: they stay here, as for every app of client credentials.
    pub(crate) redirect_uri: Option<String>,
    /// Which text this is: an approval brings it back, to be of exactly these words.
    pub(crate) text_sha256: String,
    /// The accounts of the service that the person sees: the first of them.
    pub(crate) accounts: Vec<SelectableAccount>,
    /// How many there are altogether, and of which.
    pub(crate) counts: AccountCounts,
    /// Where the next page of accounts begins, as a `cursor` of `/v1/consent-requests/{token}/accounts`; null if
    /// these are all.
    pub(crate) next_cursor: Option<String>,
}

/// How a consent can be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HowToEnd {
    /// Whoever may consent for the account revokes its consent, or all consents to the app, at any time.
    RevokeAtAnyTime,
}

/// The organization that asks.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Asker {
    /// The organization.
    pub(crate) id: OrganizationId,
    /// Its name.
    pub(crate) name: String,
    /// Where it can be reached.
    pub(crate) contact_email: String,
    /// Its website.
    pub(crate) website: Option<String>,
    /// The domain of its contact address: that mail to it arrives there was confirmed. Null before.
    pub(crate) contact_domain: Option<String>,
    /// Since when the organization is known here.
    pub(crate) member_since: Option<DateTime<Utc>>,
}

/// The app that asks.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct AskingApp {
    /// The app.
    pub(crate) id: AppId,
    /// Its name.
    pub(crate) name: String,
    /// Its description.
    pub(crate) description: Option<String>,
    /// Whether `/v1/apps/{id}/image` has one.
    pub(crate) has_image: bool,
}

/// An account, and whether it can be chosen.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct SelectableAccount {
    /// The account.
    pub(crate) id: AccountId,
    /// Its name.
    pub(crate) name: String,
    /// How the customer's own system names it.
    pub(crate) external_id: Option<String>,
    /// Whose it is.
    pub(crate) kind: AccountKind,
    /// The person's role on it.
    pub(crate) role: AccountRole,
    /// Whether it can be chosen.
    pub(crate) selectable: bool,
    /// Why not.
    pub(crate) reason: Option<UnselectableReason>,
}

/// Why an account cannot be chosen.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct UnselectableReason {
    /// `role_may_not_consent` or `already_granted`.
    pub(crate) code: UnselectableCode,
    /// The same as a sentence.
    pub(crate) text: String,
    /// Who could approve, when the person's role does not suffice: at most ten of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) consenters: Option<Vec<NamedPerson>>,
    /// Whether others could as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) more_consenters: Option<bool>,
    /// Who has consented already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) granted_by: Option<ConsentedBy>,
    /// When they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) granted_at: Option<DateTime<Utc>>,
}

/// Why an account cannot be chosen, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnselectableCode {
    /// The person's role on the account may not consent for this service.
    RoleMayNotConsent,
    /// The account has consented to this app already.
    AlreadyGranted,
}

/// The person who consented already.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConsentedBy {
    /// The person.
    pub(crate) person_id: PersonId,
    /// Their name, if it is still known.
    pub(crate) name: Option<String>,
}

impl ConsentPage {
    /// The page, as of now.
    pub(crate) fn of(
        link: &Link,
        now: DateTime<Utc>,
        app: &AppView,
        organization: OrganizationView,
        text: ConsentText,
        lifetime: ConsentLifetime,
        (accounts, counts): (Page<SelectableAccount>, AccountCounts),
    ) -> Self {
        Self {
            link_id: link.id,
            state: link.state_name(now),
            expires_at: link.expires_at,
            text_sha256: text.sha256(),
            organization: Asker::of(organization, text.organization_name),
            app: AskingApp::of(app, text.app_name, text.app_description),
            service: text.service,
            domains: text.domains,
            duration: text.duration,
            lifetime_days: lifetime.days(),
            grants_expire_at: lifetime.end(now),
            how_to_end: text.how_to_end.to_owned(),
            language: text.language.to_owned(),
            how_to_end_code: HowToEnd::RevokeAtAnyTime,
            redirect_uri: None,
            accounts: accounts.items,
            counts,
            next_cursor: accounts.next_cursor,
        }
    }
}

impl Asker {
    /// The organization, by the name that is part of the text.
    pub(super) fn of(organization: OrganizationView, name: String) -> Self {
        let domain = organization.contact_email.rsplit_once('@').map(|(_, domain)| domain);
        Self {
            id: organization.id,
            contact_domain: domain.filter(|_| organization.confirmed).map(str::to_lowercase),
            member_since: organization.created_at,
            name,
            contact_email: organization.contact_email,
            website: organization.website,
        }
    }
}

impl AskingApp {
    /// The app, by the name and description that are part of the text.
    pub(super) fn of(app: &AppView, name: String, description: Option<String>) -> Self {
        Self { id: app.id, name, description, has_image: app.has_image }
    }
}

impl SelectableAccount {
    /// The account, and why it can be chosen or not.
    pub(crate) fn of(
        account: VisibleAccount,
        selectable: Result<(), Unselectable>,
        names: &Names,
    ) -> Self {
        Self {
            id: account.id,
            name: account.name,
            external_id: account.external_id,
            kind: account.kind,
            role: account.role,
            selectable: selectable.is_ok(),
            reason: selectable.err().map(|why| UnselectableReason::of(why, names)),
        }
    }
}

impl UnselectableReason {
    fn of(why: Unselectable, names: &Names) -> Self {
        match why {
            Unselectable::RoleMayNotConsent { consenters, more } => Self {
                code: UnselectableCode::RoleMayNotConsent,
                text: match consenters.as_slice() {
                    [] => "Your role on this account may not consent, and nobody else's does."
                        .to_owned(),
                    _ => "Your role on this account may not consent; those named here can approve."
                        .to_owned(),
                },
                consenters: Some(
                    consenters
                        .into_iter()
                        .filter_map(|person_id| {
                            let name = names.people.get(&person_id)?.clone();
                            Some(NamedPerson { person_id, name })
                        })
                        .collect(),
                ),
                more_consenters: Some(more),
                granted_by: None,
                granted_at: None,
            },
            Unselectable::AlreadyGranted { by, at } => Self {
                code: UnselectableCode::AlreadyGranted,
                text: "This account has consented to the app already.".to_owned(),
                consenters: None,
                more_consenters: None,
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
    use contract::Version;
    use contract::catalogue::{Catalogue, DomainLevel, Level};
    use contract::environment::Environment;
    use contract::rpc::{AppState, AuthenticationMethod, OrganizationKind};

    use super::*;
    use crate::account_matching::Matched;
    use crate::consent_words::ConsentWords;
    use crate::link::LinkDraft;

    #[test]
    fn what_is_kept_of_a_consent_is_what_the_page_showed() {
        let environment = Environment::system();
        let organization = OrganizationView {
            id: environment.new_id(),
            name: "Bidwise".to_owned(),
            kind: OrganizationKind::TechnologyCompany,
            contact_email: "apps@example.com".to_owned(),
            website: None,
            confirmed: true,
            enabled_domains: Vec::new(),
            created_at: None,
        };
        let app = AppView {
            id: environment.new_id(),
            organization_id: organization.id,
            name: "Shelf Optimizer".to_owned(),
            description: Some("Keeps shelves full.".to_owned()),
            has_image: true,
            authentication_method: AuthenticationMethod::ClientCredentials,
            state: AppState::Active,
            service: Some("retail_media".to_owned()),
            domains: vec![DomainLevel { domain: "campaigns".to_owned(), level: Level::Manage }],
            scopes: Vec::new(),
            version: Version::FIRST.next(),
        };
        let draft = LinkDraft {
            id: environment.new_id(),
            app_id: app.id,
            organization_id: organization.id,
            hint: "abcd".to_owned(),
            label: None,
            created_by: environment.new_id(),
            lifetime: chrono::Duration::days(1),
            grant_lifetime_days: Some(30),
        };
        let now = environment.now();
        let (link, _) = Link::create(draft, now);

        let (catalogue, words) = (Catalogue::default(), <&ConsentWords>::default());
        let lifetime = ConsentLifetime::Days(30);
        let text =
            ConsentText::of(&catalogue, &app, &organization, "retail_media", words, lifetime);
        let kept = serde_json::to_value(text.details("Corner Shop")).unwrap();
        let none = Page { items: Vec::new(), next_cursor: None };
        let counts = (&Matched::default()).into();
        let page = ConsentPage::of(&link, now, &app, organization, text, lifetime, (none, counts));
        let shown = serde_json::to_value(page).unwrap();

        assert_eq!(kept["organization_name"], shown["organization"]["name"]);
        assert_eq!(kept["app_name"], shown["app"]["name"]);
        assert_eq!(kept["app_description"], shown["app"]["description"]);
        for words in ["service", "domains", "duration", "how_to_end", "language"] {
            assert_eq!(kept[words], shown[words], "{words}");
        }
        assert_eq!(shown["lifetime_days"], 30);
        assert_eq!(kept["domains"][0]["descriptions"].as_array().unwrap().len(), 2);
        assert_eq!(
            (&kept["account_name"], &kept["language"]),
            (&"Corner Shop".into(), &"en".into())
        );
    }
}
