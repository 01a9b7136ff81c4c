//! The pages: a folder each. A page imports no page.

pub(crate) mod account;
pub(crate) mod activity;
pub(crate) mod app;
pub(crate) mod consents;
pub(crate) mod grants;
pub(crate) mod home;
pub(crate) mod keys;
pub(crate) mod language;
pub(crate) mod links;
pub(crate) mod mailed;
pub(crate) mod my_apps;
pub(crate) mod organizations;
pub(crate) mod password_reset;
pub(crate) mod problem;
pub(crate) mod proof;
pub(crate) mod request;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod single_sign_on;
#[cfg(test)]
mod tests;
pub(crate) mod wizard;
