//! The mapping of errors to problems: what a refusal of the domain is in HTTP: 422 where the caller can correct a field, 409 where the
//! app's state is against it.

use axum::http::HeaderValue;
use contract::catalogue::{DomainLevel, SelectionError};
use service::problem::FieldError;
use service::{Fault, FaultCode, Problem};

use crate::app::Refusal;
use crate::app_image::ImageRefused;
use crate::entitlements::NotEntitled;
use crate::policy::OrganizationNeeded;
use crate::redirect_uri::{InvalidRedirectUri, RedirectUri};

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Frozen => Self::conflict("app-frozen", detail),
            Refusal::Archived => Self::conflict("app-archived", detail),
            Refusal::ActivatedAlready => Self::conflict("app-activated-already", detail),
            Refusal::NotActive(_) => Self::conflict("app-not-active", detail),
            Refusal::NotSuspended(_) => Self::conflict("app-not-suspended", detail),
            Refusal::MethodFixed(method) => {
                let fault = fixed(detail.clone(), method);
                Self::conflict("authentication-method-fixed", detail)
                    .with_field("authentication_method", fault)
            }
            Refusal::ServiceFixed(service) => {
                let fault = fixed(detail.clone(), &service);
                Self::conflict("service-fixed", detail).with_field("service", fault)
            }
            Refusal::ServiceMissing => {
                let fault = Fault::new(FaultCode::Required, detail.clone());
                Self::unprocessable("app-incomplete", detail).with_field("service", fault)
            }
            Refusal::DomainsMissing => {
                let fault = Fault::new(FaultCode::Required, detail.clone());
                Self::unprocessable("app-incomplete", detail).with_field("domains", fault)
            }
            Refusal::NotEntitled(not_entitled) => not_entitled.into(),
            Refusal::WithoutImage => Self::missing("image"),
            Refusal::WithoutRedirectUris => Self::conflict("app-without-redirect-uris", detail),
            Refusal::RedirectUriRegistered => {
                let fault = Fault::new(FaultCode::Repeated, detail.clone());
                Self::conflict("redirect-uri-registered", detail).with_field("uri", fault)
            }
            Refusal::TooManyRedirectUris(_) => Self::conflict("too-many-redirect-uris", detail),
            Refusal::OrganizationNotConfirmed => {
                Self::conflict("organization-not-confirmed", detail)
            }
        }
    }
}

/// 422 for the field that the catalogue is against.
impl From<NotEntitled> for Problem {
    fn from(not_entitled: NotEntitled) -> Self {
        let FieldError { field, fault } = conflict(not_entitled);
        Self::invalid_field(field, fault)
    }
}

/// What the catalogue is against, as the field of a request that says it.
pub(super) fn conflict(not_entitled: NotEntitled) -> FieldError {
    let message = not_entitled.to_string();
    let (field, fault) = match not_entitled {
        NotEntitled::DomainsWithoutService => {
            ("service".to_owned(), Fault::new(FaultCode::Required, message))
        }
        NotEntitled::Service(_) => ("service".to_owned(), Fault::new(FaultCode::NotFound, message)),
        NotEntitled::Domain { index, error } => {
            (format!("domains[{index}]"), domain_fault(error, message))
        }
    };
    FieldError { field, fault }
}

/// What can be nothing but this.
fn fixed(message: String, value: &str) -> Fault {
    Fault::new(FaultCode::Fixed, message).with("value", value)
}

/// Which rule of the catalogue is against a domain, and what it speaks of.
fn domain_fault(error: SelectionError, message: String) -> Fault {
    let code = match &error {
        SelectionError::UnknownService(_)
        | SelectionError::UnknownDomain(_)
        | SelectionError::UnknownLevel { .. } => FaultCode::NotFound,
        SelectionError::Twice(_) => FaultCode::Repeated,
        SelectionError::NotEnabled(_) => FaultCode::NotEnabled,
        SelectionError::Excluded { .. } => FaultCode::Excluded,
    };
    let fault = Fault::new(code, message);
    let of = |fault: Fault, domain: DomainLevel| {
        fault.with("domain", domain.domain).with("level", domain.level.to_string())
    };
    match error {
        SelectionError::NotEnabled(domain) => of(fault, domain),
        SelectionError::Excluded { exclusive, other } => of(fault, other)
            .with("exclusive_domain", exclusive.domain)
            .with("exclusive_level", exclusive.level.to_string()),
        _ => fault,
    }
}

impl From<InvalidRedirectUri> for Problem {
    fn from(invalid: InvalidRedirectUri) -> Self {
        let code = match invalid {
            InvalidRedirectUri::Empty => FaultCode::Required,
            InvalidRedirectUri::TooLong => FaultCode::TooLong,
            InvalidRedirectUri::Characters => FaultCode::ForbiddenCharacters,
            InvalidRedirectUri::Wildcard
            | InvalidRedirectUri::Fragment
            | InvalidRedirectUri::Scheme
            | InvalidRedirectUri::UserInfo
            | InvalidRedirectUri::Host => FaultCode::WrongFormat,
        };
        let fault = Fault::new(code, invalid.to_string());
        let fault = match invalid {
            InvalidRedirectUri::TooLong => fault.with("max", RedirectUri::LONGEST),
            InvalidRedirectUri::Wildcard => fault.with("part", "wildcard"),
            InvalidRedirectUri::Fragment => fault.with("part", "fragment"),
            InvalidRedirectUri::Scheme => fault.with("part", "scheme"),
            InvalidRedirectUri::UserInfo => fault.with("part", "userinfo"),
            InvalidRedirectUri::Host => fault.with("part", "host"),
            InvalidRedirectUri::Empty | InvalidRedirectUri::Characters => fault,
        };
        Self::invalid_field("uri", fault)
    }
}

impl From<OrganizationNeeded> for Problem {
    fn from(needed: OrganizationNeeded) -> Self {
        Self::invalid_field("organization_id", Fault::new(FaultCode::Required, needed.to_string()))
    }
}

impl From<ImageRefused> for Problem {
    fn from(refused: ImageRefused) -> Self {
        let detail = refused.to_string();
        match refused {
            ImageRefused::TooLarge { .. } => Self::too_large("image-too-large", detail),
            ImageRefused::OtherFormat => Self::unsupported_media_type("image-format", detail)
                .with_header(
                    axum::http::header::ACCEPT,
                    HeaderValue::from_static("image/png, image/jpeg"),
                ),
            ImageRefused::TooManyPixels { .. } => {
                Self::unprocessable("image-too-many-pixels", detail)
            }
            ImageRefused::Broken(_) => Self::unprocessable("image-broken", detail),
        }
    }
}
