//! The site map: every route on a line.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LANGUAGE;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use contract::Environment;
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::api::Api;
use crate::brand::BrandError;
use crate::browser::Browser;
use crate::headers::{self, Https};
use crate::kept::{self, Keeper};
use crate::pages::account::{password, tokens};
use crate::pages::app::{archive, redirect_uris, suspension};
use crate::pages::mailed::{contact, invitation};
use crate::pages::organizations::invitations::{self, revocation};
use crate::pages::organizations::members::{removal, role};
use crate::pages::organizations::{domain_requests, profile};
use crate::pages::wizard::{details, domains, method, picture, review, service};
use crate::pages::{
    account, activity, app, consents, grants, home, keys, language, links, my_apps, organizations,
    password_reset, problem, proof, request, sessions, sign_in, single_sign_on,
};
use crate::portal::Portal;
use crate::settings::Settings;

/// The pages, for callers that reach them at `base_url`. What it does not know is a page that says so.
///
/// # Errors
/// When the settings name files of a brand that cannot be shown.
pub fn router(
    environment: Environment,
    api: Api,
    settings: Settings,
    base_url: &str,
) -> Result<Router, BrandError> {
    let (portal, files) = Portal::new(environment, api, settings, base_url)?;
    let https = Https(portal.cookie.is_secure());
    let portal = Arc::new(portal);
    let pages = Router::new()
        .route("/", get(home::show))
        .route("/sign-in", get(sign_in::show).post(sign_in::submit))
        .route("/sign-in/organization", get(single_sign_on::ask).post(single_sign_on::begin))
        .route("/sign-in/return", get(single_sign_on::back))
        .route("/signed-in", get(sign_in::check))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/reset-password", get(password_reset::ask).post(password_reset::send))
        .route("/reset-password/{token}", get(password_reset::choose).post(password_reset::reset))
        .route("/confirm-contact/{token}", get(contact::ask).post(contact::confirm))
        .route("/accept-invitation/{token}", get(invitation::show).post(invitation::accept))
        .route("/language", post(language::choose))
        .route("/apps", get(my_apps::show))
        .route("/apps/new", get(details::begin))
        .route("/apps/new/method", get(method::show).post(method::create))
        .route("/apps/{id}", get(app::show))
        .route("/apps/{id}/redirect-uris", get(redirect_uris::show).post(redirect_uris::add))
        .route("/apps/{id}/redirect-uris/{uri}/remove", post(redirect_uris::remove))
        .route("/apps/{id}/pkce", post(redirect_uris::require_pkce))
        .route("/apps/{id}/suspend", get(suspension::ask_suspend).post(suspension::suspend))
        .route("/apps/{id}/resume", get(suspension::ask_resume).post(suspension::resume))
        .route("/apps/{id}/archive", get(archive::ask).post(archive::archive))
        .route("/apps/{id}/keys", get(keys::show))
        .route("/apps/{id}/keys/new", get(keys::create::ask).post(keys::create::create))
        .route("/apps/{id}/keys/{client_id}", get(keys::one::show).post(keys::one::rename))
        .route(
            "/apps/{id}/keys/{client_id}/replace",
            get(keys::replace::ask).post(keys::replace::replace),
        )
        .route(
            "/apps/{id}/keys/{client_id}/delete",
            get(keys::delete::ask).post(keys::delete::delete),
        )
        .route("/apps/{id}/links", get(links::show).post(links::made::create))
        .route("/apps/{id}/links/{link}", get(links::one::show))
        .route(
            "/apps/{id}/links/{link}/revoke",
            get(links::revoke::ask).post(links::revoke::revoke),
        )
        .route("/apps/{id}/grants", get(grants::show))
        .route("/apps/{id}/activity", get(activity::show))
        .route("/apps/{id}/details", get(details::show).post(details::save))
        .route("/apps/{id}/service", get(service::show).post(service::save))
        .route("/apps/{id}/domains", get(domains::show).post(domains::save))
        .route("/apps/{id}/review", get(review::show).post(review::activate))
        .route("/apps/{id}/picture", get(my_apps::picture))
        .route("/apps/{id}/picture/edit", get(picture::show).post(picture::save))
        .route("/apps/{id}/picture/remove", post(picture::remove))
        .route("/consent/{token}", get(request::show).post(request::choose))
        .route("/consent/{token}/approve", post(request::approve))
        .route("/consent/{token}/deny", post(request::deny))
        .route("/consents", get(consents::show))
        .route("/consents/ended", get(consents::ended::show))
        .route("/consents/{id}/renew", post(consents::renew))
        .route("/consents/{id}/receipt", get(consents::receipt::show))
        .route("/consents/{id}/receipt.json", get(consents::receipt::file))
        .route("/consents/{id}/revoke", get(consents::revoke::ask).post(consents::revoke::revoke))
        .route(
            "/consents/apps/{id}/revoke",
            get(consents::revoke::ask_app).post(consents::revoke::revoke_app),
        )
        .merge(of_organizations())
        .route("/events/{id}/proof", get(proof::file))
        .route("/account", get(account::show).post(account::save))
        .route("/account/password", get(password::ask).post(password::change))
        .route("/account/data.json", get(account::data))
        .route("/account/tokens", get(tokens::show))
        .route("/account/tokens/new", get(tokens::create::ask).post(tokens::create::create))
        .route("/account/tokens/{id}/end", get(tokens::end::ask).post(tokens::end::end))
        .route("/sessions", get(sessions::show))
        .route("/sessions/end", post(sessions::end))
        .fallback(nothing_here)
        .with_state(Arc::clone(&portal))
        .merge(files);
    let keeper = Keeper { portal: Arc::clone(&portal), pages: pages.clone() };
    let routes = pages
        .layer(from_fn_with_state(keeper, kept::keep))
        .layer(CsrfLayer::new())
        .layer(from_fn_with_state(portal, worded))
        .layer(from_fn_with_state(https, headers::protect));
    Ok(routes)
}

/// The pages of organizations.
fn of_organizations() -> Router<Arc<Portal>> {
    Router::new()
        .route("/organizations", get(organizations::first))
        .route("/organizations/new", get(profile::begin).post(profile::create))
        .route("/organizations/{id}", get(organizations::show))
        .route("/organizations/{id}/edit", get(profile::show).post(profile::save))
        .route("/organizations/{id}/contact-confirmations", post(organizations::send_confirmation))
        .route("/organizations/{id}/members/{person_id}/role", get(role::ask).post(role::save))
        .route(
            "/organizations/{id}/members/{person_id}/removal",
            get(removal::ask).post(removal::end),
        )
        .route("/organizations/{id}/invitations", get(invitations::show))
        .route(
            "/organizations/{id}/invitations/new",
            get(invitations::create::ask).post(invitations::create::create),
        )
        .route(
            "/organizations/{id}/invitations/{invitation_id}/send-again",
            post(invitations::send_again),
        )
        .route(
            "/organizations/{id}/invitations/{invitation_id}/revocation",
            get(revocation::ask).post(revocation::revoke),
        )
        .route("/organizations/{id}/domain-requests", get(domain_requests::show))
        .route(
            "/organizations/{id}/domain-requests/new",
            get(domain_requests::create::ask).post(domain_requests::create::create),
        )
}

async fn nothing_here(State(portal): State<Arc<Portal>>, browser: Browser) -> Response {
    problem::not_found(&portal, &browser)
}

/// What is refused before a page is reached is a page as well: a form of another site's, an address or a form that
/// cannot be read.
async fn worded(State(portal): State<Arc<Portal>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let browser = Browser::of(&parts, &portal.environment);
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    let response = next.run(Request::from_parts(parts, body)).await;
    let Ok(browser) = browser else { return response };
    if response.extensions().get::<ProtectionError>().is_some() {
        return problem::cross_site(&portal, &browser);
    }
    let is_page = response.headers().contains_key(CONTENT_LANGUAGE);
    match response.status() {
        status if is_page || !status.is_client_error() => response,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            problem::not_found(&portal, &browser)
        }
        StatusCode::BAD_REQUEST if reads => problem::not_found(&portal, &browser),
        status => problem::unreadable(&portal, &browser, status),
    }
}
