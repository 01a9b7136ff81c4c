//! `/v1/sign-ins`: signing in at an organization's identity provider.

pub(super) mod begin;
pub(super) mod complete;

use contract::facts::SignInRefusal;
use service::Problem;

/// One answer for all that went wrong between the provider and us: the event has the reason, and who owns the
/// organization sees it. That the provider does not answer is no secret.
fn refused(refusal: SignInRefusal) -> Problem {
    match refusal {
        SignInRefusal::ProviderUnavailable => Problem::unavailable(
            "identity-provider-unavailable",
            "The identity provider does not answer as it must. Begin again later.",
        ),
        _ => Problem::forbidden(
            "single-sign-on-refused",
            "The sign-in was not accepted. Begin again; if it fails again, ask an owner of the organization.",
        ),
    }
}
