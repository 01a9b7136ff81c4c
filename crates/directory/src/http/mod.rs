//! The directory's part of the public API, a file an endpoint: `<resource>/<endpoint>.rs`.
//!
//! To add an endpoint, copy `app-registry/src/http/suspend.rs` for a change of what is there, or
//! `directory/src/http/accounts/create.rs` for something new;
//! then add its line to `router`. `organizations/read.rs` and `organizations/list.rs` are what to copy for
//! what reads. A resource's `mod.rs` has what its endpoints answer with; `refusals` is how refusals are answered.

mod account_roles;
mod accounts;
mod api_tokens;
mod contact_confirmations;
mod domain_requests;
mod identity_provider;
mod import;
mod invitations;
mod mailed_links;
mod mails;
mod members;
mod names;
mod organizations;
mod password_proof;
mod password_resets;
mod people;
mod refusals;
mod sessions;
mod sign_in;
mod sign_ins;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Directory, Settings};

#[derive(OpenApi)]
#[openapi(tags(
    (name = "organizations", description = "Organizations that develop apps, and their members."),
    (name = "people", description = "People who sign in."),
    (name = "accounts", description = "Accounts of customers, and the roles of people on them."),
    (name = "invitations", description = "Asking people to become members, or to hold roles on accounts."),
    (name = "single-sign-on", description = "Signing in at the identity provider of an organization."),
    (name = "sessions", description = "What a sign-in opens."),
    (name = "api-tokens", description = "How people's programs prove who they are."),
    (name = "mails", description = "What is written to people."),
    (name = "names", description = "What ids stand for.")
))]
struct Documentation;

/// The routes, with their description.
pub(crate) fn router(settings: &Settings) -> OpenApiRouter<Arc<Directory>> {
    // A file of accounts is larger than what other requests carry.
    let import = OpenApiRouter::new()
        .routes(routes!(import::import))
        .layer(DefaultBodyLimit::max(settings.import_max_bytes));
    OpenApiRouter::with_openapi(Documentation::openapi())
        .routes(routes!(organizations::create::create, organizations::list::list))
        .routes(routes!(organizations::read::read, organizations::edit::edit))
        .routes(routes!(organizations::confirm_contact::confirm_contact))
        .routes(routes!(organizations::enable_domains::enable_domains))
        .routes(routes!(
            identity_provider::read::read,
            identity_provider::put::put,
            identity_provider::remove::remove
        ))
        .routes(routes!(identity_provider::confirm_domains::confirm_domains))
        .routes(routes!(sign_ins::begin::begin))
        .routes(routes!(sign_ins::complete::complete))
        .routes(routes!(contact_confirmations::create::create))
        .routes(routes!(contact_confirmations::complete::complete))
        .routes(routes!(members::list::list, members::add::add))
        .routes(routes!(members::read::read, members::change::change, members::remove::remove))
        .routes(routes!(
            invitations::list_of_organization::list_of_organization,
            invitations::invite_member::invite_member
        ))
        .routes(routes!(
            invitations::list_of_account::list_of_account,
            invitations::invite_to_account::invite_to_account
        ))
        .routes(routes!(invitations::lookup::lookup))
        .routes(routes!(invitations::accept::accept))
        .routes(routes!(invitations::send_again::send_again))
        .routes(routes!(invitations::read::read, invitations::revoke::revoke))
        .routes(routes!(
            domain_requests::list_of_organization::list_of_organization,
            domain_requests::create::create
        ))
        .routes(routes!(domain_requests::list::list))
        .routes(routes!(domain_requests::read::read))
        .routes(routes!(domain_requests::grant::grant))
        .routes(routes!(domain_requests::decline::decline))
        .routes(routes!(people::register::register, people::list::list))
        .routes(routes!(people::me::me, people::edit_me::edit_me))
        .routes(routes!(people::export::export))
        .routes(routes!(people::change_password::change_password))
        .routes(routes!(people::read::read))
        .routes(routes!(people::deactivate::deactivate))
        .routes(routes!(people::activate::activate))
        .routes(routes!(people::revoke_operator::revoke_operator))
        .routes(routes!(password_resets::create::create))
        .routes(routes!(password_resets::complete::complete))
        .routes(routes!(mails::list::list))
        .routes(routes!(names::names))
        .routes(routes!(accounts::create::create, accounts::list::list))
        .routes(routes!(accounts::read::read))
        .routes(routes!(account_roles::list::list))
        .routes(routes!(account_roles::put::put, account_roles::revoke::revoke))
        .routes(routes!(
            sessions::create::create,
            sessions::list::list,
            sessions::end_others::end_others
        ))
        .routes(routes!(sessions::read::read, sessions::end::end))
        .routes(routes!(
            api_tokens::create::create,
            api_tokens::list::list,
            api_tokens::revoke_all::revoke_all
        ))
        .routes(routes!(api_tokens::read::read, api_tokens::revoke::revoke))
        .merge(import)
}
