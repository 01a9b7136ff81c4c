//! `/v1/password-resets`.

pub(super) mod complete;
pub(super) mod create;
