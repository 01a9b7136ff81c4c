//! `/v1/organizations/{id}/contact-confirmations` and `/v1/contact-confirmations`.

pub(super) mod complete;
pub(super) mod create;
