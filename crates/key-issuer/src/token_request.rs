//! Reading a request for a token (RFC 6749 sections 2.3.1, 3.2 and 4.4.2). Pure: bytes in, a
//! request or its error out.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::secret::SecretHash;

/// A request that is well-formed; nothing in it is believed yet.
#[derive(Debug)]
pub(crate) struct TokenRequest {
    /// Who the client claims to be, and what shall prove it.
    pub credentials: Credentials,
    /// The wanted grant, such as `client_credentials`.
    pub grant_type: String,
    /// The wanted scopes, if not all.
    pub scope: Option<String>,
}

/// A client id and the hash of the secret that came with it.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// As claimed; perhaps of no form.
    pub client_id: String,
    /// Hashed at once, so that the secret goes no further.
    pub secret: SecretHash,
}

/// A request that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The error to answer.
    pub error: MalformedError,
    /// The client id, as far as one was claimed.
    pub claimed: Option<String>,
}

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MalformedError {
    /// Another media type.
    #[error("the body must be application/x-www-form-urlencoded")]
    NotAForm,
    /// A parameter came twice (section 3.2).
    #[error("a parameter must not be included more than once")]
    Duplicate,
    /// Two ways of authentication at once (section 2.3).
    #[error("authenticate in the body or by Basic, not both")]
    TwoAuthentications,
    /// No grant type.
    #[error("grant_type is missing")]
    NoGrantType,
    /// Neither Basic nor parameters, or not all of them, or another scheme: `invalid_client`.
    #[error("client authentication is missing or cannot be read")]
    NoAuthentication,
}

/// Reads a request.
pub(crate) fn parse(
    authorization: Option<&[u8]>,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<TokenRequest, Malformed> {
    let basic = authorization.map(read_basic);
    let of_basic = || match &basic {
        Some(Some((id, _))) => Some(id.clone()),
        _ => None,
    };
    if !content_type.is_some_and(is_form) {
        return Err(Malformed { error: MalformedError::NotAForm, claimed: of_basic() });
    }
    let mut parameters = Parameters::read(body)
        .map_err(|(error, id)| Malformed { error, claimed: of_basic().or(id) })?;
    let id = parameters.take("client_id");
    let secret = parameters.take("client_secret");
    let claimed = of_basic().or_else(|| id.clone());
    let refuse = |error| Malformed { error, claimed: claimed.clone() };

    let (client_id, secret) = match (basic, id, secret) {
        // The client id alone authenticates nobody: some clients send it along (section 3.2.1).
        (Some(Some((id, secret))), also, None) if also.as_ref().is_none_or(|also| *also == id) => {
            (id, secret)
        }
        (Some(_), _, Some(_)) | (Some(Some(_)), _, None) => {
            return Err(refuse(MalformedError::TwoAuthentications));
        }
        (None, Some(id), Some(secret)) => (id, secret),
        (Some(None) | None, _, _) => return Err(refuse(MalformedError::NoAuthentication)),
    };
    let grant_type =
        parameters.take("grant_type").ok_or_else(|| refuse(MalformedError::NoGrantType))?;
    Ok(TokenRequest {
        credentials: Credentials { client_id, secret: SecretHash::of(&secret) },
        grant_type,
        scope: parameters.take("scope"),
    })
}

/// The parameters of a form, each at most once; those without a value count as absent
/// (section 3.2).
struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads a form. One that is refused still tells the client id that it claims, if it claims one.
    fn read(body: &[u8]) -> Result<Self, (MalformedError, Option<String>)> {
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_bytes(body).map_err(|_| (MalformedError::NotAForm, None))?;
        let mut parameters = BTreeMap::new();
        for (name, value) in &pairs {
            if parameters.insert(name.clone(), value.clone()).is_some() {
                let mut ids = pairs.iter().filter(|(name, _)| name == "client_id");
                let claimed = match (ids.next(), ids.next()) {
                    (Some((_, id)), None) => Some(id.clone()),
                    _ => None,
                };
                return Err((MalformedError::Duplicate, claimed));
            }
        }
        parameters.retain(|_, value| !value.is_empty());
        Ok(Self(parameters))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }
}

impl fmt::Debug for Parameters {
    /// Names only: a secret is among the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn is_form(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The client id and secret of a Basic header, each form-urlencoded before they were joined
/// (section 2.3.1).
fn read_basic(header: &[u8]) -> Option<(String, String)> {
    let header = str::from_utf8(header).ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decode(id)?, form_decode(secret)?))
}

fn form_decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (hex_digit(bytes.next()?)?, hex_digit(bytes.next()?)?);
                high << 4 | low
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

    fn read(authorization: Option<&str>, body: &str) -> Result<TokenRequest, Malformed> {
        parse(authorization.map(str::as_bytes), FORM, body.as_bytes())
    }

    fn error(authorization: Option<&str>, body: &str) -> MalformedError {
        read(authorization, body).unwrap_err().error
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn credentials_come_in_the_body_or_by_basic() {
        let body = read(None, "grant_type=client_credentials&client_id=a&client_secret=s").unwrap();
        let header = read(Some(&basic("a:s")), "grant_type=client_credentials&scope=x+y").unwrap();
        assert_eq!(
            (body.credentials.client_id, header.credentials.client_id),
            ("a".into(), "a".into())
        );
        assert!(body.credentials.secret.matches(&header.credentials.secret));
        assert_eq!((body.scope, header.scope), (None, Some("x y".to_owned())));
    }

    #[test]
    fn never_both() {
        let both = "grant_type=client_credentials&client_id=a&client_secret=s";
        assert_eq!(error(Some(&basic("a:s")), both), MalformedError::TwoAuthentications);
        assert_eq!(
            error(Some(&basic("a:s")), "grant_type=x&client_id=b"),
            MalformedError::TwoAuthentications
        );
        assert!(read(Some(&basic("a:s")), "grant_type=x&client_id=a").is_ok());
    }

    #[test]
    fn basic_values_are_form_urlencoded_before_they_are_joined() {
        let request = read(Some(&basic("a%3Ab+c:s%2Bt%25")), "grant_type=x").unwrap();
        assert_eq!(request.credentials.client_id, "a:b c");
        assert!(request.credentials.secret.matches(&SecretHash::of("s+t%")));
        assert!(read(Some(&basic("a:s").replacen("Basic", "bAsIc", 1)), "grant_type=x").is_ok());
    }

    #[test]
    fn what_authenticates_nobody_is_no_authentication() {
        for header in [
            "Bearer abc",
            "Basic",
            "Basic !!!",
            &basic("no colon"),
            &basic("a:%zz"),
            &basic("a:%f"),
        ] {
            assert_eq!(
                error(Some(header), "grant_type=x"),
                MalformedError::NoAuthentication,
                "{header}"
            );
        }
        for body in
            ["grant_type=x", "grant_type=x&client_id=a", "grant_type=x&client_id=a&client_secret="]
        {
            assert_eq!(error(None, body), MalformedError::NoAuthentication, "{body}");
        }
    }

    #[test]
    fn duplicates_are_refused_and_unknown_extras_ignored() {
        let good = "grant_type=x&client_id=a&client_secret=s";
        assert!(read(None, &format!("{good}&audience=https%3A%2F%2Fapi.example.com&x=")).is_ok());
        for extra in ["grant_type=x", "client_id=a", "extra=1&extra=2"] {
            assert_eq!(
                error(None, &format!("{good}&{extra}")),
                MalformedError::Duplicate,
                "{extra}"
            );
        }
    }

    #[test]
    fn parameters_without_a_value_count_as_absent() {
        let request = read(None, "grant_type=x&client_id=a&client_secret=s&scope=").unwrap();
        assert_eq!(request.scope, None);
        assert_eq!(
            error(None, "grant_type=&client_id=a&client_secret=s"),
            MalformedError::NoGrantType
        );
    }

    #[test]
    fn other_media_types_are_refused_and_a_charset_is_not() {
        let body = b"grant_type=x&client_id=a&client_secret=s";
        assert!(
            parse(None, Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8"), body).is_ok()
        );
        for media_type in [None, Some("application/json"), Some("text/plain")] {
            assert_eq!(parse(None, media_type, body).unwrap_err().error, MalformedError::NotAForm);
        }
    }

    #[test]
    fn a_malformed_request_still_tells_who_it_claims_to_be() {
        let claimed =
            |authorization: Option<&str>, body| read(authorization, body).unwrap_err().claimed;
        assert_eq!(claimed(None, "client_id=a&client_secret=s"), Some("a".to_owned()));
        assert_eq!(claimed(Some(&basic("a:s")), "x=1&x=2"), Some("a".to_owned()));
        assert_eq!(claimed(None, "client_id=a&x=1&x=2"), Some("a".to_owned()));
        assert_eq!(claimed(None, "client_id=a&client_id=b"), None);
        assert_eq!(claimed(None, "x=1&x=2"), None);
    }

    #[test]
    fn debug_shows_no_secret() {
        let request = read(None, "grant_type=x&client_id=a&client_secret=hush").unwrap();
        assert!(!format!("{request:?}").contains("hush"));
    }
}
