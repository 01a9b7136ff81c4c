//! The pages behind the links of mails: a contact confirmed, an invitation accepted. Reading them uses nothing up; what
//! scanners of mail do is harmless.
//!
//! The token of the link is in the path: these pages tell nobody where one came from.

pub(crate) mod contact;
pub(crate) mod invitation;
#[cfg(debug_assertions)]
pub(crate) mod samples;
