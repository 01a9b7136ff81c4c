//! What pages are made of. A part knows no page.

pub(crate) mod able;
pub(crate) mod account_role;
pub(crate) mod app_head;
pub(crate) mod chip;
pub(crate) mod copy;
pub(crate) mod device;
pub(crate) mod domains;
pub(crate) mod field;
pub(crate) mod lookalike;
pub(crate) mod mark;
pub(crate) mod member_role;
pub(crate) mod method;
pub(crate) mod moment;
pub(crate) mod organization_kind;
pub(crate) mod pattern;
pub(crate) mod rail;
pub(crate) mod states;
pub(crate) mod switcher;
