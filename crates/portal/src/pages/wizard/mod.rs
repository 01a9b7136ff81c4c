//! The wizard: from nothing to an activated app, a question a page, each with its own address.

pub(crate) mod details;
pub(crate) mod domains;
pub(crate) mod method;
pub(crate) mod picture;
pub(crate) mod review;
pub(crate) mod service;
