//! The public API of this service: one file an endpoint.
//!
//! Links, for those who make them: [`create_link`], [`list_links`], [`get_link`], [`list_link_accounts`],
//! [`revoke_link`]; what account owners will see: [`consent_preview`]; how they stand: [`consent_activity`],
//! [`consent_activities`]. Their answer, for account owners:
//! [`open_request`], [`list_selectable`], [`approve`], [`deny`], [`pass_on`]. Grants: [`list_grants`],
//! [`renew_grant`], [`receipt`], [`revoke_grant`], [`revoke_app`]. For the apps themselves: [`my_accounts`].
//!
//! To add an endpoint, copy `app-registry/src/http/suspend.rs` for a change of what is there, or
//! `directory/src/http/accounts/create.rs` for something new;
//! then add its line to `router`. [`get_link`] is what to copy for what reads.

mod account_counts;
mod approval;
mod approve;
mod choice;
mod consent_activities;
mod consent_activity;
mod consent_language;
mod consent_page;
mod consent_preview;
mod create_link;
mod deny;
mod get_link;
mod grant_view;
mod link_view;
mod list_grants;
mod list_link_accounts;
mod list_links;
mod list_selectable;
mod matching_accounts;
mod my_accounts;
mod open_request;
mod pass_on;
mod problems;
mod receipt;
mod receipt_view;
mod renew_grant;
mod request;
mod revoke_app;
mod revoke_grant;
mod revoke_link;
mod selectable_accounts;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{ConsentBroker, Settings};

/// All endpoints, with their documentation.
pub(crate) fn router(settings: &Settings) -> OpenApiRouter<Arc<ConsentBroker>> {
    // Very many accounts are more than what other requests carry.
    let approval = OpenApiRouter::new()
        .routes(routes!(approve::approve))
        .layer(DefaultBodyLimit::max(settings.max_approval_bytes()));
    OpenApiRouter::new()
        .routes(routes!(create_link::create_link, list_links::list_links))
        .routes(routes!(get_link::get_link, revoke_link::revoke_link))
        .routes(routes!(list_link_accounts::list_link_accounts))
        .routes(routes!(open_request::open_request))
        .routes(routes!(list_selectable::list_selectable_accounts))
        .routes(routes!(deny::deny))
        .routes(routes!(pass_on::pass_on))
        .routes(routes!(consent_preview::consent_preview))
        .routes(routes!(consent_activity::consent_activity))
        .routes(routes!(consent_activities::consent_activities))
        .routes(routes!(list_grants::list_grants, revoke_app::revoke_app))
        .routes(routes!(revoke_grant::revoke_grant))
        .routes(routes!(renew_grant::renew_grant))
        .routes(routes!(receipt::get_receipt))
        .routes(routes!(my_accounts::my_accounts))
        .merge(approval)
}
