//! How an owner sets up a provider of identities: what its fields must be.

use contract::rpc::MemberRole;
use contract::text::is_invisible;
use service::{Fault, FaultCode};
use url::Url;

use crate::fields::{FieldError, Invalid};

/// The most characters of an issuer.
const ISSUER_CHARS: usize = 2048;
/// The most characters of a client id, and of a client secret.
const CLIENT_CHARS: usize = 255;
/// The most domains of a provider.
const MAX_DOMAINS: usize = 50;

/// A client secret that the provider gave us. It has to be sent to it, so it is kept: sealed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ProviderSecret(String);

impl ProviderSecret {
    /// A secret that was read back.
    pub(crate) fn opened(text: String) -> Self {
        Self(text)
    }

    /// The secret itself: to be sealed, or sent to the provider.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ProviderSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProviderSecret(…)")
    }
}

/// A setup as it came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawSetup<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) client_secret: Option<&'a str>,
    pub(crate) domains: &'a [String],
    pub(crate) vouches_for_domains: bool,
    pub(crate) default_role: MemberRole,
    pub(crate) required: bool,
}

/// A setup whose fields are what they must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setup {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// None: the one that is kept.
    pub(crate) client_secret: Option<ProviderSecret>,
    /// Sorted, each once.
    pub(crate) domains: Vec<String>,
    pub(crate) vouches_for_domains: bool,
    pub(crate) default_role: MemberRole,
    pub(crate) required: bool,
}

impl Setup {
    /// Checks every field and tells all that is wrong. `is_reachable` is whether requests may be sent there.
    pub(crate) fn parse(
        raw: RawSetup<'_>,
        is_reachable: impl Fn(&Url) -> bool,
    ) -> Result<Self, Invalid> {
        let issuer = issuer(raw.issuer, is_reachable);
        let client_id = client("client_id", raw.client_id);
        let secret = raw.client_secret.map(|text| client("client_secret", text)).transpose();
        let domains = domains(raw.domains);
        match (issuer, client_id, secret, domains) {
            (Ok(issuer), Ok(client_id), Ok(secret), Ok(domains)) => Ok(Self {
                issuer,
                client_id,
                client_secret: secret.map(ProviderSecret),
                domains,
                vouches_for_domains: raw.vouches_for_domains,
                default_role: raw.default_role,
                required: raw.required,
            }),
            (issuer, client_id, secret, domains) => {
                Err(Invalid::all([issuer.err(), client_id.err(), secret.err(), domains.err()]))
            }
        }
    }
}

/// An issuer: a URL without query and fragment (OpenID Connect Core section 1.2), kept as it was typed, since it
/// is compared to the letter.
fn issuer(text: &str, is_reachable: impl Fn(&Url) -> bool) -> Result<String, FieldError> {
    let text = text.trim();
    let refused = |message: &'static str| {
        Err(FieldError::new("issuer", Fault::new(FaultCode::WrongFormat, message)))
    };
    if text.chars().count() > ISSUER_CHARS {
        return Err(FieldError::new("issuer", Fault::too_long(ISSUER_CHARS)));
    }
    match Url::parse(text) {
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            refused("has a query or a fragment, which no issuer has")
        }
        Ok(url) if is_reachable(&url) => Ok(text.to_owned()),
        Ok(_) => refused("is no https URL of a host that may be reached from here"),
        Err(_) => refused("is no URL"),
    }
}

/// What a provider calls a client, or gave it: visible ASCII and spaces (RFC 6749 appendix A.1).
fn client(field: &'static str, text: &str) -> Result<String, FieldError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldError::new(field, Fault::required()));
    }
    if text.chars().count() > CLIENT_CHARS {
        return Err(FieldError::new(field, Fault::too_long(CLIENT_CHARS)));
    }
    if text.chars().any(|c| is_invisible(c) || !c.is_ascii()) {
        let message = "has other characters than visible ASCII";
        return Err(FieldError::new(field, Fault::new(FaultCode::ForbiddenCharacters, message)));
    }
    Ok(text.to_owned())
}

fn domains(texts: &[String]) -> Result<Vec<String>, FieldError> {
    let refused = |fault: Fault| Err(FieldError::new("domains", fault));
    if texts.is_empty() || texts.len() > MAX_DOMAINS {
        let message = format!("are between 1 and {MAX_DOMAINS}");
        let fault = Fault::new(FaultCode::OutOfRange, message);
        return refused(fault.with("min", 1).with("max", MAX_DOMAINS));
    }
    let mut domains = Vec::new();
    for text in texts {
        let domain = text.trim().to_ascii_lowercase();
        if !is_domain(&domain) {
            let shown: String = text.chars().take(100).collect();
            let message = format!("`{shown}` is no domain of email addresses");
            return refused(Fault::new(FaultCode::WrongFormat, message));
        }
        domains.push(domain);
    }
    domains.sort();
    domains.dedup();
    Ok(domains)
}

/// Whether it is a name of two labels at least (RFC 1035 section 2.3.1), in lower case; none of them numeric at
/// the end, as an address's are.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let ends_in_letters =
        text.rsplit('.').next().is_some_and(|last| last.bytes().any(|b| b.is_ascii_lowercase()));
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label) && ends_in_letters
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: RawSetup<'static> = RawSetup {
        issuer: "https://idp.example.com/tenant",
        client_id: "mandate",
        client_secret: Some("secret"),
        domains: &[],
        vouches_for_domains: false,
        default_role: MemberRole::Developer,
        required: false,
    };

    fn wrong(raw: RawSetup<'_>) -> Vec<&'static str> {
        let refused = Setup::parse(raw, |url| url.scheme() == "https").unwrap_err();
        refused.0.iter().map(|error| error.field).collect()
    }

    #[test]
    fn domains_are_in_lower_case_each_once() {
        let domains = ["Example.org".to_owned(), "example.com".into(), " example.org ".into()];
        let setup = Setup::parse(RawSetup { domains: &domains, ..RAW }, |_| true).unwrap();
        assert_eq!(setup.domains, ["example.com", "example.org"]);
        assert_eq!(format!("{:?}", setup.client_secret), "Some(ProviderSecret(…))");
    }

    #[test]
    fn all_wrong_fields_are_told_at_once() {
        let raw = RawSetup { issuer: "idp", client_id: " ", client_secret: Some("é"), ..RAW };
        assert_eq!(wrong(raw), ["issuer", "client_id", "client_secret", "domains"]);
    }

    #[test]
    fn other_texts_are_no_issuer_and_no_domain() {
        let domains = ["example.com".to_owned()];
        for issuer in ["http://idp.example.com", "https://idp.example.com?a", "https://a/#b", ""] {
            assert_eq!(
                wrong(RawSetup { issuer, domains: &domains, ..RAW }),
                ["issuer"],
                "{issuer}"
            );
        }
        for domain in
            ["com", "a@b.com", "*.example.com", "-a.com", "a..com", ".com", "1.2.3.4", "é.fr"]
        {
            let domains = [domain.to_owned()];
            assert_eq!(wrong(RawSetup { domains: &domains, ..RAW }), ["domains"], "{domain}");
        }
    }
}
