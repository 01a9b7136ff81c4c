//! The mapping of errors to problems: what a refusal of the domain is in HTTP: 422 where the caller can correct a field, 409 where the
//! app's state is against it.

use axum::http::HeaderValue;
use service::Problem;

use crate::app::Refusal;
use crate::app_image::ImageRefused;
use crate::entitlements::NotEntitled;
use crate::policy::OrganizationNeeded;

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Frozen => Self::conflict("app-frozen", detail),
            Refusal::Archived => Self::conflict("app-archived", detail),
            Refusal::ActivatedAlready => Self::conflict("app-activated-already", detail),
            Refusal::NotActive(_) => Self::conflict("app-not-active", detail),
            Refusal::NotSuspended(_) => Self::conflict("app-not-suspended", detail),
            Refusal::MethodFixed(_) => {
                Self::conflict("authentication-method-fixed", detail.clone())
                    .with_field("authentication_method", detail)
            }
            Refusal::ServiceFixed(_) => {
                Self::conflict("service-fixed", detail.clone()).with_field("service", detail)
            }
            Refusal::ServiceMissing => {
                Self::unprocessable("app-incomplete", detail.clone()).with_field("service", detail)
            }
            Refusal::DomainsMissing => {
                Self::unprocessable("app-incomplete", detail.clone()).with_field("domains", detail)
            }
            Refusal::NotEntitled(NotEntitled::DomainsWithoutService | NotEntitled::Service(_)) => {
                Self::invalid_field("service", detail)
            }
            Refusal::NotEntitled(NotEntitled::Domain { index, .. }) => {
                Self::invalid_field(format!("domains[{index}]"), detail)
            }
            Refusal::OrganizationNotConfirmed => {
                Self::conflict("organization-not-confirmed", detail)
            }
        }
    }
}

impl From<OrganizationNeeded> for Problem {
    fn from(needed: OrganizationNeeded) -> Self {
        Self::invalid_field("organization_id", needed.to_string())
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
