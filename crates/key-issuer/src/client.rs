//! The OAuth client at the token endpoint: its key and app as one, and what it is given. Pure.

use chrono::{DateTime, Utc};
use contract::facts::{GrantType, TokenRefusalReason};
use contract::rpc::{AppState, AuthenticationMethod};
use contract::secret::SecretHash;
use contract::{Actor, AppId, KeyId, OrganizationId, Version};

use crate::token_request::TokenRequest;

/// A key with its app, as one query finds them.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    /// The key.
    pub key_id: KeyId,
    /// The app.
    pub app_id: AppId,
    /// The organization that develops it.
    pub organization_id: OrganizationId,
    /// What its secret must hash to.
    pub secret_hash: SecretHash,
    /// From when the key works no more.
    pub end: Option<DateTime<Utc>>,
    /// Where the app is in its life.
    pub app_state: AppState,
    /// How the app authenticates.
    pub authentication_method: AuthenticationMethod,
    /// All scopes of the app, separated by spaces.
    pub scope: String,
    /// When the key was last used, as far as stored.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The version of the key that this is.
    pub key_version: Version,
    /// The version of the app that this reflects.
    pub app_version: Version,
    /// Whether the app has events that this service could not apply yet: what they say is not known.
    pub app_parked: bool,
}

/// A refused request for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Who the caller proved to be before it was refused.
    pub(crate) actor: Actor,
    /// Why it is refused.
    pub(crate) reason: TokenRefusalReason,
}

/// Decides whether a request gets a token: for which client, and with which scopes.
pub(crate) fn decide<'c>(
    client: Option<&'c Client>,
    request: &TokenRequest,
    now: DateTime<Utc>,
) -> Result<(&'c Client, String), Refusal> {
    let client = authenticate(client, &request.credentials.secret, now)
        .map_err(|reason| Refusal { actor: Actor::Anonymous, reason })?;
    let scope = client
        .grant(&request.grant_type, request.scope.as_deref())
        .map_err(|reason| Refusal { actor: Actor::App(client.app_id), reason })?;
    Ok((client, scope))
}

/// Decides whether the secret proves the client. An unknown client costs the same comparison as a
/// known one, so that the time of the answer does not tell which client ids exist.
fn authenticate<'c>(
    client: Option<&'c Client>,
    secret: &SecretHash,
    now: DateTime<Utc>,
) -> Result<&'c Client, TokenRefusalReason> {
    const NOBODY: SecretHash = SecretHash([0; 32]);
    let expected = client.map_or(NOBODY, |client| client.secret_hash);
    let proven = expected.matches(secret);
    let client = client.ok_or(TokenRefusalReason::UnknownClient)?;
    if !proven {
        return Err(TokenRefusalReason::WrongSecret);
    }
    client.may_act(now)?;
    Ok(client)
}

impl Client {
    /// Whether the key and the app may act at this moment.
    pub(crate) fn may_act(&self, now: DateTime<Utc>) -> Result<(), TokenRefusalReason> {
        match self.app_state {
            AppState::Archived | AppState::Draft => return Err(TokenRefusalReason::AppArchived),
            AppState::Suspended => return Err(TokenRefusalReason::AppSuspended),
            AppState::Active => {}
        }
        if self.end.is_some_and(|end| end <= now) {
            return Err(TokenRefusalReason::KeyEnded);
        }
        Ok(())
    }

    /// Decides what an authenticated client is given: the scopes of its token.
    fn grant(&self, grant_type: &str, wanted: Option<&str>) -> Result<String, TokenRefusalReason> {
        if grant_type != GrantType::ClientCredentials.as_str() {
            return Err(TokenRefusalReason::UnsupportedGrantType);
        }
        if self.authentication_method != AuthenticationMethod::ClientCredentials {
            return Err(TokenRefusalReason::UnauthorizedClient);
        }
        let Some(wanted) = wanted else {
            return Ok(self.scope.clone());
        };
        let wanted: Vec<_> = wanted.split(' ').filter(|scope| !scope.is_empty()).collect();
        let all: Vec<_> = self.scope.split(' ').collect();
        if wanted.is_empty() || !wanted.iter().all(|scope| all.contains(scope)) {
            return Err(TokenRefusalReason::InvalidScope);
        }
        // In the app's order and each once, whatever the request's.
        let granted: Vec<_> = all.into_iter().filter(|scope| wanted.contains(scope)).collect();
        Ok(granted.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use contract::Environment;

    use super::*;

    const CLIENT_CREDENTIALS: &str = "client_credentials";

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn client() -> Client {
        let environment = Environment::system();
        Client {
            key_id: environment.new_id(),
            app_id: environment.new_id(),
            organization_id: environment.new_id(),
            secret_hash: SecretHash::of("right"),
            end: None,
            app_state: AppState::Active,
            authentication_method: AuthenticationMethod::ClientCredentials,
            scope: "A_Read A_Manage B_Read".to_owned(),
            last_used_at: None,
            key_version: Version::FIRST,
            app_version: Version::FIRST.next(),
            app_parked: false,
        }
    }

    fn authenticated(client: &Client) -> Result<(), TokenRefusalReason> {
        authenticate(Some(client), &SecretHash::of("right"), now()).map(drop)
    }

    #[test]
    fn the_right_secret_of_a_live_key_of_an_active_app_proves_the_client() {
        assert_eq!(authenticated(&client()), Ok(()));
    }

    #[test]
    fn nobody_has_no_secret() {
        assert_eq!(
            authenticate(None, &SecretHash([0; 32]), now()).map(drop),
            Err(TokenRefusalReason::UnknownClient)
        );
    }

    #[test]
    fn a_wrong_secret_is_wrong_whatever_else_is() {
        let mut client = client();
        client.app_state = AppState::Suspended;
        assert_eq!(
            authenticate(Some(&client), &SecretHash::of("wrong"), now()).map(drop),
            Err(TokenRefusalReason::WrongSecret)
        );
    }

    #[test]
    fn ended_keys_and_stopped_apps_are_refused() {
        let mut ended = client();
        ended.end = Some(now());
        assert_eq!(authenticated(&ended), Err(TokenRefusalReason::KeyEnded));
        ended.end = Some(now() + Duration::microseconds(1));
        assert_eq!(authenticated(&ended), Ok(()));
        let mut stopped = client();
        stopped.app_state = AppState::Suspended;
        assert_eq!(authenticated(&stopped), Err(TokenRefusalReason::AppSuspended));
        stopped.app_state = AppState::Archived;
        assert_eq!(authenticated(&stopped), Err(TokenRefusalReason::AppArchived));
    }

    #[test]
    fn a_client_gets_all_its_scopes_or_those_it_asks_for() {
        let client = client();
        assert_eq!(client.grant(CLIENT_CREDENTIALS, None).unwrap(), "A_Read A_Manage B_Read");
        assert_eq!(
            client.grant(CLIENT_CREDENTIALS, Some("B_Read  A_Read B_Read")).unwrap(),
            "A_Read B_Read"
        );
    }

    #[test]
    fn more_than_it_has_other_grants_and_other_kinds_of_app_are_refused() {
        let mut client = client();
        for scope in ["C_Read", "A_Read C_Read", "a_read", " "] {
            assert_eq!(
                client.grant(CLIENT_CREDENTIALS, Some(scope)),
                Err(TokenRefusalReason::InvalidScope),
                "{scope}"
            );
        }
        assert_eq!(client.grant("password", None), Err(TokenRefusalReason::UnsupportedGrantType));
        client.authentication_method = AuthenticationMethod::AuthorizationCode;
        assert_eq!(
            client.grant(CLIENT_CREDENTIALS, None),
            Err(TokenRefusalReason::UnauthorizedClient)
        );
    }
}
