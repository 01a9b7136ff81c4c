//! Email addresses: one person's in one form.

use std::fmt;

use contract::text::is_invisible;
use icu_normalizer::ComposingNormalizerBorrowed;
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use lettre::Address;
use service::{Fault, FaultCode};

use super::FieldError;

/// The longest address that mail can be sent to (RFC 5321 section 4.5.3.1.3).
const MAX_CHARS: usize = 254;

/// An email address in the form in which it is compared and stored: without space around it, in lower case, what
/// is before the `@` in Unicode's normal form C (RFC 6532, section 3.1) and the domain as it stands in the DNS, with
/// A-labels (RFC 5890).
///
/// Checked for shape only. Whether it exists is known once mail to it was answered.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Email(String);

impl Email {
    /// Reads an address. One that no mail can reach is none.
    pub(crate) fn parse(field: &'static str, text: &str) -> Result<Self, FieldError> {
        if text.trim().chars().count() > MAX_CHARS {
            return Err(FieldError::new(field, Fault::too_long(MAX_CHARS)));
        }
        let Some(email) = Self::normal(text) else {
            return Err(FieldError::new(
                field,
                Fault::new(FaultCode::WrongFormat, "is not an email address"),
            ));
        };
        if email.0.chars().count() > MAX_CHARS {
            return Err(FieldError::new(field, Fault::too_long(MAX_CHARS)));
        }
        Ok(email)
    }

    /// An address that was read when it was stored; those of before there was today's form are in another.
    pub(crate) fn stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address in its form, however long; none if no mail can reach it.
    fn normal(text: &str) -> Option<Self> {
        let nfc = ComposingNormalizerBorrowed::new_nfc();
        let (local, domain) = text.trim().split_once('@')?;
        if text.trim().chars().any(hides) {
            return None;
        }
        let local = nfc.normalize(&nfc.normalize(local).to_lowercase()).into_owned();
        let domain = Uts46::new()
            .to_ascii(
                domain.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::CheckFirstLast,
                DnsLength::Verify,
            )
            .ok()?;
        // What this refuses is sent no mail.
        Address::new(&local, &domain).ok()?;
        Some(Self(format!("{local}@{domain}")))
    }

    /// Whether its domain has two labels at least, as those of mail on the internet have. A password with an `@`
    /// in it seldom looks like that.
    pub(crate) fn has_full_domain(&self) -> bool {
        self.0.split_once('@').is_some_and(|(_, domain)| domain.contains('.'))
    }

    /// What comes after the `@`.
    pub(crate) fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// An address is personal: it is not shown by accident.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// The address that somebody says is theirs when they sign in.
///
/// People whose address is in no form of today keep the one that they registered with: one that no mail can
/// reach, or one whose form is another person's. They are looked for by what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimedEmail {
    /// As it was typed, without space around it and in lower case.
    pub(crate) typed: Email,
    /// In its form; the same if it has none.
    pub(crate) normal: Email,
}

impl ClaimedEmail {
    /// Reads what was typed; none if it looks like no address.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let typed = text.trim().to_lowercase();
        let shaped = typed.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
        if !shaped || typed.chars().any(hides) || typed.chars().count() > MAX_CHARS {
            return None;
        }
        let typed = Email(typed);
        let normal = Email::parse("email", text).unwrap_or_else(|_| typed.clone());
        Some(Self { typed, normal })
    }
}

fn hides(character: char) -> bool {
    character.is_whitespace() || is_invisible(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        Email::parse("email", text).map(|email| email.0).unwrap_or_default()
    }

    #[test]
    fn emails_are_compared_without_regard_to_case_and_space() {
        let typed = Email::parse("email", "  Operator@Example.COM ").unwrap();
        assert_eq!(typed, Email::parse("email", "operator@example.com").unwrap());
        assert_eq!(format!("{typed:?}"), "Email(…)");
    }

    #[test]
    fn one_address_has_one_form_however_a_device_writes_it() {
        for (typed, kept) in [
            ("J\u{FC}rgen@example.com", "j\u{FC}rgen@example.com"),
            ("Ju\u{308}rgen@example.com", "j\u{FC}rgen@example.com"),
            ("a@B\u{FC}cher.example", "a@xn--bcher-kva.example"),
            ("a@bu\u{308}cher.example", "a@xn--bcher-kva.example"),
            ("a@XN--Bcher-kva.example", "a@xn--bcher-kva.example"),
            ("a@\u{5B98}\u{7F51}\u{3002}example", "a@xn--kbt444f.example"),
            ("a+b.c_d'e@sub-domain.example.com", "a+b.c_d'e@sub-domain.example.com"),
            ("a@localhost", "a@localhost"),
        ] {
            assert_eq!(parsed(typed), kept, "{typed}");
            assert_eq!(parsed(kept), kept);
        }
    }

    #[test]
    fn what_no_mail_can_reach_is_no_email() {
        let long = format!("{}@example.com", "a".repeat(250));
        for text in [
            "",
            "@",
            "a@",
            "@b",
            "a b@c.d",
            "a@b@c",
            "a@.b",
            "a@b.",
            "a\n@b.c",
            &long,
            "a@example,com",
            "a@example..com",
            "a@-example.com",
            "a@exa_mple.com",
            "a@example.com,b",
            "a..b@example.com",
            ".a@example.com",
            "a,b@example.com",
            "<a@example.com>",
            "a\u{200D}@b.c",
            "a@b\u{2060}.c",
        ] {
            assert!(Email::parse("email", text).is_err(), "{text}");
        }
    }

    #[test]
    fn whoever_registered_with_another_form_is_looked_for_by_it() {
        let claimed =
            |text| ClaimedEmail::read(text).map(|claimed| (claimed.typed.0, claimed.normal.0));
        let both = |typed: &str, normal: &str| Some((typed.to_owned(), normal.to_owned()));
        assert_eq!(claimed(" A@Example,com"), both("a@example,com", "a@example,com"));
        assert_eq!(
            claimed("U\u{308}@example.com"),
            both("u\u{308}@example.com", "\u{FC}@example.com")
        );
        assert_eq!(claimed("no address"), None);
        assert_eq!(claimed("a@b@c"), None);
        assert_eq!(claimed("a\0@b.c"), None);
    }
}
