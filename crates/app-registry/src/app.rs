//! An app, what can be asked of it, and what comes of it: pure.
//!
//! ```text
//!            activate           suspend
//!   draft ────────────▶ active ─────────▶ suspended
//!     │                   │   ◀─────────      │
//!     │                   │     resume        │
//!     └───────archive─────┴──────archive──────┴──▶ archived, for good
//! ```
//!
//! [`create`] and [`decide`] answer with events or a [`Refusal`]; [`App::apply`] is what an event
//! makes of an app. Everything that account owners consent to is fixed by [`Event::Activated`].

use chrono::{DateTime, Utc};
use contract::catalogue::{Catalogue, DomainLevel, SelectionError};
use contract::facts::{
    AppActivated, AppArchived, AppCreated, AppEdited, AppImageSet, AppResumed, AppSuspended,
};
use contract::rpc::{AppState, AuthenticationMethod};
use contract::{AppId, OrganizationId, Version};

use crate::details::{AppName, Description};
use crate::offer::Offer;

/// An app as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// The organization that develops it.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// How it authenticates; fixed at creation.
    pub authentication_method: AuthenticationMethod,
    /// The service it works with; fixed once saved.
    pub service: Option<String>,
    /// What it asks for, including what the catalogue's rules brought along; sorted.
    pub domains: Vec<DomainLevel>,
    /// The same as OAuth scopes, as they were at activation; empty before.
    pub scopes: Vec<String>,
    /// SHA-256 of its image.
    pub image_sha256: Option<[u8; 32]>,
    /// Where it is in its life.
    pub state: AppState,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was activated, if it was.
    pub activated_at: Option<DateTime<Utc>>,
    /// The version of its last event.
    pub version: Version,
}

/// What a new app begins with.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its name.
    pub name: AppName,
    /// Its description.
    pub description: Option<Description>,
    /// How it authenticates.
    pub authentication_method: AuthenticationMethod,
    /// The service, if chosen already.
    pub service: Option<String>,
    /// What it asks for, as far as chosen already.
    pub domains: Vec<DomainLevel>,
}

/// What is to change about a draft. Absent fields stay as they are.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The name.
    pub name: Option<AppName>,
    /// The description; `Some(None)` removes it.
    pub description: Option<Option<Description>>,
    /// The authentication method: fixed at creation, so only the same is accepted.
    pub authentication_method: Option<AuthenticationMethod>,
    /// The service.
    pub service: Option<String>,
    /// What it asks for: all of it.
    pub domains: Option<Vec<DomainLevel>>,
}

/// What can be asked of an app.
#[derive(Debug, Clone)]
pub enum Command<'a> {
    /// Change a draft.
    Edit(Changes, Offer<'a>),
    /// Set a draft's image.
    SetImage {
        /// `image/png` or `image/jpeg`.
        media_type: &'static str,
        /// Its size in bytes.
        size: u32,
        /// SHA-256 of its bytes.
        sha256: [u8; 32],
    },
    /// End the draft: from now on the app can get keys and consent.
    Activate {
        /// Whether the organization's contact address is confirmed (rule 2).
        organization_confirmed: bool,
        /// What the organization may choose from now; not when the draft was saved.
        offer: Offer<'a>,
    },
    /// Stop the app.
    Suspend,
    /// End the stop.
    Resume,
    /// End the app, for good.
    Archive,
}

/// What happened to an app.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A draft was changed.
    Edited(AppEdited),
    /// Its image was set, to the one with this SHA-256.
    ImageSet(AppImageSet, [u8; 32]),
    /// It was activated.
    Activated(AppActivated),
    /// It was suspended.
    Suspended(AppSuspended),
    /// It was resumed.
    Resumed(AppResumed),
    /// It was archived.
    Archived(AppArchived),
}

/// Why nothing comes of a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was activated, and this can never change any more (rule 10).
    #[error(
        "the app was activated: its name, description, image, service, authentication method and domains never change"
    )]
    Frozen,
    /// It is archived.
    #[error("the app is archived, for good")]
    Archived,
    /// It was activated before.
    #[error("the app was activated already")]
    ActivatedAlready,
    /// Only an active app can be suspended.
    #[error("only an active app can be suspended; this one is {0}")]
    NotActive(AppState),
    /// Only a suspended app can be resumed.
    #[error("only a suspended app can be resumed; this one is {0}")]
    NotSuspended(AppState),
    /// The authentication method is fixed at creation (rule 7).
    #[error("the authentication method is fixed at creation: it is {0}")]
    MethodFixed(&'static str),
    /// The service is fixed once saved (rule 8).
    #[error("the service is fixed once saved: it is `{0}`")]
    ServiceFixed(String),
    /// Domains are a service's.
    #[error("choose a service before its domains")]
    DomainsWithoutService,
    /// Activation needs a service.
    #[error("an app needs a service before it can be activated")]
    ServiceMissing,
    /// Activation needs a domain.
    #[error("an app needs at least one domain before it can be activated")]
    DomainsMissing,
    /// The catalogue has no such service.
    #[error("{0}")]
    Service(SelectionError),
    /// The catalogue's rules are against this domain.
    #[error("{error}")]
    Domain {
        /// Its place in what was asked for.
        index: usize,
        /// The rule.
        error: SelectionError,
    },
    /// The organization's contact address is not confirmed (rule 2).
    #[error("the organization's contact address has to be confirmed before it can activate apps")]
    OrganizationNotConfirmed,
}

/// Decides on a new app.
pub fn create(
    app_id: AppId,
    organization_id: OrganizationId,
    draft: Draft,
    offer: Offer<'_>,
) -> Result<AppCreated, Refusal> {
    let domains = offer.choose(draft.service.as_deref(), &draft.domains)?;
    Ok(AppCreated {
        app_id,
        organization_id,
        name: draft.name.into(),
        description: draft.description.map(Into::into),
        authentication_method: draft.authentication_method,
        service: draft.service,
        domains,
    })
}

/// Decides on a command. No events: the app is as the command wants it already.
pub fn decide(app: &App, command: Command<'_>) -> Result<Vec<Event>, Refusal> {
    let app_id = app.id;
    match (command, app.state) {
        (Command::Edit(changes, offer), AppState::Draft) => edit(app, changes, offer),
        (Command::SetImage { media_type, size, sha256 }, AppState::Draft) => {
            if app.image_sha256 == Some(sha256) {
                return Ok(Vec::new());
            }
            let fact = AppImageSet {
                app_id,
                media_type: media_type.to_owned(),
                size,
                sha256: hex::encode(sha256),
            };
            Ok(vec![Event::ImageSet(fact, sha256)])
        }
        (Command::Activate { organization_confirmed, offer }, AppState::Draft) => {
            activate(app, organization_confirmed, offer)
        }
        (Command::Suspend, AppState::Active) => Ok(vec![Event::Suspended(AppSuspended { app_id })]),
        (Command::Resume, AppState::Suspended) => Ok(vec![Event::Resumed(AppResumed { app_id })]),
        (Command::Archive, AppState::Draft | AppState::Active | AppState::Suspended) => {
            Ok(vec![Event::Archived(AppArchived { app_id })])
        }

        (Command::Edit(..) | Command::SetImage { .. }, AppState::Active | AppState::Suspended) => {
            Err(Refusal::Frozen)
        }
        (Command::Edit(..) | Command::SetImage { .. }, AppState::Archived)
            if app.activated_at.is_some() =>
        {
            Err(Refusal::Frozen)
        }
        (Command::Activate { .. }, AppState::Active | AppState::Suspended) => {
            Err(Refusal::ActivatedAlready)
        }
        (_, AppState::Archived) => Err(Refusal::Archived),
        (Command::Suspend, state @ (AppState::Draft | AppState::Suspended)) => {
            Err(Refusal::NotActive(state))
        }
        (Command::Resume, state @ (AppState::Draft | AppState::Active)) => {
            Err(Refusal::NotSuspended(state))
        }
    }
}

fn edit(app: &App, changes: Changes, offer: Offer<'_>) -> Result<Vec<Event>, Refusal> {
    if changes.authentication_method.is_some_and(|method| method != app.authentication_method) {
        return Err(Refusal::MethodFixed(app.authentication_method.as_str()));
    }
    if let (Some(fixed), Some(wanted)) = (&app.service, &changes.service)
        && fixed != wanted
    {
        return Err(Refusal::ServiceFixed(fixed.clone()));
    }
    let service = changes.service.or_else(|| app.service.clone());
    let domains = match changes.domains {
        Some(wanted) => offer.choose(service.as_deref(), &wanted)?,
        // What was chosen before stands; activation looks at it again.
        None if service == app.service => app.domains.clone(),
        None => offer.choose(service.as_deref(), &app.domains)?,
    };
    let edited = AppEdited {
        app_id: app.id,
        name: changes.name.map_or_else(|| app.name.clone(), Into::into),
        description: match changes.description {
            Some(description) => description.map(Into::into),
            None => app.description.clone(),
        },
        service,
        domains,
    };
    let unchanged = (&edited.name, &edited.description, &edited.service, &edited.domains)
        == (&app.name, &app.description, &app.service, &app.domains);
    Ok(if unchanged { Vec::new() } else { vec![Event::Edited(edited)] })
}

fn activate(
    app: &App,
    organization_confirmed: bool,
    offer: Offer<'_>,
) -> Result<Vec<Event>, Refusal> {
    let service = app.service.clone().ok_or(Refusal::ServiceMissing)?;
    if app.domains.is_empty() {
        return Err(Refusal::DomainsMissing);
    }
    if !organization_confirmed {
        return Err(Refusal::OrganizationNotConfirmed);
    }
    let domains = offer.choose(Some(&service), &app.domains)?;
    Ok(vec![Event::Activated(AppActivated {
        app_id: app.id,
        organization_id: app.organization_id,
        name: app.name.clone(),
        description: app.description.clone(),
        image_sha256: app.image_sha256.map(hex::encode),
        authentication_method: app.authentication_method,
        scopes: offer.catalogue.scopes(&service, &domains),
        service,
        domains,
    })])
}

impl App {
    /// The app that its first event made.
    pub fn created(fact: AppCreated, at: DateTime<Utc>) -> Self {
        Self {
            id: fact.app_id,
            organization_id: fact.organization_id,
            name: fact.name,
            description: fact.description,
            authentication_method: fact.authentication_method,
            service: fact.service,
            domains: fact.domains,
            scopes: Vec::new(),
            image_sha256: None,
            state: AppState::Draft,
            created_at: at,
            updated_at: at,
            activated_at: None,
            version: Version::FIRST,
        }
    }

    /// What the event makes of the app.
    pub fn apply(&mut self, event: &Event, at: DateTime<Utc>) {
        match event {
            Event::Edited(fact) => {
                self.name.clone_from(&fact.name);
                self.description.clone_from(&fact.description);
                self.service.clone_from(&fact.service);
                self.domains.clone_from(&fact.domains);
            }
            Event::ImageSet(_, sha256) => self.image_sha256 = Some(*sha256),
            Event::Activated(fact) => {
                self.state = AppState::Active;
                self.activated_at = Some(at);
                self.domains.clone_from(&fact.domains);
                self.scopes.clone_from(&fact.scopes);
            }
            Event::Suspended(_) => self.state = AppState::Suspended,
            Event::Resumed(_) => self.state = AppState::Active,
            Event::Archived(_) => self.state = AppState::Archived,
        }
        self.updated_at = at;
        self.version = self.version.next();
    }

    /// The scopes: as fixed by activation, or as the catalogue names them for a draft.
    pub fn scopes(&self, catalogue: &Catalogue) -> Vec<String> {
        match &self.service {
            Some(service) if self.activated_at.is_none() => {
                catalogue.scopes(service, &self.domains)
            }
            _ => self.scopes.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
