//! The endpoints, one file each.
//!
//! | method and path | file |
//! |---|---|
//! | `POST /v1/apps/{id}/keys` | [`create`] |
//! | `GET /v1/apps/{id}/keys` | [`list`] |
//! | `GET /v1/keys/{client_id}` | [`read`] |
//! | `PATCH /v1/keys/{client_id}` | [`rename`] |
//! | `DELETE /v1/keys/{client_id}` | [`delete`] |
//! | `POST /v1/keys/{client_id}/replace` | [`replace`] |
//! | `GET /v1/apps/{id}/activity` | [`activity`] |
//! | `POST /v1/apps/activity` | [`activities`] |
//! | `POST /v1/leak-reports` | [`leak_reports`] |
//! | `POST /oauth2/token` | [`token`] |
//! | `GET /oauth2/jwks` | [`jwks`] |
//!
//! To add an endpoint, copy `app-registry/src/http/suspend.rs` for a change of what is there, or
//! `directory/src/http/accounts/create.rs` for something new;
//! then add its line to `router` and to this table.
//!
//! What they share: [`steps`] is the way of every change, [`view`] shows a key, [`refusals`] are what a
//! key refuses, [`credentials_file`] is the one answer with its secret as a text file, [`oauth_error`]
//! the errors of the token endpoint, [`rate_limit`] its header fields about an app's limit.

mod activities;
mod activity;
mod create;
mod credentials_file;
mod delete;
mod jwks;
mod leak_reports;
mod list;
mod oauth_error;
mod rate_limit;
mod read;
mod refusals;
mod rename;
mod replace;
mod steps;
mod token;
mod view;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::KeyIssuer;

/// A report of leaked secrets has at most so many bytes: anyone may send one.
const LEAK_REPORT: usize = 256 * 1024;

/// A request for a token has at most so many bytes: anyone may send one.
const TOKEN_REQUEST: usize = 16 * 1024;

pub(crate) fn router() -> OpenApiRouter<Arc<KeyIssuer>> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(read::read, rename::rename, delete::delete))
        .routes(routes!(replace::replace))
        .routes(routes!(activity::read))
        .routes(routes!(activities::read))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(leak_reports::report))
                .layer(DefaultBodyLimit::max(LEAK_REPORT)),
        )
        .merge(
            OpenApiRouter::new()
                .routes(routes!(token::token))
                .layer(DefaultBodyLimit::max(TOKEN_REQUEST)),
        )
        .routes(routes!(jwks::jwks))
}
