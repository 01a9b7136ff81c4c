//! The aggregate: an app, what can be asked of it, and what comes of it: pure.
//!
//! ```text
//!            activate           suspend
//!   draft ────────────▶ active ─────────▶ suspended
//!     │                   │   ◀─────────      │
//!     │                   │     resume        │
//!     └───────archive─────┴──────archive──────┴──▶ archived, for good
//! ```
//!
//! Each command answers with the app as it is next and the fact that made it so, or with a
//! [`Refusal`]. Everything that account owners consent to is fixed by [`App::activate`]. What can change after it is
//! in `redirect_uris`; `allowed` says which commands would be done.

mod allowed;
mod redirect_uris;

use chrono::{DateTime, Utc};
use contract::catalogue::{Catalogue, DomainLevel};
use contract::facts::{
    AppActivated, AppArchived, AppCreated, AppDetails, AppEdited, AppImageRemoved, AppImageSet,
    AppResumed, AppSuspended,
};
use contract::rpc::{AppState, AuthenticationMethod};
use contract::{AppId, OrganizationId, Version};

use crate::app_image::AppImage;
use crate::details::{AppName, Description};
use crate::entitlements::{Entitlements, NotEntitled};

pub(crate) use self::allowed::AppOperation;
pub(crate) use self::redirect_uris::RegisteredUri;

/// An app as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct App {
    /// Its id.
    pub(crate) id: AppId,
    /// The organization that develops it.
    pub(crate) organization_id: OrganizationId,
    /// Its name.
    pub(crate) name: String,
    /// Its description.
    pub(crate) description: Option<String>,
    /// How it authenticates; fixed at creation.
    pub(crate) authentication_method: AuthenticationMethod,
    /// The service it works with; fixed once saved.
    pub(crate) service: Option<String>,
    /// What it asks for, including what the catalogue's rules brought along; sorted.
    pub(crate) domains: Vec<DomainLevel>,
    /// The same as OAuth scopes, as they were at activation; empty before.
    pub(crate) scopes: Vec<String>,
    /// SHA-256 of its image.
    pub(crate) image_sha256: Option<[u8; 32]>,
    /// Whether its clients must use PKCE (RFC 7636); it is said of apps of authorization codes only.
    pub(crate) pkce_required: bool,
    /// Where it is in its life.
    pub(crate) state: AppState,
    /// When it was made.
    pub(crate) created_at: DateTime<Utc>,
    /// When it last changed.
    pub(crate) updated_at: DateTime<Utc>,
    /// When it was activated, if it was.
    pub(crate) activated_at: Option<DateTime<Utc>>,
    /// The version of its last event.
    pub(crate) version: Version,
}

/// What a new app begins with.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// Its name.
    pub(crate) name: AppName,
    /// Its description.
    pub(crate) description: Option<Description>,
    /// How it authenticates.
    pub(crate) authentication_method: AuthenticationMethod,
    /// The service, if chosen already.
    pub(crate) service: Option<String>,
    /// What it asks for, as far as chosen already.
    pub(crate) domains: Vec<DomainLevel>,
}

/// What is to change about a draft. Absent fields stay as they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    /// The name.
    pub(crate) name: Option<AppName>,
    /// The description; `Some(None)` removes it.
    #[expect(clippy::option_option, reason = "as it is, none and a text are three things here")]
    pub(crate) description: Option<Option<Description>>,
    /// The authentication method: fixed at creation, so only the same is accepted.
    pub(crate) authentication_method: Option<AuthenticationMethod>,
    /// The service.
    pub(crate) service: Option<String>,
    /// What it asks for: all of it.
    pub(crate) domains: Option<Vec<DomainLevel>>,
}

/// Why nothing comes of a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
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
    /// Activation needs a service.
    #[error("an app needs a service before it can be activated")]
    ServiceMissing,
    /// Activation needs a domain.
    #[error("an app needs at least one domain before it can be activated")]
    DomainsMissing,
    /// The organization is not entitled to ask for this.
    #[error(transparent)]
    NotEntitled(#[from] NotEntitled),
    /// A draft without an image.
    #[error("the app has no image")]
    WithoutImage,
    /// Redirect URIs are for authorization codes.
    #[error("only apps that authenticate by authorization code have redirect URIs")]
    WithoutRedirectUris,
    /// The same redirect URI is there.
    #[error("the app has this redirect URI already")]
    RedirectUriRegistered,
    /// There are as many redirect URIs as there may be.
    #[error("the app has as many redirect URIs as it may have: {0}")]
    TooManyRedirectUris(usize),
    /// The organization's contact address is not confirmed (rule 2).
    #[error("the organization's contact address has to be confirmed before it can activate apps")]
    OrganizationNotConfirmed,
}

impl App {
    /// Makes a draft.
    pub(crate) fn create(
        id: AppId,
        organization_id: OrganizationId,
        draft: Draft,
        entitlements: Entitlements<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Self, AppCreated), Refusal> {
        let domains = entitlements.select(draft.service.as_deref(), &draft.domains)?;
        let app = Self {
            id,
            organization_id,
            name: draft.name.into(),
            description: draft.description.map(Into::into),
            authentication_method: draft.authentication_method,
            service: draft.service,
            domains,
            scopes: Vec::new(),
            image_sha256: None,
            pkce_required: true,
            state: AppState::Draft,
            created_at: now,
            updated_at: now,
            activated_at: None,
            version: Version::FIRST,
        };
        let fact = AppCreated {
            app_id: id,
            organization_id,
            authentication_method: app.authentication_method,
            service: app.service.clone(),
            domains: app.domains.clone(),
        };
        Ok((app, fact))
    }

    /// Changes a draft. Nothing, if it is as the changes want it already.
    pub(crate) fn edit(
        &self,
        changes: Changes,
        entitlements: Entitlements<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<(Self, AppEdited)>, Refusal> {
        self.can_be_edited()?;
        if changes.authentication_method.is_some_and(|method| method != self.authentication_method)
        {
            return Err(Refusal::MethodFixed(self.authentication_method.as_str()));
        }
        if let (Some(fixed), Some(wanted)) = (&self.service, &changes.service)
            && fixed != wanted
        {
            return Err(Refusal::ServiceFixed(fixed.clone()));
        }
        let service = changes.service.or_else(|| self.service.clone());
        let domains = match changes.domains {
            Some(wanted) => entitlements.select(service.as_deref(), &wanted)?,
            // What was chosen before stands; activation looks at it again.
            None if service == self.service => self.domains.clone(),
            None => entitlements.select(service.as_deref(), &self.domains)?,
        };
        let edited = Self {
            name: changes.name.map_or_else(|| self.name.clone(), Into::into),
            description: match changes.description {
                Some(description) => description.map(Into::into),
                None => self.description.clone(),
            },
            service,
            domains,
            ..self.next(now)
        };
        let unchanged = (&edited.name, &edited.description, &edited.service, &edited.domains)
            == (&self.name, &self.description, &self.service, &self.domains);
        if unchanged {
            return Ok(None);
        }
        let fact = AppEdited {
            app_id: self.id,
            service: edited.service.clone(),
            domains: edited.domains.clone(),
        };
        Ok(Some((edited, fact)))
    }

    /// Sets a draft's image. Nothing, if it has this one already.
    pub(crate) fn set_image(
        &self,
        image: &AppImage,
        now: DateTime<Utc>,
    ) -> Result<Option<(Self, AppImageSet)>, Refusal> {
        self.can_be_edited()?;
        if self.image_sha256 == Some(image.sha256) {
            return Ok(None);
        }
        let fact = AppImageSet {
            app_id: self.id,
            media_type: image.media_type,
            size: image.size(),
            sha256: hex::encode(image.sha256),
        };
        Ok(Some((Self { image_sha256: Some(image.sha256), ..self.next(now) }, fact)))
    }

    /// Removes a draft's image.
    pub(crate) fn remove_image(
        &self,
        now: DateTime<Utc>,
    ) -> Result<(Self, AppImageRemoved), Refusal> {
        self.image_can_be_removed()?;
        let fact = AppImageRemoved { app_id: self.id };
        Ok((Self { image_sha256: None, ..self.next(now) }, fact))
    }

    /// Ends the draft: from now on the app can get keys and consent. What the organization is entitled
    /// to ask for counts as it is now, not as it was when the draft was saved.
    pub(crate) fn activate(
        &self,
        organization_confirmed: bool,
        entitlements: Entitlements<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Self, AppActivated), Refusal> {
        let service = self.can_be_activated()?.to_owned();
        if !organization_confirmed {
            return Err(Refusal::OrganizationNotConfirmed);
        }
        let domains = entitlements.select(Some(&service), &self.domains)?;
        let scopes = entitlements.catalogue.scopes(&service, &domains);
        let app = Self {
            state: AppState::Active,
            activated_at: Some(now),
            domains: domains.clone(),
            scopes: scopes.clone(),
            ..self.next(now)
        };
        let fact = AppActivated {
            app_id: self.id,
            organization_id: self.organization_id,
            image_sha256: self.image_sha256.map(hex::encode),
            authentication_method: self.authentication_method,
            service,
            domains,
            scopes,
        };
        Ok((app, fact))
    }

    /// Stops the app.
    pub(crate) fn suspend(&self, now: DateTime<Utc>) -> Result<(Self, AppSuspended), Refusal> {
        self.can_be_suspended()?;
        let app = Self { state: AppState::Suspended, ..self.next(now) };
        Ok((app, AppSuspended { app_id: self.id }))
    }

    /// Ends the stop.
    pub(crate) fn resume(&self, now: DateTime<Utc>) -> Result<(Self, AppResumed), Refusal> {
        self.can_be_resumed()?;
        let app = Self { state: AppState::Active, ..self.next(now) };
        Ok((app, AppResumed { app_id: self.id }))
    }

    /// Ends the app, for good.
    pub(crate) fn archive(&self, now: DateTime<Utc>) -> Result<(Self, AppArchived), Refusal> {
        self.can_be_archived()?;
        let app = Self { state: AppState::Archived, ..self.next(now) };
        Ok((app, AppArchived { app_id: self.id }))
    }

    /// What developers typed about it, which stands beside its events and never in one.
    pub(crate) fn details(&self) -> AppDetails {
        AppDetails { name: self.name.clone(), description: self.description.clone() }
    }

    /// The scopes: as fixed by activation, or as the catalogue names them for a draft.
    pub(crate) fn scopes(&self, catalogue: &Catalogue) -> Vec<String> {
        match &self.service {
            Some(service) if self.activated_at.is_none() => {
                catalogue.scopes(service, &self.domains)
            }
            _ => self.scopes.clone(),
        }
    }

    /// Only a draft; an app that was archived as a draft says so.
    fn can_be_edited(&self) -> Result<(), Refusal> {
        match self.state {
            AppState::Draft => Ok(()),
            AppState::Archived if self.activated_at.is_none() => Err(Refusal::Archived),
            AppState::Active | AppState::Suspended | AppState::Archived => Err(Refusal::Frozen),
        }
    }

    /// Only a draft that has an image.
    fn image_can_be_removed(&self) -> Result<(), Refusal> {
        self.can_be_edited()?;
        if self.image_sha256.is_some() { Ok(()) } else { Err(Refusal::WithoutImage) }
    }

    /// A draft that says for which service, and what it asks for. Answers with the service.
    fn can_be_activated(&self) -> Result<&str, Refusal> {
        match self.state {
            AppState::Draft => {}
            AppState::Active | AppState::Suspended => return Err(Refusal::ActivatedAlready),
            AppState::Archived => return Err(Refusal::Archived),
        }
        let service = self.service.as_deref().ok_or(Refusal::ServiceMissing)?;
        if self.domains.is_empty() { Err(Refusal::DomainsMissing) } else { Ok(service) }
    }

    fn can_be_suspended(&self) -> Result<(), Refusal> {
        match self.state {
            AppState::Active => Ok(()),
            AppState::Archived => Err(Refusal::Archived),
            AppState::Draft | AppState::Suspended => Err(Refusal::NotActive(self.state)),
        }
    }

    fn can_be_resumed(&self) -> Result<(), Refusal> {
        match self.state {
            AppState::Suspended => Ok(()),
            AppState::Archived => Err(Refusal::Archived),
            AppState::Draft | AppState::Active => Err(Refusal::NotSuspended(self.state)),
        }
    }

    fn can_be_archived(&self) -> Result<(), Refusal> {
        match self.state {
            AppState::Draft | AppState::Active | AppState::Suspended => Ok(()),
            AppState::Archived => Err(Refusal::Archived),
        }
    }

    /// The same app after one more event.
    fn next(&self, now: DateTime<Utc>) -> Self {
        Self { updated_at: now, version: self.version.next(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests;
