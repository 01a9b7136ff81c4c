//! `/v1/mails`.

pub(super) mod list;
