//! Access tokens: JWTs of type `at+jwt` (RFC 9068), signed with ES256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use contract::{ClientId, TokenId};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};

use crate::signing_key::{Jwk, SigningKey};

/// The claims (RFC 9068 section 2.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// Who issued it.
    pub iss: String,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// For whom it is.
    pub aud: String,
    /// The client: with client credentials, the client acts for itself (RFC 9068 section 5).
    pub sub: ClientId,
    /// The client.
    pub client_id: ClientId,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// Its id: the stream of its events.
    pub jti: TokenId,
    /// Its scopes, separated by spaces.
    pub scope: String,
}

/// Signs and verifies access tokens.
pub(crate) struct AccessTokens {
    key: SigningKey,
    /// The same for every token, so encoded once.
    header: String,
    issuer: String,
    audience: String,
    decoding_key: DecodingKey,
    validation: Validation,
}

/// A token that is not one of ours, or is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidToken {
    /// Another form, type, key, issuer or audience, or a wrong signature.
    #[error("not an access token of this issuer")]
    Foreign,
    /// It ended.
    #[error("the access token is over")]
    Expired,
}

#[derive(Serialize)]
struct Header {
    typ: &'static str,
    alg: &'static str,
    kid: String,
}

impl AccessTokens {
    /// Tokens of this issuer for this audience, signed with this key.
    pub(crate) fn new(key: SigningKey, issuer: String, audience: String) -> Self {
        let header =
            Header { typ: "at+jwt", alg: crate::signing_key::ALGORITHM, kid: key.id().to_string() };
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[&audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Compared with our own clock below: this library reads the machine's.
        validation.validate_exp = false;
        Self {
            header: encode(&header),
            decoding_key: DecodingKey::from_ec_der(key.public_point()),
            validation,
            key,
            issuer,
            audience,
        }
    }

    /// Signs a token. The crate `jsonwebtoken` would read the private key again for each one, which
    /// costs as much as the signature; three lines of RFC 7515 section 7.1 do not.
    pub(crate) fn sign(&self, token: &NewToken<'_>) -> String {
        let claims = Claims {
            iss: self.issuer.clone(),
            exp: token.expires_at.timestamp(),
            aud: self.audience.clone(),
            sub: token.client_id,
            client_id: token.client_id,
            iat: token.issued_at.timestamp(),
            jti: token.id,
            scope: token.scope.to_owned(),
        };
        let mut jwt = format!("{}.{}", self.header, encode(&claims));
        let signature = self.key.sign(jwt.as_bytes());
        jwt.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut jwt);
        jwt
    }

    /// Verifies a token as far as it can tell by itself; whether its key and app still may is asked
    /// elsewhere.
    pub(crate) fn verify(&self, jwt: &str, now: DateTime<Utc>) -> Result<Claims, InvalidToken> {
        let token = jsonwebtoken::decode::<Claims>(jwt, &self.decoding_key, &self.validation)
            .map_err(|_| InvalidToken::Foreign)?;
        // RFC 9068 section 4: without this check an identity token would pass for an access token.
        let access_token = token.header.typ.is_some_and(|typ| {
            typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
        });
        if !access_token {
            return Err(InvalidToken::Foreign);
        }
        if token.claims.exp <= now.timestamp() {
            return Err(InvalidToken::Expired);
        }
        Ok(token.claims)
    }

    /// The public key that verifies them.
    pub(crate) fn jwk(&self) -> Jwk {
        self.key.jwk()
    }
}

/// What is particular to one token.
#[derive(Debug)]
pub(crate) struct NewToken<'a> {
    /// Its id.
    pub id: TokenId,
    /// For which client.
    pub client_id: ClientId,
    /// Its scopes, separated by spaces.
    pub scope: &'a str,
    /// When it is issued.
    pub issued_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

fn encode<T: Serialize>(part: &T) -> String {
    let json = serde_json::to_vec(part).expect("a struct of texts and numbers always serializes");
    URL_SAFE_NO_PAD.encode(json)
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use contract::{Environment, KeyId};

    use super::*;

    fn tokens() -> AccessTokens {
        let key = SigningKey::generate(Environment::system().new_id());
        AccessTokens::new(
            key,
            "https://mandate.example.com".into(),
            "https://api.example.com".into(),
        )
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap() + Duration::seconds(seconds)
    }

    fn token(tokens: &AccessTokens) -> (String, ClientId) {
        let environment = Environment::system();
        let client_id = environment.new_id::<KeyId>().client_id();
        let jwt = tokens.sign(&NewToken {
            id: environment.new_id(),
            client_id,
            scope: "RetailMedia_Campaign_Read",
            issued_at: at(0),
            expires_at: at(900),
        });
        (jwt, client_id)
    }

    #[test]
    fn a_token_verifies_until_its_end() {
        let tokens = tokens();
        let (jwt, client_id) = token(&tokens);
        let claims = tokens.verify(&jwt, at(899)).unwrap();
        assert_eq!((claims.sub, claims.client_id), (client_id, client_id));
        assert_eq!((claims.iat, claims.exp - claims.iat), (1_700_000_000, 900));
        assert_eq!(claims.scope, "RetailMedia_Campaign_Read");
        assert_eq!(tokens.verify(&jwt, at(900)), Err(InvalidToken::Expired));
    }

    #[test]
    fn a_token_of_another_key_or_with_another_claim_is_foreign() {
        let (ours, theirs) = (tokens(), tokens());
        let (jwt, _) = token(&theirs);
        assert_eq!(ours.verify(&jwt, at(1)), Err(InvalidToken::Foreign));
        let (jwt, _) = token(&ours);
        let (other, _) = token(&ours);
        let parts: Vec<_> = jwt.split('.').collect();
        let others: Vec<_> = other.split('.').collect();
        let forged = [parts[0], others[1], parts[2]].join(".");
        assert_eq!(ours.verify(&forged, at(1)), Err(InvalidToken::Foreign));
        assert_eq!(ours.verify("", at(1)), Err(InvalidToken::Foreign));
    }

    #[test]
    fn a_jwt_of_another_type_or_without_a_signature_is_foreign() {
        let tokens = tokens();
        let (jwt, _) = token(&tokens);
        let claims = jwt.split('.').nth(1).unwrap();
        for header in [r#"{"typ":"JWT","alg":"ES256"}"#, r#"{"alg":"ES256"}"#] {
            let message = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header));
            let signature = URL_SAFE_NO_PAD.encode(tokens.key.sign(message.as_bytes()));
            assert_eq!(
                tokens.verify(&format!("{message}.{signature}"), at(1)),
                Err(InvalidToken::Foreign)
            );
        }
        let none = URL_SAFE_NO_PAD.encode(r#"{"typ":"at+jwt","alg":"none"}"#);
        assert_eq!(tokens.verify(&format!("{none}.{claims}."), at(1)), Err(InvalidToken::Foreign));
    }

    #[test]
    fn the_published_key_verifies_what_was_signed() {
        let tokens = tokens();
        let jwk: jsonwebtoken::jwk::Jwk =
            serde_json::from_value(serde_json::to_value(tokens.jwk()).unwrap()).unwrap();
        let (jwt, _) = token(&tokens);
        let header = jsonwebtoken::decode_header(&jwt).unwrap();
        assert_eq!(header.kid, jwk.common.key_id);
        let mut validation = tokens.validation.clone();
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(&jwk).unwrap();
        assert!(jsonwebtoken::decode::<Claims>(&jwt, &key, &validation).is_ok());
    }
}
