//! Where an app's authorization codes may be sent, and whether its clients must prove that the code is theirs
//! (rule 12). Unlike all else of an app, both can change after its activation.

use chrono::{DateTime, Utc};
use contract::RedirectUriId;
use contract::facts::{
    AppPkceChanged, AppRedirectUriAdded, AppRedirectUriRemoved, RedirectUriDetails,
};
use contract::rpc::{AppState, AuthenticationMethod};

use super::{App, Refusal};
use crate::redirect_uri::RedirectUri;

/// A redirect URI of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegisteredUri {
    /// Its id.
    pub(crate) id: RedirectUriId,
    /// The exact address.
    pub(crate) uri: String,
    /// When it was added.
    pub(crate) added_at: DateTime<Utc>,
}

impl RegisteredUri {
    /// What somebody typed, which stands beside its events and never in one.
    pub(crate) fn details(&self) -> RedirectUriDetails {
        RedirectUriDetails { uri: self.uri.clone() }
    }
}

impl App {
    /// Adds a redirect URI to those that there are, of which there can be so many.
    pub(crate) fn add_redirect_uri(
        &self,
        id: RedirectUriId,
        uri: &RedirectUri,
        there: &[RegisteredUri],
        most: usize,
        now: DateTime<Utc>,
    ) -> Result<(Self, RegisteredUri, AppRedirectUriAdded), Refusal> {
        self.redirect_uris_can_change()?;
        if there.iter().any(|registered| registered.uri == uri.as_str()) {
            return Err(Refusal::RedirectUriRegistered);
        }
        if there.len() >= most {
            return Err(Refusal::TooManyRedirectUris(most));
        }
        let registered = RegisteredUri { id, uri: uri.as_str().to_owned(), added_at: now };
        let fact = AppRedirectUriAdded { app_id: self.id, redirect_uri_id: id };
        Ok((self.next(now), registered, fact))
    }

    /// Removes a redirect URI.
    pub(crate) fn remove_redirect_uri(
        &self,
        registered: &RegisteredUri,
        now: DateTime<Utc>,
    ) -> Result<(Self, AppRedirectUriRemoved), Refusal> {
        self.redirect_uris_can_change()?;
        let fact = AppRedirectUriRemoved { app_id: self.id, redirect_uri_id: registered.id };
        Ok((self.next(now), fact))
    }

    /// Says whether PKCE (RFC 7636) is required. Nothing, if it is as wanted already.
    pub(crate) fn change_pkce(
        &self,
        required: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<(Self, AppPkceChanged)>, Refusal> {
        self.redirect_uris_can_change()?;
        if self.pkce_required == required {
            return Ok(None);
        }
        let fact = AppPkceChanged { app_id: self.id, required };
        Ok(Some((Self { pkce_required: required, ..self.next(now) }, fact)))
    }

    /// Only what authenticates by authorization codes has redirect URIs.
    pub(crate) fn has_redirect_uris(&self) -> Result<(), Refusal> {
        match self.authentication_method {
            AuthenticationMethod::AuthorizationCode => Ok(()),
            AuthenticationMethod::ClientCredentials => Err(Refusal::WithoutRedirectUris),
        }
    }

    /// Until the app is archived.
    pub(super) fn redirect_uris_can_change(&self) -> Result<(), Refusal> {
        self.has_redirect_uris()?;
        match self.state {
            AppState::Draft | AppState::Active | AppState::Suspended => Ok(()),
            AppState::Archived => Err(Refusal::Archived),
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::{Environment, Version};

    use super::*;
    use crate::app::tests::{active, archived, at, by_code, complete, suspended};

    fn uri(text: &str) -> RedirectUri {
        RedirectUri::parse(text).unwrap()
    }

    fn add(app: &App, text: &str, there: &[RegisteredUri]) -> Result<RegisteredUri, Refusal> {
        let id = Environment::system().new_id();
        app.add_redirect_uri(id, &uri(text), there, 2, at()).map(|(_, registered, _)| registered)
    }

    #[test]
    fn a_redirect_uri_is_added_once_and_as_many_as_there_can_be() {
        let app = by_code(active());
        let first = add(&app, "https://example.com/a", &[]).unwrap();
        let there = [first.clone()];
        let again = add(&app, "https://example.com/a", &there);
        assert_eq!(again, Err(Refusal::RedirectUriRegistered));
        // Another character is another address.
        let there = [first, add(&app, "https://example.com/a/", &there).unwrap()];
        let third = add(&app, "https://example.com/b", &there);
        assert_eq!(third, Err(Refusal::TooManyRedirectUris(2)));
        let again = add(&app, "https://example.com/a/", &there);
        assert_eq!(again, Err(Refusal::RedirectUriRegistered));
    }

    #[test]
    fn redirect_uris_change_until_the_app_is_archived() {
        for app in [complete(), active(), suspended()].map(by_code) {
            let registered = add(&app, "https://example.com/a", &[]).unwrap();
            let (next, fact) = app.remove_redirect_uri(&registered, at()).unwrap();
            assert_eq!((next.version, fact.redirect_uri_id), (app.version.next(), registered.id));
            assert_eq!(next.state, app.state);
            let (next, fact) = app.change_pkce(false, at()).unwrap().unwrap();
            assert_eq!((next.pkce_required, fact.required), (false, false));
            assert_eq!(next.change_pkce(false, at()), Ok(None));
        }
        let ended = by_code(archived());
        let registered = RegisteredUri {
            id: Environment::system().new_id(),
            uri: "https://example.com/a".to_owned(),
            added_at: at(),
        };
        assert_eq!(add(&ended, "https://example.com/a", &[]), Err(Refusal::Archived));
        assert_eq!(ended.remove_redirect_uri(&registered, at()), Err(Refusal::Archived));
        assert_eq!(ended.change_pkce(false, at()), Err(Refusal::Archived));
    }

    #[test]
    fn an_app_of_client_credentials_has_none() {
        assert_eq!(complete().version, Version::FIRST);
        let refused = add(&complete(), "https://example.com/a", &[]);
        assert_eq!(refused, Err(Refusal::WithoutRedirectUris));
        assert_eq!(archived().change_pkce(true, at()), Err(Refusal::WithoutRedirectUris));
    }
}
