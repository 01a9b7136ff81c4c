//! Asking organizations' providers of identities: what they are, and who somebody is (OpenID Connect).
//!
//! What a provider says of itself is remembered for a while, and so is that it does not answer: nobody makes us
//! ask it at every request. Its keys are read again when it signs with one that is not known, once a minute at
//! most.

mod id_token;

use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use contract::facts::SignInRefusal;
use contract::secret::{SignInBinding, SignInState};
use contract::{Environment, IdentityProviderId};
use eventstore::inactivity::patiently;
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AdditionalProviderMetadata, AuthType, AuthenticationFlow, AuthorizationCode,
    ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IssuerUrl, LoginHint, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, ProviderMetadata, RedirectUrl, RequestTokenError, Scope, SubjectIdentifier,
    TokenResponse,
};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use service::outgoing::{Outgoing, OutgoingError};
use tokio::sync::Mutex;

use crate::identity_provider::IdentityProvider;
use crate::identity_provider_setup::ProviderSecret;
use crate::sign_in_flow::{SignInFlow, nonce, verifier};
use id_token::{IdTokenError, Verification};

/// How long it is remembered what a provider says of itself, and its keys.
const REMEMBERED: Duration = Duration::minutes(10);
/// How long it is remembered that a provider does not answer.
const UNAVAILABLE: Duration = Duration::seconds(5);
/// How often keys are read before their time.
const KEYS_AGAIN: Duration = Duration::seconds(60);
/// So many providers are remembered.
const MOST_REMEMBERED: usize = 1000;

/// What a provider says of itself (OpenID Connect Discovery section 3), with its keys.
type Metadata = ProviderMetadata<
    IssuerInResponse,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A client of a provider.
type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Whether the provider names itself in the answer that comes through the browser (RFC 9207 section 3).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct IssuerInResponse {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for IssuerInResponse {}

/// What is known of a provider.
#[derive(Debug, Default)]
struct Known {
    metadata: Option<(Arc<Metadata>, DateTime<Utc>)>,
    failed_at: Option<DateTime<Utc>>,
    keys_again_at: Option<DateTime<Utc>>,
}

/// Asks providers.
#[derive(Debug)]
pub(crate) struct Providers {
    outgoing: Outgoing,
    environment: Environment,
    return_url: RedirectUrl,
    known: Cache<IdentityProviderId, Arc<Mutex<Known>>>,
}

/// What came back through the browser.
#[derive(Debug)]
pub(crate) struct Returned {
    /// The code.
    pub(crate) code: String,
    /// Which provider answered, if it says so (RFC 9207).
    pub(crate) issuer: Option<String>,
    /// What whoever began the sign-in kept.
    pub(crate) binding: SignInBinding,
}

/// Who a provider says that somebody is. Personal.
pub(crate) struct Claims {
    /// How the provider names them, for ever.
    pub(crate) subject: String,
    /// Their email.
    pub(crate) email: Option<String>,
    /// Whether the provider verified it, if it says so.
    pub(crate) email_verified: Option<bool>,
    /// What they are called.
    pub(crate) name: Option<String>,
}

impl Providers {
    /// `return_url` is where providers send people back to.
    pub(crate) fn new(
        outgoing: Outgoing,
        environment: Environment,
        return_url: RedirectUrl,
    ) -> Self {
        Self { outgoing, environment, return_url, known: Cache::new(MOST_REMEMBERED) }
    }

    /// Where providers send people back to.
    pub(crate) fn return_url(&self) -> &str {
        self.return_url.as_str()
    }

    /// Whether requests may be sent there.
    pub(crate) fn may_reach(&self, url: &url::Url) -> bool {
        self.outgoing.allows(url)
    }

    /// Where a browser goes to sign in: the provider's authorization endpoint.
    ///
    /// # Errors
    /// [`SignInRefusal::ProviderUnavailable`].
    pub(crate) async fn authorization_url(
        &self,
        provider: &IdentityProvider,
        state: &SignInState,
        binding: &SignInBinding,
        email: Option<&str>,
    ) -> Result<String, SignInRefusal> {
        let metadata = self.metadata(provider).await?;
        let client = self.client(&metadata, provider, None);
        let challenge = PkceCodeVerifier::new(verifier(binding));
        let (state, nonce) = (state.reveal().to_owned(), nonce(binding));
        let mut request = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&challenge));
        if let Some(email) = email {
            request = request.set_login_hint(LoginHint::new(email.to_owned()));
        }
        let (url, _, _) = request.url();
        Ok(url.into())
    }

    /// Who has signed in at the provider: exchanges the code, and believes what the provider says once it is
    /// sure that the provider said it, to us, now, and of this sign-in.
    ///
    /// # Errors
    /// Why nobody is.
    pub(crate) async fn claims(
        &self,
        provider: &IdentityProvider,
        secret: &ProviderSecret,
        flow: &SignInFlow,
        returned: Returned,
    ) -> Result<Claims, SignInRefusal> {
        let metadata = self.metadata(provider).await?;
        let says = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        match returned.issuer {
            Some(issuer) if issuer != provider.issuer => return Err(SignInRefusal::WrongIssuer),
            None if says => return Err(SignInRefusal::WrongIssuer),
            Some(_) | None => {}
        }
        let client = self.client(&metadata, provider, Some(secret));
        let tokens = self.exchange(provider, &client, returned.code, &returned.binding).await?;
        let id_token = tokens.id_token().ok_or(SignInRefusal::InvalidIdToken)?;
        let verification = Verification {
            client_id: &provider.client_id,
            nonce: nonce(&returned.binding),
            begun_at: flow.created_at,
            now: self.environment.now(),
        };
        let claims = match verification.claims(&metadata, id_token) {
            Err(IdTokenError::UnknownKey) => {
                let metadata = self.keys_again(provider).await?;
                verification.claims(&metadata, id_token).map_err(IdTokenError::refusal)
            }
            verified => verified.map_err(IdTokenError::refusal),
        };
        let claims = claims.inspect_err(|refusal| {
            tracing::info!(provider = %provider.id, ?refusal, "an ID token is not accepted");
        })?;
        let mut found = Claims {
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified(),
            name: claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
        };
        // Providers that follow the letter say nothing but who it is in the ID token (Core section 5.4).
        if found.email.is_none() && metadata.userinfo_endpoint().is_some() {
            let subject = claims.subject().clone();
            let access_token = tokens.access_token().clone();
            let more = self.user_info(provider, &client, access_token, subject).await?;
            found.email = more.email().map(|email| email.to_string());
            found.email_verified = more.email_verified();
            if let Some(name) = more.name().and_then(|name| name.get(None)) {
                found.name = Some(name.to_string());
            }
        }
        Ok(found)
    }

    async fn exchange(
        &self,
        provider: &IdentityProvider,
        client: &Client,
        code: String,
        binding: &SignInBinding,
    ) -> Result<CoreTokenResponse, SignInRefusal> {
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| SignInRefusal::ProviderUnavailable)?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier(binding)));
        request.request_async(&self.http()).await.map_err(|error| {
            tracing::info!(provider = %provider.id, %error, "a code was not exchanged");
            match error {
                RequestTokenError::ServerResponse(refusal)
                    if *refusal.error() == CoreErrorResponseType::InvalidGrant =>
                {
                    SignInRefusal::CodeRefused
                }
                // Without an ID token that can be read, the answer is not one of OpenID Connect.
                RequestTokenError::Parse(..) => SignInRefusal::InvalidIdToken,
                _ => SignInRefusal::ProviderUnavailable,
            }
        })
    }

    async fn user_info(
        &self,
        provider: &IdentityProvider,
        client: &Client,
        access_token: AccessToken,
        subject: SubjectIdentifier,
    ) -> Result<CoreUserInfoClaims, SignInRefusal> {
        let request = client
            .user_info(access_token, Some(subject))
            .map_err(|_| SignInRefusal::ProviderUnavailable)?;
        request.request_async(&self.http()).await.map_err(|error| {
            tracing::info!(provider = %provider.id, %error, "a provider does not say who it is");
            SignInRefusal::ProviderUnavailable
        })
    }

    fn client(
        &self,
        metadata: &Metadata,
        provider: &IdentityProvider,
        secret: Option<&ProviderSecret>,
    ) -> Client {
        // Basic is what is meant where nothing is said (Discovery section 3).
        let basic = metadata
            .token_endpoint_auth_methods_supported()
            .is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let secret = secret.map(|secret| ClientSecret::new(secret.reveal().to_owned()));
        let client_id = ClientId::new(provider.client_id.clone());
        CoreClient::from_provider_metadata(metadata.clone(), client_id, secret)
            .set_auth_type(if basic { AuthType::BasicAuth } else { AuthType::RequestBody })
            .set_redirect_uri(self.return_url.clone())
    }

    /// What is remembered of the provider, or what it says now.
    async fn metadata(&self, provider: &IdentityProvider) -> Result<Arc<Metadata>, SignInRefusal> {
        let known = self.known(provider.id);
        // Whoever asks at the same time waits for one answer.
        let mut known = patiently(known.lock()).await;
        let now = self.environment.now();
        match (&known.metadata, known.failed_at) {
            (Some((metadata, at)), _) if now - *at < REMEMBERED => Ok(Arc::clone(metadata)),
            (_, Some(at)) if now - at < UNAVAILABLE => Err(SignInRefusal::ProviderUnavailable),
            _ => self.read(provider, &mut known).await,
        }
    }

    /// The same with the keys that the provider has now, if they were not read again a moment ago.
    async fn keys_again(
        &self,
        provider: &IdentityProvider,
    ) -> Result<Arc<Metadata>, SignInRefusal> {
        let known = self.known(provider.id);
        let mut known = patiently(known.lock()).await;
        let now = self.environment.now();
        if known.keys_again_at.is_some_and(|at| now - at < KEYS_AGAIN) {
            let known = known.metadata.as_ref().map(|(metadata, _)| Arc::clone(metadata));
            return known.ok_or(SignInRefusal::InvalidIdToken);
        }
        known.keys_again_at = Some(now);
        self.read(provider, &mut known).await
    }

    async fn read(
        &self,
        provider: &IdentityProvider,
        known: &mut Known,
    ) -> Result<Arc<Metadata>, SignInRefusal> {
        let read = self.discover(provider).await;
        let now = self.environment.now();
        match read {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                known.metadata = Some((Arc::clone(&metadata), now));
                known.failed_at = None;
                Ok(metadata)
            }
            Err(error) => {
                tracing::warn!(provider = %provider.id, error, "a provider does not answer as it must");
                known.failed_at = Some(now);
                Err(SignInRefusal::ProviderUnavailable)
            }
        }
    }

    async fn discover(&self, provider: &IdentityProvider) -> Result<Metadata, String> {
        let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(|error| error.to_string())?;
        let read = Metadata::discover_async(issuer, &self.http()).await;
        let metadata = read.map_err(|error| match std::error::Error::source(&error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        })?;
        // People are sent there: it must be a web address.
        if !self.outgoing.allows(metadata.authorization_endpoint().url()) {
            return Err("its authorization endpoint may not be reached".to_owned());
        }
        if metadata.token_endpoint().is_none() {
            return Err("it has no token endpoint".to_owned());
        }
        Ok(metadata)
    }

    fn known(&self, id: IdentityProviderId) -> Arc<Mutex<Known>> {
        let made: Result<_, std::convert::Infallible> =
            self.known.get_or_insert_with(&id, || Ok(Arc::default()));
        let Ok(known) = made;
        known
    }

    /// How the library sends requests.
    fn http(&self) -> impl Fn(HttpRequest) -> Answering + use<> {
        let outgoing = self.outgoing.clone();
        move |request| {
            let outgoing = outgoing.clone();
            Box::pin(async move { outgoing.send(request).await })
        }
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<HttpResponse, OutgoingError>> + Send>>;
